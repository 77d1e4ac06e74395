"""The score form: what is saved is what the fields say at that moment, scored then."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.store.drafts import open_drafts
from pipeline.store.reviews import Review, open_reviews
from pipeline.store.users import User
from tests.dashboards.seed import APPOINTMENT_CALL
from tests.dashboards.test_pages import run, texts

ANYBODY = User("local", "local", "admin")


@pytest.fixture
def app(home: Path) -> AppTest:
    """A call of 87.5 points by hand: 不知道 costs 8 of 16, and items of 64 points apply."""
    return run(home, call=APPOINTMENT_CALL)


def forms(home: Path) -> tuple[Review, ...]:
    with open_reviews(home) as store:
        return store.review_history(APPOINTMENT_CALL)


def draft(home: Path):
    with open_drafts(home) as store:
        return store.draft(APPOINTMENT_CALL, ANYBODY)


def save(app: AppTest):
    return next(button for button in app.button if button.label == "保存评分")


def phrases(app: AppTest):
    return next(field for field in app.number_input if field.label == "服务忌语 得分")


def reason(app: AppTest):
    return next(field for field in app.text_input if field.label == "服务忌语 改分理由（必填）")


def test_what_was_typed_last_is_saved_with_its_total(app: AppTest, home: Path) -> None:
    app.text_area(key=f"comment-{APPOINTMENT_CALL}").set_value("说完就保存")
    save(app).click().run()
    assert [(r.form.comment, r.form.total) for r in forms(home)] == [("说完就保存", 87.5)]
    phrases(app).set_value(12.0).run()
    reason(app).set_value("随后补充了")
    phrases(app).set_value(16.0)  # 64 of 64
    save(app).click().run()
    assert not app.exception
    form = forms(home)[-1].form
    assert (form.total, form.comment) == (100.0, "说完就保存")
    assert [(i.points, i.reason) for i in form.items if i.overridden] == [(16.0, "随后补充了")]
    assert draft(home) is None
    assert "第 2 版" in texts(app)


def test_points_without_a_reason_are_not_saved_and_not_lost(app: AppTest, home: Path) -> None:
    phrases(app).set_value(16.0)
    save(app).click().run()
    assert forms(home) == ()
    assert "改动过的项目要写明理由" in texts(app)
    assert phrases(app).value == 16.0
    assert [(i.points, i.reason) for i in draft(home).items] == [(16.0, "")]
    reason(app).set_value("随后补充了")
    save(app).click().run()
    assert [r.form.total for r in forms(home)] == [100.0]


def test_a_verdict_given_meanwhile_counts_and_makes_no_change_of_an_item(app: AppTest, home: Path) -> None:
    with open_reviews(home) as store:  # in another window, after this page was drawn
        key = next(b.key for b in app.button if (b.key or "").startswith("reject-") and "forbidden" in (b.key or ""))
        store.add_verdict(
            APPOINTMENT_CALL, key.removeprefix("reject-"), "reject", reviewer="local", comment="", based_on=None
        )
    save(app).click().run()
    form = forms(home)[-1].form
    assert form.total == 100.0
    assert not [item for item in form.items if item.overridden]
    assert phrases(app).value == 16.0


def test_automatic_points_put_back_are_no_change(app: AppTest, home: Path) -> None:
    phrases(app).set_value(16.0).run()
    phrases(app).set_value(8.0).run()
    assert draft(home).items == ()
    phrases(app).set_value(3.0).run()
    next(b for b in app.button if b.label == "恢复自动评分").click().run()
    assert phrases(app).value == 8.0
    assert draft(home).items == ()


def test_a_refused_save_leaves_the_form_as_it_was(app: AppTest, home: Path) -> None:
    phrases(app).set_value(16.0).run()
    save(app).click().run()
    assert reason(app).value == ""
    assert phrases(app).value == 16.0
    assert forms(home) == ()
