"""Who is asking: a session (local account, identity provider), the name a proxy vouches for, or anybody on loopback.

`Gate` stands before the whole application: without a user no page, no web socket and no sound gets through. Pages ask
again at every run (`user_of`), so that a session that has ended or a role that was changed counts at once.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.data import ANYBODY
from pipeline.config.settings import Settings
from pipeline.errors import StoreError
from pipeline.store.users import User, open_users

COOKIE = "callqa_session"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
_OPEN_TO_ALL = (SIGN_IN, SIGN_OUT, "/static/", "/favicon", "/_stcore/health")
_POLICY_VIOLATION = 1008


def user_of(settings: Settings, headers: Mapping[str, str], address: str | None) -> User | None:
    """The user behind a request, None when nobody has signed in.

    headers: by lower-case name. address: where the request comes from. Raises StoreError when the users cannot be read.
    """
    if settings.auth.mode == "none":
        return ANYBODY
    if settings.auth.mode == "proxy":
        return _vouched_for(settings, headers, address)
    secret = _cookie(headers.get("cookie", ""))
    if not secret:
        return None
    with open_users(settings.home) as users:
        return users.user_of_session(secret)


def _vouched_for(settings: Settings, headers: Mapping[str, str], address: str | None) -> User | None:
    name = headers.get(settings.auth.proxy_header.lower(), "").strip()
    if not name or address not in settings.auth.trusted_proxies:
        return None
    with open_users(settings.home) as users:
        return users.find(name)


def _cookie(header: str) -> str | None:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def session_secret(headers: Mapping[str, str]) -> str | None:
    """The secret of the session that a request carries, None without one."""
    return _cookie(headers.get("cookie", ""))


class Gate:
    """ASGI middleware: lets signed-in users through and sends everybody else to the sign-in page."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._open(scope["path"]):
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else None
        try:
            user = await run_in_threadpool(user_of, self._settings, Headers(scope=scope), address)
        except StoreError as error:
            await PlainTextResponse(str(error), 503)(scope, receive, send)
            return
        if user is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        elif self._settings.auth.mode in ("local", "oidc") and scope["method"] == "GET" and _is_page(scope["path"]):
            asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
            await RedirectResponse(f"{SIGN_IN}?next={quote(asked, safe='')}", 303)(scope, receive, send)
        else:
            await PlainTextResponse("not signed in / 未登录", 401)(scope, receive, send)

    def _open(self, path: str) -> bool:
        return self._settings.auth.mode == "none" or path.startswith(_OPEN_TO_ALL)


def _is_page(path: str) -> bool:
    return not path.startswith(("/_stcore/", "/audio/", "/media/", "/component"))
