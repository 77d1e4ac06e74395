"""What the overview says of some calls: figures with their uncertainty, trends, shares.

Sums come from sql/read/overview_*.sql on final results (a reviewer's form before the automatic score); means, shares
and intervals are made of them here (dashboards/intervals.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import polars as pl
from ruamel.yaml import YAML

from dashboards.data import Data
from dashboards.intervals import Estimate, Sums, mean, share
from dashboards.scope import Scope
from pipeline.store.users import PermissionDeniedError

Step = Literal["day", "week"]
RATE_BIN_CPM, RATE_MOST_CPM = 20.0, 400.0
SPL_BIN_DB, SPL_MOST_DB = 2.0, 90.0
SHOWN_MEASURES = (
    *("agent_estimated_spl_db", "agent_speech_rate_cpm", "agent_interruptions_count", "overlap_ratio"),
    *("silence_ratio", "agent_reply_latency_median_s", "snr_db", "spl_offset_db"),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What some calls come to. None: nothing to say it of. Shares 0..1, points 0..100; levels are means over calls.

    spl_inside, rate_inside: share of the measured calls within the target band (of a group: not told).
    """

    calls: int
    hours: float
    score: Estimate | None
    pass_rate: Estimate | None
    red_lines: int
    violating: Estimate | None
    violations_per_call: float | None
    spl_db: float | None
    rate_cpm: float | None
    silence_ratio: float | None
    interruptions: float | None
    spl_calls: int
    rate_calls: int
    spl_inside: Estimate | None = None
    rate_inside: Estimate | None = None
    reviewed: int = 0


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic's share of all calls beside the reference share, both 0..1; reference None: nobody reported one."""

    name: str | None
    calls: int
    share: Estimate
    reference: float | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """How many of the calls had no value, and why."""

    name: str
    reason: str
    share: Estimate


class Trends:
    """Figures of the calls in a scope, with one user's rights: an agent is told of their own calls only."""

    def __init__(self, data: Data, scope: Scope) -> None:
        """Raises PermissionDeniedError for calls that are not the user's to see."""
        if not data.user.may("see_all") and (scope.agent is None or scope.agent != data.user.agent_id):
            raise PermissionDeniedError("these figures are not yours to see")
        self._data = data
        self.scope = scope

    def figures(self) -> Figures:
        settings = self._data.settings.dashboard
        (spl_low, spl_high), (rate_low, rate_high) = settings.loudness_band_db, settings.rate_band_cpm
        bands = {"spl_low": spl_low, "spl_high": spl_high, "rate_low": rate_low, "rate_high": rate_high}
        return figures_of(self._frame("overview_totals", **bands).row(0, named=True))

    def scores(self) -> pl.DataFrame:
        """low, high, calls: bins of five points."""
        return self._frame("overview_scores")

    def families(self) -> pl.DataFrame:
        """family, status, findings, calls."""
        return self._frame("overview_families")

    def over_time(self, step: Step) -> pl.DataFrame:
        """Columns as in STEP_SCHEMA; day: the first of the step."""
        rows = self._frame("overview_days", step=step, zone=self._zone).iter_rows(named=True)
        return pl.DataFrame([_of_step(row) for row in rows], schema=STEP_SCHEMA, orient="row")

    def hours(self) -> pl.DataFrame:
        """weekday (1 Monday .. 7), hour, calls, mean_score, pass_rate (None: nothing scored)."""
        return self._frame("overview_hours", zone=self._zone).select(
            "weekday",
            "hour",
            "calls",
            "red_lines",
            mean_score=pl.when(pl.col("scored") > 0).then(pl.col("points") / pl.col("scored")),
            pass_rate=pl.when(pl.col("judged") > 0).then(pl.col("passed") / pl.col("judged")),
        )

    def topics(self) -> tuple[Topic, ...]:
        """The topics of these calls, most frequent first, then those that only the reference knows."""
        rows = list(self._frame("overview_topics").iter_rows(named=True))
        total = sum(row["calls"] for row in rows)
        known = reference_shares()
        found = [
            Topic(row["topic"], row["calls"], _share(row["calls"], total), known.get(row["topic"]), _score_of(row))
            for row in rows
        ]
        absent = [Topic(name, 0, _share(0, total), part, None) for name, part in known.items()] if total else []
        return (*found, *(topic for topic in absent if topic.name not in {t.name for t in found}))

    def rates(self) -> pl.DataFrame:
        """low, high (字/分), calls."""
        return self.bins("agent_speech_rate_cpm", RATE_BIN_CPM, RATE_MOST_CPM)

    def levels(self) -> pl.DataFrame:
        """low, high (dB), calls."""
        return self.bins("agent_estimated_spl_db", SPL_BIN_DB, SPL_MOST_DB)

    def bins(self, figure: str, width: float, most: float) -> pl.DataFrame:
        """low, high, calls of one figure of the calls; the last bin begins at most."""
        return self._frame("overview_bins", figure=figure, width=width, most=most)

    def unmeasured(self, calls: int) -> tuple[Unmeasured, ...]:
        """calls: how many there are in all."""
        rows = self._frame("overview_unmeasured", names=",".join(SHOWN_MEASURES)).iter_rows(named=True)
        found = [Unmeasured(row["name"], row["reason"], _share(row["calls"], calls)) for row in rows]
        return tuple(sorted(found, key=lambda u: (SHOWN_MEASURES.index(u.name), -u.share.value)))

    def before(self) -> "Trends | None":
        """The same of as many days right before, None when the scope has an open end."""
        earlier = self.scope.before()
        return None if earlier is None else Trends(self._data, earlier)

    def by_agent(self) -> pl.DataFrame:
        """agent_id, agent_name, team and the sums of overview_agents."""
        return self._frame("overview_agents")

    def by_topic(self) -> pl.DataFrame:
        return self._frame("overview_topics")

    def _frame(self, name: str, **values: Any) -> pl.DataFrame:
        return self._data.kept(name, **self.scope.values(self._zone), **values)

    @property
    def _zone(self) -> str:
        return self._data.settings.metadata.timezone


