"""What people decide about calls: verdicts on findings, score forms, and who did what. Append-only versions.

    with open_reviews(home) as store:
        store.add_verdict(call_id, finding.key, "confirm", reviewer="li", comment="", based_on=None)
        store.latest_verdicts(call_id)        -> {finding_key: Verdict}      (withdrawn ones left out)
        store.verdict_history(call_id)        -> (Verdict, ...)              oldest first
        store.add_review(ReviewForm(...))     -> Review                      the next version
        store.latest_review(call_id)          -> Review | None
        store.review_history(call_id)         -> (Review, ...)               oldest first
        store.latest_reviews()                -> {call_id: Review}
        store.log(who, what, call_id=None, detail="")
        store.audit(call_id=None, limit=200)  -> (AuditEntry, ...)           newest first

`based_on` (for a form: `ReviewForm.based_on`) is the version the person had on the screen, None for none: saving
raises ReviewConflict when somebody else saved in between. Open one store per use or per thread; it is cheap.
"""

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import StoreError
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement

VerdictKind = Literal["confirm", "reject", "withdraw"]


class ReviewConflict(StoreError):  # noqa: N818 - a situation between two people, told as such
    """Somebody else saved a version in between; show it, then save again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer says of one finding. version counts from 1 within (call, finding)."""

    call_id: str
    finding_key: str
    version: int
    verdict: VerdictKind
    comment: str
    reviewer: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One line of a filled-in form. points None: not applicable. reason: needed where overridden."""

    item_id: str
    points: float | None
    overridden: bool = False
    reason: str = ""

    @property
    def not_applicable(self) -> bool:
        return self.points is None


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """A form as it is handed in. total: 0..100, None when nothing was applicable. based_on: version on the screen.

    passed: whether the total reaches the card's pass mark without a fatal item; None: nothing was applicable, or the
    form was saved before this was kept.
    """

    call_id: str
    reviewer: str
    items: tuple[ReviewItem, ...]
    comment: str
    total: float | None
    fatal: bool
    snapshot_id: int | None
    rulebook_version: str
    scorecard_id: str
    scorecard_version: str
    based_on: int | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A stored form: the form and its version within the call, counted from 1."""

    form: ReviewForm
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    created_at: datetime
    who: str
    what: str
    call_id: str | None
    detail: str


def reviews_path(home: Path) -> Path:
    return home / "reviews.sqlite"


def open_reviews(home: Path) -> "AbstractContextManager[ReviewStore]":
    """The reviews of a data folder, made if there are none yet. Raises StoreError when they cannot be opened."""
    return opened(reviews_path(home), "reviews", ReviewStore)


