"""The figures at the top of pages: one number, one unit, what it counts, and how sure it is."""

from typing import Any

import streamlit as st

from dashboards.components.chrome import go
from dashboards.context import Context
from dashboards.i18n import Translator
from dashboards.intervals import Estimate
from dashboards.moves import Move
from dashboards.trends import Figures

METRIC_WIDTH, WIDE_METRIC_WIDTH = 141, 172  # seven in a row at 1280; the wide one for the longest unit


def overview_figures(context: Context, now: Figures, before: Figures | None, key: str = "figures") -> None:
    """Figures in one row that wraps, each with its 95 % interval or with the period before below it.

    A mean or share of nothing is an em dash, never 0.
    """
    t = context.t
    bands = context.settings.dashboard
    judged = now.pass_rate.count if now.pass_rate else 0
    scored = now.score.count if now.score else 0
    shown = (
        ("calls", f"{now.calls:,} {t('unit.calls')}", _before(context, before and f"{before.calls:,}"), {}),
        ("hours", duration(now.hours, t), _before(context, before and duration(before.hours, t)), {}),
        ("mean_score", points(now.score, t), interval(now.score, t), {"scored": scored, "reviewed": now.reviewed}),
        ("pass_rate", percent(now.pass_rate), interval(now.pass_rate, t, 100), {"judged": judged}),
        ("red_lines", f"{now.red_lines:,} {t('unit.calls')}", _before(context, before and f"{before.red_lines:,}"), {}),
        (
            "spl",
            number(now.spl_db, 0, "dB"),
            _target(context, now.spl_db, bands.loudness_band_db),
            {"missing": now.calls - now.spl_calls},
        ),
        (
            "rate",
            number(now.rate_cpm, 0, t("unit.cpm")),
            _target(context, now.rate_cpm, bands.rate_band_cpm),
            {"missing": now.calls - now.rate_calls},
        ),
    )
    with st.container(horizontal=True, key=key):
        for name, value, below, counts in shown:
            st.metric(
                t(f"overview.{name}"),
                value,
                below,
                delta_color="off",
                delta_arrow="off",
                help=t(f"overview.{name}_help", **counts),
                border=True,
                width=WIDE_METRIC_WIDTH if name == "rate" else METRIC_WIDTH,
                height="stretch",
            )


def failed_files(context: Context, states: dict[str, int]) -> None:
    """Recordings that gave no call are told before any figure that leaves them out."""
    failed = states.get("failed", 0) + states.get("quarantined", 0)
    if not failed:
        return
    t = context.t
    with st.container(horizontal=True, vertical_alignment="center", key="failed-files"):
        st.error(t("overview.failed_files", count=failed), icon=":material/error:", width="stretch")
        if context.user.may("see_runs") and st.button(t("overview.see_failed"), type="secondary"):
            go("runs")


def number(value: float | None, digits: int, unit: str) -> str:
    return "—" if value is None else f"{value:,.{digits}f} {unit}"


def points(estimate: Estimate | None, t: Translator) -> str:
    return number(estimate.value if estimate else None, 1, t("unit.points"))


def percent(estimate: Estimate | None) -> str:
    """A share 0..1 as a percentage, with a digit behind the point where it is needed to tell it from 0 or 100."""
    if estimate is None:
        return "—"
    value = 100 * estimate.value
    return f"{value:.1f} %" if 0 < value < 10 or 99 < value < 100 else f"{value:.0f} %"


def interval(estimate: Estimate | None, t: Translator, scale: float = 1.0) -> str | None:
    """The 95 % interval in words, None without an estimate."""
    if estimate is None:
        return None
    if estimate.low is None or estimate.high is None:
        return t("interval.none")
    return t("interval.range", low=f"{scale * estimate.low:.1f}", high=f"{scale * estimate.high:.1f}")


def change_text(context: Context, move: Move) -> str:
    """A change with its sign, unit and interval."""
    scale, unit = (
        (1.0, context.t("unit.points")) if move.unit == "points" else (100.0, context.t("unit.percent_points"))
    )
    change = move.change
    text = f"{scale * change.value:+.1f} {unit}"
    if change.low is None or change.high is None:
        return text
    return f"{text} ({scale * change.low:+.1f} … {scale * change.high:+.1f})"


def duration(hours: float, t: Any) -> str:
    """Under an hour in minutes, so that a small store does not read 0.0; whole hours from a hundred on."""
    digits = 1 if hours < 100 else 0
    return f"{hours:,.{digits}f} {t('unit.hours')}" if hours >= 1 else f"{hours * 60:,.0f} {t('unit.minutes')}"


def _before(context: Context, value: str | None) -> str | None:
    return context.t("overview.before", value=value) if value else None


def _target(context: Context, value: float | None, band: tuple[float, float]) -> str | None:
    """Where a mean lies against its target band, in words and not in colour alone."""
    if value is None:
        return None
    where = "low" if value < band[0] else "high" if value > band[1] else "inside"
    return context.t(f"overview.target_{where}", low=f"{band[0]:g}", high=f"{band[1]:g}")
