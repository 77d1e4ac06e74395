"""The filters of the call list: a search, what narrows it, and the address that says the same."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboards.call_search import SORTS, CallFilter, sought
from dashboards.components.address import (
    CODES,
    KEYS,
    LIST_KEYS,
    OTHER_KEYS,
    RANGE_KEYS,
    ROLES,
    STORED_KEYS,
    WHOLE_SCORE,
    filter_of,
    query_of,
    values_of,
)
from dashboards.components.filters import Days, whole_days
from dashboards.context import Context
from dashboards.plain import plain

Query = dict[str, list[str]]
DRAWN = "list_drawn"


def call_filter(context: Context, options: dict[str, Any]) -> tuple[CallFilter, Query]:
    """The filters as widgets; what they say as one value and as an address. They follow the address, and it them."""
    whole = whole_days(options)
    choices = _choices(options)
    _from_address(choices, whole)
    _widgets(context, options, choices, whole)
    query = _said(whole)
    _to_address(query)
    return filter_of(query), query


def drawn() -> None:
    """To be told at the end of the page: the browser has the filters as they were given."""
    st.session_state[DRAWN] = True


def open_view(query: Query) -> None:
    """In a callback: show the calls of this address, nothing of what was filtered before."""
    reset()
    for key, values in query.items():
        if key in KEYS:
            st.query_params[key] = values


def reset() -> None:
    """In a callback: ask for every call."""
    st.session_state["list_query"] = None
    for key in (*KEYS, *OTHER_KEYS):
        st.query_params.pop(key, None)


def _choices(options: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "agent": [a["agent_id"] for a in options["agents"]],
        "team": options["teams"],
        "queue": options["queues"],
        "topic": options["topics"],
        "family": options["families"],
        "line": options["lines"],
    }


def _widgets(context: Context, options: dict[str, Any], choices: dict[str, list[str]], whole: Days | None) -> None:
    t = context.t
    search, role, order = st.columns([4, 1, 1])
    search.text_input(
        t("filter.text"),
        placeholder=t("filter.text_hint"),
        icon=":material/search:",
        key="q",
        max_chars=100,
        help=t("filter.text_help"),
    )
    named = {"": t("filter.anybody"), **{code: t.code("role", code) for code in ROLES}}
    role.selectbox(t("filter.role"), list(named), format_func=lambda code: named[code], key="role")
    order.selectbox(t("filter.sort"), SORTS, format_func=lambda code: t(f"sort.{code}"), key="sort")
    _about_search(context)
    count = _set_filters(whole)
    with st.expander(t("filter.more", count=count) if count else t("filter.title"), expanded=bool(count)):
        _narrow(context, options, choices, whole)
        _from_charts(context)
        st.button(t("filter.reset"), on_click=reset, icon=":material/filter_alt_off:", type="tertiary")


def _narrow(context: Context, options: dict[str, Any], choices: dict[str, list[str]], whole: Days | None) -> None:
    t = context.t
    columns = st.columns(3)
    if whole:
        columns[0].date_input(t("filter.day"), min_value=whole[0], max_value=whole[1], format="YYYY-MM-DD", key="day")
    columns[1].slider(t("filter.score"), *WHOLE_SCORE, step=5, key="score", help=t("filter.score_help"))
    longest = max(1.0, float(-(-options["longest_s"] // 60)))
    moved = st.session_state.get("minutes")
    low, high = moved or (0.0, longest)
    inside = (min(max(0.0, low), longest), min(high, longest))
    if moved != inside:
        st.session_state["minutes"] = inside
    columns[2].slider(t("filter.minutes"), 0.0, longest, step=0.5, key="minutes", format="%g")
    st.session_state["longest_minutes"] = longest
    names = {a["agent_id"]: plain(f"{a['agent_id']} {a['agent_name']}", 40) for a in options["agents"]}
    shown: dict[str, Callable[[str], str]] = {
        "agent": lambda code: names.get(code, plain(code, 40)),
        "family": lambda code: t.code("family", code),
        "weekday": lambda code: t(f"weekday.{code}"),
        "hour": lambda code: f"{int(code):02d}:00–{int(code):02d}:59",
        **{key: _coded(context, key) for key in ("status", "severity", "result", "direction")},
    }
    place = 0
    for key in (*STORED_KEYS, *CODES):
        offered = choices.get(key, CODES.get(key, ()))
        if key in ("team", "queue", "line") and not offered:
            continue
        columns[place % 3].multiselect(
            t(f"filter.{key}"),
            list(offered),
            format_func=shown.get(key, lambda code: plain(code, 40)),
            key=key,
            placeholder=t("filter.any"),
        )
        place += 1
    columns[place % 3].selectbox(
        t("filter.reviewed"),
        ("", "yes", "no"),
        format_func=lambda code: t(f"reviewed.{code}") if code else t("filter.any"),
        key="reviewed",
    )


def _coded(context: Context, kind: str) -> Callable[[str], str]:
    return lambda code: context.t.code(kind, code)


def _about_search(context: Context) -> None:
    """Whether it is searched by sound too, and the switch for that; only where there is a difference."""
    t = context.t
    if not (st.session_state.get("q") or "").strip():
        return
    by_sound = sought(CallFilter(text=st.session_state["q"])).sounds is not None
    if by_sound:
        st.checkbox(t("filter.exact"), key="exact", help=t("filter.exact_help"))


def _from_charts(context: Context) -> None:
    """What a chart on another page asked for and no widget says: named, and it can be taken away."""
    t = context.t
    for key in RANGE_KEYS:
        ends = st.session_state.get(key)
        if ends:
            unit = t("unit.cpm") if key == "cpm" else "dB"
            text = f"{t(f'filter.{key}')} {ends[0]:g}–{ends[1]:g} {unit}"
            st.button(text, key=f"drop-{key}", icon=":material/close:", on_click=_drop, args=(key,))
    missing = st.session_state.get("unmeasured")
    if missing:
        why = "" if len(missing) < 2 else f"：{t.code('reason', missing[1])}"
        text = t("filter.unmeasured", name=plain(t.code("measure", missing[0]), 40)) + plain(why, 60)
        st.button(text, key="drop-unmeasured", icon=":material/close:", on_click=_drop, args=("unmeasured",))


def _drop(key: str) -> None:
    st.session_state[key] = None


def _set_filters(whole: Days | None) -> int:
    keys = (*LIST_KEYS, "day", "reviewed", "unmeasured", "score", *RANGE_KEYS)
    count = len(query_of({k: st.session_state.get(k, WHOLE_SCORE if k == "score" else None) for k in keys}, whole))
    return count + bool(_minutes())


def _minutes() -> tuple[float, float] | None:
    """The lengths asked for, None for all there are."""
    chosen = st.session_state.get("minutes")
    whole = (0.0, st.session_state.get("longest_minutes"))
    return None if chosen is None or tuple(chosen) == whole else (chosen[0], chosen[1])


def _from_address(choices: dict[str, list[str]], whole: Days | None) -> None:
    """Give the widgets the address's values, when the page is new or the address was changed by somebody else.

    A run that was asked for before the browser heard of the last one's address still names an older one: what was done
    with a widget goes before that. And a run may be cut off anywhere: what was given is known from here on, so that the
    next one keeps what was typed meanwhile.
    """
    query = {key: st.query_params.get_all(key) for key in (*KEYS, *OTHER_KEYS) if key in st.query_params}
    known = st.session_state.get("list_query")
    complete = all(key in st.session_state for key in (*LIST_KEYS, "q"))
    if known is not None and complete and (query == known or _said(whole) != known):
        if not st.session_state.get(DRAWN):  # what a run gave that was cut off may never have reached the browser
            for key in KEYS:
                if key in st.session_state:
                    st.session_state[key] = st.session_state[key]
        return
    st.session_state[DRAWN] = False
    values = values_of(query, choices)
    if whole:
        first, last = values.get("day", whole)
        values["day"] = (max(first, whole[0]), min(last, whole[1])) if first <= whole[1] and last >= whole[0] else whole
    for key, value in values.items():
        st.session_state[key] = value
    st.session_state["list_query"] = _said(whole)


def _said(whole: Days | None) -> Query:
    """The address of what the widgets say."""
    values = {key: st.session_state[key] for key in KEYS if key in st.session_state}
    return query_of({**values, "minutes": _minutes()}, whole)


def _to_address(query: Query) -> None:
    st.session_state["list_query"] = query
    for key in (*KEYS, *OTHER_KEYS):
        if key in query:
            if st.query_params.get_all(key) != query[key]:
                st.query_params[key] = query[key]
        elif key in st.query_params:
            del st.query_params[key]
