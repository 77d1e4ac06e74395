"""What agents say to a result: they acknowledge it or appeal, a supervisor takes the appeal and decides.

    with open_appeals(home) as appeals:
        appeals.appeal(call_id, agent, "患者先挂断的", result, window_s=7 * 86_400)
        appeals.take(call_id, supervisor)
        appeals.decide(call_id, supervisor, "grant", "听了录音，确实如此")
        appeals.case(call_id).state                     -> "granted"

A case is the chain of steps of one call. It begins anew when a reviewer saves a newer form than the one that was
acknowledged or decided: a new result may be appealed again. Every step is a line of the audit log too.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import PermissionDeniedError, User

StepKind = Literal["acknowledge", "appeal", "take", "grant", "grant_partly", "refuse"]
Outcome = Literal["grant", "grant_partly", "refuse"]
CaseState = Literal["open", "acknowledged", "appealed", "taken", "granted", "granted_partly", "refused"]

MAX_REASON_CHARACTERS = 2000
_AFTER: dict[StepKind, CaseState] = {
    "acknowledge": "acknowledged",
    "appeal": "appealed",
    "take": "taken",
    "grant": "granted",
    "grant_partly": "granted_partly",
    "refuse": "refused",
}
_MAY_FOLLOW: dict[StepKind, tuple[CaseState, ...]] = {
    "acknowledge": ("open",),
    "appeal": ("open", "acknowledged"),
    "take": ("appealed", "taken"),
    "grant": ("taken",),
    "grant_partly": ("taken",),
    "refuse": ("taken",),
}


@dataclass(frozen=True, slots=True)
class Result:
    """What an agent is answerable for. review_version: of the saved form, 0: the automatic score alone.

    published_at: when it could first be seen; the window for an appeal runs from there.
    """

    agent_id: str | None
    review_version: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case. number counts from 1 within the call."""

    call_id: str
    number: int
    step: StepKind
    who: str
    reason: str
    finding_keys: tuple[str, ...]
    review_version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """The steps of one call, oldest first."""

    call_id: str
    steps: tuple[Step, ...] = ()

    @property
    def state(self) -> CaseState:
        return _AFTER[self.steps[-1].step] if self.steps else "open"

    def state_for(self, review_version: int) -> CaseState:
        """As `state`, but open again for a form newer than the one the last closed chain was about."""
        over = self.state in ("acknowledged", "granted", "granted_partly", "refused")
        return "open" if over and self.steps[-1].review_version < review_version else self.state

    @property
    def handler(self) -> str | None:
        """Who took the appeal last, None while nobody has."""
        return self.steps[-1].who if self.state not in ("open", "acknowledged", "appealed") else None

    @property
    def appeal(self) -> Step | None:
        """The last appeal."""
        return next((step for step in reversed(self.steps) if step.step == "appeal"), None)


def open_appeals(home: Path) -> "AbstractContextManager[AppealStore]":
    """The appeals of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", AppealStore)


class AppealStore:
    """Reads and appends steps. Every write asks for the right to it and for the state that it needs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def case(self, call_id: str) -> Case:
        """The case of a call; without steps when nobody has said anything."""
        return Case(call_id, self._steps(call_id))

    def cases(self) -> tuple[Case, ...]:
        """Every call with a step, the one with the newest step first."""
        steps = sorted(self._steps(None), key=attrgetter("call_id", "number"))
        found = [Case(call_id, tuple(mine)) for call_id, mine in groupby(steps, key=attrgetter("call_id"))]
        return tuple(sorted(found, key=lambda case: case.steps[-1].created_at, reverse=True))

    def acknowledge(self, call_id: str, user: User, result: Result) -> Case:
        """The agent has seen the result. Raises PermissionDeniedError for somebody else's call."""
        _check_own(user, result)
        return self._append(call_id, "acknowledge", user, "", (), result.review_version)

    def appeal(
        self,
        call_id: str,
        user: User,
        reason: str,
        result: Result,
        *,
        window_s: float,
        finding_keys: Iterable[str] = (),
    ) -> Case:
        """The agent disagrees. Raises StoreError without a reason, after the window or when it is under way already."""
        _check_own(user, result)
        ends = result.published_at + timedelta(seconds=window_s)
        if datetime.now(UTC) > ends:
            raise StoreError(f"the time to appeal ended on {ends:%Y-%m-%d %H:%M} UTC; speak to your supervisor")
        return self._append(call_id, "appeal", user, reason, tuple(finding_keys), result.review_version)

    def take(self, call_id: str, user: User) -> Case:
        """A supervisor handles the appeal, also in place of the one who had taken it."""
        user.require("decide_appeals")
        return self._append(call_id, "take", user, "", (), None)

    def decide(self, call_id: str, user: User, outcome: Outcome, reason: str) -> Case:
        """The final decision, by who has taken the appeal. Raises StoreError without a reason."""
        user.require("decide_appeals")
        handler = self.case(call_id).handler
        if handler is not None and handler != user.name:
            raise StoreError(f"{handler} has taken the appeal on call {call_id}; take it over before you decide")
        return self._append(call_id, outcome, user, reason, (), None)

    def _append(
        self, call_id: str, step: StepKind, user: User, reason: str, keys: tuple[str, ...], review_version: int | None
    ) -> Case:
        reason = reason.strip()
        if step not in ("acknowledge", "take") and not reason:
            raise StoreError(f"call {call_id}: {step} needs a reason")
        if len(reason) > MAX_REASON_CHARACTERS:
            raise StoreError(f"the reason has {len(reason)} characters; at most {MAX_REASON_CHARACTERS}")
        with transaction(self._connection):
            case = self.case(call_id)
            version = case.steps[-1].review_version if review_version is None and case.steps else review_version or 0
            state = case.state_for(version)
            if state not in _MAY_FOLLOW[step]:
                raise StoreError(f"call {call_id}: {step} is not possible, the case is {state}; reload the page")
            values = {
                "call_id": call_id,
                "number": len(case.steps) + 1,
                "step": step,
                "who": user.name,
                "reason": reason,
                "finding_keys": json.dumps(keys, ensure_ascii=False),
                "review_version": version,
                "created_at": now(),
            }
            self._connection.execute(statement("write", "appeal_add_step"), values)
            add_audit(self._connection, user.name, f"appeal.{step}", call_id)
        return self.case(call_id)

    def _steps(self, call_id: str | None) -> tuple[Step, ...]:
        rows = self._connection.execute(statement("read", "appeal_steps"), {"call_id": call_id})
        return tuple(_step(row) for row in rows)


def _check_own(user: User, result: Result) -> None:
    user.require("appeal")
    if user.agent_id is None or user.agent_id != result.agent_id:
        raise PermissionDeniedError("only the agent of a call can answer for it")


def _step(row: sqlite3.Row) -> Step:
    return Step(
        call_id=row["call_id"],
        number=row["number"],
        step=row["step"],
        who=row["who"],
        reason=row["reason"],
        finding_keys=tuple(json.loads(row["finding_keys"])),
        review_version=row["review_version"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )
