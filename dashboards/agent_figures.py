"""Agents side by side and one by one: ranking with its uncertainty, profile, goals, daily and weekly sheets.

Few calls say little: an agent with fewer scored calls than `dashboard.ranking_min_calls` is listed without a rank, and
ranks go by means that are drawn to the mean of all the more the fewer calls there are (intervals.shrunken).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl

from dashboards.data import Data
from dashboards.intervals import Estimate, Sums, mean_change, share, share_change, shrunken
from dashboards.scope import Scope
from dashboards.trends import Figures, Trends, figures_of, points_of, violating_calls
from pipeline.store.coaching import Goal, GoalTerms
from pipeline.store.users import PermissionDeniedError

SHOWN_CALLS = 5
TOP_FAMILIES = 2
MIN_TEAM_FOR_COMPARISON = 2
Direction = Literal["best", "worst"]


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent's figures. rank: from 1, None below the minimum of calls. drawn: the mean that ranks go by.

    families: those with violations in most calls, each with its number of calls.
    """

    agent_id: str
    name: str
    team: str | None
    figures: Figures
    scores: Sums
    drawn: Estimate | None
    rank: int | None
    families: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranked agents first, then those with too few calls. mean: of all their calls together, points."""

    rows: tuple[AgentRow, ...]
    mean: float | None
    min_calls: int


@dataclass(frozen=True, slots=True)
class FamilyRate:
    """Share of the calls with a violation of a family, 0..1; team: of the other agents of the team, None: nobody.

    change: how much larger the agent's share is than the team's.
    """

    family: str
    calls: int
    share: Estimate
    team: float | None
    change: Estimate | None


@dataclass(frozen=True, slots=True)
class WeeklyChange:
    """An agent's week. change: of the mean score against the week before, None without calls in either."""

    row: AgentRow
    change: Estimate | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How a goal stands. value: of the figure from its start until its end or now, None: nothing to say it of."""

    goal: Goal
    value: float | None
    calls: int

    @property
    def reached(self) -> bool | None:
        return None if self.value is None else self.goal.terms.reached_by(self.value)


class Agents:
    """Figures of the agents, with one user's rights: an agent sees their own only."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def ranking(self, scope: Scope) -> Ranking:
        """Every agent of the scope, best first. Raises PermissionDeniedError for agents."""
        trends = Trends(self._data, scope)
        least = self._data.settings.dashboard.ranking_min_calls
        rows = list(trends.by_agent().iter_rows(named=True))
        sums = [points_of(row) for row in rows]
        enough = [s for s in sums if s.count >= least]
        drawn = dict(zip((id(s) for s in enough), shrunken(enough, 0, 100), strict=True))
        families = self._families(scope)
        found = [_agent_row(row, s, drawn.get(id(s)), families) for row, s in zip(rows, sums, strict=True)]
        ranked = sorted((r for r in found if r.drawn), key=lambda r: (-r.drawn.value if r.drawn else 0.0, r.agent_id))
        others = sorted((r for r in found if not r.drawn), key=lambda r: (-r.scores.count, r.agent_id))
        count = sum(s.count for s in enough)
        mean = sum(s.total for s in enough) / count if count else None
        return Ranking((*(replace(r, rank=i) for i, r in enumerate(ranked, 1)), *others), mean, least)

    def may_see(self, agent_id: str) -> bool:
        return self._data.user.may_see(agent_id)

    def profile(self, agent_id: str, scope: Scope) -> "Profile":
        """Raises PermissionDeniedError for another agent's."""
        return Profile(self._data, agent_id, scope)

    def weekly(self, monday: date, scope: Scope) -> tuple[WeeklyChange, ...]:
        """The agents' week from that Monday on, by team and name. scope: team and queue; its days are left aside."""
        week = replace(scope, from_day=monday, to_day=monday + timedelta(days=6))
        before = replace(scope, from_day=monday - timedelta(days=7), to_day=monday - timedelta(days=1))
        known = {row.agent_id: row.scores for row in self.ranking(before).rows}
        rows = sorted(self.ranking(week).rows, key=_by_team)
        return tuple(WeeklyChange(r, _change(r.scores, known.get(r.agent_id))) for r in rows)

    def daily(self, day: date, scope: Scope) -> tuple[AgentRow, ...]:
        """The agents' day, by team and name: nobody is ranked on one day. scope: as for weekly."""
        return tuple(sorted(self.ranking(replace(scope, from_day=day, to_day=day)).rows, key=_by_team))

    def progress(self, goal: Goal) -> Progress:
        """Where a goal stands on final results. Raises PermissionDeniedError for another agent's."""
        terms = goal.terms
        scope = Scope(terms.starts_on, terms.due_on, agent=terms.agent_id)
        trends = Trends(self._data, scope)
        figures = trends.figures()
        return Progress(goal, value_of(terms, figures, trends), figures.calls)

    def _families(self, scope: Scope) -> Mapping[str, tuple[tuple[str, int], ...]]:
        values = scope.values(self._data.settings.metadata.timezone)
        found: dict[str, tuple[tuple[str, int], ...]] = {}
        for row in self._data.kept("agent_families", **values).iter_rows(named=True):
            mine = found.get(row["agent_id"], ())
            if len(mine) < TOP_FAMILIES:
                found[row["agent_id"]] = (*mine, (row["family"], row["calls"]))
        return found


