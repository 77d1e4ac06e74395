"""Saves what a person decided. What could not be saved is told, and what was typed stays."""

from collections.abc import Callable

import streamlit as st

from dashboards.context import Context
from pipeline.errors import CallQaError
from pipeline.store.reviews import ReviewConflict


def save(context: Context, action: Callable[[], object], done: str | None = None) -> bool:
    """Carry out `action` in a widget's callback. True when it was saved; `done` is then told in passing.

    A callback has the user of the run before: who was signed out, disabled or given another role since saves no more.
    """
    try:
        context.require_same_user()
        action()
    except ReviewConflict as error:
        _tell(context.t("saving.conflict"), str(error))
        return False
    except CallQaError as error:
        _tell(context.t("saving.failed"), str(error))
        return False
    if done:
        st.toast(done, icon=":material/check_circle:")
    return True


def told() -> None:
    """Show the last failure to save, once."""
    message = st.session_state.pop("not_saved", None)
    if message:
        st.error(message[0], icon=":material/error:")
        st.text(message[1])


def _tell(what: str, why: str) -> None:
    st.session_state["not_saved"] = (what, why)
