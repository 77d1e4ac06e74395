"""The form of the settings that are safe to change, and which ones are not to be found here."""

from typing import Any

import streamlit as st

from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.safe_settings import SAFE, change_settings, safe_values

RANGES: dict[str, tuple[int, int]] = {
    "dashboard.loudness_band_db": (20, 120),
    "dashboard.rate_band_cpm": (50, 600),
    "review.appeal_days": (1, 3650),
    "review.task_lock_s": (60, 86_400),
    "review.sample_calls": (1, 500),
    "review.sample_due_days": (1, 365),
}


def safe_settings_form(context: Context) -> None:
    t, now = context.t, safe_values(context.settings)
    with st.form("safe-settings", border=True):
        for part, name, kind in SAFE:
            _field(context, f"{part}.{name}", kind, now[f"{part}.{name}"])
        st.caption(t("settings.at_once"))
        st.form_submit_button(t("users.save"), type="primary", on_click=_save, args=(context,))
    st.caption(t("settings.elsewhere"))


def _field(context: Context, name: str, kind: str, value: Any) -> None:
    """One number, or the two of a band; the whole range of what is set stays possible."""
    t, (low, high) = context.t, RANGES[name]
    label = t(f"settings.{name}")
    if kind == "band":
        for place, end, bound in zip(st.columns(2), ("low", "high"), value, strict=True):
            shown = f"{label} · {t(f'settings.{end}')}"
            place.number_input(shown, float(low), float(high), _within(bound, name), 1.0, "%.0f", f"set-{name}-{end}")
        return
    st.number_input(label, float(low), _top(name, value), float(value), 1.0, "%.0f", f"set-{name}")


def _within(value: float, name: str) -> float:
    low, high = RANGES[name]
    return float(min(max(value, low), high))


def _top(name: str, value: float) -> float:
    return float(max(RANGES[name][1], value))


def _save(context: Context) -> None:
    state = st.session_state
    whole = ("sample_calls", "sample_due_days")
    values: dict[str, Any] = {}
    for part, name, kind in SAFE:
        key = f"{part}.{name}"
        if kind == "band":
            values[key] = (state[f"set-{key}-low"], state[f"set-{key}-high"])
        else:
            given = state[f"set-{key}"]
            values[key] = int(given) if name in whole else given
    save(context, lambda: change_settings(context.settings, context.user, values), context.t("users.saved"))
