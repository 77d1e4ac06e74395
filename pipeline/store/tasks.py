"""What reviewers are to look at: tasks, who holds them, until when, and how far the work is.

    with open_tasks(home) as tasks:
        task = tasks.take_next(user, "li", lock_s=3600)     what li holds, then li's own, then anybody's; None: all done
        tasks.release(task.task_id, user, "li")
        tasks.of_call(call_id)

A claim locks a task for a while; whoever works on renews it. Saving the form of the call completes the task: a trigger
of the store does it in the same transaction (sql/migrations/0006_reviews.sql).

reviewer: the name that decisions are kept under; the user's own name wherever people sign in.
"""

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError
from pipeline.sampling import PlanKind
from pipeline.store.reviews import ReviewConflict, add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import User, require_now

TaskStep = Literal["assign", "claim", "release", "complete", "skip"]
MANY = 100_000
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Task:
    """One call to look at. assignee: whose it is, None: anybody's. holder: who has claimed it and still may.

    review_version: of the form that completed it.
    """

    task_id: int
    draw_id: int
    number: int
    call_id: str
    stratum: str
    due_at: datetime
    plan_id: int
    kind: PlanKind
    steps: int
    step: TaskStep | None
    assignee: str | None
    holder: str | None
    locked_until: datetime | None
    review_version: int | None
    done_by: str | None
    open: bool

    @property
    def owner(self) -> str | None:
        """Who works on it now, or should."""
        return self.holder or self.assignee

    @property
    def overdue(self) -> bool:
        return self.open and self.due_at < datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """The tasks of a plan that are one reviewer's. reviewer None: nobody's yet. held: claimed just now."""

    plan_id: int
    reviewer: str | None
    tasks: int
    done: int
    skipped: int
    held: int
    overdue: int


