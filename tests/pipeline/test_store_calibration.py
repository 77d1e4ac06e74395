"""Calibration rounds: who sees what while a round is open, what is kept, and what counts nowhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.calibration import BlindForm, Points, Round, calibration_calls, open_calibration
from pipeline.store.reviews import open_reviews
from pipeline.store.users import PermissionDeniedError, User

BOSS = User("zhou", "周", "supervisor")
LI, WU, SUN = (User(name, name, "reviewer") for name in ("li", "wu", "sun"))
AGENT = User("chen", "陈", "agent", agent_id="A")


@pytest.fixture
def rounds(tmp_path: Path):
    with open_calibration(tmp_path) as store:
        yield store


def begin(rounds, calls=("c1", "c2"), reviewers=("li", "wu"), experts=("sun",), user: User = BOSS) -> Round:
    due = datetime.now(UTC) + timedelta(days=7)
    return rounds.begin("11月校准", calls, reviewers=reviewers, experts=experts, blind=True, due_at=due, user=user)


def form(name: str, call: str = "c1", points: float | None = 4.0, round_id: int = 1) -> BlindForm:
    items = (Points("greeting", points, 5.0), Points("closing", None, 5.0, "挂断"))
    return BlindForm(round_id, call, name, items, "还行", 80.0, False, "standard", "1")


def test_nobody_sees_another_form_until_the_round_is_closed(rounds) -> None:
    begin(rounds)
    rounds.save(form("li"), LI)
    rounds.save(form("wu", points=1.0), WU)
    assert [f.reviewer for f in rounds.forms_for(1, LI)] == ["li"]
    assert rounds.forms_for(1, SUN) == ()
    assert rounds.forms_for(1, BOSS) == ()
    assert rounds.progress(1) == {"li": 1, "wu": 1, "sun": 0}
    rounds.close(1, BOSS, "问候语缺单位名扣 1 分")
    assert [f.reviewer for f in rounds.forms_for(1, LI)] == ["li", "wu"]
    assert rounds.round(1).note == "问候语缺单位名扣 1 分"
    with pytest.raises(PermissionDeniedError):
        rounds.forms_for(1, AGENT)


def test_a_form_comes_back_as_it_was_saved_and_the_last_version_counts(rounds) -> None:
    begin(rounds)
    first = rounds.save(form("li"), LI)
    assert first == replace(form("li"), version=1)
    rounds.save(form("li", points=5.0), LI)
    (held,) = rounds.forms_for(1, LI)
    assert (held.version, held.items[0].points, held.items[1].points) == (2, 5.0, None)


def test_only_its_people_score_its_calls_while_it_is_open(rounds) -> None:
    begin(rounds)
    with pytest.raises(PermissionDeniedError, match="cannot fill in the form of wu"):
        rounds.save(form("wu"), LI)
    with pytest.raises(PermissionDeniedError, match="does not score"):
        rounds.save(form("zhou"), BOSS)
    with pytest.raises(PermissionDeniedError, match="does not score call c9"):
        rounds.save(form("li", call="c9"), LI)
    rounds.close(1, BOSS)
    with pytest.raises(StoreError, match="closed by zhou"):
        rounds.save(form("li"), LI)
    with pytest.raises(StoreError, match="closed already"):
        rounds.close(1, BOSS)


def test_supervisors_begin_and_close(rounds) -> None:
    for who in (LI, AGENT):
        with pytest.raises(PermissionDeniedError):
            begin(rounds, user=who)
    begin(rounds)
    with pytest.raises(PermissionDeniedError):
        rounds.close(1, LI)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"calls": ()}, "1 to 50 calls"), ({"reviewers": ("li",), "experts": ()}, "two people"),
     ({"calls": [f"c{n}" for n in range(51)]}, "not 51")],
)  # fmt: skip
def test_a_round_that_is_none_says_why(rounds, change, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        begin(rounds, **change)
    assert rounds.rounds() == ()


def test_which_calls_are_held_and_from_whom(rounds, tmp_path: Path) -> None:
    begin(rounds)
    begin(rounds, calls=("c2", "c3"), reviewers=("wu", "zhou"), experts=())
    assert calibration_calls(tmp_path) == {"c1", "c2", "c3"}
    assert rounds.held_calls("li") == {"c1", "c2"}
    assert rounds.held_calls("nobody") == frozenset()
    assert rounds.round_that_holds("c1", "li") == 1
    assert rounds.round_that_holds("c3", "li") is None
    assert rounds.round_that_holds("c1", "zhou") is None
    rounds.close(1, BOSS)
    assert calibration_calls(tmp_path) == {"c2", "c3"}
    assert rounds.round_that_holds("c1", "li") is None
    assert [r.round_id for r in rounds.rounds()] == [2, 1]


def test_calibration_forms_are_no_reviews_and_every_step_is_in_the_log(rounds, tmp_path: Path) -> None:
    begin(rounds)
    rounds.save(form("li"), LI)
    rounds.close(1, BOSS)
    with open_reviews(tmp_path) as reviews:
        assert reviews.latest_reviews() == {}
        assert [(e.who, e.what, e.call_id) for e in reviews.audit()] == [
            ("zhou", "calibration.close", None),
            ("li", "calibration.form", "c1"),
            ("zhou", "calibration.begin", None),
        ]
