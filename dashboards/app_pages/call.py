"""通话详情: hear the evidence, decide on it, score the call."""

from contextlib import suppress
from functools import partial

import streamlit as st

from dashboards.components.appeal_panel import appeal_panel
from dashboards.components.calibration_gate import held_for_calibration
from dashboards.components.call_actions import act, role_actions
from dashboards.components.call_head import call_head, corrections_note
from dashboards.components.chrome import go
from dashboards.components.findings_panel import findings_panel
from dashboards.components.history import history
from dashboards.components.opened import company, leave, mark_drawn, open_call
from dashboards.components.player import player, seek
from dashboards.components.review_form import review_form
from dashboards.components.saving import told
from dashboards.components.scorecard import scorecard
from dashboards.components.task_bar import task_bar
from dashboards.components.turn_charts import turn_charts
from dashboards.context import Context
from dashboards.data import CallView


def render(context: Context) -> None:
    t = context.t
    if context.top.button(t("call.back"), icon=":material/arrow_back:", type="tertiary"):
        leave()
        go("calls", **(st.session_state.get("list_query") or {}))
    call_id = st.query_params.get("call")
    if not call_id:
        st.info(t("call.choose"), icon=":material/call:")
        return
    if held_for_calibration(context, call_id):
        return
    opened = open_call(context, call_id)
    if opened is None:
        st.error(t("call.unknown"), icon=":material/search_off:")
        st.text(call_id[:200])
        return
    view, decisions = opened.view, opened.decisions
    _first_second(view)
    with st.container(key="call-top"):  # what comes and goes here moves nothing below: open panels stay open
        told()
        task_bar(context, call_id)
        call_head(context, view, decisions)
        company(context, view, decisions)
        corrections_note(context, opened)
    left, right = st.columns([1.65, 1], gap="medium")
    with left:
        player(context, view, decisions, opened.extras, partial(act, context, opened))
        role_actions(context, opened)
        turn_charts(context, view)
    with right:
        panels = {
            "findings": lambda: findings_panel(context, view, decisions),
            "score": lambda: scorecard(context, view),
            "form": lambda: review_form(context, view),
            "history": lambda: history(context, opened),
            "appeal": lambda: appeal_panel(context, view, context.cases.of_call(view, decisions)),
        }
        if not context.user.may("review"):
            del panels["form"]
        for tab, show in zip(
            st.tabs([t(f"tab.{name}") for name in panels], key="call-tabs"), panels.values(), strict=True
        ):
            with tab:
                show()
    mark_drawn(call_id)


def _first_second(view: CallView) -> None:
    """A shared address may name a second (`&t=12.5`); the player waits there, once."""
    mark = f"{view.call_id}@{(named := st.query_params.get('t'))}"
    if named is None or st.session_state.get("second_of_address") == mark:
        return
    st.session_state["second_of_address"] = mark
    with suppress(ValueError):
        seek(view.call_id, float(named), play=False)
