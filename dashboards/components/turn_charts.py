"""Loudness and speaking rate of the agent's turns over the call, with their target bands and what has no value."""

import polars as pl
import streamlit as st

from dashboards.components import charts
from dashboards.components.drawing import show
from dashboards.components.player import seek
from dashboards.context import Context
from dashboards.data import CallView


def turn_charts(context: Context, view: CallView) -> None:
    """Two charts side by side; a click on a turn plays it."""
    t = context.t
    bands = context.settings.dashboard
    estimated = "" if view.spl_calibrated else f" · {t('call.estimated')}"
    left, right = st.columns(2, gap="small")
    with left.container(border=True):
        st.subheader(t("call.loudness") + estimated, anchor=False, help=t("call.loudness_help"))
        _chart(context, view, "estimated_spl_db", "spl_reason", t("chart.spl"), bands.loudness_band_db)
    with right.container(border=True):
        st.subheader(t("call.rate"), anchor=False, help=t("call.rate_help"))
        _chart(context, view, "speech_rate_cpm", "rate_reason", t("chart.cpm"), bands.rate_band_cpm)


def _chart(context: Context, view: CallView, column: str, reasons: str, title: str, band: tuple[float, float]) -> None:
    t = context.t
    agent = view.utterances.filter(pl.col("role") == "agent")
    measured = agent.filter(pl.col(column).is_not_null())
    st.caption(t("chart.band", low=f"{band[0]:g}", high=f"{band[1]:g}", unit=title))
    if measured.is_empty():
        st.info(t("chart.nothing_measured"), icon=":material/help:")
    else:
        shown = show(st, f"turns-{column}", charts.turn_chart(measured, column, title, band, t))
        _play_picked(view.call_id, column, [mark["start_s"] for mark in shown.selection.get("picked", [])])
    missing = agent.filter(pl.col(column).is_null())
    if missing.height:
        counts = missing.group_by(reasons).len().sort("len", descending=True)
        why = "，".join(f"{t.code('reason', code)} {count}" for code, count in counts.iter_rows())
        st.caption(t("chart.missing", count=missing.height, why=why))


def _play_picked(call_id: str, column: str, picked: list[float]) -> None:
    """Play the turn that was clicked, once: the chart keeps its selection over reruns."""
    key = f"picked-{call_id}-{column}"
    if picked and st.session_state.get(key) != picked:
        st.session_state[key] = picked
        seek(call_id, picked[0])
        st.rerun()
