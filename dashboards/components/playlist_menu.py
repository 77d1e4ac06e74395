"""Making a playlist, naming it, and saying who hears it."""

import streamlit as st

from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.playlists import Playlists
from pipeline.store.playlists import AUDIENCES, MAX_TITLE_CHARACTERS, Playlist


def new_playlist(context: Context) -> None:
    t = context.t
    with (
        st.popover(t("training.new"), icon=":material/playlist_add:"),
        st.form("new-playlist", border=False, clear_on_submit=True),
    ):
        st.text_input(t("training.title"), key="playlist-title", max_chars=MAX_TITLE_CHARACTERS)
        st.form_submit_button(t("training.make"), on_click=_make, args=(context,))


def playlist_settings(context: Context, chosen: Playlist) -> None:
    t = context.t
    with st.popover(t("training.settings"), icon=":material/tune:"):
        keys = {part: f"playlist-{part}-{chosen.playlist_id}" for part in ("name", "audience")}
        st.text_input(
            t("training.title"),
            chosen.title,
            key=keys["name"],
            max_chars=MAX_TITLE_CHARACTERS,
            on_change=_rename,
            args=(context, chosen, keys["name"]),
        )
        offered = [a for a in AUDIENCES if a != "agents" or context.user.may("assign")]
        st.session_state[keys["audience"]] = chosen.audience
        st.radio(
            t("training.audience"),
            offered,
            format_func=lambda code: t.code("audience", code),
            key=keys["audience"],
            on_change=_share,
            args=(context, chosen, keys["audience"]),
        )
        st.caption(t("training.audience_help"))
        st.button(
            t("training.close"), icon=":material/archive:", type="tertiary", on_click=_close, args=(context, chosen)
        )


def _make(context: Context) -> None:
    title = st.session_state["playlist-title"]

    def make() -> None:
        st.session_state["playlist-chosen"] = Playlists(context.data).create(title, "staff").playlist_id

    save(context, make, context.t("training.made"))


def _rename(context: Context, chosen: Playlist, key: str) -> None:
    title = st.session_state[key]
    save(context, lambda: Playlists(context.data).rename(chosen.playlist_id, title))


def _share(context: Context, chosen: Playlist, key: str) -> None:
    audience = st.session_state[key]
    save(context, lambda: Playlists(context.data).share(chosen.playlist_id, audience), context.t("training.shared"))


def _close(context: Context, chosen: Playlist) -> None:
    save(context, lambda: Playlists(context.data).close(chosen.playlist_id), context.t("training.closed"))
