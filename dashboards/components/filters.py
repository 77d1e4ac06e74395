"""The days that a page is about."""

from datetime import date
from typing import Any

import streamlit as st

from dashboards.context import Context
from dashboards.data import Period

Days = tuple[date, date]


def period_filter(context: Context, options: dict[str, Any]) -> Period:
    """The days that the overview is about."""
    whole = whole_days(options)
    if whole is None:
        return Period()
    chosen = st.date_input(
        context.t("filter.day"),
        value=whole,
        min_value=whole[0],
        max_value=whole[1],
        format="YYYY-MM-DD",
        key="period",
        label_visibility="collapsed",
        width=250,
    )
    return _period(chosen, whole)


def whole_days(options: dict[str, Any]) -> Days | None:
    """The first and the last day that has a call, None when no call has a date."""
    return None if options["first_day"] is None else (options["first_day"], options["last_day"])


def _period(chosen: Any, whole: Days | None) -> Period:
    """The whole range asks for nothing, so that calls without a date stay in the list; so does half a choice."""
    days = tuple(chosen) if isinstance(chosen, list | tuple) else ()
    return Period(*days) if len(days) == 2 and days != whole else Period()
