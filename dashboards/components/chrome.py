"""What frames every page: language and reviewer at the top, and the page for a store without calls."""

from typing import Any

import streamlit as st

from dashboards.auth import ANYBODY, SIGN_IN, SIGN_OUT
from dashboards.components.assets import asset
from dashboards.context import Context
from dashboards.i18n import LANGUAGES, Language, Translator, translator
from dashboards.plain import escaped
from dashboards.sign_in_pages import PASSWORD
from pipeline.config.settings import Settings
from pipeline.store.users import User


def header(default: Language, user: User) -> tuple[Language, str, Any]:
    """The switches that stay over all pages. Returns the language, the reviewer's name and the place for a title."""
    if st.context.theme.type == "dark":
        st.html(f"<style>{asset('dark.css')}</style>")
    with st.container(key="chrome", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        top = st.container(width="content")
        switches = st.container(width="content", horizontal=True, vertical_alignment="center")
    if "lang" not in st.session_state:
        asked = st.query_params.get("lang")
        st.session_state["lang"] = asked if asked in LANGUAGES else default
    t = translator(st.session_state["lang"])
    with switches:
        chosen = st.segmented_control(
            t("header.language"),
            LANGUAGES,
            required=True,
            format_func=lambda code: {"zh": "中文", "en": "English"}[code],
            key="lang",
            label_visibility="collapsed",
        )
        reviewer = _nobody(t) if user is ANYBODY else _somebody(t, user)
    language: Language = chosen or default
    if language != default:
        st.query_params["lang"] = language
    else:
        st.query_params.pop("lang", None)
    return language, reviewer, top


def _nobody(t: Translator) -> str:
    """Nobody signs in: a name may be given, and everybody is told that the door is open."""
    st.badge(t("header.open_badge"), icon=":material/lock_open:", color="orange", help=t("header.open_to_all"))
    name = st.session_state.get("reviewer") or t("header.nobody")
    with st.popover(escaped(name, 20), icon=":material/person:", help=t("header.reviewer_help")):
        st.text_input(t("header.reviewer"), key="reviewer", max_chars=40, persist_state="session")
    return st.session_state.get("reviewer") or ANYBODY.name


def _somebody(t: Translator, user: User) -> str:
    with st.popover(escaped(user.display_name, 20), icon=":material/person:"):
        st.text(t("header.signed_in", name=user.display_name, role=t.code("user_role", user.role)))
        if user.has_password:
            st.link_button(t("password.title"), PASSWORD, icon=":material/password:")
        st.link_button(t("header.sign_out"), SIGN_OUT, icon=":material/logout:")
    return user.name


def signed_out(settings: Settings) -> None:
    """A session that has ended while the page was open: nothing more is shown, and the way back is."""
    t = translator(settings.dashboard.language)
    st.warning(t("sign_in.over"), icon=":material/lock:")
    st.link_button(t("sign_in.link"), SIGN_IN)


def empty_store(context: Context) -> None:
    """What to do when nothing was published yet."""
    t = context.t
    context.top.title(t("empty.title"), anchor=False)
    with st.container(border=True, key="empty-store"):
        st.write(t("empty.body"))
        for command, meaning in (("callqa run audio_samples/", "empty.samples"), ("callqa nightly", "empty.nightly")):
            st.caption(t(meaning))
            st.code(command, language=None)
        st.caption(t("empty.folder"))
        st.text(str(context.settings.home))


def go(page: str, **query: str | list[str]) -> None:
    """Open another page with the given address parameters; never returns."""
    lang = {"lang": st.query_params["lang"]} if "lang" in st.query_params else {}
    st.switch_page(st.session_state["pages"][page], query_params={**lang, **query})
