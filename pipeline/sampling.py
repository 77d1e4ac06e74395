"""Which calls people look at: random samples with a recorded seed, and calls picked for a reason.

    drawn = draw(plan, frame, seed)        frame: every call of the period, one row each
    drawn.strata                           what was drawn from how many
    drawn.picks                            the calls, in the order in which they are worked off

The same plan, frame and seed give the same calls. A random draw is made within strata (an agent's calls, or all calls,
split further where the plan asks for it), so every call of a stratum has the same known chance n/N, from which
`pipeline.estimates` computes figures for all calls. A targeted draw takes calls for what the automatic result says of
them; it finds cases, and says nothing about the centre.

Source: W. G. Cochran, Sampling Techniques, 3rd ed. 1977, chapters 2 and 5.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, get_args

from pipeline.errors import ConfigError

PlanKind = Literal["random", "targeted"]
Every = Literal["day", "week", "month"]
Unit = Literal["agent", "centre"]
Stratifier = Literal["none", "topic", "score", "severity"]
Trigger = Literal["red_line", "fatal", "failed", "alert", "review", "low_score"]
Assignment = Literal["pool", "even", "weighted"]

KINDS: tuple[PlanKind, ...] = get_args(PlanKind)
EVERY: tuple[Every, ...] = get_args(Every)
UNITS: tuple[Unit, ...] = get_args(Unit)
STRATIFIERS: tuple[Stratifier, ...] = get_args(Stratifier)
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
ASSIGNMENTS: tuple[Assignment, ...] = get_args(Assignment)
SCORE_BANDS = (60.0, 80.0)  # points: below, between, from
LOW_SCORE_POINTS = 60.0
MAX_CALLS = 500
NOBODY = "—"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be looked at, how often, by whom, until when.

    Random: `calls` (a number) or `percent` (0..100) of each unit's calls of a period, split by `stratify`. Targeted:
    the calls that one of `triggers` holds for, at most `calls` a trigger (None: all). weights: reviewer -> share of
    the work. due_days: after the draw. min_duration_s: shorter calls are left out. teams, topics: empty for any.
    """

    name: str
    kind: PlanKind
    every: Every
    calls: int | None
    percent: float | None
    unit: Unit
    stratify: Stratifier
    triggers: tuple[Trigger, ...]
    teams: tuple[str, ...]
    topics: tuple[str, ...]
    min_duration_s: float
    assignment: Assignment
    weights: Mapping[str, float] = field(default_factory=dict)
    due_days: int = 7

    def check(self) -> None:
        """Raises ConfigError, naming the value and what is allowed."""
        for problem in _problems(self):
            raise ConfigError(f"sampling plan {self.name[:60]!r}: {problem}")


@dataclass(frozen=True, slots=True)
class FrameCall:
    """One call of the period. score: 0..100, None without one. severity: the worst violated finding's, or `none`."""

    call_id: str
    agent_id: str | None
    team: str | None
    topic: str | None
    duration_s: float
    score: float | None
    passed: bool | None
    fatal: bool
    alert: bool
    review: bool
    severity: str


@dataclass(frozen=True, slots=True)
class Stratum:
    """calls: N, how many there are; drawn: n, how many of them were taken."""

    name: str
    calls: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Pick:
    call_id: str
    stratum: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a draw gives. picks: in random order, so that work which stops early is still a random sample."""

    seed: int
    strata: tuple[Stratum, ...]
    picks: tuple[Pick, ...]

    @property
    def frame_calls(self) -> int:
        """N: the calls that could have been drawn."""
        return sum(stratum.calls for stratum in self.strata)


def period_of(every: Every, day: date) -> tuple[date, date]:
    """First and last day of the day, week (from Monday) or month that a day lies in."""
    if every == "day":
        return day, day
    if every == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def last_complete_period(every: Every, today: date) -> tuple[date, date]:
    """The newest period that has ended before today."""
    first, _ = period_of(every, today)
    return period_of(every, first - timedelta(days=1))


def draw(plan: Plan, frame: Iterable[FrameCall], seed: int) -> Drawn:
    """Draw the calls of a plan. Raises ConfigError for a plan that is none."""
    plan.check()
    wanted = sorted((call for call in frame if _in_frame(plan, call)), key=lambda call: call.call_id)
    strata = _targets(plan, wanted) if plan.kind == "targeted" else _cells(plan, wanted)
    numbers = _limits(plan, strata) if plan.kind == "targeted" else _numbers(plan, strata, seed)
    counts, picks = [], []
    for name in sorted(strata):
        calls = strata[name]
        # a generator for each stratum: another stratum's calls change nothing here
        chosen = random.Random(f"{seed}/{name}").sample(calls, numbers[name])
        counts.append(Stratum(name, len(calls), len(chosen)))
        picks += [Pick(call.call_id, name) for call in chosen]
    random.Random(f"{seed}/order").shuffle(picks)
    return Drawn(seed, tuple(counts), tuple(picks))


def allot(total: int, room: Mapping[str, int], shares: Mapping[str, float], seed: int) -> dict[str, int]:
    """Split a whole number by shares, nobody above their room; largest remainders first, equal ones by lot.

    room, shares: by name; a name without a share gets nothing while others have room.
    """
    given = dict.fromkeys(room, 0)
    lot = random.Random(f"{seed}/allot")
    left = min(total, sum(room.values()))
    while left:
        free = {name: shares.get(name, 0.0) for name in room if given[name] < room[name]}
        if sum(free.values()) <= 0:
            free = dict.fromkeys(free, 1.0)
        whole = sum(free.values())
        exact = {name: left * share / whole for name, share in free.items()}
        added = {name: min(int(exact[name]), room[name] - given[name]) for name in free}
        order = sorted(free, key=lambda name: (-(exact[name] % 1), lot.random()))
        able = [name for name in order if given[name] + added[name] < room[name]]
        for name in able[: left - sum(added.values())]:
            added[name] += 1
        for name, more in added.items():
            given[name] += more
        left -= sum(added.values())
    return given


def assign(picks: Sequence[Pick], weights: Mapping[str, float], seed: int) -> dict[str, str]:
    """Who gets which call: call id -> reviewer, by weight, each reviewer a random part of every draw. Empty: nobody."""
    able = {name: weight for name, weight in weights.items() if weight > 0}
    if not able:
        return {}
    numbers = allot(len(picks), dict.fromkeys(able, len(picks)), able, seed)
    hands = [name for name in sorted(numbers) for _ in range(numbers[name])]
    random.Random(f"{seed}/hands").shuffle(hands)
    return {pick.call_id: hand for pick, hand in zip(picks, hands, strict=True)}


def score_band(score: float | None) -> str:
    """A score's band by SCORE_BANDS."""
    if score is None:
        return "none"
    low, high = SCORE_BANDS
    return f"<{low:g}" if score < low else f"{low:g}-{high:g}" if score < high else f">={high:g}"


