"""What people found to be said otherwise than it was recognised: words, or who spoke. Append-only, by call.

    with open_corrections(home) as corrections:
        corrections.add(call_id, user, Change("text", 3, heard="这个我不指导", text="这个我不知道"), based_on=0)
        corrections.add(call_id, user, Change("swap"), based_on=1)
        corrections.add(call_id, user, Change("withdraw", withdraws=1), based_on=2)
        corrections.history(call_id)        -> (Correction, ...)            oldest first, withdrawn ones too
        corrections.holding()               -> {call_id: (Correction, ...)} those that hold, of every call with any

What was recognised stays as it is stored; `pipeline.corrections` applies what holds whenever a call is shown, judged
or published.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError
from pipeline.model import Role
from pipeline.store.reviews import ReviewConflict, add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import User

CorrectionKind = Literal["text", "role", "swap", "roles_right", "withdraw"]
MAX_TEXT_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to put right. heard: the utterance's text as recognised, for `text` and `role`.

    text: what was said. role: who said it. swap: agent and patient change places in the whole call. roles_right: a
    person has listened, and the roles are as they stand.
    """

    kind: CorrectionKind
    utterance_index: int | None = None
    heard: str = ""
    text: str = ""
    role: Role | None = None
    withdraws: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A stored change. number counts from 1 within the call."""

    call_id: str
    number: int
    change: Change
    who: str
    created_at: datetime


def open_corrections(home: Path) -> "AbstractContextManager[CorrectionStore]":
    """The corrections of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", CorrectionStore)


class CorrectionStore:
    """Reads and appends. Every write asks for the right to review and is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, call_id: str, user: User, change: Change, based_on: int) -> Correction:
        """Append a change. based_on: how many corrections were on the screen.

        Raises ReviewConflict when somebody else corrected the call in between, StoreError for an empty or endless text.
        """
        user.require("review")
        if change.kind == "text" and not 0 < len(change.text.strip()) <= MAX_TEXT_CHARACTERS:
            raise StoreError(f"what was said has {len(change.text)} characters; write 1 to {MAX_TEXT_CHARACTERS}")
        with transaction(self._connection):
            earlier = self.history(call_id)
            if len(earlier) != based_on:
                raise ReviewConflict(
                    f"call {call_id} was corrected by {earlier[-1].who} meanwhile; reload the page, then correct it"
                )
            if change.kind == "withdraw" and change.withdraws not in {c.number for c in holding(earlier)}:
                raise StoreError(f"correction {change.withdraws} of call {call_id} does not hold; reload the page")
            values = {
                "call_id": call_id,
                "number": len(earlier) + 1,
                "kind": change.kind,
                "utterance_index": change.utterance_index,
                "heard": change.heard,
                "text": change.text.strip(),
                "role": change.role,
                "withdraws": change.withdraws,
                "who": user.name,
                "created_at": now(),
            }
            self._connection.execute(statement("write", "fact_correction_add"), values)
            add_audit(self._connection, user.name, f"correction.{change.kind}", call_id, f"number {values['number']}")
        return self.history(call_id)[-1]

    def history(self, call_id: str) -> tuple[Correction, ...]:
        """Every correction of a call, oldest first, withdrawn ones and withdrawals too."""
        return self._read(call_id)

    def holding(self) -> dict[str, tuple[Correction, ...]]:
        """What holds, by call, of every call that was ever corrected: () where all was withdrawn."""
        ordered = sorted(self._read(None), key=attrgetter("call_id", "number"))
        return {call_id: holding(mine) for call_id, mine in groupby(ordered, key=attrgetter("call_id"))}

    def _read(self, call_id: str | None) -> tuple[Correction, ...]:
        rows = self._connection.execute(statement("read", "fact_corrections"), {"call_id": call_id})
        return tuple(map(_correction, rows))


def holding(history: Iterable[Correction]) -> tuple[Correction, ...]:
    """Those of one call's corrections that are changes and were not withdrawn, oldest first."""
    listed = tuple(history)
    gone = {c.change.withdraws for c in listed if c.change.kind == "withdraw"}
    return tuple(c for c in listed if c.change.kind != "withdraw" and c.number not in gone)


def _correction(row: sqlite3.Row) -> Correction:
    names = ("kind", "utterance_index", "heard", "text", "role", "withdraws")
    return Correction(
        call_id=row["call_id"],
        number=row["number"],
        change=Change(**{name: row[name] for name in names}),
        who=row["who"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )
