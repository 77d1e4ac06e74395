"""The figures at the top of pages: one number, one unit, and what it counts."""

from typing import Any

import streamlit as st

from dashboards.components.chrome import go
from dashboards.context import Context


def overview_figures(context: Context, totals: dict[str, Any], states: dict[str, int]) -> None:
    """The centre's figures in one row that wraps. A mean or share of nothing is an em dash, never 0."""
    t = context.t
    failed = states.get("failed", 0) + states.get("quarantined", 0)
    share = f"{100 * totals['passed'] / totals['judged']:.0f} %" if totals["judged"] else "—"
    figures = (
        ("calls", f"{totals['calls']:,} {t('unit.calls')}", t("overview.calls_help")),
        ("hours", duration(totals["hours"], t), t("overview.hours_help")),
        (
            "mean_score",
            number(totals["mean_score"], 1, t("unit.points")),
            t("overview.mean_score_help", scored=totals["scored"]),
        ),
        ("pass_rate", share, t("overview.pass_help", judged=totals["judged"])),
        ("red_lines", f"{totals['red_lines']:,} {t('unit.calls')}", t("overview.red_help")),
        ("spl", number(totals["agent_spl_db"], 0, "dB"), t("overview.spl_help", missing=totals["spl_missing"])),
        (
            "rate",
            number(totals["agent_rate_cpm"], 0, t("unit.cpm")),
            t("overview.rate_help", missing=totals["rate_missing"]),
        ),
    )
    with st.container(horizontal=True, key="figures"):
        for name, value, note in figures:
            st.metric(t(f"overview.{name}"), value, help=note, border=True, width=147, height="stretch")
    if failed:
        with st.container(horizontal=True, vertical_alignment="center", key="failed-files"):
            st.error(t("overview.failed_files", count=failed), icon=":material/error:", width="stretch")
            if st.button(t("overview.see_failed"), type="secondary"):
                go("runs")


def number(value: float | None, digits: int, unit: str) -> str:
    return "—" if value is None else f"{value:,.{digits}f} {unit}"


def duration(hours: float, t: Any) -> str:
    """Under an hour in minutes, so that a small store does not read 0.0."""
    return f"{hours:,.1f} {t('unit.hours')}" if hours >= 1 else f"{hours * 60:,.0f} {t('unit.minutes')}"
