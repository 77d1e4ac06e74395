"""Altair charts of many calls: trends with their intervals, distributions over target bands, shares, hours."""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import polars as pl

from dashboards.components.charts import BAND, BAR, finish
from dashboards.i18n import Translator
from dashboards.trends import Topic

OUTSIDE = "#c2410c"
REFERENCE = "#d55e00"
Figure = Literal["score", "pass_rate", "violating", "spl_db", "rate_cpm", "calls", "red_lines"]
COUNTS = ("calls", "red_lines")
SHARES = ("pass_rate", "violating")
WITH_INTERVAL = ("score", "pass_rate", "violating")


def trend(steps: pl.DataFrame, figure: Figure, t: Translator, band: tuple[float, float] | None = None) -> alt.Chart:
    """One figure over days or weeks: bars for counts; a line with its 95 % interval for means and shares.

    steps: of Trends.over_time. band: the target band in the figure's unit.
    """
    title = t(f"chart.{figure}")
    picked = alt.selection_point(name="picked", fields=["day_text"], on="click", clear=False)
    named = steps.with_columns(day_text=pl.col("day").dt.strftime("%Y-%m-%d"))
    if figure in SHARES:
        named = named.with_columns(pl.col(f"{figure}{end}") * 100 for end in ("", "_low", "_high"))
    x = alt.X(
        "day_text:O",
        title=t("chart.day"),
        axis=alt.Axis(labelAngle=0, labelOverlap=True, labelExpr="slice(datum.label, 5)"),
    )
    shown = ".0f" if figure in COUNTS else ".1f"
    tips = [alt.Tooltip("day_text:O", title=t("chart.day")), alt.Tooltip(f"{figure}:Q", title=title, format=shown)]
    if figure in WITH_INTERVAL:
        tips += [
            alt.Tooltip(f"{figure}_low:Q", title=t("chart.low"), format=shown),
            alt.Tooltip(f"{figure}_high:Q", title=t("chart.high"), format=shown),
        ]
    tips.append(alt.Tooltip("calls:Q", title=t("chart.calls")))
    base = alt.Chart(named).encode(x=x, tooltip=tips)
    if figure in COUNTS:
        y = alt.Y(f"{figure}:Q", title=title, axis=alt.Axis(tickMinStep=1, tickCount=5, format="d"))
        return finish(base.mark_bar(color=BAR, cursor="pointer").encode(y=y).add_params(picked), 220)
    low, high = _reach(named, figure, band)
    scale = alt.Scale(domain=[low, high], zero=False)
    y = alt.Y(f"{figure}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))
    layers: list[Any] = []
    if band is not None:
        layers.append(_band(band, scale, title))
    if figure in WITH_INTERVAL and named[f"{figure}_low"].is_not_null().any():  # an empty layer has no name to read out
        spread = base.mark_rule(color=BAR, opacity=0.35, strokeWidth=5).encode(
            y=alt.Y(f"{figure}_low:Q", title=title, scale=scale), y2=f"{figure}_high:Q"
        )
        layers.append(spread)
    layers.append(base.mark_line(color=BAR, strokeWidth=2).encode(y=y))
    layers.append(base.mark_point(color=BAR, filled=True, size=60, cursor="pointer").encode(y=y).add_params(picked))
    return finish(alt.layer(*layers), 220)


def bins(
    counts: pl.DataFrame,
    title: str,
    t: Translator,
    reach: tuple[float, float],
    band: tuple[float, float] | None = None,
    digits: int = 0,
) -> alt.Chart:
    """Calls by one figure; bins outside the target band in another colour and marked in the tooltip.

    counts: low, high, calls. title: the figure with its unit. reach: what the axis shows at least.
    """
    low, high = band or (float("-inf"), float("inf"))
    named = counts.with_columns(outside=(pl.col("high") <= low) | (pl.col("low") >= high))
    picked = alt.selection_point(name="picked", fields=["low", "high"], on="click", clear=False)
    axis = alt.Axis(grid=False, tickMinStep=1 if digits == 0 else 0.01)
    ends = [named["low"].min(), named["high"].max(), *(band or ()), *reach]
    scale = alt.Scale(domain=[min(ends), max(ends)], zero=False)
    x = alt.X("low:Q", bin="binned", title=title, axis=axis, scale=scale)
    chart = (
        alt.Chart(named)
        .mark_bar(cursor="pointer")
        .encode(
            x=x,
            x2="high:Q",
            y=alt.Y("calls:Q", title=t("chart.calls"), axis=alt.Axis(tickMinStep=1, tickCount=4, format="d")),
            color=alt.condition("datum.outside", alt.value(OUTSIDE), alt.value(BAR)),
            tooltip=[
                alt.Tooltip("low:Q", title=t("chart.from"), format=f".{digits}f"),
                alt.Tooltip("high:Q", title=t("chart.to"), format=f".{digits}f"),
                alt.Tooltip("calls:Q", title=t("chart.calls")),
            ],
        )
        .add_params(picked)
    )
    if band is None:
        return finish(chart, 200)
    area = (
        alt.Chart(pl.DataFrame({"low": [low], "high": [high]}))
        .mark_rect(color=BAND, opacity=0.14)
        .encode(x=alt.X("low:Q", title=title, scale=scale), x2="high:Q")
    )
    return finish(alt.layer(area, chart), 200)


def topic_bars(topics: Sequence[Topic], t: Translator) -> alt.Chart:
    """Each topic's share with its interval; a mark where the reference share lies."""
    rows = [
        {
            "topic": topic.name,
            "name": topic.name or t("calls.no_topic"),
            "share": 100 * topic.share.value,
            "low": 100 * (topic.share.low or 0),
            "high": 100 * (topic.share.high or 0),
            "reference": None if topic.reference is None else 100 * topic.reference,
            "calls": topic.calls,
            "score": topic.score,
            "own": t("chart.own"),
            "theirs": t("chart.reference"),
        }
        for topic in topics
    ]
    schema = {"topic": pl.String, "reference": pl.Float64, "score": pl.Float64}
    named = pl.DataFrame(rows, schema_overrides=schema)
    picked = alt.selection_point(name="picked", fields=["topic"], on="click", clear=False)
    y = alt.Y("name:N", title=None, sort=[row["name"] for row in rows], axis=alt.Axis(labelLimit=120))
    legend = alt.Color(
        "own:N", title=None, scale=alt.Scale(domain=[t("chart.own"), t("chart.reference")], range=[BAR, REFERENCE])
    )
    base = alt.Chart(named).encode(
        y=y,
        tooltip=[
            alt.Tooltip("name:N", title=t("chart.topic")),
            alt.Tooltip("share:Q", title=t("chart.share"), format=".1f"),
            alt.Tooltip("low:Q", title=t("chart.low"), format=".1f"),
            alt.Tooltip("high:Q", title=t("chart.high"), format=".1f"),
            alt.Tooltip("reference:Q", title=t("chart.reference"), format=".0f"),
            alt.Tooltip("calls:Q", title=t("chart.calls")),
            alt.Tooltip("score:Q", title=t("chart.score"), format=".1f"),
        ],
    )
    title = t("chart.share")
    bars = base.mark_bar(cursor="pointer", height={"band": 0.6}).encode(x=alt.X("share:Q", title=title), color=legend)
    spread = base.mark_rule(strokeWidth=2, color="#6b7780").encode(x=alt.X("low:Q", title=title), x2="high:Q")
    ticks = base.mark_tick(thickness=3, size=22).encode(
        x=alt.X("reference:Q", title=title), color=alt.Color("theirs:N", title=None)
    )
    return finish(alt.layer(bars.add_params(picked), spread, ticks), max(140, 34 * len(rows) + 60))


def heat_map(hours: pl.DataFrame, figure: Literal["calls", "mean_score"], t: Translator, *, dark: bool) -> alt.Chart:
    """Weekday by hour; more calls stand out from the ground, darker or brighter. hours: of Trends.hours."""
    days = [t(f"weekday.{number}") for number in range(1, 8)]
    named = hours.with_columns(
        day=pl.col("weekday").map_elements(lambda number: days[number - 1], return_dtype=pl.String),
        pass_percent=pl.col("pass_rate") * 100,
    )
    picked = alt.selection_point(name="picked", fields=["weekday", "hour"], on="click", clear=False)
    title = t("chart.calls") if figure == "calls" else t("chart.score")
    all_hours = list(range(int(hours["hour"].min()), int(hours["hour"].max()) + 1))  # type: ignore[arg-type]
    chart = (
        alt.Chart(named)
        .mark_rect(cursor="pointer", stroke="#8794a0", strokeWidth=0.4)
        .encode(
            x=alt.X(
                "hour:O",
                title=t("chart.hour"),
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
                scale=alt.Scale(domain=all_hours),
            ),
            y=alt.Y("day:O", title=None, sort=days, scale=alt.Scale(domain=days), axis=alt.Axis(labelOverlap=False)),
            color=alt.Color(
                f"{figure}:Q",
                title=title,
                scale=alt.Scale(scheme="viridis", reverse=figure == "calls" and not dark),
                legend=alt.Legend(orient="top", format="d", tickMinStep=1),
            ),
            tooltip=[
                alt.Tooltip("day:O", title=t("chart.weekday")),
                alt.Tooltip("hour:O", title=t("chart.hour")),
                alt.Tooltip("calls:Q", title=t("chart.calls")),
                alt.Tooltip("mean_score:Q", title=t("chart.score"), format=".1f"),
                alt.Tooltip("pass_percent:Q", title=t("chart.pass_rate"), format=".0f"),
                alt.Tooltip("red_lines:Q", title=t("chart.red_lines")),
            ],
        )
        .add_params(picked)
    )
    return finish(chart, 330)


def _band(band: tuple[float, float], scale: alt.Scale, title: str) -> alt.Chart:
    return (  # type: ignore[no-any-return]
        alt.Chart(pl.DataFrame({"low": [band[0]], "high": [band[1]]}))
        .mark_rect(color=BAND, opacity=0.14)
        .encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q")
    )


def _reach(named: pl.DataFrame, figure: Figure, band: tuple[float, float] | None) -> tuple[float, float]:
    """From where to where the axis runs: all values, their intervals and the band, with some air."""
    columns = [f"{figure}{end}" for end in ("", "_low", "_high")] if figure in WITH_INTERVAL else [figure]
    values = [v for c in columns for v in named[c].drop_nulls().to_list()] + list(band or ())
    if not values:
        return 0.0, 100.0
    low, high = min(values), max(values)
    air = max(1.0, (high - low) * 0.1)
    if figure in WITH_INTERVAL:
        return max(0.0, low - air), min(100.0, high + air)
    return low - air, high + air
