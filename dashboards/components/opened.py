"""The call that is open: as it was when it was opened, whatever is published meanwhile; with what people added."""

from dataclasses import dataclass

import streamlit as st

from dashboards.components.player import Extras
from dashboards.context import Context
from dashboards.corrections import Corrections
from dashboards.data import CallView, Decisions
from dashboards.drafts import Drafts
from dashboards.notes import Notes
from dashboards.plain import escaped
from dashboards.playlists import Playlists
from pipeline.errors import StoreError
from pipeline.store.corrections import Change, Correction
from pipeline.store.users import PermissionDeniedError

COMPANY_EVERY_S = 8.0
_KEPT, _DRAWN = "opened_call", "drawn_call"


@dataclass(frozen=True, slots=True)
class Opened:
    """view: with corrections applied. history: of corrections. lost: corrections that no longer fit the words.

    problem: why corrections are not shown, None when they are.
    """

    view: CallView
    decisions: Decisions
    history: tuple[Correction, ...]
    extras: Extras
    lost: tuple[Change, ...] = ()
    problem: str | None = None


def open_call(context: Context, call_id: str) -> Opened | None:
    """The call, None when none of this id is published. Raises PermissionDeniedError for somebody else's."""
    view = _kept(context, call_id)
    if view is None:
        return None
    corrections, user = Corrections(context.data), context.user
    history = corrections.history(view)
    notes = Notes(context.data).of_call(view)
    extras = Extras(notes, Playlists(context.data).changeable() if user.may("train") else ())
    decisions = context.data.decisions(call_id)
    try:
        shown, lost = corrections.shown(view, history), corrections.lost(view, history)
    except StoreError as error:  # the words as recognised are still there to be read and judged
        return Opened(view, decisions, history, extras, problem=str(error))
    return Opened(shown, decisions, history, extras, lost)


def leave() -> None:
    """The next call that is opened is read anew, also when it is the same one."""
    st.session_state.pop(_KEPT, None)
    st.session_state.pop(_DRAWN, None)


def drawn(call_id: str) -> bool:
    """Whether a drawing of this call's page came to its end since the call was opened."""
    return bool(st.session_state.get(_DRAWN) == call_id)


def mark_drawn(call_id: str) -> None:
    st.session_state[_DRAWN] = call_id


def _kept(context: Context, call_id: str) -> CallView | None:
    kept: CallView | None = st.session_state.get(_KEPT)
    if kept is None or kept.call_id != call_id:
        kept = context.data.call(call_id)
        st.session_state[_KEPT] = kept
    elif not context.user.may_see(kept.head["agent_id"]):
        raise PermissionDeniedError("this call is not yours to see")
    return kept


@st.fragment(run_every=COMPANY_EVERY_S)
def company(context: Context, view: CallView, decisions: Decisions) -> None:
    """Who else is on the call, and what was saved or published since it was opened, with the offer to load that."""
    t = context.t
    others = Drafts(context.data).others_on(view.call_id)
    if others:
        st.info(t("call.others", who=escaped("、".join(others), 120)), icon=":material/group:")
    form = context.data.decisions(view.call_id).latest_form
    shown = decisions.latest_form.version if decisions.latest_form else 0
    newer = form is not None and form.version > shown
    published = context.data.info().get("snapshot_id") != view.snapshot_id
    if not newer and not published:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="call-news"):
        if newer and form is not None:
            said = t("call.newer_form", who=escaped(form.form.reviewer, 40), version=form.version)
        else:
            said = t("call.published")
        st.warning(said, icon=":material/update:", width="stretch")
        if st.button(t("call.reload"), icon=":material/refresh:", key="call-reload"):
            leave()
            st.rerun(scope="app")
