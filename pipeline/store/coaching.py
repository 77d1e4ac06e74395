"""What supervisors and agents agree on: coaching notes and goals, append-only.

    with open_coaching(home) as coaching:
        coaching.add_note(supervisor, "A1026", "先安抚再解释", call_id=call_id)
        goal = coaching.set_goal(supervisor, GoalTerms("A1026", "mean_score", at_least=85.0, starts_on=…, due_on=…))
        coaching.step(agent, goal.goal_id, "agree")
        coaching.step(supervisor, goal.goal_id, "reach", "三周都在 85 分以上")

Supervisors (ability `assign`) write notes and goals and close goals; the agent agrees. A note is shown to the agent
unless it is kept among supervisors; it is taken back by another row, never changed. Each write is a line of the audit
log.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

from pipeline.errors import StoreError
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import PermissionDeniedError, User

Figure = Literal[
    "mean_score",  # points 0..100
    "pass_rate",  # share 0..1
    "violation_rate",  # share 0..1 of the calls with a violation, of one family or of any
    "rate_cpm",  # 字/分, mean over calls
    "spl_db",  # dB, mean over calls
    "silence_ratio",  # share 0..1 of the call, mean
    "interruptions",  # times a call
]
StepKind = Literal["agree", "reach", "miss", "withdraw"]
GoalState = Literal["proposed", "agreed", "reached", "missed", "withdrawn"]

FIGURES: tuple[Figure, ...] = get_args(Figure)
MAX_NOTE_CHARACTERS = 4000
_AFTER: dict[StepKind, GoalState] = {
    "agree": "agreed",
    "reach": "reached",
    "miss": "missed",
    "withdraw": "withdrawn",
}
_MAY_FOLLOW: dict[StepKind, tuple[GoalState, ...]] = {
    "agree": ("proposed",),
    "reach": ("proposed", "agreed"),
    "miss": ("proposed", "agreed"),
    "withdraw": ("proposed", "agreed"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """A coaching note. shown: the agent reads it too. call_id: the call it is about, if it is about one."""

    note_id: int
    agent_id: str
    call_id: str | None
    text: str
    shown: bool
    who: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GoalTerms:
    """What is agreed: a figure of the agent's calls from starts_on to due_on (local days, included) within limits.

    at_least, at_most: in the figure's unit, at least one of them. family: of violation_rate, None: any.
    """

    agent_id: str
    figure: Figure
    starts_on: date
    due_on: date
    at_least: float | None = None
    at_most: float | None = None
    family: str | None = None
    comment: str = ""

    def reached_by(self, value: float) -> bool:
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class GoalStep:
    step: StepKind
    who: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and what became of it, oldest step first."""

    goal_id: int
    terms: GoalTerms
    who: str
    created_at: datetime
    steps: tuple[GoalStep, ...] = ()

    @property
    def state(self) -> GoalState:
        return _AFTER[self.steps[-1].step] if self.steps else "proposed"

    @property
    def open(self) -> bool:
        return self.state in ("proposed", "agreed")


