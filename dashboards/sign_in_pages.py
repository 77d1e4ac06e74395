"""The pages before Streamlit: name and password, a new password, the way to the identity provider. No scripts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Literal
from urllib.parse import quote, urlsplit

from starlette.responses import HTMLResponse

from dashboards.auth import SIGN_IN
from dashboards.components.assets import asset
from dashboards.i18n import Language, translator
from pipeline.store.passwords import MIN_PASSWORD_CHARACTERS

Body = Literal["form", "password", "provider"]
PASSWORD, PROVIDER, CALLBACK = f"{SIGN_IN}/password", f"{SIGN_IN}/provider", f"{SIGN_IN}/callback"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page is to show. problem: what went wrong before, in the reader's words. wanted: where it leads."""

    body: Body
    wanted: str = "/"
    problem: str = ""
    status: int = 200
    name: str = ""


def sign_in_page(shown: Shown, language: Language) -> HTMLResponse:
    """The page as an answer that no cache keeps and no other site frames."""
    t = translator(language)
    other: Language = "en" if language == "zh" else "zh"
    wanted = own_path(shown.wanted)
    title = t("password.title" if shown.body == "password" else "sign_in.title")
    here = PASSWORD if shown.body == "password" else SIGN_IN
    texts = {
        "language": "zh-CN" if language == "zh" else "en",
        "title": title,
        "help": t("sign_in.help"),
        "problem": shown.problem,
        "other": f"{here}?lang={other}",
        "other_name": {"zh": "中文", "en": "English"}[other],
        **_fields(t, wanted, shown.name, language),
    }
    escaped = {key: escape(value) for key, value in texts.items()}
    body = Template(asset(f"sign_in_{shown.body}.html")).substitute(escaped)
    page = Template(asset("sign_in.html")).substitute(escaped, body=body)
    return HTMLResponse(page, shown.status, HEADERS)


def _fields(t: Callable[..., str], wanted: str, name: str, language: Language) -> Mapping[str, str]:
    """Labels, values and targets of the forms."""
    return {
        "name": name,
        "next": wanted,
        "name_label": t("sign_in.name"),
        "password_label": t("sign_in.password"),
        "button": t("sign_in.button"),
        "action": f"{SIGN_IN}?lang={language}",
        "provider": f"{PROVIDER}?lang={language}&next={quote(wanted, safe='')}",
        "provider_button": t("sign_in.provider"),
        "password_why": t("password.why"),
        "old_label": t("password.old"),
        "new_label": t("password.new", count=MIN_PASSWORD_CHARACTERS),
        "again_label": t("password.again"),
        "password_button": t("password.button"),
        "password_action": f"{PASSWORD}?lang={language}",
        "shortest": str(MIN_PASSWORD_CHARACTERS),
    }


def own_path(wanted: str) -> str:
    """A path on this server: nobody is led elsewhere by an address with `next=https://…`."""
    parts = urlsplit(wanted.replace("\\", "/"))
    inside = wanted.startswith("/") and not wanted.startswith("//") and not parts.netloc and not parts.scheme
    return wanted if inside and "\\" not in wanted and wanted.isprintable() else "/"