def _problems(plan: Plan) -> Iterable[str]:
    if not plan.name.strip():
        yield "it needs a name"
    if plan.calls is not None and not 1 <= plan.calls <= MAX_CALLS:
        yield f"calls = {plan.calls}; take 1 to {MAX_CALLS}"
    if plan.percent is not None and not 0 < plan.percent <= 100:
        yield f"percent = {plan.percent:g}; take more than 0, up to 100"
    if plan.kind == "random" and (plan.calls is None) == (plan.percent is None):
        yield "a random sample needs either a number of calls or a percentage"
    if plan.kind == "targeted" and not plan.triggers:
        yield f"a targeted sample needs a reason: one of {', '.join(TRIGGERS)}"
    if plan.kind == "targeted" and plan.percent is not None:
        yield "a targeted sample takes a number of calls, or all"
    if plan.assignment == "weighted" and not any(weight > 0 for weight in plan.weights.values()):
        yield "weighted assignment needs a weight above 0 for somebody"
    if any(weight < 0 for weight in plan.weights.values()):
        yield "weights are 0 or more"
    if not 1 <= plan.due_days <= 365:
        yield f"due_days = {plan.due_days}; take 1 to 365"


def _in_frame(plan: Plan, call: FrameCall) -> bool:
    return (
        call.duration_s >= plan.min_duration_s
        and (not plan.teams or call.team in plan.teams)
        and (not plan.topics or call.topic in plan.topics)
    )


def _targets(plan: Plan, calls: Sequence[FrameCall]) -> dict[str, list[FrameCall]]:
    """Calls by the first of the plan's triggers that holds for them."""
    found: dict[str, list[FrameCall]] = {}
    for call in calls:
        trigger = next((t for t in plan.triggers if _holds(t, call)), None)
        if trigger:
            found.setdefault(trigger, []).append(call)
    return found


def _holds(trigger: Trigger, call: FrameCall) -> bool:
    return {
        "red_line": call.severity == "red_line",
        "fatal": call.fatal,
        "failed": call.passed is False,
        "alert": call.alert,
        "review": call.review,
        "low_score": call.score is not None and call.score < LOW_SCORE_POINTS,
    }[trigger]


def _cells(plan: Plan, calls: Sequence[FrameCall]) -> dict[str, list[FrameCall]]:
    """Calls by unit, then by what the plan stratifies by: `8023/topic=挂号`."""
    found: dict[str, list[FrameCall]] = {}
    for call in calls:
        value = {
            "topic": call.topic or NOBODY,
            "score": score_band(call.score),
            "severity": call.severity,
        }.get(plan.stratify)
        cell = _unit(plan, call) + (f"/{value}" if value is not None else "")
        found.setdefault(cell, []).append(call)
    return found


def _unit(plan: Plan, call: FrameCall) -> str:
    return (call.agent_id or NOBODY).replace("/", "_") if plan.unit == "agent" else "*"


def _limits(plan: Plan, strata: Mapping[str, Sequence[FrameCall]]) -> dict[str, int]:
    return {name: len(calls) if plan.calls is None else min(plan.calls, len(calls)) for name, calls in strata.items()}


def _numbers(plan: Plan, strata: Mapping[str, Sequence[FrameCall]], seed: int) -> dict[str, int]:
    """n of each stratum: one each where the unit's number goes round, the rest by size."""
    units: dict[str, dict[str, int]] = {}
    for name, calls in strata.items():
        units.setdefault(name.split("/", 1)[0], {})[name] = len(calls)
    numbers: dict[str, int] = {}
    for unit, sizes in units.items():
        size = sum(sizes.values())
        exact = size * (plan.percent or 0.0) / 100
        wanted = min(size, _rounded(exact, f"{seed}/{unit}") if plan.calls is None else plan.calls)
        first = allot(min(wanted, len(sizes)), dict.fromkeys(sizes, 1), dict.fromkeys(sizes, 1.0), seed)
        rest = allot(wanted - sum(first.values()), {n: sizes[n] - first[n] for n in sizes}, sizes, seed)
        numbers |= {name: first[name] + rest[name] for name in sizes}
    return numbers


def _rounded(exact: float, lot: str) -> int:
    """A fraction becomes one more call by lot, so that 5 % of ten calls is half a call on average; at least one."""
    whole = int(exact)
    return max(1, whole + (random.Random(lot).random() < exact - whole))
