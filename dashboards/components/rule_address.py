"""Keeps what was chosen on the rules page in its address, so that it can be shared and survives a reload."""

from collections.abc import Sequence
from typing import Any

import streamlit as st


def kept(name: str, choices: Sequence[str] | None = None, default: str | None = None) -> dict[str, Any]:
    """Arguments for a widget: its key, filled from the address once, and a callback that writes the address."""
    key = f"rules.{name}"
    if key not in st.session_state:
        asked = st.query_params.get(name)
        st.session_state[key] = asked if choices is None or asked in choices else default

    def write() -> None:
        if st.session_state.get(key) not in (None, "", default):
            st.query_params[name] = st.session_state[key]
        else:
            st.query_params.pop(name, None)

    return {"key": key, "on_change": write}