def open_tasks(home: Path) -> "AbstractContextManager[TaskStore]":
    """The tasks of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", TaskStore)


class TaskStore:
    """Reads tasks and appends what becomes of them. Every write asks for the right to it; every step is in the log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def task(self, task_id: int) -> Task:
        """Raises StoreError when there is none of this number."""
        found = self._tasks(task_id=task_id)
        if not found:
            raise StoreError(f"there is no task {task_id}; reload the page")
        return found[0]

    def of_call(self, call_id: str) -> tuple[Task, ...]:
        """The tasks of one call, closed ones too."""
        return self._tasks(call_id=call_id)

    def of_reviewer(self, reviewer: str, limit: int = 200) -> tuple[Task, ...]:
        """Their own open tasks and what they hold, the most urgent first."""
        return self._tasks(reviewer=reviewer, open=1, limit=limit)

    def of_plan(self, plan_id: int, first_day: date | None = None, last_day: date | None = None) -> tuple[Task, ...]:
        """All tasks of the draws of a plan that lie within the days."""
        days = {"first_day": first_day, "last_day": last_day}
        return self._tasks(plan_id=plan_id, **{k: v.isoformat() if v else None for k, v in days.items()})

    def progress(self, since: datetime | None = None) -> tuple[Progress, ...]:
        """By plan and reviewer; since: what was closed before is not counted."""
        values = {"now": now(), "since": since.astimezone(UTC).isoformat(timespec="microseconds") if since else None}
        return tuple(Progress(**row) for row in map(dict, self._connection.execute(_read("task_progress"), values)))

    def take_next(self, user: User, reviewer: str, *, lock_s: float) -> Task | None:
        """Claim the next task for this reviewer, None when nothing is left."""
        with transaction(self._connection):
            require_now(self._connection, user, "review")
            row = self._connection.execute(_read("task_next"), {"reviewer": reviewer, "now": now()}).fetchone()
            if row is None:
                return None
            task_id: int = row["task_id"]
            self._claim(self.task(task_id), reviewer, lock_s)
        return self.task(task_id)

    def claim(self, task_id: int, user: User, reviewer: str, *, lock_s: float) -> Task:
        """Lock a task, or lock it for longer. Raises ReviewConflict when somebody else holds it or it is done."""
        with transaction(self._connection):
            require_now(self._connection, user, "review")
            self._claim(self.task(task_id), reviewer, lock_s)
        return self.task(task_id)

    def release(self, task_id: int, user: User, reviewer: str) -> Task:
        """Give a claimed task back. Raises ReviewConflict when it is not held."""
        with transaction(self._connection):
            require_now(self._connection, user, "review")
            task = self.task(task_id)
            if task.holder != reviewer:
                raise ReviewConflict(f"task {task_id} is not yours any more; reload the page")
            self._append(task, "release", reviewer, task.assignee)
        return self.task(task_id)

    def skip(self, task_id: int, user: User, reviewer: str, reason: str) -> Task:
        """Close a task without a review: there is nothing to hear, say. Raises StoreError without a reason."""
        reason = reason.strip()[:MAX_REASON_CHARACTERS]
        if not reason:
            raise StoreError("say why this call cannot be reviewed")
        with transaction(self._connection):
            require_now(self._connection, user, "review")
            task = self.task(task_id)
            if not task.open or task.owner not in (None, reviewer):
                raise ReviewConflict(f"task {task_id} is {task.owner or 'nobody'}'s or closed already; reload the page")
            self._append(task, "skip", reviewer, task.assignee, reason=reason)
        return self.task(task_id)

    def assign(self, task_id: int, user: User, assignee: str | None) -> Task:
        """Give an open task to somebody, None: to anybody; a claim on it ends."""
        with transaction(self._connection):
            require_now(self._connection, user, "assign")
            task = self.task(task_id)
            if not task.open:
                raise ReviewConflict(f"task {task_id} is closed already; reload the page")
            self._append(task, "assign", user.name, assignee)
        return self.task(task_id)

    def hand_over(self, plan_id: int, user: User, from_reviewer: str | None, to_reviewer: str | None) -> int:
        """Give all open tasks of a plan that are one reviewer's (None: nobody's) to another. Returns how many."""
        with transaction(self._connection):
            require_now(self._connection, user, "assign")
            found = [t for t in self._tasks(plan_id=plan_id, open=1) if t.owner == from_reviewer]
            for task in found:
                self._append(task, "assign", user.name, to_reviewer)
        return len(found)

    def _claim(self, task: Task, reviewer: str, lock_s: float) -> None:
        if not task.open:
            raise ReviewConflict(f"task {task.task_id} is closed already; take another")
        if task.owner not in (None, reviewer):
            raise ReviewConflict(f"task {task.task_id} is {task.owner}'s; take another, or ask a supervisor")
        until = (datetime.now(UTC) + timedelta(seconds=lock_s)).isoformat(timespec="microseconds")
        self._append(task, "claim", reviewer, task.assignee, locked_until=until)

    def _append(
        self,
        task: Task,
        step: TaskStep,
        who: str,
        assignee: str | None,
        *,
        locked_until: str | None = None,
        reason: str = "",
    ) -> None:
        values = {
            "task_id": task.task_id,
            "number": task.steps + 1,
            "step": step,
            "who": who,
            "assignee": assignee,
            "locked_until": locked_until,
            "reason": reason,
            "created_at": now(),
        }
        self._connection.execute(statement("write", "task_add_step"), values)
        add_audit(self._connection, who, f"task.{step}", task.call_id, f"task {task.task_id} {assignee or ''}".strip())

    def _tasks(self, **wanted: object) -> tuple[Task, ...]:
        names = ("task_id", "call_id", "plan_id", "reviewer", "open", "first_day", "last_day")
        values = {**dict.fromkeys(names), "limit": MANY, **wanted}
        at = datetime.now(UTC)
        return tuple(_task(row, at) for row in self._connection.execute(_read("tasks"), values))


def _read(name: str) -> str:
    return statement("read", name)


def _task(row: sqlite3.Row, at: datetime) -> Task:
    until = datetime.fromisoformat(row["locked_until"]) if row["locked_until"] else None
    held = row["step"] == "claim" and until is not None and until > at
    return Task(
        task_id=row["task_id"],
        draw_id=row["draw_id"],
        number=row["number"],
        call_id=row["call_id"],
        stratum=row["stratum"],
        due_at=datetime.fromisoformat(row["due_at"]),
        plan_id=row["plan_id"],
        kind=row["kind"],
        steps=row["steps"],
        step=row["step"],
        assignee=row["assignee"],
        holder=row["who"] if held else None,
        locked_until=until if held else None,
        review_version=row["review_version"],
        done_by=row["who"] if row["step"] == "complete" else None,
        open=bool(row["open"]),
    )
