"""Training playlists as pages need them: what the user may hear, with the words, and signed addresses of the clips.

An agent hears a moment of somebody else's call only where a supervisor put it on a playlist for agents: then the
moment alone, as a clip with the words said in it, without the name of the agent and without a way to the call.
"""

import time
from dataclasses import dataclass

import polars as pl

from dashboards.data import Data
from dashboards.links import audio_token, signing_key
from pipeline.store.playlists import Audience, Moment, Playlist, open_playlists
from pipeline.store.users import PermissionDeniedError


@dataclass(frozen=True, slots=True)
class Heard:
    """A moment ready to be played. url: of the clip, None when the call is gone. lines: (role, text) said in it.

    call_id, agent: None for those who may not see the call.
    """

    moment: Moment
    url: str | None
    lines: tuple[tuple[str, str], ...]
    call_id: str | None
    agent: str | None


class Playlists:
    """The playlists of a data folder, with one user's rights."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._home = data.settings.home

    def all(self) -> tuple[Playlist, ...]:
        """Playlists that the user may hear, the last changed first."""
        with open_playlists(self._home) as store:
            return store.all(self._data.user)

    def changeable(self) -> tuple[Playlist, ...]:
        """Those that the user may put a moment on."""
        return tuple(p for p in self.all() if p.may_change(self._data.user))

    def moments(self, playlist: Playlist) -> tuple[Heard, ...]:
        """The moments of a playlist in their order. Raises PermissionDeniedError when it is not for the user."""
        with open_playlists(self._home) as store:
            current = store.playlist(playlist.playlist_id, self._data.user)
        ids = sorted({m.call_id for m in current.moments})
        calls = {row["call_id"]: row for row in self._data.frame("moment_calls", call_ids=ids).iter_rows(named=True)}
        said = self._data.frame("moment_utterances", call_ids=ids)
        return tuple(self._heard(m, calls.get(m.call_id), said) for m in current.moments)

    def bookmark(self, playlist_id: str, title: str, moment: Moment) -> Playlist:
        """Put a moment on a playlist; without an id on a new one for the staff. Raises StoreError and the like."""
        user = self._data.user
        with open_playlists(self._home) as store:
            chosen = playlist_id or store.create(user, title, "staff").playlist_id
            return store.add(chosen, user, moment)

    def create(self, title: str, audience: Audience) -> Playlist:
        with open_playlists(self._home) as store:
            return store.create(self._data.user, title, audience)

    def rename(self, playlist_id: str, title: str) -> None:
        with open_playlists(self._home) as store:
            store.rename(playlist_id, self._data.user, title)

    def share(self, playlist_id: str, audience: Audience) -> None:
        with open_playlists(self._home) as store:
            store.share(playlist_id, self._data.user, audience)

    def close(self, playlist_id: str) -> None:
        with open_playlists(self._home) as store:
            store.close(playlist_id, self._data.user)

    def write_note(self, playlist_id: str, moment: int, note: str) -> None:
        with open_playlists(self._home) as store:
            store.write_note(playlist_id, self._data.user, moment, note)

    def move(self, playlist_id: str, moment: int, place: int) -> None:
        with open_playlists(self._home) as store:
            store.move(playlist_id, self._data.user, moment, place)

    def remove(self, playlist_id: str, moment: int) -> None:
        with open_playlists(self._home) as store:
            store.remove(playlist_id, self._data.user, moment)

    def _heard(self, moment: Moment, call: dict[str, str] | None, said: pl.DataFrame) -> Heard:
        if call is None:
            return Heard(moment, None, (), None, None)
        lines = said.filter(
            (pl.col("call_id") == moment.call_id)
            & (pl.col("end_s") > moment.start_s)
            & (pl.col("start_s") < moment.end_s)
        )
        known = self._data.user.may_see(call["agent_id"])
        name = " ".join(x for x in (call["agent_name"], call["agent_id"]) if x)
        return Heard(
            moment,
            self._clip_url(call["sha256"], moment),
            tuple(lines.select("role", "text").iter_rows()),
            moment.call_id if known else None,
            name if known else None,
        )

    def _clip_url(self, sha256: str, moment: Moment) -> str:
        settings = self._data.settings
        lifetime_s, clip_s = settings.dashboard.audio_link_s, (moment.start_s, moment.end_s)
        token = audio_token(signing_key(self._home), sha256, time.time(), lifetime_s, self._data.user.name, clip_s)
        return f"/audio/{token}"


def may_hear_clip(data: Data, call_id: str, start_s: float, end_s: float) -> None:
    """Raise PermissionDeniedError unless a playlist for agents holds this moment."""
    with open_playlists(data.settings.home) as store:
        if data.user.disabled or not store.heard_by_agents(call_id, start_s, end_s):
            raise PermissionDeniedError("this moment is on no playlist for agents any more")
