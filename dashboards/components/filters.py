"""The filters of the overview and of the call list."""

from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st

from dashboards.components.address import KEYS, LIST_KEYS, WHOLE_SCORE, query_of, values_of
from dashboards.context import Context
from dashboards.data import SORTS, CallFilter, Period
from dashboards.plain import plain
from pipeline.text import normalise

STATUSES = ("violated", "review", "remedied", "satisfied")
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


def call_filter(context: Context, options: dict[str, Any]) -> CallFilter:
    """The filters as widgets; what they say as one value. They follow the address, and the address follows them."""
    whole = whole_days(options)
    choices = {
        "agent": [a["agent_id"] for a in options["agents"]],
        "topic": options["topics"],
        "family": options["families"],
        "status": list(STATUSES),
    }
    _from_address(choices, whole)
    _widgets(context, options, choices, whole)
    values = {key: st.session_state[key] for key in KEYS if key in st.session_state}
    _to_address(query_of(values, whole))
    period = _period(values.get("day"), whole)
    low, high = (None, None) if tuple(values["score"]) == WHOLE_SCORE else values["score"]
    return CallFilter(
        from_day=period.from_day,
        to_day=period.to_day,
        agents=tuple(values["agent"]),
        topics=tuple(values["topic"]),
        families=tuple(values["family"]),
        statuses=tuple(values["status"]),
        min_score=low,
        max_score=high,
        text=normalise(values["q"]).strip() or None,  # transcripts are in simplified characters
        sort=values["sort"],
    )


def _widgets(context: Context, options: dict[str, Any], choices: dict[str, list[str]], whole: Days | None) -> None:
    t = context.t
    names = {a["agent_id"]: plain(f"{a['agent_id']} {a['agent_name']}", 40) for a in options["agents"]}
    search, order = st.columns([4, 1])
    search.text_input(t("filter.text"), placeholder=t("filter.text_hint"), icon=":material/search:", key="q")
    order.selectbox(t("filter.sort"), SORTS, format_func=lambda code: t(f"sort.{code}"), key="sort")
    count = len(set(query_of({k: st.session_state.get(k) for k in (*LIST_KEYS, "day")}, whole)))
    narrowed = tuple(st.session_state["score"]) != WHOLE_SCORE
    count += narrowed
    with st.expander(t("filter.more", count=count) if count else t("filter.title"), expanded=bool(count)):
        first, second, third = st.columns(3)
        if whole:
            first.date_input(t("filter.day"), min_value=whole[0], max_value=whole[1], format="YYYY-MM-DD", key="day")
        shown: tuple[tuple[Any, str, Callable[[str], str]], ...] = (
            (second, "agent", lambda code: names[code]),
            (third, "topic", lambda code: plain(code, 40)),
            (second, "family", lambda code: t.code("family", code)),
            (third, "status", lambda code: t.code("status", code)),
        )
        for place, key, show in shown:
            place.multiselect(t(f"filter.{key}"), choices[key], format_func=show, key=key, placeholder=t("filter.any"))
        first.slider(t("filter.score"), *WHOLE_SCORE, step=5, key="score", help=t("filter.score_help"))
        st.button(t("filter.reset"), on_click=_reset, icon=":material/filter_alt_off:", type="tertiary")


def whole_days(options: dict[str, Any]) -> Days | None:
    """The first and the last day that has a call, None when no call has a date."""
    return None if options["first_day"] is None else (options["first_day"], options["last_day"])


def _period(chosen: Any, whole: Days | None) -> Period:
    """The whole range asks for nothing, so that calls without a date stay in the list; so does half a choice."""
    days = tuple(chosen) if isinstance(chosen, list | tuple) else ()
    return Period(*days) if len(days) == 2 and days != whole else Period()


def _from_address(choices: dict[str, list[str]], whole: Days | None) -> None:
    """Give the widgets the address's values, when the page is new or the address was changed by somebody else."""
    query = {key: st.query_params.get_all(key) for key in KEYS if key in st.query_params}
    if query == st.session_state.get("list_query") and all(key in st.session_state for key in (*LIST_KEYS, "q")):
        return
    values = values_of(query, choices)
    if whole:
        first, last = values.get("day", whole)
        values["day"] = (max(first, whole[0]), min(last, whole[1])) if first <= whole[1] and last >= whole[0] else whole
    for key, value in values.items():
        st.session_state[key] = value


def _to_address(query: dict[str, list[str]]) -> None:
    st.session_state["list_query"] = query
    for key in KEYS:
        if key in query:
            if st.query_params.get_all(key) != query[key]:
                st.query_params[key] = query[key]
        elif key in st.query_params:
            del st.query_params[key]


def _reset() -> None:
    st.session_state["list_query"] = None
    for key in KEYS:
        st.query_params.pop(key, None)
