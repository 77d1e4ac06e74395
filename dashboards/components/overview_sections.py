"""The sections of the overview: each a card with one question, and a click that leads to the calls behind a mark."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboards.components import charts, trend_charts
from dashboards.components.chrome import go
from dashboards.components.drawing import draw
from dashboards.components.figures import change_text, percent
from dashboards.components.table import Cell, Column, Row, table
from dashboards.context import Context
from dashboards.intervals import Estimate
from dashboards.moves import Move, largest_moves
from dashboards.trends import RATE_MOST_CPM, SPL_MOST_DB, Figures, Step, Trends, Unmeasured, reference_source

FIGURES: tuple[trend_charts.Figure, ...] = (*("score", "pass_rate", "violating", "red_lines", "rate_cpm", "spl_db"),)
REACH = {"spl": (50.0, 80.0), "cpm": (100.0, 340.0)}  # dB, 字/分: what the axes show at least
LONG_PERIOD_DAYS = 60  # from here on weeks say more than days


def over_time(context: Context, trends: Trends) -> None:
    """The number of calls and one chosen figure, by day or week."""
    t = context.t
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(t("overview.trend"), anchor=False, width="content")
            figure = st.pills(
                t("overview.figure"),
                FIGURES,
                default="score",
                required=True,
                format_func=lambda code: t(f"overview.trend_{code}"),
                key="trend-figure",
                label_visibility="collapsed",
                wrap=True,
            )
            step: Step = st.segmented_control(
                t("overview.step"),
                ("day", "week"),
                default=_first_step(trends),
                required=True,
                format_func=lambda code: t(f"overview.step_{code}"),
                key="trend-step",
                label_visibility="collapsed",
            )
        steps = trends.over_time(step)
        if steps.is_empty():
            st.info(t("overview.undated"), icon=":material/event_busy:")
            return
        bands = context.settings.dashboard
        band = {"rate_cpm": bands.rate_band_cpm, "spl_db": bands.loudness_band_db}.get(figure)
        left, right = st.columns([1, 2], gap="medium")
        _trend_chart(left, context, trends, steps, "calls", step, None)
        _trend_chart(right, context, trends, steps, figure, step, band)
        st.caption(t("overview.trend_note"))


def _first_step(trends: Trends) -> Step:
    days = trends.scope.days
    if days is None:
        days = trends.over_time("day").height
    return "week" if days >= LONG_PERIOD_DAYS else "day"


def _trend_chart(
    place: Any,
    context: Context,
    trends: Trends,
    steps: Any,
    figure: trend_charts.Figure,
    step: Step,
    band: tuple[float, float] | None,
) -> None:
    shown = draw(place, f"trend-{figure}", trend_charts.trend, steps, figure, context.t, band)
    for mark in shown.selection.get("picked", []):
        first = date.fromisoformat(mark["day_text"])
        last = first + timedelta(days=6 if step == "week" else 0)
        more = {"fatal": "yes"} if figure == "red_lines" else {}
        go("calls", **trends.scope.address(day=[first.isoformat(), last.isoformat()], **more))


def scores(context: Context, trends: Trends) -> None:
    t = context.t
    with st.container(border=True, key="scores"):
        st.subheader(t("overview.scores"), anchor=False)
        shown = draw(st, "score-chart", charts.score_histogram, trends.scores(), t)
        for mark in shown.selection.get("picked", []):
            go("calls", **trends.scope.address(score=[str(int(mark["low"])), str(int(mark["high"]))]))
        st.caption(t("overview.click"))


def families(context: Context, trends: Trends) -> None:
    t = context.t
    with st.container(border=True):
        st.subheader(t("overview.families"), anchor=False)
        found = trends.families()
        if found.is_empty():
            st.success(t("overview.no_findings"), icon=":material/check_circle:")
            return
        shown = draw(st, "family-chart", charts.family_bars, found, t)
        for mark in shown.selection.get("picked", []):
            go("calls", **trends.scope.address(family=mark["family"], status=mark["status"]))
        st.caption(t("overview.families_note"))


def topics(context: Context, trends: Trends) -> None:
    t = context.t
    found = trends.topics()
    with st.container(border=True):
        st.subheader(t("overview.topics"), anchor=False)
        shown = draw(st, "topic-chart", trend_charts.topic_bars, found, t)
        for mark in shown.selection.get("picked", []):
            if mark["topic"]:
                go("calls", **trends.scope.address(topic=mark["topic"]))
        source = reference_source()
        st.caption(t("overview.topics_note", source=t.pick(source["zh"], source["en"])))


def loudness(context: Context, trends: Trends, figures: Figures) -> None:
    band = context.settings.dashboard.loudness_band_db
    _distribution(context, trends, "spl", trends.levels(), context.t("chart.spl"), band, figures.spl_inside)


def rates(context: Context, trends: Trends, figures: Figures) -> None:
    band = context.settings.dashboard.rate_band_cpm
    _distribution(context, trends, "cpm", trends.rates(), context.t("chart.cpm"), band, figures.rate_inside)


def _distribution(
    context: Context,
    trends: Trends,
    code: str,
    counts: Any,
    title: str,
    band: tuple[float, float],
    inside: Estimate | None,
) -> None:
    t = context.t
    with st.container(border=True):
        st.subheader(t(f"overview.bins_{code}"), anchor=False)
        if inside is None:
            st.info(t("overview.nothing_measured"), icon=":material/mic_off:")
            return
        low, high = (f"{end:g}" for end in band)
        st.caption(t("overview.inside", share=percent(inside), low=low, high=high, count=f"{inside.count:,}"))
        shown = draw(st, f"bins-{code}", trend_charts.bins, counts, title, t, REACH[code], band)
        for mark in shown.selection.get("picked", []):
            go("calls", **trends.scope.address(**{code: bin_ends(code, mark)}))


def bin_ends(code: str, mark: dict[str, float]) -> list[str]:
    """The ends of a bin as the call list's address has them; the last bin holds everything above."""
    last = mark["low"] >= {"cpm": RATE_MOST_CPM, "spl": SPL_MOST_DB}[code]
    return [f"{mark['low']:g}", "1000" if last else f"{mark['high']:g}"]


