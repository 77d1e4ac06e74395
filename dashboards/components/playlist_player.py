"""A playlist as a component: its moments one after the other, each with its words and its note."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboards.components.assets import asset
from dashboards.components.mounting import in_order, script
from dashboards.context import Context
from dashboards.plain import plain
from dashboards.playlists import Heard
from pipeline.store.playlists import Playlist

Told = Callable[[str, dict[str, Any]], None]
TRIGGERS = ("move", "remove", "note")
TEXTS = (
    *("play_all", "pause", "previous", "next", "play", "good", "bad", "open", "up", "down", "edit_note", "remove"),
    *("save", "cancel", "gone", "count", "no_audio"),
)

PLAYLIST = st.components.v2.component(
    "callqa_playlist", html=asset("playlist.html"), css=asset("playlist.css"), js=script("playlist.js")
)


def playlist_player(
    context: Context, playlist: Playlist, moments: Sequence[Heard], told: Told
) -> dict[str, Any] | None:
    """Show the moments. Returns {"call", "at_s"} of the one whose call was asked for, else None."""
    t = context.t
    callbacks: dict[str, Any] = {f"on_{name}_change": partial(_tell, told, name) for name in TRIGGERS}
    data = {
        "id": playlist.playlist_id,
        "moments": [moment_data(heard) for heard in moments],
        "can_change": playlist.may_change(context.user),
        "texts": {
            **{name: t(f"playlist.{name}") for name in TEXTS},
            **{role: t.code("role", role) for role in ("agent", "patient", "unknown")},
        },
        "dark": context.dark,
    }
    shown = PLAYLIST(key="playlist", data=in_order("playlist", data), on_opened_change=lambda: None, **callbacks)
    opened: dict[str, Any] | None = shown.opened
    return opened


def moment_data(heard: Heard) -> dict[str, Any]:
    moment = heard.moment
    return {
        "number": moment.number,
        "url": heard.url,
        "seconds": moment.end_s - moment.start_s,
        "at_s": moment.start_s,
        "good": moment.good,
        "note": moment.note,
        "lines": [[role, text] for role, text in heard.lines],
        "title": plain(heard.agent, 60) if heard.agent else "",
        "call": heard.call_id,
    }


def _tell(told: Told, name: str) -> None:
    given = st.session_state["playlist"].get(name)
    if given is not None:
        told(name, given)
