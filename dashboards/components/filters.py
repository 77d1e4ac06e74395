"""The filters of the call list. Every one is kept in the address, so that a list can be shared."""

from typing import Any

import streamlit as st

from dashboards.context import Context
from dashboards.data import SORTS, CallFilter, Period
from dashboards.plain import plain

STATUSES = ("violated", "review", "remedied", "satisfied")
LIST_KEYS = ("agent", "topic", "family", "status")
KEYS = ("q", "day", "score", "sort", *LIST_KEYS)


def period_filter(context: Context, options: dict[str, Any]) -> Period:
    """The days that the overview is about."""
    if options["first_day"] is None:
        return Period()
    chosen = st.date_input(
        context.t("filter.day"),
        value=(options["first_day"], options["last_day"]),
        min_value=options["first_day"],
        max_value=options["last_day"],
        format="YYYY-MM-DD",
        key="period",
        label_visibility="collapsed",
        width=250,
    )
    return _period(chosen, options)


def call_filter(context: Context, options: dict[str, Any]) -> CallFilter:
    """The filters as widgets; what they say as one value."""
    t = context.t
    names = {a["agent_id"]: plain(a["agent_name"], 30) for a in options["agents"]}
    search, order = st.columns([4, 1])
    text = search.text_input(
        t("filter.text"), placeholder=t("filter.text_hint"), icon=":material/search:", key="q", bind="query-params"
    )
    sort = order.selectbox(
        t("filter.sort"), SORTS, format_func=lambda code: t(f"sort.{code}"), key="sort", bind="query-params"
    )
    set_now = sum(bool(st.session_state.get(key)) for key in LIST_KEYS)
    with st.expander(t("filter.more", count=set_now) if set_now else t("filter.title"), expanded=bool(set_now)):
        first, second, third = st.columns(3)
        period = _days(first, context, options)
        agents = _choice(
            second, t("filter.agent"), "agent", list(names), lambda a: f"{a} {names.get(a, '')}".strip(), t
        )
        topics = _choice(third, t("filter.topic"), "topic", options["topics"], lambda code: plain(code, 40), t)
        low, high = first.slider(t("filter.score"), 0, 100, (0, 100), 5, key="score", bind="query-params")
        families = _choice(second, t("filter.family"), "family", options["families"], lambda c: t.code("family", c), t)
        statuses = _choice(third, t("filter.status"), "status", list(STATUSES), lambda c: t.code("status", c), t)
        st.button(t("filter.reset"), on_click=_reset, icon=":material/filter_alt_off:", type="tertiary")
    return CallFilter(
        from_day=period.from_day,
        to_day=period.to_day,
        agents=agents,
        topics=topics,
        families=families,
        statuses=statuses,
        min_score=None if (low, high) == (0, 100) else float(low),
        max_score=None if (low, high) == (0, 100) else float(high),
        text=text or None,
        sort=sort,
    )


def _days(place: Any, context: Context, options: dict[str, Any]) -> Period:
    if options["first_day"] is None:
        return Period()
    chosen = place.date_input(
        context.t("filter.day"),
        value=(options["first_day"], options["last_day"]),
        min_value=options["first_day"],
        max_value=options["last_day"],
        format="YYYY-MM-DD",
        key="day",
        bind="query-params",
    )
    return _period(chosen, options)


def _period(chosen: Any, options: dict[str, Any]) -> Period:
    """The whole range asks for nothing, so that calls without a date stay in the list."""
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(days) != 2 or days == (options["first_day"], options["last_day"]):
        return Period()
    return Period(*days)


def _choice(place: Any, label: str, key: str, options: list[str], show: Any, t: Any) -> tuple[str, ...]:
    return tuple(
        place.multiselect(label, options, format_func=show, key=key, placeholder=t("filter.any"), bind="query-params")
    )


def _reset() -> None:
    for key in KEYS:
        st.session_state.pop(key, None)
