"""What a person does in the player, carried out: verdicts, notes, bookmarks, corrections."""

from functools import partial
from typing import Any

import streamlit as st

from dashboards.components.opened import Opened
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.corrections import Corrections
from dashboards.notes import Notes
from dashboards.playlists import Playlists
from pipeline.store.corrections import Change, CorrectionKind
from pipeline.store.playlists import Moment


def act(context: Context, opened: Opened, name: str, given: dict[str, Any]) -> None:
    """Carry out what the player was told. What cannot be saved is told on the page."""
    view, t = opened.view, context.t
    if name == "verdict":
        decisions = opened.decisions
        held = decisions.verdicts.get(given["key"])
        kind = "withdraw" if held is not None and held.verdict == given["kind"] else given["kind"]
        based_on = decisions.verdict_versions.get(given["key"])
        action = partial(context.data.add_verdict, view.call_id, given["key"], kind, context.reviewer, based_on)
        save(context, action)
    elif name == "note":
        save(context, partial(Notes(context.data).add, view, given["at_s"], given["text"]))
    elif name == "unnote":
        save(context, partial(Notes(context.data).withdraw, view, given["number"]))
    elif name == "correct":
        corrections = Corrections(context.data)
        save(
            context,
            partial(corrections.correct, view, given["index"], given["text"], given["role"], opened.history),
            t("correction.saved"),
        )
    elif name == "bookmark":
        moment = Moment(view.call_id, given["start_s"], given["end_s"], good=given["good"], note=given["note"])
        action = partial(Playlists(context.data).bookmark, given["playlist_id"], given["title"], moment)
        save(context, action, t("call.bookmarked"))


def role_actions(context: Context, opened: Opened) -> None:
    """Agent and patient changed places, or the roles are right after all: for a call whose roles are uncertain."""
    t = context.t
    if not context.user.may("review"):
        return
    unsure = opened.view.head["role_confidence"] < context.settings.roles.min_confidence
    with st.popover(t("correction.roles"), icon=":material/swap_horiz:", type="secondary" if unsure else "tertiary"):
        st.caption(t("correction.roles_help"))
        kinds: tuple[CorrectionKind, ...] = ("swap", "roles_right") if unsure else ("swap",)
        for kind in kinds:
            st.button(t(f"correction.{kind}"), key=f"roles-{kind}", on_click=_roles, args=(context, opened, kind))


def withdraw(context: Context, opened: Opened, number: int) -> None:
    """Take a correction back."""
    _add(context, opened, Change("withdraw", withdraws=number))


def _roles(context: Context, opened: Opened, kind: CorrectionKind) -> None:
    _add(context, opened, Change(kind))


def _add(context: Context, opened: Opened, change: Change) -> None:
    corrections = Corrections(context.data)
    save(
        context,
        lambda: corrections.add(opened.view.call_id, change, len(opened.history)),
        context.t("correction.saved"),
    )
