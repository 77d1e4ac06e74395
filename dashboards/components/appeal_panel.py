"""What an agent says to a call's result, and what a supervisor decides: the steps so far and the next one."""

import streamlit as st

from dashboards.cases import CallCase
from dashboards.components.call_list import local_time
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.data import CallView
from dashboards.plain import escaped
from pipeline.store.appeals import MAX_REASON_CHARACTERS, Outcome, Step

OUTCOMES: tuple[Outcome, ...] = ("grant", "grant_partly", "refuse")
STATE_COLOURS = {"appealed": "orange", "taken": "blue", "granted": "green", "granted_partly": "green", "refused": "red"}


def appeal_panel(context: Context, view: CallView, call: CallCase) -> None:
    """The case of one call."""
    t = context.t
    st.badge(t.code("case", call.state), color=STATE_COLOURS.get(call.state, "gray"))  # type: ignore[arg-type]
    for step in call.case.steps:
        _step(context, step)
    if context.user.may("appeal") and not context.user.may("see_all"):
        _agents_answer(context, view, call)
    elif context.user.may("decide_appeals"):
        _decision(context, call)
    elif not call.case.steps:
        st.caption(t("appeal.nobody"))


def _step(context: Context, step: Step) -> None:
    with st.container(border=True, gap="small", key=f"step-{step.number}"):
        who = escaped(step.who, 40)
        st.markdown(f"**{context.t.code('step', step.step)}** · {who} · {local_time(context.local(step.created_at))}")
        if step.reason:
            st.text(step.reason)


def _agents_answer(context: Context, view: CallView, call: CallCase) -> None:
    t = context.t
    until = local_time(context.local(call.ends_at))
    if not call.may_appeal:
        if call.state in ("open", "acknowledged"):
            st.caption(t("appeal.over", when=until))
        return
    st.caption(t("appeal.until", when=until))
    if call.state == "open":
        st.button(t("appeal.acknowledge"), icon=":material/done_all:", on_click=_acknowledge, args=(context, call))
    named = {
        f["finding_key"]: f"{t.code('family', f['family'])} {f['evidence'][:30]}"
        for f in view.findings.iter_rows(named=True)
        if f["status"] in ("violated", "review")
    }
    with st.form("appeal", border=True):
        st.pills(
            t("appeal.about"),
            list(named),
            format_func=lambda key: escaped(named[key], 50),
            selection_mode="multi",
            key="appeal-about",
        )
        st.text_area(t("appeal.reason"), key="appeal-reason", max_chars=MAX_REASON_CHARACTERS)
        st.form_submit_button(t("appeal.send"), icon=":material/gavel:", on_click=_appeal, args=(context, call))


def _decision(context: Context, call: CallCase) -> None:
    t = context.t
    if call.state not in ("appealed", "taken"):
        return
    if call.case.handler != context.user.name:
        st.button(t("appeal.take"), icon=":material/pan_tool:", on_click=_take, args=(context, call.case.call_id))
        return
    with st.form("decision", border=True):
        st.radio(
            t("appeal.outcome"),
            OUTCOMES,
            format_func=lambda kind: t.code("step", kind),
            key="appeal-outcome",
            horizontal=True,
        )
        st.text_area(t("appeal.decision_reason"), key="decision-reason", max_chars=MAX_REASON_CHARACTERS)
        st.caption(t("appeal.decision_help"))
        st.form_submit_button(t("appeal.decide"), type="primary", on_click=_decide, args=(context, call.case.call_id))


def _acknowledge(context: Context, call: CallCase) -> None:
    save(context, lambda: context.cases.acknowledge(call), context.t("appeal.saved"))


def _appeal(context: Context, call: CallCase) -> None:
    reason, about = st.session_state["appeal-reason"], st.session_state.get("appeal-about") or []
    save(context, lambda: context.cases.appeal(call, reason, about), context.t("appeal.saved"))


def _take(context: Context, call_id: str) -> None:
    save(context, lambda: context.cases.take(call_id), context.t("appeal.saved"))


def _decide(context: Context, call_id: str) -> None:
    outcome, reason = st.session_state["appeal-outcome"], st.session_state["decision-reason"]
    save(context, lambda: context.cases.decide(call_id, outcome, reason), context.t("appeal.saved"))
