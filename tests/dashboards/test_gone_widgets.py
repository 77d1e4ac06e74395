"""What Streamlit knows of widgets that left the page goes with them."""

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from dashboards.gone_widgets import forget_gone_widgets

    forget_gone_widgets()
    call = st.number_input("call", 0, 99, key="call")
    pressed = st.session_state.setdefault("pressed", [])
    st.text_input("note", key=f"note:{call}")
    st.button("confirm", key=f"confirm:{call}", on_click=lambda of=call: pressed.append(of))


def test_widgets_of_pages_seen_before_are_forgotten() -> None:
    page = AppTest.from_function(_page).run()

    for number in range(1, 12):
        page.number_input("call").set_value(number).run()

    assert not page.exception
    state = page.session_state._state._state
    of_calls = [key for key in state._key_id_mapper.id_key_mapping.values() if key != "call"]
    assert set(of_calls) <= {f"{kind}:{number}" for kind in ("note", "confirm") for number in (10, 11)}
    assert len(state._new_widget_state.widget_metadata) <= 5


def test_widgets_that_are_there_keep_their_value_and_their_callback() -> None:
    page = AppTest.from_function(_page).run()
    page.number_input("call").set_value(7).run()
    page.text_input("note:7").set_value("听清楚").run()

    page.button("confirm:7").click().run()
    page.button("confirm:7").click().run()

    assert not page.exception
    assert page.session_state["pressed"] == [7, 7]
    assert page.text_input("note:7").value == "听清楚"
