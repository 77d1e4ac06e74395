"""Calibration rounds: the same calls scored by several people and an expert, nobody seeing the others until the end.

    with open_calibration(home) as rounds:
        made = rounds.begin("11月", call_ids, reviewers=("li", "wu"), experts=("sun",), blind=True, due_at=…, user=…)
        rounds.save(form, user)                       versions; the last one counts
        rounds.close(made.round_id, user, "…")        from now on everybody sees everything

While a round is open its people see their own forms only (`forms_for`), and whoever runs it sees how far it is. Forms
of a round are kept apart from reviews and count in no average; `calibration_calls` names the calls whose results are
left out of averages too, as long as a round on them is open.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import PermissionDeniedError, User, require_now

Part = Literal["reviewer", "expert"]
MAX_CALLS = 50
MAX_NOTE_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Round:
    """One round. blind: the automatic result is hidden as well. closed_at None: open. people: name -> part."""

    round_id: int
    title: str
    blind: bool
    due_at: datetime
    who: str
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    note: str
    call_ids: tuple[str, ...]
    people: dict[str, Part]

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def experts(self) -> tuple[str, ...]:
        return tuple(name for name, part in self.people.items() if part == "expert")


@dataclass(frozen=True, slots=True)
class Points:
    """One item as somebody scored it. points None: not applicable; else 0..points_max."""

    item_id: str
    points: float | None
    points_max: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BlindForm:
    """One person's form of one call. version counts from 1; 0 before it is saved."""

    round_id: int
    call_id: str
    reviewer: str
    items: tuple[Points, ...]
    comment: str
    total: float | None
    fatal: bool
    scorecard_id: str
    scorecard_version: str
    version: int = 0


def calibration_calls(home: Path) -> frozenset[str]:
    """The calls of open rounds: what is known of them is hidden from the round's people and left out of averages."""
    with open_calibration(home) as rounds:
        return rounds.held_calls()


