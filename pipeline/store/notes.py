"""Notes of reviewers, pinned to a second of a call. Append-only: a note is taken back, never deleted."""

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import PermissionDeniedError, User

MAX_NOTE_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Note:
    """number counts from 1 within the call. at_s: second of the recording. withdrawn: taken back by its author."""

    call_id: str
    number: int
    at_s: float
    text: str
    who: str
    created_at: datetime
    withdrawn: bool = False


def open_notes(home: Path) -> "AbstractContextManager[NoteStore]":
    """The notes of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", NoteStore)


class NoteStore:
    """Reads and appends. Every write asks for the right to review and is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, call_id: str, user: User, at_s: float, text: str) -> Note:
        """Pin a note to a second. Raises StoreError when it is empty or too long."""
        user.require("review")
        text = text.strip()
        if not 0 < len(text) <= MAX_NOTE_CHARACTERS:
            raise StoreError(f"the note has {len(text)} characters; write 1 to {MAX_NOTE_CHARACTERS}")
        self._append(call_id, user, at_s=max(0.0, at_s), text=text, withdraws=None)
        return self.notes(call_id)[-1]

    def withdraw(self, call_id: str, user: User, number: int) -> None:
        """Take one's own note back. Raises PermissionDeniedError for others' notes, StoreError for one that is gone."""
        user.require("review")
        note = next((n for n in self.notes(call_id) if n.number == number and not n.withdrawn), None)
        if note is None:
            raise StoreError(f"call {call_id} has no note {number} any more; reload the page")
        if note.who != user.name:
            raise PermissionDeniedError(f"this note is {note.who}'s; only they can take it back")
        self._append(call_id, user, at_s=note.at_s, text="", withdraws=number)

    def notes(self, call_id: str) -> tuple[Note, ...]:
        """Every note of a call, oldest first, withdrawn ones too."""
        rows = self._rows(call_id)
        gone = {row["withdraws"] for row in rows}
        return tuple(
            Note(
                row["call_id"],
                row["number"],
                row["at_s"],
                row["text"],
                row["who"],
                datetime.fromisoformat(row["created_at"]),
                withdrawn=row["number"] in gone,
            )
            for row in rows
            if row["withdraws"] is None
        )

    def _rows(self, call_id: str) -> list[sqlite3.Row]:
        return self._connection.execute(statement("read", "notes"), {"call_id": call_id}).fetchall()

    def _append(self, call_id: str, user: User, **values: object) -> None:
        with transaction(self._connection):
            number = len(self._rows(call_id)) + 1
            row = {"call_id": call_id, "number": number, "who": user.name, "created_at": now(), **values}
            self._connection.execute(statement("write", "note_add"), row)
            add_audit(
                self._connection, user.name, "note.add" if values["withdraws"] is None else "note.withdraw", call_id
            )
