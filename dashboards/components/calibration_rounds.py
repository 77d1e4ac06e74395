"""The list of calibration rounds, the form that begins one, and one's calls in an open one."""

import streamlit as st

from dashboards.calibrations import Calibrations
from dashboards.components.call_list import local_time
from dashboards.components.chrome import go
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.plain import escaped, plain
from pipeline.store.calibration import MAX_CALLS, MAX_NOTE_CHARACTERS, Round


def round_list(context: Context, calibrations: Calibrations) -> None:
    t = context.t
    rounds = calibrations.rounds()
    if not rounds:
        st.info(t("calibration.none"), icon=":material/balance:")
    for round_ in sorted(rounds, key=lambda r: (not r.open, -r.round_id)):
        _card(context, calibrations, round_)
    if context.user.may("assign"):
        with st.expander(t("calibration.new"), icon=":material/add:", expanded=not rounds):
            _begin(context, calibrations)


def _card(context: Context, calibrations: Calibrations, round_: Round) -> None:
    t, done = context.t, calibrations.progress(round_.round_id)
    with st.container(border=True, gap="small", key=f"round-{round_.round_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            colour = "blue" if round_.open else "gray"
            st.badge(t("calibration.open" if round_.open else "calibration.closed"), color=colour)
            st.markdown(f"**{escaped(round_.title, 80)}**", width="content")
            if st.button(t("calibration.enter"), key=f"enter-{round_.round_id}", icon=":material/arrow_forward:"):
                go("calibration", round=str(round_.round_id))
        calls = len(round_.call_ids)
        told = t(
            "calibration.facts",
            calls=calls,
            people=len(round_.people),
            due=f"{context.local(round_.due_at):%Y-%m-%d}",
            done=sum(done.values()),
            forms=calls * len(round_.people),
        )
        st.caption(escaped(told, 200))


def my_calls(context: Context, calibrations: Calibrations, round_: Round) -> None:
    """An open round: one's own calls, and for who runs it how far everybody is."""
    t, reviewer = context.t, calibrations.reviewer
    done = calibrations.progress(round_.round_id)
    if reviewer in round_.people:
        st.caption(t("calibration.blind" if round_.blind else "calibration.not_blind"))
        mine = calibrations.mine(round_.round_id)
        for number, call_id in enumerate(round_.call_ids, 1):
            _call(context, round_, number, call_id, version=mine[call_id].version if call_id in mine else 0)
    else:
        st.info(t("calibration.not_mine"), icon=":material/visibility_off:")
    if not context.user.may("assign"):
        return
    st.subheader(t("calibration.progress"), anchor=False)
    for name, part in round_.people.items():
        count = done[name]
        shown = t("calibration.progress_of", name=plain(name, 40), part=t(f"calibration_part.{part}"))
        calls = len(round_.call_ids)
        st.progress(count / calls, escaped(f"{shown} {count} / {calls}", 120))
    with st.form(f"close-{round_.round_id}", border=True):
        st.text_area(t("calibration.note"), key="calibration-note", max_chars=MAX_NOTE_CHARACTERS)
        st.form_submit_button(
            t("calibration.close"), icon=":material/lock_open:", on_click=_close, args=(context, calibrations, round_)
        )


def _call(context: Context, round_: Round, number: int, call_id: str, *, version: int) -> None:
    t = context.t
    with st.container(horizontal=True, vertical_alignment="center", key=f"blind-call-{number}"):
        colour = "green" if version else "orange"
        st.badge(t("calibration.scored", version=version) if version else t("calibration.unscored"), color=colour)
        st.text(plain(call_id, 60), width="content")
        if st.button(t("calibration.score"), key=f"score-{number}", icon=":material/graphic_eq:"):
            go("calibration", round=str(round_.round_id), scored=call_id)


def _begin(context: Context, calibrations: Calibrations) -> None:
    t = context.t
    people = {user.name: f"{plain(user.display_name, 30)} {user.name}" for user in calibrations.able()}
    people |= {} if calibrations.reviewer in people else {calibrations.reviewer: plain(calibrations.reviewer, 30)}
    with st.form("new-calibration", border=False):
        st.text_input(t("calibration.title"), key="cal-title", max_chars=80)
        first, second = st.columns(2)
        first.text_area(t("calibration.calls"), key="cal-calls", help=t("calibration.calls_help"), height=110)
        second.number_input(t("calibration.random"), 0, MAX_CALLS, 5, key="cal-random")
        second.number_input(t("plan.due_days"), 1, 90, 7, key="cal-due")
        for place, part in zip(st.columns(2), ("reviewers", "experts"), strict=True):
            place.multiselect(
                t(f"calibration.{part}"),
                list(people),
                format_func=lambda name: people[name],
                key=f"cal-{part}",
                placeholder=t("calibration.choose_people"),
            )
        st.checkbox(t("calibration.hide_automatic"), True, key="cal-blind", help=t("calibration.hide_help"))
        st.form_submit_button(
            t("calibration.begin"),
            type="primary",
            icon=":material/balance:",
            on_click=_carry_out,
            args=(context, calibrations),
        )


def _carry_out(context: Context, calibrations: Calibrations) -> None:
    state = st.session_state
    named = [line.strip().split("call=")[-1] for line in state["cal-calls"].splitlines() if line.strip()]
    save(
        context,
        lambda: calibrations.begin(
            state["cal-title"],
            [*calibrations.known(named), *calibrations.some_calls(int(state["cal-random"]))],
            reviewers=[name for name in state["cal-reviewers"] if name not in state["cal-experts"]],
            experts=state["cal-experts"],
            blind=state["cal-blind"],
            due_days=int(state["cal-due"]),
        ),
        context.t("calibration.begun"),
    )


def _close(context: Context, calibrations: Calibrations, round_: Round) -> None:
    note = st.session_state["calibration-note"]
    save(context, lambda: calibrations.close(round_.round_id, note), context.t("calibration.closed_now"))


def closed_line(context: Context, round_: Round) -> str:
    """When a round was closed and by whom."""
    assert round_.closed_at is not None
    when = local_time(context.local(round_.closed_at))
    return context.t("calibration.closed_by", when=when, who=plain(round_.closed_by, 40))
