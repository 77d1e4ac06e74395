"""The call list's widgets and its address: a slow page loses nothing that was typed or chosen meanwhile."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards.components import call_filters
from dashboards.data import Data
from dashboards.saved_views import SavedViews
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import COMPLAINT_CALL
from tests.dashboards.test_pages import texts

SCRIPT = """
from pathlib import Path
import streamlit as st
from dashboards.app_pages import calls
from dashboards.context import make_context
from dashboards.data import ANYBODY
from tests.dashboards.conftest import settings_for
calls.render(make_context(settings_for(Path({home!r})), "zh", ANYBODY, "local", st.container()))
"""
WORDS = "慢慢等就是了"


@pytest.fixture
def app(home: Path) -> AppTest:
    """The call list by itself."""
    return AppTest.from_string(SCRIPT.format(home=str(home)), default_timeout=30)


def widget(app: AppTest, key: str):
    return next(w for w in (*app.text_input, *app.multiselect, *app.selectbox) if w.key == key)


def named(app: AppTest) -> dict[str, list[str]]:
    assert not app.exception
    return {key: [value] if isinstance(value, str) else list(value) for key, value in app.query_params.items()}


def test_a_choice_made_before_the_new_address_was_heard_of_keeps_both(app: AppTest) -> None:
    app.run()
    widget(app, "q").set_value(WORDS).run()
    assert named(app) == {"q": [WORDS]}
    app.query_params.clear()  # the browser had not heard of it when somebody chose more
    widget(app, "agent").set_value(["8031"]).run()
    assert named(app) == {"q": [WORDS], "agent": ["8031"]}
    assert widget(app, "q").value == WORDS
    assert "共 1 通" in texts(app)


def test_what_was_typed_while_the_first_run_was_cut_off_is_searched_for(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr(call_filters, "_to_address", lambda query: st.stop())
        app.run()
    widget(app, "q").set_value(WORDS).run()
    assert named(app) == {"q": [WORDS]}
    assert "共 1 通" in texts(app)


def test_an_address_whose_first_run_was_cut_off_is_given_again(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.query_params["q"] = WORDS
    with monkeypatch.context() as cut:
        cut.setattr(call_filters, "_widgets", lambda *_: st.stop())  # the browser never saw a field
        app.run()
    app.run()
    assert widget(app, "q").proto.set_value
    assert widget(app, "q").value == WORDS
    app.run()
    assert not widget(app, "q").proto.set_value  # what somebody is typing is not taken away
    assert named(app) == {"q": [WORDS]}


def test_an_address_that_somebody_else_changed_is_taken(app: AppTest) -> None:
    app.query_params["q"] = WORDS
    app.run()
    assert "共 1 通" in texts(app)
    app.query_params.clear()  # one page back
    app.run()
    assert widget(app, "q").value == ""
    assert "共 42 通" in texts(app)
    app.query_params["agent"] = "8031"
    app.run()
    assert widget(app, "agent").value == ["8031"]
    next(b for b in app.button if b.label == "清除全部条件").click().run()
    assert named(app) == {}
    assert "共 42 通" in texts(app)


def test_opening_a_saved_address_leaves_nothing_of_what_was_chosen(app: AppTest, home: Path) -> None:
    SavedViews(Data(settings_for(home))).save("王强的", {"agent": ["8031"]}, shared=False)
    app.run()
    widget(app, "q").set_value(COMPLAINT_CALL).run()
    next(b for b in app.button if "王强的" in b.label).click().run()
    assert named(app) == {"agent": ["8031"]}
    assert widget(app, "q").value == ""
