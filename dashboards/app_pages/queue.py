"""质检任务: what to listen to next, the sampling plans, and what the samples say of all calls."""

import streamlit as st

from dashboards.components.plan_panel import plan_panel
from dashboards.components.sample_figures import sample_figures
from dashboards.components.saving import told
from dashboards.components.task_list import task_list
from dashboards.context import Context
from dashboards.queue import Queue


def render(context: Context) -> None:
    t, user = context.t, context.user
    context.top.title(t("menu.queue"), anchor=False)
    queue = Queue(context.data, context.reviewer)
    told()
    tabs = {"mine": lambda: task_list(context, queue)}
    if user.may("see_all"):
        tabs["plans"] = lambda: plan_panel(context, queue)
        tabs["figures"] = lambda: sample_figures(context, queue)
    shown = st.tabs([t(f"queue.tab_{name}") for name in tabs], key="queue-tabs")
    for tab, show in zip(shown, tabs.values(), strict=True):
        with tab:
            show()
