"""What frames every page: language and reviewer at the top, and the page for a store without calls."""

from typing import Any

import streamlit as st

from dashboards.context import Context
from dashboards.i18n import LANGUAGES, Language, translator
from dashboards.plain import escaped


def header(default: Language) -> tuple[Language, str, Any]:
    """The switches that stay over all pages. Returns the language, the reviewer's name and the place for a title."""
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
        name = st.session_state.get("reviewer") or t("header.nobody")
        with st.popover(escaped(name, 20), icon=":material/person:", help=t("header.reviewer_help")):
            st.text_input(t("header.reviewer"), key="reviewer", max_chars=40, persist_state="session")
    language: Language = chosen or default
    if language != default:
        st.query_params["lang"] = language
    else:
        st.query_params.pop("lang", None)
    return language, st.session_state.get("reviewer") or "local", top


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
