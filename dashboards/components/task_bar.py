"""Above a call that somebody was asked to review: for which plan, until when, and the way to the next one."""

import streamlit as st

from dashboards.components.saving import save
from dashboards.components.task_list import due, next_button
from dashboards.context import Context
from dashboards.plain import escaped
from dashboards.queue import Queue
from pipeline.errors import CallQaError
from pipeline.store.tasks import MAX_REASON_CHARACTERS, Task


def task_bar(context: Context, call_id: str) -> None:
    """The reviewer's task on this call, if there is one; working on renews its lock."""
    if not context.user.may("review"):
        return
    t, queue = context.t, Queue(context.data, context.reviewer)
    task = queue.of_call(call_id)
    if task is None:
        return
    try:
        task = queue.renewed(task)
    except CallQaError as error:  # somebody else was quicker, or the store cannot be written: told, the call stays
        st.warning(str(error), icon=":material/lock:")
    name = next((s.plan.name for s in queue.plans() if s.plan_id == task.plan_id), "")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="task-bar"):
        st.badge(t("task.title"), icon=":material/assignment:", color="green" if not task.open else "blue")
        told = t("task.done") if not task.open else _state(context, task)
        st.markdown(escaped(f"{name} · {told}", 200), width="content")
        if not task.open:
            next_button(context, queue, key="next-from-call")
        elif task.holder == queue.reviewer:
            st.button(t("task.release"), key="release-task", on_click=_release, args=(context, queue, task))
            with st.popover(t("task.skip")):
                st.text_area(t("task.skip_reason"), key=f"skip-{task.task_id}", max_chars=MAX_REASON_CHARACTERS)
                st.button(t("task.skip_now"), key="skip-task", on_click=_skip, args=(context, queue, task))
        else:
            st.button(t("task.claim"), key="claim-task", type="primary", on_click=_claim, args=(context, queue, task))


def _state(context: Context, task: Task) -> str:
    t = context.t
    if task.locked_until is None:
        return due(context, task)
    return f"{due(context, task)} · {t('task.locked', until=f'{context.local(task.locked_until):%H:%M}')}"


def _claim(context: Context, queue: Queue, task: Task) -> None:
    save(context, lambda: queue.claim(task.task_id), context.t("task.claimed"))


def _release(context: Context, queue: Queue, task: Task) -> None:
    save(context, lambda: queue.release(task.task_id), context.t("task.released"))


def _skip(context: Context, queue: Queue, task: Task) -> None:
    reason = st.session_state[f"skip-{task.task_id}"]
    save(context, lambda: queue.skip(task.task_id, reason), context.t("task.skipped"))
