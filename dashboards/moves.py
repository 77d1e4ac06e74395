"""What moved most against the period before: agents' scores, families of violations, topics; each with its interval.

Many things are compared at once: of twenty that did not change, one interval leaves out 0 by chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dashboards.intervals import Estimate, mean_change, share_change
from dashboards.trends import Trends, points_of, violating_calls

Moved = Literal["agent", "family", "topic"]
LARGEST_MOVES = 8
MOVE_MIN_CALLS = 5  # in either period: below, a move says nothing


@dataclass(frozen=True, slots=True)
class Move:
    """What changed against the period before. unit: points or share (0..1). better: whether more of it is good."""

    kind: Moved
    code: str
    name: str
    unit: Literal["points", "share"]
    now: float
    before: float
    change: Estimate
    better: bool | None


def largest_moves(now: Trends) -> tuple[Move, ...]:
    """The surest changes first, at most LARGEST_MOVES; none for a scope with an open end."""
    earlier = now.before()
    if earlier is None:
        return ()
    found = [*_agent_moves(now, earlier), *_family_moves(now, earlier), *_topic_moves(now, earlier)]
    return tuple(sorted(found, key=_sureness, reverse=True)[:LARGEST_MOVES])


def _agent_moves(now: Trends, earlier: Trends) -> Iterable[Move]:
    known = {row["agent_id"]: row for row in earlier.by_agent().iter_rows(named=True)}
    for row in now.by_agent().iter_rows(named=True):
        old = known.get(row["agent_id"])
        if old is None or min(row["scored"], old["scored"]) < MOVE_MIN_CALLS:
            continue
        change = mean_change(points_of(row), points_of(old))
        if change is not None:
            name = " ".join(x for x in (row["agent_id"], row["agent_name"]) if x)
            means = (row["points"] / row["scored"], old["points"] / old["scored"])
            yield Move("agent", row["agent_id"], name, "points", *means, change, better=True)


def _family_moves(now: Trends, earlier: Trends) -> Iterable[Move]:
    calls, calls_before = now.figures().calls, earlier.figures().calls
    if min(calls, calls_before) < MOVE_MIN_CALLS:
        return
    hits, hits_before = violating_calls(now), violating_calls(earlier)
    for family in sorted(hits.keys() | hits_before.keys()):
        a, b = hits.get(family, 0), hits_before.get(family, 0)
        change = share_change(a, calls, b, calls_before)
        if change is not None:
            yield Move("family", family, family, "share", a / calls, b / calls_before, change, better=False)


def _topic_moves(now: Trends, earlier: Trends) -> Iterable[Move]:
    counts, counts_before = (
        {row["topic"]: row["calls"] for row in trends.by_topic().iter_rows(named=True)} for trends in (now, earlier)
    )
    calls, calls_before = sum(counts.values()), sum(counts_before.values())
    if min(calls, calls_before) < MOVE_MIN_CALLS:
        return
    for topic in sorted(t for t in counts.keys() | counts_before.keys() if t is not None):
        a, b = counts.get(topic, 0), counts_before.get(topic, 0)
        change = share_change(a, calls, b, calls_before)
        if change is not None:
            yield Move("topic", topic, topic, "share", a / calls, b / calls_before, change, better=None)


def _sureness(move: Move) -> float:
    """How many half-widths of its interval a change is away from 0."""
    change = move.change
    if change.low is None or change.high is None or change.value == 0:
        return 0.0
    half = change.value - change.low if change.value > 0 else change.high - change.value
    return abs(change.value) / half if half else float("inf")
