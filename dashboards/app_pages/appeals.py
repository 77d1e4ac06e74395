"""申诉: what agents object to and what became of it; the open ones first."""

import streamlit as st

from dashboards.components.appeal_panel import STATE_COLOURS
from dashboards.components.call_list import local_time
from dashboards.components.chrome import go
from dashboards.context import Context
from dashboards.plain import escaped
from pipeline.store.appeals import Case

OPEN = ("appealed", "taken")


def render(context: Context) -> None:
    t = context.t
    context.top.title(t("menu.appeals"), anchor=False)
    cases = [case for case in context.cases.all() if case.appeal is not None]
    waiting = [case for case in cases if case.state in OPEN]
    closed = [case for case in cases if case.state not in OPEN]
    if not cases:
        st.info(t("appeals.none"), icon=":material/gavel:")
        return
    st.caption(t("appeals.count", open=len(waiting), closed=len(closed)))
    for case in (*waiting, *closed):
        _row(context, case)


def _row(context: Context, case: Case) -> None:
    t, appeal = context.t, case.appeal
    assert appeal is not None
    when = local_time(context.local(appeal.created_at))
    with st.container(border=True, gap="small", key=f"case-{case.call_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t.code("case", case.state), color=STATE_COLOURS.get(case.state, "gray"))  # type: ignore[arg-type]
            st.markdown(f"**{escaped(appeal.who, 40)}** · {when}", width="content")
            if case.handler:
                st.caption(t("appeals.handler", who=escaped(case.handler, 40)), width="content")
            if st.button(t("appeals.open"), key=f"open-{case.call_id}", icon=":material/graphic_eq:"):
                go("call", call=case.call_id)
        st.text(appeal.reason)