class Profile:
    """One agent in a scope."""

    def __init__(self, data: Data, agent_id: str, scope: Scope) -> None:
        """Raises PermissionDeniedError for an agent that is not the user's to see."""
        if not data.user.may_see(agent_id):
            raise PermissionDeniedError("this profile is not yours to see")
        self._data = data
        self.agent_id = agent_id
        self.scope = replace(scope, agent=agent_id, team=None)
        self.trends = Trends(data, self.scope)

    def head(self) -> AgentRow | None:
        """Name, team and figures; None when there is no call of this agent in the scope."""
        rows = list(self.trends.by_agent().iter_rows(named=True))
        return _agent_row(rows[0], points_of(rows[0]), None, {}) if rows else None

    def families(self, team: str | None) -> tuple[FamilyRate, ...]:
        """Families with violations, most frequent first; beside the rest of the team for those who may see it."""
        own, calls = violating_calls(self.trends), self.trends.figures().calls
        others, other_calls = self._rest_of(team, own, calls)
        found = [
            FamilyRate(
                family,
                own.get(family, 0),
                _share(own.get(family, 0), calls),
                others.get(family, 0) / other_calls if other_calls else None,
                share_change(own.get(family, 0), calls, others.get(family, 0), other_calls),
            )
            for family in own.keys() | others.keys()
        ]
        return tuple(sorted(found, key=lambda f: (-f.share.value, -(f.team or 0.0), f.family))) if calls else ()

    def team_figures(self, team: str | None) -> Figures | None:
        """The figures of the whole team, None for agents and for a team of one."""
        if team is None or not self._data.user.may("see_all"):
            return None
        trends = self._team(team)
        return trends.figures() if trends.by_agent().height >= MIN_TEAM_FOR_COMPARISON else None

    def calls(self, direction: Direction) -> pl.DataFrame:
        """Columns of agent_calls, at most SHOWN_CALLS."""
        zone = self._data.settings.metadata.timezone
        values = self.scope.values(zone)
        return self._data.kept("agent_calls", **values, direction=direction, limit=SHOWN_CALLS, zone=zone)

    def _team(self, team: str) -> Trends:
        return Trends(self._data, replace(self.scope, agent=None, team=team))

    def _rest_of(self, team: str | None, own: Mapping[str, int], calls: int) -> tuple[Mapping[str, int], int]:
        """Violating calls by family, and calls, of the team without this agent; nothing for agents."""
        if team is None or not self._data.user.may("see_all"):
            return {}, 0
        trends = self._team(team)
        whole = violating_calls(trends)
        rest = {family: max(0, count - own.get(family, 0)) for family, count in whole.items()}
        return rest, max(0, trends.figures().calls - calls)


def value_of(terms: GoalTerms, figures: Figures, trends: Trends) -> float | None:
    """The figure that a goal is about, in the goal's unit; None of no call."""
    if terms.figure == "violation_rate" and terms.family is not None:
        return violating_calls(trends).get(terms.family, 0) / figures.calls if figures.calls else None
    known: dict[str, float | None] = {
        "mean_score": figures.score.value if figures.score else None,
        "pass_rate": figures.pass_rate.value if figures.pass_rate else None,
        "violation_rate": figures.violating.value if figures.violating else None,
        "rate_cpm": figures.rate_cpm,
        "spl_db": figures.spl_db,
        "silence_ratio": figures.silence_ratio,
        "interruptions": figures.interruptions,
    }
    return known[terms.figure]


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _agent_row(
    row: Mapping[str, Any],
    scores: Sums,
    drawn: Estimate | None,
    families: Mapping[str, Sequence[tuple[str, int]]],
) -> AgentRow:
    agent_id = row["agent_id"]
    top = tuple(families.get(agent_id, ()))
    return AgentRow(agent_id, row["agent_name"] or "", row["team"], figures_of(row), scores, drawn, None, top)


def _change(now: Sums, before: Sums | None) -> Estimate | None:
    return None if before is None else mean_change(now, before)


def _by_team(row: AgentRow) -> tuple[str, str]:
    return (row.team or "", row.agent_id)


def _share(hits: int, calls: int) -> Estimate:
    found = share(hits, calls)
    return found if found is not None else Estimate(0.0, None, None, 0)