def moves(context: Context, trends: Trends) -> None:
    """What changed most against as many days before."""
    t = context.t
    with st.container(border=True):
        st.subheader(t("overview.moves"), anchor=False)
        days = trends.scope.days
        if days is None:
            st.caption(t("overview.moves_open"))
            return
        found = largest_moves(trends)
        if not found:
            st.caption(t("overview.moves_none"))
            return
        st.caption(t("overview.moves_note", days=days))
        columns = [
            Column(t("overview.move_what")),
            Column(t("overview.move_before"), number=True),
            Column(t("overview.move_now"), number=True),
            Column(t("overview.move_change"), number=True),
        ]
        rows = [_move_row(context, trends, number, move) for number, move in enumerate(found)]
        chosen = table(context, "moves", t("overview.moves"), columns, rows)
        if chosen is not None:
            go("calls", **_move_address(trends, found[int(chosen)]))


def _move_row(context: Context, trends: Trends, number: int, move: Move) -> Row:
    t = context.t
    names = {"agent": move.name, "family": t.code("family", move.code), "topic": move.name}
    good = move.better is not None and (move.change.value > 0) == move.better
    tone = "" if not move.change.certain or move.better is None else "good" if good else "bad"
    sub = "" if move.change.certain else t("overview.move_chance")
    cells = (
        Cell(names[move.kind], t(f"overview.move_{move.kind}")),
        Cell(_amount(context, move, move.before)),
        Cell(_amount(context, move, move.now)),
        Cell(change_text(context, move), sub, tone),
    )
    return Row(cells, str(number), "calls?" + urlencode(_move_address(trends, move), doseq=True))


def _amount(context: Context, move: Move, value: float) -> str:
    return f"{value:.1f} {context.t('unit.points')}" if move.unit == "points" else f"{100 * value:.1f} %"


def _move_address(trends: Trends, move: Move) -> dict[str, str | list[str]]:
    more = {"family": {"family": move.code, "status": "violated"}}.get(move.kind, {move.kind: move.code})
    return trends.scope.address(**more)


def hours(context: Context, trends: Trends) -> None:
    t = context.t
    counts = trends.hours()
    if counts.is_empty():
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(t("overview.hours_map"), anchor=False, width="content")
            figure = st.segmented_control(
                t("overview.figure"),
                ("calls", "mean_score"),
                default="calls",
                required=True,
                format_func=lambda code: t(f"overview.heat_{code}"),
                key="heat-figure",
                label_visibility="collapsed",
            )
        shown = draw(st, "heat-chart", trend_charts.heat_map, counts, figure, t, dark=context.dark)
        for mark in shown.selection.get("picked", []):
            go("calls", **trends.scope.address(weekday=str(mark["weekday"]), hour=str(mark["hour"])))


def unmeasured(context: Context, trends: Trends, figures: Figures) -> None:
    """Which measures have no value, in how many calls, and why: what no figure above can speak of."""
    t = context.t
    found = trends.unmeasured(figures.calls)
    with st.container(border=True):
        st.subheader(t("overview.unmeasured"), anchor=False, help=t("overview.unmeasured_help"))
        if not found:
            st.success(t("overview.all_measured"), icon=":material/check_circle:")
            return
        columns = [
            Column(t("overview.measure")),
            Column(t("overview.reason")),
            Column(t("overview.unmeasured_share"), number=True),
        ]
        rows = [
            Row(
                (
                    Cell(t.code("measure", gap.name)),
                    Cell(t.code("reason", gap.reason)),
                    Cell(
                        percent(gap.share),
                        t("overview.of_calls", count=f"{round(gap.share.value * gap.share.count):,}"),
                    ),
                ),
                str(number),
                "calls?" + urlencode(trends.scope.address(unmeasured=[gap.name, gap.reason]), doseq=True),
            )
            for number, gap in enumerate(found)
        ]
        chosen = table(context, "unmeasured", t("overview.unmeasured"), columns, rows)
        if chosen is not None:
            gap = found[int(chosen)]
            go("calls", **trends.scope.address(unmeasured=[gap.name, gap.reason]))


def _gap_row(context: Context, trends: Trends, number: int, gap: Unmeasured) -> Row:
    t = context.t
    count = round(gap.share.value * gap.share.count)
    cells = (
        Cell(t.code("measure", gap.name)),
        Cell(t.code("reason", gap.reason)),
        Cell(percent(gap.share), t("overview.of_calls", count=f"{count:,}")),
    )
    href = "calls?" + urlencode(trends.scope.address(unmeasured=[gap.name, gap.reason]), doseq=True)
    return Row(cells, str(number), href)