class ReviewStore:
    """Reads and appends. Every write is durable when it returns and leaves a line in the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add_verdict(
        self,
        call_id: str,
        finding_key: str,
        verdict: VerdictKind,
        *,
        reviewer: str,
        comment: str = "",
        based_on: int | None = None,
    ) -> Verdict:
        """Append a verdict. Raises ReviewConflict when `based_on` is not the latest version."""
        with transaction(self._connection):
            latest = self._maximum("review_verdict_version", call_id=call_id, finding_key=finding_key)
            _check_version(f"finding {finding_key} of call {call_id}", based_on, latest)
            values = {
                "call_id": call_id,
                "finding_key": finding_key,
                "version": (latest or 0) + 1,
                "verdict": verdict,
                "comment": comment,
                "reviewer": reviewer,
                "created_at": now(),
            }
            self._write("review_add_verdict", values)
            add_audit(self._connection, reviewer, f"verdict.{verdict}", call_id, finding_key)
        return _verdict(values)

    def latest_verdicts(self, call_id: str) -> dict[str, Verdict]:
        """The verdict that holds for each finding key of a call; findings without one, or withdrawn, are left out."""
        latest = {v.finding_key: v for v in self.verdict_history(call_id)}
        return {key: v for key, v in latest.items() if v.verdict != "withdraw"}

    def verdict_history(self, call_id: str) -> tuple[Verdict, ...]:
        """Every verdict on a call, oldest first."""
        rows = self._connection.execute(statement("read", "review_verdicts"), {"call_id": call_id})
        return tuple(_verdict(dict(row)) for row in rows)

    def add_review(self, form: ReviewForm) -> Review:
        """Append a form as the next version. Raises ReviewConflict, and StoreError for an override without reason."""
        bare = next((i.item_id for i in form.items if i.overridden and not i.reason.strip()), None)
        if bare:
            raise StoreError(f"item {bare} of call {form.call_id} was changed without a reason; give one")
        with transaction(self._connection):
            latest = self._maximum("review_form_version", call_id=form.call_id)
            _check_version(f"the form of call {form.call_id}", form.based_on, latest)
            values = {
                "call_id": form.call_id,
                "version": (latest or 0) + 1,
                "reviewer": form.reviewer,
                "comment": form.comment,
                "total": form.total,
                "fatal": int(form.fatal),
                "passed": None if form.passed is None else int(form.passed),
                "snapshot_id": form.snapshot_id,
                "rulebook_version": form.rulebook_version,
                "scorecard_id": form.scorecard_id,
                "scorecard_version": form.scorecard_version,
                "created_at": now(),
            }
            review_id = self._write("review_add_form", values)
            for index, item in enumerate(form.items):
                self._write(
                    "review_add_item",
                    {
                        "review_id": review_id,
                        "item_index": index,
                        "item_id": item.item_id,
                        "points": item.points,
                        "not_applicable": int(item.not_applicable),
                        "overridden": int(item.overridden),
                        "reason": item.reason,
                    },
                )
            add_audit(self._connection, form.reviewer, "review.save", form.call_id, f"version {values['version']}")
        stored = self.latest_review(form.call_id)
        assert stored is not None
        return stored

    def latest_review(self, call_id: str) -> Review | None:
        """The form that holds for a call, None if nobody filled one in."""
        return next(reversed(self.review_history(call_id)), None)

    def review_history(self, call_id: str) -> tuple[Review, ...]:
        """Every version of a call's form, oldest first."""
        return self._reviews(call_id)

    def latest_reviews(self) -> dict[str, Review]:
        """The form that holds, by call id, for every call that has one."""
        return {review.form.call_id: review for review in self._reviews(None)}

    def log(self, who: str, what: str, *, call_id: str | None = None, detail: str = "") -> None:
        """Note who did what, for example a play. Never put words, names or numbers of a call into `detail`."""
        with transaction(self._connection):
            add_audit(self._connection, who, what, call_id, detail)

    def audit(self, call_id: str | None = None, limit: int = 200) -> tuple[AuditEntry, ...]:
        """Newest entries first, of one call or of all."""
        values = {"call_id": call_id, "limit": limit}
        rows = self._connection.execute(statement("read", "review_audit"), values)
        return tuple(AuditEntry(_time(r["created_at"]), r["who"], r["what"], r["call_id"], r["detail"]) for r in rows)

    def rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        """The rows of sql/read/NAME.sql on this store, as they are."""
        return [dict(row) for row in self._connection.execute(statement("read", name), values)]

    def _reviews(self, call_id: str | None) -> tuple[Review, ...]:
        items: dict[int, list[ReviewItem]] = {}
        for row in self._connection.execute(statement("read", "review_items"), {"call_id": call_id}):
            item = ReviewItem(row["item_id"], row["points"], bool(row["overridden"]), row["reason"])
            items.setdefault(row["review_id"], []).append(item)
        rows = self._connection.execute(statement("read", "review_forms"), {"call_id": call_id})
        return tuple(_review(row, tuple(items.get(row["review_id"], ()))) for row in rows)

    def _maximum(self, name: str, **values: str) -> int | None:
        row = self._connection.execute(statement("read", name), values).fetchone()
        latest: int | None = row["version"]
        return latest

    def _write(self, name: str, values: dict[str, object]) -> int:
        cursor = self._connection.execute(statement("write", name), values)
        assert cursor.lastrowid is not None
        return cursor.lastrowid


def add_audit(
    connection: sqlite3.Connection, who: str, what: str, call_id: str | None = None, detail: str = ""
) -> None:
    """A line of the audit log, inside the transaction of what it tells."""
    values = {"created_at": now(), "who": who, "what": what, "call_id": call_id, "detail": detail}
    connection.execute(statement("write", "review_add_audit"), values)


def _check_version(what: str, based_on: int | None, latest: int | None) -> None:
    if based_on != latest:
        raise ReviewConflict(
            f"{what} was saved by somebody else meanwhile (version {latest or 0}, yours began from {based_on or 0}); "
            "look at the newer version, then save again"
        )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _verdict(row: dict[str, object]) -> Verdict:
    values = {name: row[name] for name in ("call_id", "finding_key", "version", "verdict", "comment", "reviewer")}
    return Verdict(**values, created_at=_time(str(row["created_at"])))  # type: ignore[arg-type]


def _review(row: sqlite3.Row, items: tuple[ReviewItem, ...]) -> Review:
    form = ReviewForm(
        call_id=row["call_id"],
        reviewer=row["reviewer"],
        items=items,
        comment=row["comment"],
        total=row["total"],
        fatal=bool(row["fatal"]),
        snapshot_id=row["snapshot_id"],
        rulebook_version=row["rulebook_version"],
        scorecard_id=row["scorecard_id"],
        scorecard_version=row["scorecard_version"],
        based_on=row["version"] - 1 or None,
        passed=None if row["passed"] is None else bool(row["passed"]),
    )
    return Review(form, row["version"], _time(row["created_at"]))