def open_coaching(home: Path) -> "AbstractContextManager[CoachingStore]":
    """The notes and goals of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", CoachingStore)


class CoachingStore:
    """Reads and appends. Everything asks for the right to it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def notes(self, user: User, agent_id: str) -> tuple[Note, ...]:
        """The notes of an agent that stand, newest first; the agent is given those meant for them.

        Raises PermissionDeniedError for another agent's.
        """
        _check_seen(user, agent_id)
        found = tuple(_note(row) for row in self._rows("coaching_notes", agent_id=agent_id))
        return found if user.may("see_all") else tuple(note for note in found if note.shown)

    def add_note(self, user: User, agent_id: str, text: str, *, call_id: str | None = None, shown: bool = True) -> None:
        """Raises PermissionDeniedError without the right to, StoreError for a note of no or too many words."""
        user.require("assign")
        text = text.strip()
        if not text:
            raise StoreError("the note is empty; write what is to be worked on")
        _check_length(text)
        self._add_note(user, agent_id, text, call_id, None, shown=shown)

    def withdraw_note(self, user: User, note_id: int, reason: str) -> None:
        """Take a note back. Raises StoreError when there is no such note that stands, or no reason."""
        user.require("assign")
        if not reason.strip():
            raise StoreError("taking a note back needs a reason")
        _check_length(reason)
        rows = self._rows("coaching_note", note_id=note_id)
        if not rows or rows[0]["withdraws"] is not None or rows[0]["withdrawn"]:
            raise StoreError(f"there is no note {note_id} that stands; reload the page")
        self._add_note(user, rows[0]["agent_id"], reason.strip(), None, note_id, shown=False)

    def goals(self, user: User, agent_id: str) -> tuple[Goal, ...]:
        """The goals of an agent, the one that is due last first. Raises PermissionDeniedError for another agent's."""
        _check_seen(user, agent_id)
        return self._goals(agent_id=agent_id, goal_id=None)

    def set_goal(self, user: User, terms: GoalTerms) -> Goal:
        """Propose a goal. Raises StoreError for one that nobody could reach or judge."""
        user.require("assign")
        _check_terms(terms)
        values = {
            "agent_id": terms.agent_id,
            "figure": terms.figure,
            "family": terms.family,
            "at_least": terms.at_least,
            "at_most": terms.at_most,
            "starts_on": terms.starts_on.isoformat(),
            "due_on": terms.due_on.isoformat(),
            "comment": terms.comment.strip(),
            "who": user.name,
            "created_at": now(),
        }
        with transaction(self._connection):
            goal_id = self._connection.execute(statement("write", "coaching_add_goal"), values).lastrowid
            add_audit(self._connection, user.name, "goal.set", None, f"goal {goal_id} of agent {terms.agent_id}")
        return self._goals(agent_id=None, goal_id=goal_id)[0]

    def step(self, user: User, goal_id: int, step: StepKind, reason: str = "") -> Goal:
        """The agent agrees; a supervisor closes it as reached or missed, or withdraws it, with a reason.

        Raises PermissionDeniedError without the right to, StoreError for a step that the goal's state does not allow.
        """
        found = self._goals(agent_id=None, goal_id=goal_id)
        if not found:
            raise StoreError(f"there is no goal {goal_id}; reload the page")
        if step == "agree":
            user.require("appeal")
            if user.agent_id is None or user.agent_id != found[0].terms.agent_id:
                raise PermissionDeniedError("only the agent a goal is for can agree to it")
        else:
            user.require("assign")
            if not reason.strip():
                raise StoreError(f"goal {goal_id}: {step} needs a reason")
        _check_length(reason)
        with transaction(self._connection):
            goal = self._goals(agent_id=None, goal_id=goal_id)[0]
            if goal.state not in _MAY_FOLLOW[step]:
                raise StoreError(f"goal {goal_id}: {step} is not possible, it is {goal.state}; reload the page")
            values = {
                "goal_id": goal_id,
                "number": len(goal.steps) + 1,
                "step": step,
                "who": user.name,
                "reason": reason.strip(),
                "created_at": now(),
            }
            self._connection.execute(statement("write", "coaching_add_step"), values)
            add_audit(self._connection, user.name, f"goal.{step}", None, f"goal {goal_id}")
        return self._goals(agent_id=None, goal_id=goal_id)[0]

    def _add_note(
        self, user: User, agent_id: str, text: str, call_id: str | None, withdraws: int | None, *, shown: bool
    ) -> None:
        values = {
            "agent_id": agent_id,
            "call_id": call_id,
            "text": text,
            "shown": int(shown),
            "withdraws": withdraws,
            "who": user.name,
            "created_at": now(),
        }
        with transaction(self._connection):
            note_id = self._connection.execute(statement("write", "coaching_add_note"), values).lastrowid
            what = "note.add" if withdraws is None else "note.withdraw"
            add_audit(self._connection, user.name, f"coaching.{what}", call_id, f"note {withdraws or note_id}")

    def _goals(self, **values: object) -> tuple[Goal, ...]:
        steps: dict[int, list[GoalStep]] = defaultdict(list)
        for row in self._rows("coaching_steps", **values):
            steps[row["goal_id"]].append(GoalStep(row["step"], row["who"], row["reason"], _time(row["created_at"])))
        return tuple(_goal(row, steps) for row in self._rows("coaching_goals", **values))

    def _rows(self, name: str, **values: object) -> list[sqlite3.Row]:
        return self._connection.execute(statement("read", name), values).fetchall()


def _check_seen(user: User, agent_id: str) -> None:
    if not user.may_see(agent_id):
        raise PermissionDeniedError("these notes and goals are not yours to see")


def _check_length(text: str) -> None:
    if len(text) > MAX_NOTE_CHARACTERS:
        raise StoreError(f"the text has {len(text)} characters; at most {MAX_NOTE_CHARACTERS}")


def _check_terms(terms: GoalTerms) -> None:
    if terms.at_least is None and terms.at_most is None:
        raise StoreError("a goal needs a limit: at least, at most, or both")
    if terms.at_least is not None and terms.at_most is not None and terms.at_least > terms.at_most:
        raise StoreError(f"no value is at least {terms.at_least:g} and at most {terms.at_most:g}; swap them")
    if terms.due_on < terms.starts_on:
        raise StoreError(f"the goal is due on {terms.due_on}, before it starts on {terms.starts_on}; swap them")
    if terms.family is not None and terms.figure != "violation_rate":
        raise StoreError(f"{terms.figure} knows no families of findings; leave the family out")
    _check_length(terms.comment)


def _note(row: sqlite3.Row) -> Note:
    return Note(
        row["note_id"],
        row["agent_id"],
        row["call_id"],
        row["text"],
        bool(row["shown"]),
        row["who"],
        _time(row["created_at"]),
    )


def _goal(row: sqlite3.Row, steps: Mapping[int, list[GoalStep]]) -> Goal:
    terms = GoalTerms(
        agent_id=row["agent_id"],
        figure=row["figure"],
        starts_on=date.fromisoformat(row["starts_on"]),
        due_on=date.fromisoformat(row["due_on"]),
        at_least=row["at_least"],
        at_most=row["at_most"],
        family=row["family"],
        comment=row["comment"],
    )
    return Goal(row["goal_id"], terms, row["who"], _time(row["created_at"]), tuple(steps.get(row["goal_id"], ())))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
