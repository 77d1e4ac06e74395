"""Moments of calls for the listening sessions, in playlists. Append-only steps: a playlist is what they add up to.

    with open_playlists(home) as playlists:
        chosen = playlists.create(user, "安抚情绪", "staff")
        playlists.add(chosen, user, Moment(call_id, 12.0, 31.5, good=True, note="先共情，后解释"))
        playlists.move(chosen, user, moment=2, place=0)
        playlists.share(chosen, user, "agents")       needs the right to assign: agents hear other people's calls then
        playlists.all(user)                            -> (Playlist, ...) that the user may hear
        playlists.heard_by_agents(call_id, a_s, b_s)   whether an open playlist for agents holds this very moment

Whoever trains makes playlists. `mine` is heard by its owner, `staff` by everybody who sees all calls, `agents` by
everybody who may sign in.
"""

import secrets
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import PermissionDeniedError, User

Audience = Literal["mine", "staff", "agents"]
AUDIENCES: tuple[Audience, ...] = ("mine", "staff", "agents")
StepKind = Literal["create", "rename", "share", "close", "add", "note", "move", "remove"]
MAX_TITLE_CHARACTERS = 60
MAX_NOTE_CHARACTERS = 1000
MAX_MOMENT_S = 600.0
MAX_MOMENTS = 200
_EMPTY = dict.fromkeys(("title", "audience", "moment", "call_id", "start_s", "end_s", "good", "note", "place"))


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a call, in seconds from the start. good: to be followed, else to be avoided. number: its name."""

    call_id: str
    start_s: float
    end_s: float
    good: bool
    note: str = ""
    number: int = 0
    who: str = ""


@dataclass(frozen=True, slots=True)
class Playlist:
    """What the steps add up to. steps: how many there are; what the next one is based on."""

    playlist_id: str
    title: str
    audience: Audience
    owner: str
    moments: tuple[Moment, ...]
    created_at: datetime
    changed_at: datetime
    steps: int
    closed: bool = False

    def may_hear(self, user: User) -> bool:
        """Whether the playlist is for this user."""
        if self.closed or user.disabled:
            return False
        if self.audience == "agents":
            return True
        return user.may("see_all") and (self.audience == "staff" or user.name == self.owner)

    def may_change(self, user: User) -> bool:
        """Whoever trains changes what they hear; what agents hear is changed by who may assign."""
        return user.may("train") and self.may_hear(user) and (self.audience != "agents" or user.may("assign"))


def open_playlists(home: Path) -> "AbstractContextManager[PlaylistStore]":
    """The playlists of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", PlaylistStore)


class PlaylistStore:
    """Reads and appends. Every write asks for the right to train and is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, user: User) -> tuple[Playlist, ...]:
        """Open playlists that the user may hear, the last changed first."""
        found = [playlist for playlist in self._every() if playlist.may_hear(user)]
        return tuple(sorted(found, key=attrgetter("changed_at"), reverse=True))

    def playlist(self, playlist_id: str, user: User) -> Playlist:
        """One of `all`. Raises PermissionDeniedError when there is none of this id for the user."""
        steps = self._steps(playlist_id)
        found = _replayed(steps) if steps else None
        if found is None or not found.may_hear(user):
            raise PermissionDeniedError("there is no such playlist for you")
        return found

    def heard_by_agents(self, call_id: str, start_s: float, end_s: float) -> bool:
        """Whether an open playlist for agents holds this very moment, or one around it."""
        return any(
            moment.call_id == call_id and moment.start_s <= start_s and end_s <= moment.end_s
            for playlist in self._every()
            if playlist.audience == "agents" and not playlist.closed
            for moment in playlist.moments
        )

    def create(self, user: User, title: str, audience: Audience) -> Playlist:
        """A new, empty playlist. Raises PermissionDeniedError for `agents` without the right to assign."""
        user.require("train")
        _check_audience(user, audience)
        playlist_id = secrets.token_hex(6)
        self._append(playlist_id, user, "create", title=_title(title), audience=audience)
        return self.playlist(playlist_id, user)

    def rename(self, playlist_id: str, user: User, title: str) -> Playlist:
        return self._change(playlist_id, user, "rename", title=_title(title))

    def share(self, playlist_id: str, user: User, audience: Audience) -> Playlist:
        """Who hears it from now on. Raises PermissionDeniedError for `agents` without the right to assign."""
        _check_audience(user, audience)
        return self._change(playlist_id, user, "share", audience=audience)

    def close(self, playlist_id: str, user: User) -> None:
        """Nobody is offered it any more."""
        self._changeable(playlist_id, user)
        self._append(playlist_id, user, "close")

    def add(self, playlist_id: str, user: User, moment: Moment) -> Playlist:
        """Append a moment. Raises StoreError when it is empty, too long, or the playlist is full."""
        if not 0 <= moment.start_s < moment.end_s or moment.end_s - moment.start_s > MAX_MOMENT_S:
            raise StoreError(
                f"a moment of {moment.end_s - moment.start_s:.1f} s is none; choose more than 0 and at most "
                f"{MAX_MOMENT_S:.0f} s"
            )
        if len(self._changeable(playlist_id, user).moments) >= MAX_MOMENTS:
            raise StoreError(f"this playlist holds {MAX_MOMENTS} moments already; begin another one")
        return self._change(
            playlist_id,
            user,
            "add",
            call_id=moment.call_id,
            start_s=round(moment.start_s, 3),  # addresses of clips tell milliseconds
            end_s=round(moment.end_s, 3),
            good=int(moment.good),
            note=_note(moment.note),
        )

    def write_note(self, playlist_id: str, user: User, moment: int, note: str) -> Playlist:
        return self._change(playlist_id, user, "note", moment=moment, note=_note(note))

    def move(self, playlist_id: str, user: User, moment: int, place: int) -> Playlist:
        """Put a moment where `place` others stand before it."""
        return self._change(playlist_id, user, "move", moment=moment, place=max(0, place))

    def remove(self, playlist_id: str, user: User, moment: int) -> Playlist:
        return self._change(playlist_id, user, "remove", moment=moment)

    def _change(self, playlist_id: str, user: User, step: StepKind, **values: object) -> Playlist:
        playlist = self._changeable(playlist_id, user)
        named = values.get("moment")
        if named is not None and named not in {m.number for m in playlist.moments}:
            raise StoreError("this moment is not on the playlist any more; reload the page")
        self._append(playlist_id, user, step, **values)
        steps = self._steps(playlist_id)
        return _replayed(steps)

    def _changeable(self, playlist_id: str, user: User) -> Playlist:
        user.require("train")
        playlist = self.playlist(playlist_id, user)
        if not playlist.may_change(user):
            raise PermissionDeniedError("agents hear this playlist: only a supervisor changes it")
        return playlist

    def _append(self, playlist_id: str, user: User, step: StepKind, **values: object) -> None:
        with transaction(self._connection):
            number = len(self._steps(playlist_id)) + 1
            row = {"playlist_id": playlist_id, "number": number, "step": step, "who": user.name, "created_at": now()}
            self._connection.execute(statement("write", "playlist_add_step"), {**_EMPTY, **row, **values})
            call_id = values.get("call_id")
            told = f"{playlist_id} {values.get('audience') or ''}".strip()
            add_audit(self._connection, user.name, f"playlist.{step}", None if call_id is None else str(call_id), told)

    def _every(self) -> tuple[Playlist, ...]:
        ordered = sorted(self._steps(None), key=itemgetter("playlist_id"))
        return tuple(_replayed(list(steps)) for _, steps in groupby(ordered, key=itemgetter("playlist_id")))

    def _steps(self, playlist_id: str | None) -> list[sqlite3.Row]:
        values = {"playlist_id": playlist_id}
        return self._connection.execute(statement("read", "playlist_steps"), values).fetchall()


def _replayed(steps: list[sqlite3.Row]) -> Playlist:
    """What the steps of one playlist, oldest first, add up to."""
    first, last = steps[0], steps[-1]
    title, audience, closed = first["title"], first["audience"], False
    moments: list[Moment] = []
    for row in steps:
        if row["step"] == "add":
            moments.append(_moment(row))
            continue
        title, audience = row["title"] or title, row["audience"] or audience
        closed = closed or row["step"] == "close"
        at = next((i for i, m in enumerate(moments) if m.number == row["moment"]), None)
        if at is None:
            continue
        chosen = moments.pop(at)
        if row["step"] == "note":
            moments.insert(at, replace(chosen, note=row["note"] or ""))
        elif row["step"] == "move":
            moments.insert(row["place"], chosen)
    return Playlist(
        playlist_id=first["playlist_id"],
        title=title,
        audience=audience,
        owner=first["who"],
        moments=tuple(moments),
        created_at=datetime.fromisoformat(first["created_at"]),
        changed_at=datetime.fromisoformat(last["created_at"]),
        steps=len(steps),
        closed=closed,
    )


def _moment(row: sqlite3.Row) -> Moment:
    names = ("call_id", "start_s", "end_s", "number", "who")
    return Moment(**{name: row[name] for name in names}, good=bool(row["good"]), note=row["note"] or "")


def _check_audience(user: User, audience: Audience) -> None:
    if audience == "agents" and not user.may("assign"):
        raise PermissionDeniedError("only a supervisor lets agents hear moments of other people's calls")


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not 0 < len(title) <= MAX_TITLE_CHARACTERS:
        raise StoreError(f"the title has {len(title)} characters; write 1 to {MAX_TITLE_CHARACTERS}")
    return title


def _note(text: str) -> str:
    if len(text.strip()) > MAX_NOTE_CHARACTERS:
        raise StoreError(f"the note has {len(text.strip())} characters; at most {MAX_NOTE_CHARACTERS}")
    return text.strip()
