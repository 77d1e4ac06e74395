"""Altair charts. Every axis has a unit; every mark has a tooltip with its numbers; colours are told apart by anyone."""

import json
from typing import Any

import altair as alt
import polars as pl

from dashboards.components.drawing import Drawing, drawing_of, rows_of
from dashboards.i18n import Translator

# Okabe-Ito based: distinct for every common colour blindness, and by lightness in print.
AGENT, PATIENT, UNKNOWN = "#0072b2", "#d55e00", "#6b7780"
STATUS_COLOURS = {"violated": "#c2410c", "review": "#e0a93b", "remedied": "#2a9d6e"}
BAND = "#2a9d6e"
BAR = "#2f7f93"
TURNS = "turns"


def finish(chart: Any, height: int) -> alt.Chart:
    return (  # type: ignore[no-any-return]
        chart.properties(height=height)
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", gridOpacity=0.4)
        .configure_legend(labelFontSize=12, title=None, orient="top")
        .configure_view(strokeWidth=0)
    )


def score_histogram(bins: pl.DataFrame, t: Translator) -> alt.Chart:
    """Calls by score in bins of five points. bins: low, high, calls."""
    picked = alt.selection_point(name="picked", fields=["low", "high"], on="click", clear=False)
    chart = (
        alt.Chart(bins)
        .mark_bar(color=BAR, cursor="pointer")
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title=t("chart.score_points"),
                scale=alt.Scale(domain=[0, 100]),
                axis=alt.Axis(grid=False),
            ),
            x2="high:Q",
            y=alt.Y("calls:Q", title=t("chart.calls"), axis=alt.Axis(tickMinStep=1, format="d")),
            tooltip=[
                alt.Tooltip("low:Q", title=t("chart.from_points")),
                alt.Tooltip("high:Q", title=t("chart.to_points")),
                alt.Tooltip("calls:Q", title=t("chart.calls")),
            ],
        )
        .add_params(picked)
    )
    return finish(chart, 240)


def family_bars(families: pl.DataFrame, t: Translator) -> alt.Chart:
    """Findings by family and status, most frequent family first. families: family, status, findings, calls."""
    named = families.with_columns(
        pl.col("family").map_elements(lambda c: t.code("family", c), return_dtype=pl.String).alias("family_name"),
        pl.col("status").map_elements(lambda c: t.code("status", c), return_dtype=pl.String).alias("status_name"),
    )
    picked = alt.selection_point(name="picked", fields=["family", "status"], on="click", clear=False)
    order = named["family_name"].unique(maintain_order=True).to_list()
    chart = (
        alt.Chart(named)
        .mark_bar(cursor="pointer")
        .encode(
            y=alt.Y("family_name:N", title=None, sort=order, axis=alt.Axis(labelLimit=140)),
            x=alt.X("findings:Q", title=t("chart.findings"), axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color(
                "status_name:N",
                title=None,
                scale=alt.Scale(
                    domain=[t.code("status", code) for code in STATUS_COLOURS], range=list(STATUS_COLOURS.values())
                ),
            ),
            tooltip=[
                alt.Tooltip("family_name:N", title=t("chart.family")),
                alt.Tooltip("status_name:N", title=t("chart.status")),
                alt.Tooltip("findings:Q", title=t("chart.findings")),
                alt.Tooltip("calls:Q", title=t("chart.in_calls")),
            ],
        )
        .add_params(picked)
    )
    return finish(chart, max(140, 34 * len(order) + 70))


def turn_chart(turns: pl.DataFrame, column: str, title: str, band: tuple[float, float], t: Translator) -> Drawing:
    """One measure of the agent's turns over the call, over its target band.

    turns: start_s, end_s, text and the column (None left out by the caller). band: low and high. Every call's chart is
    the same but for its rows and the reach of its axis, so Altair makes it once.
    """
    low, high = band
    values = turns[column]
    reach = [min(low, float(values.min())) * 0.92, max(high, float(values.max())) * 1.06]  # type: ignore[arg-type]
    shown = turns.select(
        "start_s",
        "end_s",
        column,
        pl.col("text").str.slice(0, 40),
        outside=(pl.col(column) < low) | (pl.col(column) > high),
    )
    name, stream = rows_of(shown)
    empty = drawing_of(_turn_layers, column, title, band, t)
    spec = json.loads(empty.spec)
    for layer in spec["layer"]:
        layer["encoding"]["y"]["scale"]["domain"] = reach
        if layer["data"]["name"] == TURNS:
            layer["data"]["name"] = name
    return Drawing(json.dumps(spec), (*empty.rows, (name, stream)))


def _turn_layers(column: str, title: str, band: tuple[float, float], t: Translator) -> alt.LayerChart:
    low, high = band
    picked = alt.selection_point(name="picked", fields=["start_s"], on="click", clear=False)
    scale = alt.Scale(domain=[low, high], zero=False)
    y = alt.Y(f"{column}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))
    area = (
        alt.Chart(pl.DataFrame({"low": [low], "high": [high]}))
        .mark_rect(color=BAND, opacity=0.14)
        .encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q")
    )
    base = alt.Chart(alt.NamedData(TURNS)).encode(
        x=alt.X("start_s:Q", title=t("chart.seconds"), axis=alt.Axis(grid=False)), y=y
    )
    spans = base.mark_rule(strokeWidth=4, color=AGENT, opacity=0.55).encode(x2="end_s:Q")
    dots = (
        base.mark_point(filled=True, size=90, opacity=1, cursor="pointer")
        .encode(
            color=alt.condition("datum.outside", alt.value("#c2410c"), alt.value(AGENT)),
            shape=alt.condition("datum.outside", alt.value("diamond"), alt.value("circle")),
            tooltip=[
                alt.Tooltip("start_s:Q", title=t("chart.seconds"), format=".1f"),
                alt.Tooltip(f"{column}:Q", title=title, format=".0f"),
                alt.Tooltip("text:N", title=t("chart.said")),
            ],
        )
        .add_params(picked)
    )
    return finish(area + spans + dots, 210)
