"""Coaching notes and goals of one agent: supervisors write and close, the agent agrees."""

from datetime import timedelta

import streamlit as st

from dashboards.agent_figures import Progress
from dashboards.coaching import Coaching
from dashboards.components.call_list import local_time
from dashboards.components.chrome import go
from dashboards.components.saving import save, told
from dashboards.context import Context
from dashboards.plain import escaped
from pipeline.store.coaching import FIGURES, MAX_NOTE_CHARACTERS, Figure, Goal, GoalTerms, Note, StepKind

UNITS: dict[Figure, tuple[str, float, int]] = {  # unit, what a value is multiplied with to be shown, digits
    "mean_score": ("unit.points", 1.0, 1),
    "pass_rate": ("unit.percent", 100.0, 1),
    "violation_rate": ("unit.percent", 100.0, 1),
    "rate_cpm": ("unit.cpm", 1.0, 0),
    "spl_db": ("unit.db", 1.0, 1),
    "silence_ratio": ("unit.percent", 100.0, 1),
    "interruptions": ("unit.a_call", 1.0, 2),
}
STATE_COLOURS = {"proposed": "orange", "agreed": "blue", "reached": "green", "missed": "red", "withdrawn": "gray"}
GOAL_DAYS = 28


def coaching_panel(context: Context, coaching: Coaching, families: tuple[str, ...]) -> None:
    """families: what a goal about violations may be about."""
    told()
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, key="goals"):
        _goals(context, coaching, families)
    with right.container(border=True, key="notes"):
        _notes(context, coaching)


def _goals(context: Context, coaching: Coaching, families: tuple[str, ...]) -> None:
    t = context.t
    st.subheader(t("goals.title"), anchor=False)
    found = coaching.goals()
    if not found:
        st.caption(t("goals.none"))
    for progress in found:
        _goal(context, coaching, progress)
    if context.user.may("assign"):
        with st.expander(t("goals.new"), icon=":material/flag:"):
            _new_goal(context, coaching, families)


