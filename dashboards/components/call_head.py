"""The head of a call's page: who, when, how long, the score, and what to be careful about."""

from typing import Any

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.components.opened import Opened
from dashboards.context import Context
from dashboards.data import CallView, Decisions
from dashboards.plain import clock, escaped, plain
from pipeline.store.corrections import holding


def call_head(context: Context, view: CallView, decisions: Decisions) -> None:
    t, head = context.t, view.head
    who = escaped(" ".join(x for x in (head["agent_name"], head["agent_id"]) if x), 60) or t("calls.no_agent")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="call-head"):
        with st.container(width="content", gap=None):
            st.title(f"{who} · {escaped(head['topic'], 30) or t('calls.no_topic')}", anchor=False)
            st.text(" · ".join(_facts(context, head)))
        _score(context, view, decisions)
    for warning in warnings(context, view):
        st.warning(warning, icon=":material/warning:")
    noted = [t.code("warning", text.split(":")[0]) for text in head["warnings"]]
    if noted:
        st.caption(escaped(t("call.recording", warnings="；".join(noted))))


def _facts(context: Context, head: dict[str, Any]) -> list[str]:
    t = context.t
    facts = [
        local_time(head["started_at"]) or t("calls.no_date"),
        clock(head["decoded_s"]),
        *(plain(head[name], 30) for name in ("team", "queue")),
        t.code("direction", head["direction"]) if head["direction"] else "",
        t.code("layout", head["layout"]),
        f"{head['sample_rate_hz'] / 1000:g} kHz",
        plain(head["call_id"], 60),
    ]
    return [fact for fact in facts if fact]


def _score(context: Context, view: CallView, decisions: Decisions) -> None:
    t, head, form = context.t, view.head, decisions.latest_form
    with st.container(horizontal=True, width="content", vertical_alignment="center"):
        if head["fatal"]:
            st.badge(t("calls.red_line"), color="red", icon=":material/gpp_bad:")
        elif head["passed"] is not None:
            passed = head["passed"]
            st.badge(t("call.passed" if passed else "call.not_passed"), color="green" if passed else "orange")
        st.metric(t("call.automatic"), points(head["score_total"], t), width="content")
        if form:
            st.metric(t("call.reviewed", version=form.version), points(form.form.total, t), width="content")


def warnings(context: Context, view: CallView) -> list[str]:
    """What makes this call's figures less certain than usual."""
    t, head = context.t, view.head
    found = []
    if head["damaged"]:
        declared, decoded = clock(head["declared_s"]), clock(head["decoded_s"])
        found.append(t("call.damaged", declared=declared, decoded=decoded))
    if head["role_confidence"] < context.settings.roles.min_confidence:
        found.append(t("call.roles_unsure", percent=f"{100 * head['role_confidence']:.0f}"))
    return found


def corrections_note(context: Context, opened: Opened) -> None:
    """What was put right in the words is told where the score is, and what of it is not shown."""
    t, held = context.t, holding(opened.history)
    if opened.problem:
        st.warning(t("correction.not_shown", count=len(held)), icon=":material/edit_off:")
        st.text(opened.problem)
    elif held:
        st.caption(t("correction.applied", count=len(held)))
    if opened.lost:
        st.warning(t("correction.lost", count=len(opened.lost)), icon=":material/edit_off:")


def points(value: float | None, t: Any) -> str:
    return "—" if value is None else f"{round(value, 1):g} {t('unit.points')}"
