"""培训: playlists of moments, good and bad, for the listening sessions."""

from functools import partial
from typing import Any

import streamlit as st

from dashboards.components.chrome import go
from dashboards.components.playlist_menu import new_playlist, playlist_settings
from dashboards.components.playlist_player import playlist_player
from dashboards.components.saving import save, told
from dashboards.context import Context
from dashboards.plain import escaped, plain
from dashboards.playlists import Playlists
from pipeline.store.playlists import Playlist


def render(context: Context) -> None:
    t, playlists = context.t, Playlists(context.data)
    context.top.title(t("menu.training"), anchor=False)
    told()
    found = {playlist.playlist_id: playlist for playlist in playlists.all()}
    chosen = _choose(context, found)
    if chosen is None:
        st.info(
            t("training.none" if context.user.may("train") else "training.none_for_agents"), icon=":material/school:"
        )
        return
    heard_by = t.code("audience", chosen.audience)
    st.caption(t("training.about", count=len(chosen.moments), who=escaped(chosen.owner, 40), audience=heard_by))
    moments = playlists.moments(chosen)
    if not moments:
        st.info(t("training.empty"), icon=":material/bookmark_add:")
        return
    opened = playlist_player(context, chosen, moments, partial(_act, context, chosen))
    if opened:
        go("call", call=opened["call"], t=f"{opened['at_s']:.1f}")


def _choose(context: Context, found: dict[str, Playlist]) -> Playlist | None:
    """The playlist that the address names, else the one changed last."""
    t = context.t
    named = st.query_params.get("list")
    if named in found and st.session_state.get("playlist-of-address") != named:
        st.session_state["playlist-chosen"] = st.session_state["playlist-of-address"] = named
    if st.session_state.get("playlist-chosen") not in found:
        st.session_state["playlist-chosen"] = next(iter(found), None)
    with st.container(horizontal=True, vertical_alignment="bottom", key="playlist-bar"):
        if found:
            st.selectbox(
                t("training.playlist"),
                list(found),
                format_func=lambda key: plain(found[key].title, 60),
                key="playlist-chosen",
                width=360,
            )
        if context.user.may("train"):
            new_playlist(context)
        chosen = found.get(st.session_state.get("playlist-chosen") or "")
        if chosen is not None and chosen.may_change(context.user):
            playlist_settings(context, chosen)
    if chosen is not None:
        st.session_state["playlist-of-address"] = chosen.playlist_id
        st.query_params["list"] = chosen.playlist_id
    return chosen


def _act(context: Context, chosen: Playlist, name: str, given: dict[str, Any]) -> None:
    playlists = Playlists(context.data)
    if name == "note":
        save(context, lambda: playlists.write_note(chosen.playlist_id, given["moment"], given["note"]))
    elif name == "move":
        save(context, lambda: playlists.move(chosen.playlist_id, given["moment"], given["place"]))
    elif name == "remove":
        save(context, lambda: playlists.remove(chosen.playlist_id, given["moment"]))