def _goal(context: Context, coaching: Coaching, progress: Progress) -> None:
    t, goal = context.t, progress.goal
    terms = goal.terms
    with st.container(border=True, gap="small", key=f"goal-{goal.goal_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t.code("goal", goal.state), color=STATE_COLOURS[goal.state])  # type: ignore[arg-type]
            st.markdown(f"**{escaped(goal_text(context, terms))}**", width="content")
        st.text(t("goals.days", first=f"{terms.starts_on}", last=f"{terms.due_on}", who=goal.who))
        if terms.comment:
            st.text(terms.comment)
        st.text(_standing(context, progress))
        for step in goal.steps:
            st.text(f"{t.code('goal_step', step.step)} · {step.who} · {local_time(context.local(step.created_at))}")
            if step.reason:
                st.text(step.reason)
        _next_step(context, coaching, goal)


def goal_text(context: Context, terms: GoalTerms) -> str:
    """What is agreed, in words."""
    t = context.t
    name = t(f"goals.{terms.figure}")
    if terms.family is not None:
        name = t("goals.of_family", figure=name, family=t.code("family", terms.family))
    if terms.at_least is not None and terms.at_most is not None:
        low, high = (_amount(context, terms.figure, end) for end in (terms.at_least, terms.at_most))
        return t("goals.between", name=name, low=low, high=high)
    limit, code = (terms.at_least, "least") if terms.at_least is not None else (terms.at_most, "most")
    return t(f"goals.at_{code}", name=name, limit=_amount(context, terms.figure, limit))


def _standing(context: Context, progress: Progress) -> str:
    t = context.t
    if progress.value is None:
        return t("goals.no_calls")
    value = _amount(context, progress.goal.terms.figure, progress.value)
    return t("goals.met" if progress.reached else "goals.not_met", value=value, calls=f"{progress.calls:,}")


def _amount(context: Context, figure: Figure, value: float | None) -> str:
    unit, scale, digits = UNITS[figure]
    return "—" if value is None else f"{scale * value:,.{digits}f} {context.t(unit)}"


def _next_step(context: Context, coaching: Coaching, goal: Goal) -> None:
    t = context.t
    if goal.state == "proposed" and context.user.may("appeal") and context.user.agent_id == coaching.agent_id:
        st.button(
            t("goals.agree"),
            key=f"agree-{goal.goal_id}",
            icon=":material/handshake:",
            on_click=_step,
            args=(context, coaching, goal.goal_id, "agree"),
        )
    if goal.open and context.user.may("assign"):
        with st.popover(t("goals.close"), icon=":material/flag:"):
            st.text_input(t("goals.reason"), key=f"goal-reason-{goal.goal_id}", max_chars=500)
            with st.container(horizontal=True):
                for step in ("reach", "miss", "withdraw"):
                    st.button(
                        t.code("goal_step", step),
                        key=f"{step}-{goal.goal_id}",
                        on_click=_step,
                        args=(context, coaching, goal.goal_id, step),
                    )


def _step(context: Context, coaching: Coaching, goal_id: int, step: StepKind) -> None:
    reason = st.session_state.get(f"goal-reason-{goal_id}", "")
    save(context, lambda: coaching.step(goal_id, step, reason), context.t("goals.saved"))


def _new_goal(context: Context, coaching: Coaching, families: tuple[str, ...]) -> None:
    t = context.t
    figure: Figure = st.selectbox(
        t("goals.figure"), FIGURES, format_func=lambda code: t(f"goals.{code}"), key="goal-figure"
    )
    if figure == "violation_rate":
        st.selectbox(
            t("goals.family"),
            families,
            index=None,
            placeholder=t("goals.any_family"),
            format_func=lambda code: t.code("family", code),
            key="goal-family",
        )
    unit = t(UNITS[figure][0])
    left, right = st.columns(2)
    left.number_input(t("goals.least", unit=unit), value=None, min_value=0.0, key=f"goal-least-{figure}")
    right.number_input(t("goals.most", unit=unit), value=None, min_value=0.0, key=f"goal-most-{figure}")
    today = context.today
    st.date_input(t("goals.period"), (today, today + timedelta(days=GOAL_DAYS)), format="YYYY-MM-DD", key="goal-days")
    st.text_input(t("goals.comment"), key="goal-comment", max_chars=500)
    st.button(t("goals.set"), type="primary", key="goal-set", on_click=_set_goal, args=(context, coaching, figure))


def _set_goal(context: Context, coaching: Coaching, figure: Figure) -> None:
    state, scale = st.session_state, UNITS[figure][1]
    days = tuple(state["goal-days"])
    least, most = state[f"goal-least-{figure}"], state[f"goal-most-{figure}"]

    def set_it() -> None:
        coaching.set_goal(
            GoalTerms(
                agent_id=coaching.agent_id,
                figure=figure,
                starts_on=days[0],
                due_on=days[-1],
                at_least=None if least is None else least / scale,
                at_most=None if most is None else most / scale,
                family=state.get("goal-family") if figure == "violation_rate" else None,
                comment=state["goal-comment"],
            )
        )

    if save(context, set_it, context.t("goals.saved")):
        state[f"goal-least-{figure}"] = state[f"goal-most-{figure}"] = None
        state["goal-comment"] = ""


def _notes(context: Context, coaching: Coaching) -> None:
    t = context.t
    st.subheader(t("notes_of.title"), anchor=False)
    found = coaching.notes()
    if not found:
        st.caption(t("notes_of.none"))
    for note in found:
        _note(context, coaching, note)
    if not context.user.may("assign"):
        return
    with st.expander(t("notes_of.new"), icon=":material/edit_note:"):
        st.text_area(t("notes_of.text"), key="note-text", max_chars=MAX_NOTE_CHARACTERS)
        st.text_input(t("notes_of.call"), key="note-call", placeholder=t("notes_of.call_hint"), max_chars=200)
        st.toggle(t("notes_of.shown"), value=True, key="note-shown")
        st.button(t("notes_of.add"), type="primary", key="note-add", on_click=_add_note, args=(context, coaching))


def _note(context: Context, coaching: Coaching, note: Note) -> None:
    t = context.t
    with st.container(border=True, gap="small", key=f"note-{note.note_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(note.who, 40)}** · {local_time(context.local(note.created_at))}", width="content")
            if not note.shown:
                st.badge(t("notes_of.internal"), icon=":material/visibility_off:", color="gray")
            if note.call_id and st.button(
                t("notes_of.open"), key=f"note-call-{note.note_id}", icon=":material/graphic_eq:", type="tertiary"
            ):
                go("call", call=note.call_id)
        st.text(note.text)
        if context.user.may("assign"):
            with st.popover(t("notes_of.withdraw"), type="tertiary"):
                st.text_input(t("notes_of.reason"), key=f"note-reason-{note.note_id}", max_chars=500)
                st.button(
                    t("notes_of.withdraw_now"),
                    key=f"note-withdraw-{note.note_id}",
                    on_click=_withdraw,
                    args=(context, coaching, note.note_id),
                )


def _add_note(context: Context, coaching: Coaching) -> None:
    state = st.session_state
    text, call_id, shown = state["note-text"], state["note-call"].strip() or None, state["note-shown"]
    if save(context, lambda: coaching.add_note(text, call_id, shown=shown), context.t("notes_of.saved")):
        state["note-text"] = state["note-call"] = ""


def _withdraw(context: Context, coaching: Coaching, note_id: int) -> None:
    reason = st.session_state[f"note-reason-{note_id}"]
    save(context, lambda: coaching.withdraw_note(note_id, reason), context.t("notes_of.saved"))