STEP_SCHEMA = {
    "day": pl.Date,
    "calls": pl.Int64,
    **{f"{name}{end}": pl.Float64 for name in ("score", "pass_rate", "violating") for end in ("", "_low", "_high")},
    "red_lines": pl.Int64,
    "spl_db": pl.Float64,
    "rate_cpm": pl.Float64,
}


def figures_of(row: Mapping[str, Any]) -> Figures:
    """The figures of one row of sums."""
    return Figures(
        calls=row["calls"],
        hours=row["hours"],
        score=mean(points_of(row), 0, 100),
        pass_rate=share(row["passed"], row["judged"]),
        red_lines=row["red_lines"],
        violating=share(row["violating"], row["calls"]),
        violations_per_call=_ratio(row["violations"], row["calls"]),
        spl_db=_ratio(row["spl_sum"], row["spl_calls"]),
        rate_cpm=_ratio(row["rate_sum"], row["rate_calls"]),
        silence_ratio=_ratio(row["silence_sum"], row["silence_calls"]),
        interruptions=_ratio(row["interruption_sum"], row["interruption_calls"]),
        spl_calls=row["spl_calls"],
        rate_calls=row["rate_calls"],
        spl_inside=share(row["spl_inside"], row["spl_calls"]) if "spl_inside" in row else None,
        rate_inside=share(row["rate_inside"], row["rate_calls"]) if "rate_inside" in row else None,
        reviewed=row.get("reviewed", 0),
    )


def points_of(row: Mapping[str, Any]) -> Sums:
    """The scores of one row of sums."""
    return Sums(row["scored"], row["points"], row["points_squared"])


def violating_calls(trends: Trends) -> dict[str, int]:
    """In how many calls there is a violation, by family."""
    rows = trends.families().iter_rows(named=True)
    return {row["family"]: row["calls"] for row in rows if row["status"] == "violated"}


@cache
def reference_shares() -> Mapping[str, float]:
    """Reported share of each topic, 0..1."""
    return {name: float(value) for name, value in _reference()["topic_shares"]["shares"].items()}


@cache
def reference_source() -> Mapping[str, str]:
    """Where the reference shares come from, `zh` and `en`."""
    return {language: str(text) for language, text in _reference()["topic_shares"]["source"].items()}


def _reference() -> Any:
    text = files("dashboards").joinpath("reference.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe", pure=True).load(text)


def _of_step(row: dict[str, Any]) -> tuple[Any, ...]:
    f = figures_of(row)
    bounds = [(e.value, e.low, e.high) if e else (None, None, None) for e in (f.score, f.pass_rate, f.violating)]
    return (row["day"], f.calls, *(x for each in bounds for x in each), f.red_lines, f.spl_db, f.rate_cpm)


def _score_of(row: Mapping[str, Any]) -> float | None:
    return _ratio(row["points"], row["scored"])


def _ratio(total: float, count: int) -> float | None:
    return float(total) / count if count else None


def _share(hits: int, count: int) -> Estimate:
    found = share(hits, count)
    assert found is not None, "a share is asked for only where there are calls"
    return found
