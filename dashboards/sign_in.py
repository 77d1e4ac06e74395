"""`/sign-in` and what lies below it, and `/sign-out`: plain pages without scripts, before Streamlit is reached."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs, urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.auth import COOKIE, SIGN_IN, SIGN_OUT, session_secret
from dashboards.i18n import LANGUAGES, Language, Translator, translator
from dashboards.links import signing_key
from dashboards.oidc import Begun, OidcError, Provider, person
from dashboards.sign_in_pages import CALLBACK, HEADERS, PASSWORD, PROVIDER, Body, Shown, own_path, sign_in_page
from pipeline.config.settings import Settings
from pipeline.errors import CallQaError, StoreError
from pipeline.store.passwords import MIN_PASSWORD_CHARACTERS, PasswordError
from pipeline.store.users import LockedOutError, LockOut, SignInError, open_users

MAX_FORM_BYTES = 4096
AT_PROVIDER = "callqa_oidc"  # the cookie that waits while the browser is at the provider
AT_PROVIDER_S = 600


@dataclass(frozen=True, slots=True)
class SignIn:
    """Answers for one data folder. provider: of auth.mode oidc, else None."""

    settings: Settings
    provider: Provider | None

    async def page(self, request: Request) -> Response:
        """The form, or the way to the provider; `next` is where it leads, `lang` its language."""
        body: Body = "form" if self.provider is None else "provider"
        return sign_in_page(Shown(body, request.query_params.get("next", "/")), self._language(request))

    async def submit(self, request: Request) -> Response:
        """303 to where the user wanted to go, with the session's cookie; the form with 401, from elsewhere 403."""
        language = self._language(request)
        t = translator(language)
        if not _same_origin(request):
            return sign_in_page(Shown("form", "/", t("sign_in.foreign"), 403), language)
        name, password, wanted = await _fields(request, "name", "password", "next")
        try:
            secret = await run_in_threadpool(self._session, name, password)
        except (SignInError, StoreError) as error:
            return sign_in_page(Shown("form", wanted, _told(error, t), _status(error), name), language)
        if secret is None:
            return sign_in_page(Shown("password", wanted, t("password.temporary"), name=name), language)
        return self._entered(request, secret, wanted)

    async def password_page(self, request: Request) -> Response:
        """The form for a new password."""
        return sign_in_page(Shown("password", request.query_params.get("next", "/")), self._language(request))

    async def change_password(self, request: Request) -> Response:
        """Sets a user's own new password and signs them in; every other session of theirs ends."""
        language = self._language(request)
        t = translator(language)
        if not _same_origin(request):
            return sign_in_page(Shown("password", "/", t("sign_in.foreign"), 403), language)
        name, old, new, again, wanted = await _fields(request, "name", "password", "new", "again", "next")
        if new != again:
            return sign_in_page(Shown("password", wanted, t("password.differ"), 400, name), language)
        try:
            secret = await run_in_threadpool(self._changed, name, old, new)
        except (SignInError, StoreError) as error:
            return sign_in_page(Shown("password", wanted, _told(error, t), _status(error), name), language)
        return self._entered(request, secret, wanted)

    async def to_provider(self, request: Request) -> Response:
        """Sends the browser to the identity provider; what it has to bring back waits in a signed cookie."""
        assert self.provider is not None
        try:
            address, begun = await run_in_threadpool(self.provider.begin, self._redirect_url(request))
        except CallQaError as error:
            return self._refused(request, error)
        kept = self._signer().dumps({**asdict(begun), "next": own_path(request.query_params.get("next", "/"))})
        response = RedirectResponse(address, 303, HEADERS)
        secure = request.url.scheme == "https"
        response.set_cookie(
            AT_PROVIDER, kept, max_age=AT_PROVIDER_S, path=SIGN_IN, httponly=True, samesite="lax", secure=secure
        )
        return response

    async def from_provider(self, request: Request) -> Response:
        """Back from the provider: the token is checked, the user kept, a session of our own begun."""
        assert self.provider is not None
        try:
            kept = self._signer().loads(request.cookies.get(AT_PROVIDER, ""), max_age=AT_PROVIDER_S)
        except BadSignature:
            return self._refused(request, OidcError(translator(self._language(request))("sign_in.again")))
        wanted = kept.pop("next")
        query = dict(request.query_params)
        try:
            secret = await run_in_threadpool(self._vouched, query, Begun(**kept), self._redirect_url(request))
        except CallQaError as error:
            return self._refused(request, error)
        response = self._entered(request, secret, wanted)
        response.delete_cookie(AT_PROVIDER, path=SIGN_IN)
        return response

    async def leave(self, request: Request) -> Response:
        """Ends the session, and the provider's where there is one and it can be asked."""
        secret = session_secret(request.headers)
        target = SIGN_IN
        if secret and _same_origin(request):
            await run_in_threadpool(self._end, secret)
            target = await run_in_threadpool(self._after_leaving, request)
        response = RedirectResponse(target, 303, HEADERS)
        response.delete_cookie(COOKIE)
        return response

    def _entered(self, request: Request, secret: str, wanted: str) -> Response:
        response = RedirectResponse(own_path(wanted), 303, HEADERS)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=round(self.settings.auth.session_s),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def _refused(self, request: Request, error: CallQaError) -> Response:
        language = self._language(request)
        t = translator(language)
        status = 503 if isinstance(error, StoreError) else 401
        shown = Shown("provider", problem=f"{t('sign_in.refused')} {error}", status=status)
        return sign_in_page(shown, language)

    def _session(self, name: str, password: str) -> str | None:
        """A new session's secret, None while the password is one to be changed first."""
        with open_users(self.settings.home) as users:
            user = users.sign_in(name, password, self._limits)
            return None if user.password_temporary else users.start_session(user.name, self.settings.auth.session_s)

    def _changed(self, name: str, old: str, new: str) -> str:
        with open_users(self.settings.home) as users:
            user = users.change_own_password(name, old, new, self._limits)
            return users.start_session(user.name, self.settings.auth.session_s)

    def _vouched(self, query: dict[str, str], begun: Begun, redirect_url: str) -> str:
        assert self.provider is not None
        who = person(self.settings.auth.oidc, self.provider.finish(query, begun, redirect_url))
        with open_users(self.settings.home) as users:
            user = users.vouched_for(who.name, who.display_name, who.role, who.agent_id, by="identity provider")
            return users.start_session(user.name, self.settings.auth.session_s)

    def _end(self, secret: str) -> None:
        with open_users(self.settings.home) as users:
            users.end_session(secret)

    def _after_leaving(self, request: Request) -> str:
        """The provider's sign-out where there is one, else our own sign-in."""
        if self.provider is None:
            return SIGN_IN
        try:
            return self.provider.sign_out_url(self._redirect_url(request).removesuffix(CALLBACK) + SIGN_IN) or SIGN_IN
        except CallQaError:  # our session has ended; that the provider is away keeps nobody in
            return SIGN_IN

    @property
    def _limits(self) -> LockOut:
        return LockOut(self.settings.auth.max_failures, self.settings.auth.lockout_s)

    def _redirect_url(self, request: Request) -> str:
        return self.settings.auth.oidc.redirect_url or f"{request.url.scheme}://{request.url.netloc}{CALLBACK}"

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(hmac.new(signing_key(self.settings.home), b"oidc", hashlib.sha256).digest())

    def _language(self, request: Request) -> Language:
        asked = request.query_params.get("lang")
        return next((code for code in LANGUAGES if code == asked), self.settings.dashboard.language)


