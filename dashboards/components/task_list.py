"""A reviewer's work: the next call, their open tasks, how far each plan is."""

from typing import Any

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.components.chrome import go
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.plain import clock, escaped, plain
from dashboards.queue import Queue
from pipeline.store.plans import StoredPlan
from pipeline.store.tasks import Progress, Task

SHOWN_TASKS = 20


def task_list(context: Context, queue: Queue) -> None:
    t = context.t
    mine, progress = queue.mine(), queue.progress()
    plans = {stored.plan_id: stored for stored in queue.plans()}
    _figures(context, queue.reviewer, progress)
    next_button(context, queue)
    if not any(row.tasks for row in progress):
        st.info(t("queue.nothing_drawn"), icon=":material/playlist_add_check:")
        return
    if not mine:
        st.caption(t("queue.none_mine"))
    heads = queue.heads(mine[:SHOWN_TASKS])
    for task in mine[:SHOWN_TASKS]:
        _row(context, queue, task, plans[task.plan_id], heads.get(task.call_id))
    if len(mine) > SHOWN_TASKS:
        st.caption(t("queue.more", count=len(mine) - SHOWN_TASKS))


def next_button(context: Context, queue: Queue, key: str = "next-task") -> None:
    """Claims the next task and opens its call; says so when nothing is left."""
    t = context.t
    if st.button(t("queue.next"), type="primary", icon=":material/play_circle:", key=key):
        taken: list[Task | None] = []
        if save(context, lambda: taken.append(queue.take_next())):
            if taken[0] is not None:
                go("call", call=taken[0].call_id)
            st.success(t("queue.all_done"), icon=":material/task_alt:")
        else:
            st.rerun()


def due(context: Context, task: Task) -> str:
    """`截止 11-27`, with a warning once it is over."""
    t = context.t
    day = f"{context.local(task.due_at):%Y-%m-%d}"
    return t("queue.overdue", day=day) if task.overdue else t("queue.due", day=day)


def _figures(context: Context, reviewer: str, progress: tuple[Progress, ...]) -> None:
    t = context.t
    own = [row for row in progress if row.reviewer == reviewer]
    free = [row for row in progress if row.reviewer is None]
    shown = {
        "open": sum(row.tasks - row.done - row.skipped for row in own),
        "overdue": sum(row.overdue for row in own),
        "done": sum(row.done for row in own),
        "free": sum(row.tasks - row.done - row.skipped for row in free),
    }
    with st.container(horizontal=True, key="queue-figures"):
        for name, count in shown.items():
            value = f"{count:,} {t('unit.calls')}"
            st.metric(t(f"queue.count_{name}"), value, help=t(f"queue.count_{name}_help"), border=True, width=147)


def _row(context: Context, queue: Queue, task: Task, stored: StoredPlan, head: dict[str, Any] | None) -> None:
    t = context.t
    with st.container(border=True, gap="small", key=f"task-{task.task_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if task.holder:
                st.badge(t("queue.held"), color="blue", icon=":material/lock:")
            st.badge(due(context, task), color="red" if task.overdue else "gray")
            st.markdown(f"**{escaped(who_and_what(context, head, task.call_id), 90)}**", width="content")
            if st.button(t("queue.open"), key=f"open-task-{task.task_id}", icon=":material/graphic_eq:") and save(
                context, lambda: queue.claim(task.task_id)
            ):
                go("call", call=task.call_id)
        st.caption(escaped(f"{stored.plan.name} · {t(f'plan_kind.{task.kind}')}", 120))


def who_and_what(context: Context, head: dict[str, Any] | None, call_id: str) -> str:
    """Agent, time, topic and length of a call: what a reviewer may know before listening."""
    t = context.t
    if head is None:
        return f"{plain(call_id, 60)} {t('queue.gone')}"
    who = plain(f"{head['agent_name'] or ''} {head['agent_id'] or ''}", 40) or t("calls.no_agent")
    when = local_time(head["started_at"]) or t("calls.no_date")
    return " · ".join((who, when, plain(head["topic"], 20) or t("calls.no_topic"), clock(head["duration_s"])))
