"""What random samples say of all calls, with intervals; what targeted ones found, as counts, apart from them."""

from datetime import date, timedelta

import altair as alt
import polars as pl
import streamlit as st

from dashboards.components import charts
from dashboards.components.drawing import draw
from dashboards.components.plan_panel import stratum_name
from dashboards.context import Context
from dashboards.i18n import Translator
from dashboards.plain import escaped, plain
from dashboards.queue import Queue, SampleFigures
from pipeline.estimates import Estimate
from pipeline.store.plans import StoredPlan

WINDOWS = (31, 92, 366)  # days up to the end of the newest draw: a month, a quarter, a year


def sample_figures(context: Context, queue: Queue) -> None:
    t = context.t
    newest = {stored.plan_id: queue.draws(stored.plan_id)[:1] for stored in queue.plans()}
    plans = [stored for stored in queue.plans() if newest[stored.plan_id]]
    if not plans:
        st.info(t("sample.none"), icon=":material/query_stats:")
        return
    first, second = st.columns([2, 1])
    stored = first.selectbox(
        t("sample.plan"),
        plans,
        format_func=lambda s: f"{plain(s.plan.name, 40)}（{t(f'plan_kind.{s.plan.kind}')}）",
        key="sample-plan",
    )
    window = second.selectbox(
        t("sample.window"), WINDOWS, format_func=lambda days: t("sample.last_days", days=days), key="sample-window"
    )
    last_day = newest[stored.plan_id][0].last_day
    first_day = last_day - timedelta(days=window - 1)
    if stored.plan.kind == "targeted":
        _found(context, queue, stored, first_day)
        return
    found = queue.estimate(stored.plan_id, first_day, last_day)
    if not found.figures:
        st.info(t("sample.nothing_done", drawn=found.drawn), icon=":material/hourglass_empty:")
        return
    _head(context, found)
    if found.families:
        st.subheader(t("sample.families"), anchor=False)
        draw(st, "sample-families", _forest, tuple(found.families.items()), t, picks=False)
    with st.expander(t("sample.how"), icon=":material/functions:"):
        st.markdown(t("sample.method"))


def _head(context: Context, found: SampleFigures) -> None:
    t = context.t
    any_figure = next(iter(found.figures.values()))
    st.caption(
        t(
            "sample.basis",
            done=found.done,
            drawn=found.drawn,
            covered=f"{any_figure.covered_calls:,}",
            calls=f"{any_figure.all_calls:,}",
            strata=found.strata,
        )
    )
    if found.done < found.drawn:
        st.caption(t("sample.unfinished"))
    with st.container(horizontal=True, key="sample-metrics"):
        for name, figure in found.figures.items():
            scale, unit = (1, t("unit.points")) if name == "score" else (100, "%")
            st.metric(
                t(f"sample.{name}"),
                f"{scale * figure.value:.1f} {unit}",
                delta=_interval(context, figure, scale, unit),
                delta_color="off",
                delta_arrow="off",
                border=True,
                width=230,
                help=t("sample.n", n=figure.sampled, calls=f"{figure.covered_calls:,}"),
            )


def _interval(context: Context, figure: Estimate, scale: float, unit: str) -> str:
    if figure.low is None or figure.high is None:
        return context.t("sample.no_interval")
    return context.t("sample.interval", low=f"{scale * figure.low:.1f}", high=f"{scale * figure.high:.1f}", unit=unit)


def _forest(families: tuple[tuple[str, Estimate], ...], t: Translator) -> alt.Chart:
    """Share of calls with a violation, by family: point and 95 % interval."""
    rows = [
        {
            "family": t.code("family", family),
            "share": 100 * figure.value,
            "low": 100 * (figure.low if figure.low is not None else figure.value),
            "high": 100 * (figure.high if figure.high is not None else figure.value),
        }
        for family, figure in families
    ]
    base = alt.Chart(pl.DataFrame(rows)).encode(
        y=alt.Y("family:N", sort="-x", title=None),
        tooltip=[
            alt.Tooltip("family:N", title=t("sample.family")),
            alt.Tooltip("share:Q", title=t("sample.share"), format=".1f"),
            alt.Tooltip("low:Q", title=t("sample.low"), format=".1f"),
            alt.Tooltip("high:Q", title=t("sample.high"), format=".1f"),
        ],
    )
    bars = base.mark_rule(color=charts.BAR, strokeWidth=3).encode(
        x=alt.X("low:Q", title=t("sample.share")), x2="high:Q"
    )
    points = base.mark_point(color=charts.BAR, filled=True, size=90, opacity=1).encode(x="share:Q")
    return (bars + points).properties(height=max(90, 30 * len(rows)))  # type: ignore[no-any-return]


def _found(context: Context, queue: Queue, stored: StoredPlan, first_day: date) -> None:
    t = context.t
    st.caption(t("sample.targeted"))
    found = queue.found(stored.plan_id, first_day, None)
    if not found:
        st.info(t("sample.none"), icon=":material/query_stats:")
        return
    for row in found:
        mean = "—" if row.mean_total is None else f"{row.mean_total:.1f} {t('unit.points')}"
        told = t("sample.found", picked=row.picked, done=row.done, fatal=row.fatal, mean=mean)
        with st.container(border=True, gap="small"):
            st.markdown(f"**{escaped(stratum_name(context, row.stratum))}**")
            st.text(told)
