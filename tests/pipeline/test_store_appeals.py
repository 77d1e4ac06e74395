"""Appeals: who may take which step, in which order, and until when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.appeals import AppealStore, Result, open_appeals
from pipeline.store.reviews import open_reviews
from pipeline.store.users import PermissionDeniedError, User

AGENT = User("chen", "陈晨", "agent", agent_id="A1")
OTHER = User("liu", "刘洋", "agent", agent_id="A2")
BOSS, SECOND = User("zhou", "周", "supervisor"), User("wu", "吴", "supervisor")
REVIEWER = User("li", "李敏", "reviewer")
DAY_S = 86_400.0
RESULT = Result("A1", 0, datetime.now(UTC) - timedelta(days=1))
WHY = "患者先挂断的"


@pytest.fixture
def appeals(tmp_path: Path):
    with open_appeals(tmp_path) as store:
        yield store


def appealed(appeals: AppealStore, result: Result = RESULT):
    return appeals.appeal("c1", AGENT, WHY, result, window_s=7 * DAY_S, finding_keys=("silence@100",))


def test_the_whole_way_of_an_appeal(appeals: AppealStore, tmp_path: Path) -> None:
    assert appeals.case("c1").state == "open"
    assert appeals.acknowledge("c1", AGENT, RESULT).state == "acknowledged"
    case = appealed(appeals)
    assert (case.state, case.handler) == ("appealed", None)
    assert case.appeal is not None
    assert (case.appeal.reason, case.appeal.finding_keys) == (WHY, ("silence@100",))
    assert appeals.take("c1", BOSS).handler == "zhou"
    case = appeals.decide("c1", BOSS, "grant_partly", "第二条成立")
    assert case.state == "granted_partly"
    assert [s.step for s in case.steps] == ["acknowledge", "appeal", "take", "grant_partly"]
    with open_reviews(tmp_path) as store:
        assert [(e.who, e.what) for e in store.audit("c1")] == [
            ("zhou", "appeal.grant_partly"),
            ("zhou", "appeal.take"),
            ("chen", "appeal.appeal"),
            ("chen", "appeal.acknowledge"),
        ]


def test_only_the_calls_own_agent_can_answer_for_it(appeals: AppealStore) -> None:
    for who in (OTHER, REVIEWER, BOSS):
        with pytest.raises(PermissionDeniedError):
            appeals.appeal("c1", who, WHY, RESULT, window_s=DAY_S * 7)
        with pytest.raises(PermissionDeniedError):
            appeals.acknowledge("c1", who, RESULT)
    with pytest.raises(PermissionDeniedError):
        appeals.acknowledge("c1", AGENT, Result(None, 0, RESULT.published_at))
    assert appeals.cases() == ()


def test_agents_and_reviewers_do_not_decide(appeals: AppealStore) -> None:
    appealed(appeals)
    for who in (AGENT, REVIEWER):
        with pytest.raises(PermissionDeniedError):
            appeals.take("c1", who)
        with pytest.raises(PermissionDeniedError):
            appeals.decide("c1", who, "grant", WHY)


def test_after_the_window_nobody_appeals(appeals: AppealStore) -> None:
    late = Result("A1", 0, datetime.now(UTC) - timedelta(days=8))
    with pytest.raises(StoreError, match="time to appeal ended"):
        appealed(appeals, late)


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_an_appeal_and_a_decision_need_a_reason(appeals: AppealStore, reason: str) -> None:
    with pytest.raises(StoreError, match="needs a reason"):
        appeals.appeal("c1", AGENT, reason, RESULT, window_s=7 * DAY_S)
    appealed(appeals)
    appeals.take("c1", BOSS)
    with pytest.raises(StoreError, match="needs a reason"):
        appeals.decide("c1", BOSS, "refuse", reason)
    assert appeals.case("c1").state == "taken"


def test_steps_out_of_order_are_refused(appeals: AppealStore) -> None:
    with pytest.raises(StoreError, match="is not possible, the case is open"):
        appeals.take("c1", BOSS)
    appealed(appeals)
    with pytest.raises(StoreError, match="the case is appealed"):
        appealed(appeals)
    with pytest.raises(StoreError, match="the case is appealed"):
        appeals.decide("c1", BOSS, "grant", WHY)
    appeals.take("c1", BOSS)
    appeals.decide("c1", BOSS, "refuse", "录音里听得到")
    for late in (lambda: appealed(appeals), lambda: appeals.take("c1", BOSS)):
        with pytest.raises(StoreError, match="the case is refused"):
            late()


def test_another_supervisor_has_to_take_over_first(appeals: AppealStore) -> None:
    appealed(appeals)
    appeals.take("c1", BOSS)
    with pytest.raises(StoreError, match="zhou has taken"):
        appeals.decide("c1", SECOND, "grant", WHY)
    appeals.take("c1", SECOND)
    assert appeals.decide("c1", SECOND, "grant", WHY).state == "granted"


def test_a_newer_form_opens_a_closed_case_again(appeals: AppealStore) -> None:
    appealed(appeals)
    appeals.take("c1", BOSS)
    case = appeals.decide("c1", BOSS, "refuse", "录音里听得到")
    assert case.state_for(0) == "refused"
    assert case.state_for(1) == "open"
    again = appealed(appeals, Result("A1", 1, datetime.now(UTC)))
    assert again.state_for(1) == "appealed"
    assert again.steps[-1].review_version == 1


def test_cases_come_newest_first(appeals: AppealStore) -> None:
    appealed(appeals)
    appeals.acknowledge("c2", AGENT, RESULT)
    appeals.take("c1", BOSS)
    assert [case.call_id for case in appeals.cases()] == ["c1", "c2"]


def test_steps_cannot_be_changed(appeals: AppealStore) -> None:
    appealed(appeals)
    for sql in ("update appeal_steps set reason = 'x'", "delete from appeal_steps"):
        with pytest.raises(Exception, match="append-only"):
            appeals._connection.execute(sql)


def test_too_long_a_reason_is_refused_not_cut(appeals: AppealStore) -> None:
    with pytest.raises(StoreError, match="10000 characters; at most 2000"):
        appeals.appeal("c1", AGENT, "x" * 10_000, RESULT, window_s=7 * DAY_S)
