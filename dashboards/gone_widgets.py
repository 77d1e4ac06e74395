"""Widgets that are on no page any more are forgotten.

Streamlit (1.67) drops the value of a widget that has left the page, but keeps what it knows of it, its callback with
all that this holds, and its key for as long as the tab is open. The widgets of a call have keys of their own: whoever
listens to a hundred calls would leave a hundred calls in memory.
"""

from streamlit.runtime.scriptrunner import get_script_run_ctx


def forget_gone_widgets() -> None:
    """At the start of a run of the whole page: what is in neither the last run nor the browser's message goes."""
    context = get_script_run_ctx()
    if context is None:
        return
    with context.session_state._lock:  # there is no public way; tests/dashboards/test_gone_widgets.py
        state = context.session_state._state
        widgets, keys = state._new_widget_state, state._key_id_mapper
        held = state._old_state.keys() | widgets.states.keys()
        widgets.widget_metadata = {each: known for each, known in widgets.widget_metadata.items() if each in held}
        keys.set_key_id_mapping({name: each for each, name in keys.id_key_mapping.items() if each in held})
