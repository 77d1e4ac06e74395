"""总览: how the centre did, and the way from each figure to the calls behind it."""

import streamlit as st

from dashboards.components import charts
from dashboards.components.chrome import go
from dashboards.components.figures import overview_figures
from dashboards.components.filters import period_filter
from dashboards.context import Context
from dashboards.data import Period


def render(context: Context) -> None:
    t, data = context.t, context.data
    with context.top.container(horizontal=True, vertical_alignment="center"):
        st.title(t("menu.overview"), anchor=False, width="content")
        days = period_filter(context, data.filter_options())
    totals = data.totals(days)
    overview_figures(context, totals, data.file_states())
    if not totals["calls"]:
        st.info(t("overview.none"), icon=":material/filter_alt_off:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _scores(context, days)
    with right:
        _families(context, days)
    _trend(context, days)


def _scores(context: Context, days: Period) -> None:
    t = context.t
    with st.container(border=True):
        st.subheader(t("overview.scores"), anchor=False)
        bins = context.data.score_distribution(days)
        shown = st.altair_chart(charts.score_histogram(bins, t), on_select="rerun", key="score-chart")
        for mark in shown.selection.get("picked", []):
            go("calls", score=[str(int(mark["low"])), str(int(mark["high"]))])
        st.caption(t("overview.click"))


def _families(context: Context, days: Period) -> None:
    t = context.t
    with st.container(border=True):
        st.subheader(t("overview.families"), anchor=False)
        families = context.data.findings_by_family(days)
        if families.is_empty():
            st.success(t("overview.no_findings"), icon=":material/check_circle:")
            return
        shown = st.altair_chart(charts.family_bars(families, t), on_select="rerun", key="family-chart")
        for mark in shown.selection.get("picked", []):
            go("calls", family=mark["family"], status=mark["status"])


def _trend(context: Context, days: Period) -> None:
    t = context.t
    trend = context.data.trend_by_day(days)
    with st.container(border=True):
        st.subheader(t("overview.trend"), anchor=False)
        if trend.is_empty():
            st.info(t("overview.undated"), icon=":material/event_busy:")
            return
        drawn = (("calls", t("chart.calls"), True), ("mean_score", t("chart.mean_score"), False))
        for place, (column, title, bars) in zip(st.columns(2, gap="medium"), drawn, strict=True):
            chart = charts.trend(trend, column, title, t, bars=bars)
            shown = place.altair_chart(chart, on_select="rerun", key=f"trend-{column}")
            for mark in shown.selection.get("picked", []):
                go("calls", day=[mark["day_text"], mark["day_text"]])