def open_calibration(home: Path) -> "AbstractContextManager[CalibrationStore]":
    """The calibration rounds of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", CalibrationStore)


class CalibrationStore:
    """Reads rounds and appends to them. Every write asks for the right to it and is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rounds(self) -> tuple[Round, ...]:
        """Newest first."""
        return self._rounds(None)

    def round(self, round_id: int) -> Round:
        """Raises StoreError when there is none of this number."""
        found = self._rounds(round_id)
        if not found:
            raise StoreError(f"there is no calibration round {round_id}; reload the page")
        return found[0]

    def held_calls(self, name: str | None = None) -> frozenset[str]:
        """The calls of open rounds; with a name: of those that this person takes part in."""
        rounds = [found for found in self.rounds() if found.open and (name is None or name in found.people)]
        return frozenset(call_id for found in rounds for call_id in found.call_ids)

    def round_that_holds(self, call_id: str, name: str) -> int | None:
        """The open round of this call that somebody takes part in, None without one."""
        values = {"call_id": call_id, "name": name}
        row = self._connection.execute(statement("read", "calibration_holds"), values).fetchone()
        return None if row is None else int(row["round_id"])

    def begin(
        self,
        title: str,
        call_ids: Sequence[str],
        *,
        reviewers: Sequence[str],
        experts: Sequence[str],
        blind: bool,
        due_at: datetime,
        user: User,
    ) -> Round:
        """Open a round. Raises StoreError without title, calls or two people, PermissionDeniedError without a right."""
        calls = tuple(dict.fromkeys(call_ids))
        people: dict[str, Part] = {**dict.fromkeys(reviewers, "reviewer"), **dict.fromkeys(experts, "expert")}
        _check(title, calls, people)
        values: dict[str, object] = {"title": title.strip(), "blind": int(blind), "who": user.name, "created_at": now()}
        with transaction(self._connection):
            require_now(self._connection, user, "assign")
            due = due_at.astimezone(UTC).isoformat(timespec="microseconds")
            round_id = self._write("calibration_add_round", {**values, "due_at": due})
            for number, call_id in enumerate(calls, 1):
                self._write("calibration_add_call", {"round_id": round_id, "number": number, "call_id": call_id})
            for name, part in people.items():
                self._write("calibration_add_person", {"round_id": round_id, "name": name, "part": part})
            add_audit(self._connection, user.name, "calibration.begin", detail=f"round {round_id}, {len(calls)} calls")
        return self.round(round_id)

    def save(self, form: BlindForm, user: User, *, reviewer: str | None = None) -> BlindForm:
        """Append the next version of somebody's own form. Raises StoreError when the round is over or not theirs.

        reviewer: the name it is kept under where nobody signs in; else the user's own.
        """
        name = reviewer or user.name
        if form.reviewer != name:
            raise PermissionDeniedError(f"{name} cannot fill in the form of {form.reviewer}")
        with transaction(self._connection):
            require_now(self._connection, user, "calibrate")
            found = self.round(form.round_id)
            if not found.open:
                raise StoreError(f"round {form.round_id} was closed by {found.closed_by}; nothing was saved")
            if name not in found.people or form.call_id not in found.call_ids:
                raise PermissionDeniedError(f"{name} does not score call {form.call_id} in round {form.round_id}")
            mine = [f for f in self._forms(form.round_id, name) if f.call_id == form.call_id]
            version = (mine[0].version if mine else 0) + 1
            self._append(form, version)
            detail = f"round {form.round_id}, version {version}"
            add_audit(self._connection, name, "calibration.form", form.call_id, detail)
        return next(f for f in self._forms(form.round_id, name) if f.call_id == form.call_id)

    def close(self, round_id: int, user: User, note: str = "") -> Round:
        """End a round: nobody scores any more, everybody may see. Raises StoreError when it is over already."""
        with transaction(self._connection):
            require_now(self._connection, user, "assign")
            if not self.round(round_id).open:
                raise StoreError(f"round {round_id} is closed already; reload the page")
            values = {"round_id": round_id, "who": user.name, "note": note.strip()[:MAX_NOTE_CHARACTERS]}
            self._write("calibration_close", {**values, "created_at": now()})
            add_audit(self._connection, user.name, "calibration.close", detail=f"round {round_id}")
        return self.round(round_id)

    def forms_for(self, round_id: int, user: User, *, reviewer: str | None = None) -> tuple[BlindForm, ...]:
        """The forms that a user may see: their own while the round is open, everybody's when it is over."""
        user.require("calibrate")
        return self._forms(round_id, (reviewer or user.name) if self.round(round_id).open else None)

    def progress(self, round_id: int) -> dict[str, int]:
        """How many calls each has scored, by name; no result among it."""
        done = dict.fromkeys(self.round(round_id).people, 0)
        for form in self._forms(round_id, None):
            done[form.reviewer] += 1
        return done

    def _append(self, form: BlindForm, version: int) -> None:
        values = {
            "round_id": form.round_id,
            "call_id": form.call_id,
            "reviewer": form.reviewer,
            "version": version,
            "comment": form.comment.strip()[:MAX_NOTE_CHARACTERS],
            "total": form.total,
            "fatal": int(form.fatal),
            "scorecard_id": form.scorecard_id,
            "scorecard_version": form.scorecard_version,
            "created_at": now(),
        }
        form_id = self._write("calibration_add_form", values)
        for index, item in enumerate(form.items):
            points = {"item_id": item.item_id, "points": item.points, "points_max": item.points_max}
            self._write(
                "calibration_add_item", {"form_id": form_id, "item_index": index, **points, "reason": item.reason}
            )

    def _rounds(self, round_id: int | None) -> tuple[Round, ...]:
        calls: dict[int, list[str]] = {}
        for row in self._connection.execute(statement("read", "calibration_calls"), {"round_id": round_id}):
            calls.setdefault(row["round_id"], []).append(row["call_id"])
        people: dict[int, dict[str, Part]] = {}
        for row in self._connection.execute(statement("read", "calibration_people"), {"round_id": round_id}):
            people.setdefault(row["round_id"], {})[row["name"]] = row["part"]
        rows = self._connection.execute(statement("read", "calibration_rounds"), {"round_id": round_id})
        return tuple(_round(row, tuple(calls[row["round_id"]]), people[row["round_id"]]) for row in rows)

    def _forms(self, round_id: int, reviewer: str | None) -> tuple[BlindForm, ...]:
        values = {"round_id": round_id, "reviewer": reviewer}
        items: dict[int, list[Points]] = {}
        for row in self._connection.execute(statement("read", "calibration_items"), values):
            item = Points(row["item_id"], row["points"], row["points_max"], row["reason"])
            items.setdefault(row["form_id"], []).append(item)
        rows = self._connection.execute(statement("read", "calibration_forms"), values)
        return tuple(_form(row, tuple(items.get(row["form_id"], ()))) for row in rows)

    def _write(self, name: str, values: dict[str, object]) -> int:
        cursor = self._connection.execute(statement("write", name), values)
        assert cursor.lastrowid is not None
        return cursor.lastrowid


def _check(title: str, calls: Sequence[str], people: dict[str, Part]) -> None:
    if not title.strip():
        raise StoreError("a calibration round needs a title")
    if not 1 <= len(calls) <= MAX_CALLS:
        raise StoreError(f"a calibration round has 1 to {MAX_CALLS} calls, not {len(calls)}")
    if len(people) < 2:
        raise StoreError("a calibration round needs at least two people who score")


def _round(row: sqlite3.Row, calls: tuple[str, ...], people: dict[str, Part]) -> Round:
    return Round(
        round_id=row["round_id"],
        title=row["title"],
        blind=bool(row["blind"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        who=row["who"],
        created_at=datetime.fromisoformat(row["created_at"]),
        closed_at=datetime.fromisoformat(row["closed_at"]) if row["closed_at"] else None,
        closed_by=row["closed_by"],
        note=row["note"] or "",
        call_ids=calls,
        people=people,
    )


def _form(row: sqlite3.Row, items: tuple[Points, ...]) -> BlindForm:
    return BlindForm(
        round_id=row["round_id"],
        call_id=row["call_id"],
        reviewer=row["reviewer"],
        items=items,
        comment=row["comment"],
        total=row["total"],
        fatal=bool(row["fatal"]),
        scorecard_id=row["scorecard_id"],
        scorecard_version=row["scorecard_version"],
        version=row["version"],
    )
