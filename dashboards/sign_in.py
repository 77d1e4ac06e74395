"""`/sign-in` and `/sign-out`: a plain page without scripts, before Streamlit is reached."""

from dataclasses import dataclass
from html import escape
from string import Template
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboards.auth import COOKIE, SIGN_IN, SIGN_OUT, session_secret
from dashboards.components.assets import asset
from dashboards.i18n import LANGUAGES, Language, translator
from pipeline.config.settings import Settings
from pipeline.errors import StoreError
from pipeline.store.users import LockedOutError, LockOut, SignInError, open_users

MAX_FORM_BYTES = 4096
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Answers for one data folder."""

    settings: Settings

    async def page(self, request: Request) -> Response:
        """The form; `next` is where it leads, `lang` its language."""
        return self._form(request.query_params.get("next", "/"), self._language(request))

    async def submit(self, request: Request) -> Response:
        """303 to where the user wanted to go, with the session's cookie; the form with 401, from elsewhere 403."""
        language = self._language(request)
        t = translator(language)
        if not _same_origin(request):
            return self._form("/", language, t("sign_in.foreign"), 403)
        body = await request.body()
        fields = parse_qs(body[:MAX_FORM_BYTES].decode("utf-8", "replace"))
        name, password, wanted = (fields.get(key, [""])[0] for key in ("name", "password", "next"))
        try:
            secret = await run_in_threadpool(self._session, name, password)
        except LockedOutError:
            return self._form(wanted, language, t("sign_in.locked"), 401, name)
        except SignInError:
            return self._form(wanted, language, t("sign_in.wrong"), 401, name)
        except StoreError as error:
            return self._form(wanted, language, str(error), 503, name)
        response = RedirectResponse(_own_path(wanted), 303, _HEADERS)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=round(self.settings.auth.session_s),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """Ends the session."""
        secret = session_secret(request.headers)
        if secret and _same_origin(request):
            await run_in_threadpool(self._end, secret)
        response = RedirectResponse(SIGN_IN, 303, _HEADERS)
        response.delete_cookie(COOKIE)
        return response

    def _session(self, name: str, password: str) -> str:
        auth = self.settings.auth
        with open_users(self.settings.home) as users:
            user = users.sign_in(name, password, LockOut(auth.max_failures, auth.lockout_s))
            return users.start_session(user.name, auth.session_s)

    def _end(self, secret: str) -> None:
        with open_users(self.settings.home) as users:
            users.end_session(secret)

    def _language(self, request: Request) -> Language:
        asked = request.query_params.get("lang")
        return next((code for code in LANGUAGES if code == asked), self.settings.dashboard.language)

    def _form(self, wanted: str, language: Language, problem: str = "", status: int = 200, name: str = "") -> Response:
        t = translator(language)
        other: Language = "en" if language == "zh" else "zh"
        texts = {
            "language": "zh-CN" if language == "zh" else "en",
            "title": t("sign_in.title"),
            "name_label": t("sign_in.name"),
            "password_label": t("sign_in.password"),
            "button": t("sign_in.button"),
            "help": t("sign_in.help"),
            "problem": problem,
            "name": name,
            "next": _own_path(wanted),
            "action": f"{SIGN_IN}?lang={language}",
            "other": f"{SIGN_IN}?lang={other}",
            "other_name": {"zh": "中文", "en": "English"}[other],
        }
        page = Template(asset("sign_in.html")).substitute({key: escape(value) for key, value in texts.items()})
        return HTMLResponse(page, status, _HEADERS)


def sign_in_routes(settings: Settings) -> list[Route]:
    """The routes to add to the application."""
    here = SignIn(settings)
    return [
        Route(SIGN_IN, here.page, methods=["GET"]),
        Route(SIGN_IN, here.submit, methods=["POST"]),
        Route(SIGN_OUT, here.leave, methods=["GET"]),
    ]


def _same_origin(request: Request) -> bool:
    """Whether the browser says that our own page sent this; browsers name the origin of every POST."""
    told = request.headers.get("origin") or request.headers.get("referer")
    if told is None:
        return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return urlsplit(told).netloc == request.headers.get("host")


def _own_path(wanted: str) -> str:
    """A path on this server: nobody is led elsewhere by an address with `next=https://…`."""
    parts = urlsplit(wanted.replace("\\", "/"))
    inside = wanted.startswith("/") and not wanted.startswith("//") and not parts.netloc and not parts.scheme
    return wanted if inside and "\\" not in wanted and wanted.isprintable() else "/"