def sign_in_routes(settings: Settings) -> list[Route]:
    """The routes to add to the application. Raises ConfigError for an identity provider that is not set up."""
    mode = settings.auth.mode
    here = SignIn(settings, Provider(settings.auth.oidc) if mode == "oidc" else None)
    routes: list[tuple[str, str, Callable[[Request], object]]] = [("GET", SIGN_IN, here.page)]
    if mode == "oidc":
        routes += [("GET", PROVIDER, here.to_provider), ("GET", CALLBACK, here.from_provider)]
    else:
        routes += [("POST", SIGN_IN, here.submit), ("GET", PASSWORD, here.password_page)]
        routes += [("POST", PASSWORD, here.change_password)]
    routes.append(("GET", SIGN_OUT, here.leave))
    return [Route(path, answer, methods=[method]) for method, path, answer in routes]


async def _fields(request: Request, *names: str) -> tuple[str, ...]:
    body = await request.body()
    sent = parse_qs(body[:MAX_FORM_BYTES].decode("utf-8", "replace"))
    return tuple(sent.get(name, [""])[0] for name in names)


def _told(error: CallQaError, t: Translator) -> str:
    if isinstance(error, LockedOutError):
        return t("sign_in.locked")
    if isinstance(error, PasswordError):
        return t("password.weak", count=MIN_PASSWORD_CHARACTERS)
    return t("sign_in.wrong") if isinstance(error, SignInError) else str(error)


def _status(error: CallQaError) -> int:
    return 401 if isinstance(error, SignInError) else 400 if isinstance(error, PasswordError) else 503


def _same_origin(request: Request) -> bool:
    """Whether the browser says that our own page sent this; browsers name the origin of every POST."""
    told = request.headers.get("origin") or request.headers.get("referer")
    if told is None:
        return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return urlsplit(told).netloc == request.headers.get("host")
