"""Days, team and queue that the figures of a page are about; kept from page to page and in the address."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards.components.filters import whole_days
from dashboards.context import Context
from dashboards.plain import plain
from dashboards.scope import Scope, first_view

Days = tuple[date, date]
PRESETS = {"last": 1, "week": 7, "month": 30, "all": None}  # days up to the last one with calls
PARTS = ("team", "queue")
KEPT = "scope_kept"


def scope_filter(
    context: Context, options: dict[str, Any], *, parts: tuple[str, ...] = PARTS, days: bool = True
) -> Scope:
    """The filter as widgets and what it says.

    options: of Data.filter_options. parts: of PARTS, which to offer; days: whether to offer days. What is not offered
    stays as it was chosen on another page, and narrows nothing here.
    """
    whole = whole_days(options) if days else None
    if whole is None and not _offered(options, parts):
        return Scope()
    _restore(whole, options, parts)
    t = context.t
    with st.container(horizontal=True, vertical_alignment="center", key="scope"):
        if whole:
            st.pills(
                t("scope.presets"),
                list(PRESETS),
                format_func=lambda code: t(f"scope.{code}"),
                key="scope-preset",
                on_change=_preset,
                args=(whole,),
                label_visibility="collapsed",
                width="content",
            )
            st.date_input(
                t("filter.day"),
                min_value=whole[0],
                max_value=whole[1],
                format="YYYY-MM-DD",
                key="scope-days",
                label_visibility="collapsed",
                width=240,
            )
        for part in _offered(options, parts):
            st.selectbox(
                t(f"scope.{part}"),
                options[f"{part}s"],
                index=None,
                format_func=lambda code: plain(code, 30),
                placeholder=t(f"scope.any_{part}"),
                key=f"scope-{part}",
                label_visibility="collapsed",
                width=170,
            )
    chosen = _said(whole, options, parts)
    _keep(chosen, _offered(options, parts), days=whole is not None)
    _to_address(chosen)
    return chosen


def _keep(chosen: Scope, offered: tuple[str, ...], *, days: bool) -> None:
    """Remember what was chosen here; what was not on offer stays as it was."""
    kept: Scope = st.session_state.get(KEPT) or chosen
    said = {part: getattr(chosen, part) for part in offered}
    if days:
        said |= {"from_day": chosen.from_day, "to_day": chosen.to_day}
    st.session_state[KEPT] = replace(kept, **said)


def _offered(options: dict[str, Any], parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in parts if len(options[f"{part}s"]) > 1)


def _said(whole: Days | None, options: dict[str, Any], parts: tuple[str, ...]) -> Scope:
    """The whole range asks for nothing, so that calls without a date count too; so does half a choice."""
    days = st.session_state.get("scope-days") or ()
    named = {part: st.session_state.get(f"scope-{part}") for part in _offered(options, parts)}
    if len(days) != 2 or tuple(days) == whole:
        return Scope(**named)
    return Scope(days[0], days[1], **named)


def _restore(whole: Days | None, options: dict[str, Any], parts: tuple[str, ...]) -> None:
    """A page that is new in this session begins with the address, else with what was chosen on another page."""
    if all(
        f"scope-{name}" in st.session_state for name in ("days", *_offered(options, parts)) if whole or name != "days"
    ):
        _mark_preset(whole)
        return
    kept: Scope = st.session_state.get(KEPT) or first_view(options["first_day"], options["last_day"])
    days = st.query_params.get_all("day")
    if whole:
        asked = _days_of(days) if days else (kept.from_day or whole[0], kept.to_day or whole[1])
        inside = asked is not None and asked[0] <= whole[1] and asked[1] >= whole[0]
        st.session_state["scope-days"] = (
            (max(asked[0], whole[0]), min(asked[1], whole[1])) if inside and asked else whole
        )
        _mark_preset(whole)
    for part in _offered(options, parts):
        wanted = st.query_params.get(part) or getattr(kept, part)
        st.session_state[f"scope-{part}"] = wanted if wanted in options[f"{part}s"] else None


def _days_of(texts: list[str]) -> Days | None:
    try:
        first, last = (date.fromisoformat(text) for text in texts)
    except ValueError:
        return None
    return min(first, last), max(first, last)


def _preset_days(code: str, whole: Days) -> Days:
    days = PRESETS[code]
    return whole if days is None else (max(whole[0], whole[1] - timedelta(days=days - 1)), whole[1])


def _preset(whole: Days) -> None:
    code = st.session_state["scope-preset"]
    if code:
        st.session_state["scope-days"] = _preset_days(code, whole)


def _mark_preset(whole: Days | None) -> None:
    """The button of the days that are chosen is lit, whoever chose them."""
    if whole:
        days = tuple(st.session_state["scope-days"])
        st.session_state["scope-preset"] = next(
            (code for code in reversed(PRESETS) if _preset_days(code, whole) == days), None
        )


def _to_address(scope: Scope) -> None:
    wanted = scope.address()
    for name in ("day", *PARTS):
        if name in wanted:
            value = wanted[name]
            if st.query_params.get_all(name) != ([value] if isinstance(value, str) else value):
                st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]
