"""总览: how the centre did, and the way from each figure to the calls behind it."""

import streamlit as st

from dashboards.components import overview_sections as sections
from dashboards.components.figures import failed_files, overview_figures
from dashboards.components.scope_filter import scope_filter
from dashboards.context import Context
from dashboards.trends import Trends


def render(context: Context) -> None:
    t, data = context.t, context.data
    context.top.title(t("menu.overview"), anchor=False)
    scope = scope_filter(context, data.filter_options())
    trends = Trends(data, scope)
    figures = trends.figures()
    failed_files(context, data.file_states())
    before = trends.before()
    overview_figures(context, figures, before.figures() if before else None)
    if not figures.calls:
        st.info(t("overview.none"), icon=":material/filter_alt_off:")
        return
    sections.over_time(context, trends)
    left, right = st.columns(2, gap="medium")
    with left:
        sections.scores(context, trends)
        sections.loudness(context, trends, figures)
        sections.rates(context, trends, figures)
    with right:
        sections.families(context, trends)
        sections.topics(context, trends)
    sections.moves(context, trends)
    sections.hours(context, trends)
    sections.unmeasured(context, trends, figures)
