"""Sampling plans and what was drawn from them.

    with open_plans(home) as plans:
        stored = plans.add(plan, user)                          version 1
        plans.change(stored.plan_id, plan, user, active=False)  a version more; older draws keep theirs
        plans.add_draw(stored, days, drawn, due_at=…, assigned={…}, snapshot_id=1, by=user)

Plans are versions, draws are final: a plan is drawn once for a period. by: a user, whose right to it is asked for once
more, or the name of a program.
"""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError
from pipeline.sampling import Drawn, Plan, PlanKind, Stratum
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import User, require_now

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """The version of a plan that holds."""

    plan_id: int
    version: int
    active: bool
    plan: Plan
    who: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredDraw:
    """One draw. calls: N of the frame; drawn: n of the tasks. who: who drew."""

    draw_id: int
    plan_id: int
    plan_version: int
    kind: PlanKind
    first_day: date
    last_day: date
    seed: int
    snapshot_id: int | None
    who: str
    created_at: datetime
    calls: int
    drawn: int


def open_plans(home: Path) -> "AbstractContextManager[PlanStore]":
    """The plans of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", PlanStore)


class PlanStore:
    """Reads and appends plans and draws. Every write is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def plans(self) -> tuple[StoredPlan, ...]:
        """Every plan as it is now, switched-off ones too."""
        return tuple(_plan(row) for row in self._connection.execute(statement("read", "plans")))

    def plan(self, plan_id: int) -> StoredPlan:
        """Raises StoreError when there is none of this number."""
        found = next((plan for plan in self.plans() if plan.plan_id == plan_id), None)
        if found is None:
            raise StoreError(f"there is no sampling plan {plan_id}; callqa sample --list names them")
        return found

    def add(self, plan: Plan, user: User) -> StoredPlan:
        """A new plan. Raises ConfigError for one that is none, PermissionDeniedError without the right to it."""
        plan.check()
        with transaction(self._connection):
            require_now(self._connection, user, "assign")
            plan_id = max((known.plan_id for known in self.plans()), default=0) + 1
            self._write_version(plan_id, 1, plan, user, active=True)
        return self.plan(plan_id)

    def change(self, plan_id: int, plan: Plan, user: User, *, active: bool) -> StoredPlan:
        """The next version of a plan; for what is drawn from now on. Raises as `add`."""
        plan.check()
        with transaction(self._connection):
            require_now(self._connection, user, "assign")
            self._write_version(plan_id, self.plan(plan_id).version + 1, plan, user, active=active)
        return self.plan(plan_id)

    def draws(self, plan_id: int | None = None) -> tuple[StoredDraw, ...]:
        """Newest first."""
        rows = self._connection.execute(statement("read", "draws"), {"plan_id": plan_id})
        return tuple(_draw(row) for row in rows)

    def strata(
        self, plan_id: int, first_day: date | None = None, last_day: date | None = None
    ) -> dict[tuple[int, str], Stratum]:
        """What was drawn from how many, by draw and stratum, of the draws that lie within the days."""
        values = {"plan_id": plan_id, "first_day": _day(first_day), "last_day": _day(last_day)}
        rows = self._connection.execute(statement("read", "draw_strata"), values)
        return {(r["draw_id"], r["stratum"]): Stratum(r["stratum"], r["calls"], r["drawn"]) for r in rows}

    def add_draw(
        self,
        stored: StoredPlan,
        days: Days,
        drawn: Drawn,
        *,
        due_at: datetime,
        assigned: Mapping[str, str],
        snapshot_id: int | None,
        by: User | str,
    ) -> StoredDraw:
        """Keep a draw and make its tasks. assigned: call id -> reviewer; calls that are left out are anybody's.

        A call that is already being worked on by somebody stays with them, so that nobody listens twice. Raises
        StoreError for a period that was drawn already.
        """
        who = by if isinstance(by, str) else by.name
        values: dict[str, object] = {
            "plan_id": stored.plan_id,
            "plan_version": stored.version,
            "kind": stored.plan.kind,
            "first_day": days[0].isoformat(),
            "last_day": days[1].isoformat(),
            "seed": drawn.seed,
            "snapshot_id": snapshot_id,
            "who": who,
            "created_at": now(),
        }
        with transaction(self._connection):
            if isinstance(by, User):
                require_now(self._connection, by, "assign")
            self._not_drawn(stored.plan_id, days)
            draw_id = self._write("draw_add", values)
            for s in drawn.strata:
                stratum = {"draw_id": draw_id, "stratum": s.name, "calls": s.calls, "drawn": s.drawn}
                self._write("draw_add_stratum", stratum)
            self._add_tasks(draw_id, drawn, due_at, assigned, who)
            detail = f"plan {stored.plan_id} v{stored.version} {days[0]}..{days[1]} n={len(drawn.picks)}"
            add_audit(self._connection, who, "sample.draw", detail=detail)
        return next(draw for draw in self.draws(stored.plan_id) if draw.draw_id == draw_id)

    def _add_tasks(self, draw_id: int, drawn: Drawn, due_at: datetime, assigned: Mapping[str, str], who: str) -> None:
        made_at = now()
        due = due_at.isoformat(timespec="microseconds")
        owners = self._owners()
        for number, pick in enumerate(drawn.picks, 1):
            task = {"draw_id": draw_id, "number": number, "call_id": pick.call_id, "stratum": pick.stratum}
            task_id = self._write("task_add", {**task, "due_at": due, "created_at": made_at})
            owner = owners.get(pick.call_id) or assigned.get(pick.call_id)
            if owner:
                step = {"task_id": task_id, "number": 1, "step": "assign", "who": who, "assignee": owner}
                self._write("task_add_step", {**step, "locked_until": None, "reason": "", "created_at": made_at})

    def _owners(self) -> dict[str, str]:
        """Whose the open tasks are, by call."""
        rows = self._connection.execute(statement("read", "task_owners"))
        return {row["call_id"]: row["owner"] for row in rows}

    def _not_drawn(self, plan_id: int, days: Days) -> None:
        for draw in self.draws(plan_id):
            if draw.first_day <= days[1] and draw.last_day >= days[0]:
                raise StoreError(
                    f"plan {plan_id} was drawn for {draw.first_day} to {draw.last_day} already (by {draw.who}); "
                    "choose another period, or make a further plan"
                )

    def _write_version(self, plan_id: int, version: int, plan: Plan, user: User, *, active: bool) -> None:
        values: dict[str, object] = {
            "plan_id": plan_id,
            "version": version,
            "active": int(active),
            "definition": json.dumps(asdict(plan), ensure_ascii=False),
            "who": user.name,
            "created_at": now(),
        }
        self._write("plan_add", values)
        add_audit(self._connection, user.name, "sample.plan", detail=f"plan {plan_id} v{version} active={int(active)}")

    def _write(self, name: str, values: dict[str, Any]) -> int:
        cursor = self._connection.execute(statement("write", name), values)
        assert cursor.lastrowid is not None
        return cursor.lastrowid


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _plan(row: sqlite3.Row) -> StoredPlan:
    raw = json.loads(row["definition"])
    lists = {name: tuple(raw[name]) for name in ("triggers", "teams", "topics")}
    return StoredPlan(
        plan_id=row["plan_id"],
        version=row["version"],
        active=bool(row["active"]),
        plan=Plan(**{**raw, **lists}),
        who=row["who"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def _draw(row: sqlite3.Row) -> StoredDraw:
    values = dict(row)
    days = {name: date.fromisoformat(values[name]) for name in ("first_day", "last_day")}
    return StoredDraw(**{**values, **days, "created_at": datetime.fromisoformat(values["created_at"])})
