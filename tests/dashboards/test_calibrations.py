"""校准: who sees what, agreement of a closed round by hand, and the page that is kept from who scores blind."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.calibrations import Calibrations
from dashboards.call_search import CallFilter, Calls
from dashboards.cases import Cases
from dashboards.data import Data
from dashboards.server import SETTINGS_SECRET
from pipeline.agreement import AgainstExpert
from pipeline.errors import StoreError
from pipeline.store.appeals import Result, open_appeals
from pipeline.store.calibration import BlindForm, Points
from pipeline.store.reviews import ReviewForm
from pipeline.store.users import PermissionDeniedError, User
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL
from tests.dashboards.test_pages import APP, texts

CALLS = (APPOINTMENT_CALL, COMPLAINT_CALL)
BOSS = User("zhou", "周", "supervisor")


def as_user(home: Path, name: str, role: str = "reviewer") -> Calibrations:
    return Calibrations(Data(settings_for(home), User(name, name, role)), name)  # type: ignore[arg-type]


def begin(home: Path, people: tuple[str, ...] = ("li", "wu"), *, blind: bool = True) -> None:
    boss = Calibrations(Data(settings_for(home), BOSS), "zhou")
    boss.begin("校准一", CALLS, reviewers=people, experts=("sun",), blind=blind, due_days=7)


def score(home: Path, name: str, call_id: str, points: tuple[float | None, float | None], total: float) -> None:
    items = tuple(Points(item, given, 10.0) for item, given in zip(("greeting", "closing"), points, strict=True))
    form = BlindForm(1, call_id, name, items, "", total, name == "wu" and call_id == CALLS[1], "standard", "1")
    as_user(home, name).save(form)


def page(home: Path, **query: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    app.secrets[SETTINGS_SECRET] = settings_for(home).model_dump_json()
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def test_agreement_of_a_closed_round_by_hand(home: Path) -> None:
    begin(home)
    for name, first, second in (
        ("li", ((10.0, None), 90.0), ((5.0, 0.0), 60.0)),
        ("wu", ((10.0, None), 80.0), ((0.0, 0.0), 50.0)),
        ("sun", ((10.0, None), 85.0), ((5.0, 0.0), 70.0)),
    ):
        score(home, name, CALLS[0], *first)
        score(home, name, CALLS[1], *second)
    boss = Calibrations(Data(settings_for(home), BOSS), "zhou")
    results = boss.results(boss.close(1, "好"))
    greeting, closing = results.items
    # greeting: pairs of call 1 all alike, of call 2 one of three
    assert (greeting.calls, greeting.same) == (2, pytest.approx(4 / 6))
    # six shares: three 1, two 0.5, one 0; Do = 4 * 0.25 / 2 / 6; De = (12 * 0.25 + 6 * 1 + 4 * 0.25) / 30
    assert greeting.alpha == pytest.approx(1 - (1 / 12) / (10 / 30))
    assert (closing.same, closing.alpha) == (1.0, 1.0)
    assert results.people == (
        AgainstExpert("li", 2, -2.5, 7.5, 1.0, 0),
        AgainstExpert("wu", 2, -12.5, 12.5, 0.75, 1),
    )
    assert results.totals[CALLS[1]] == {"li": 60.0, "wu": 50.0, "sun": 70.0}


def test_a_blind_round_shows_no_findings_until_it_is_over(home: Path) -> None:
    begin(home)
    li = as_user(home, "li")
    view = li.view(li.round(1), COMPLAINT_CALL)
    assert view is not None
    assert view.findings.is_empty()
    closed = Calibrations(Data(settings_for(home), BOSS), "zhou").close(1, "")
    again = li.view(closed, COMPLAINT_CALL)
    assert again is not None
    assert not again.findings.is_empty()


def test_an_agent_has_no_business_here(home: Path) -> None:
    begin(home)
    agent = as_user(home, "chen", "agent")
    for forbidden in (agent.rounds, lambda: agent.mine(1), lambda: agent.round(1)):
        with pytest.raises(PermissionDeniedError):
            forbidden()


def test_calls_by_name_and_at_random(home: Path) -> None:
    boss = Calibrations(Data(settings_for(home), BOSS), "zhou")
    assert boss.known([APPOINTMENT_CALL]) == [APPOINTMENT_CALL]
    with pytest.raises(StoreError, match="no published call is called nothing-like-it"):
        boss.known([APPOINTMENT_CALL, "nothing-like-it"])
    drawn = boss.some_calls(5)
    assert len(set(drawn)) == 5
    assert boss.some_calls(0) == []


def test_the_calls_page_is_kept_from_who_scores_it_blind(home: Path) -> None:
    begin(home, people=("local", "li"))
    held = page(home, call=COMPLAINT_CALL)
    assert "正在校准中" in texts(held)
    assert "投诉" not in texts(held)
    begun = Calibrations(Data(settings_for(home), BOSS), "zhou")
    begun.close(1, "")
    assert "王强 8031 · 投诉" in texts(page(home, call=COMPLAINT_CALL))


def test_the_list_tells_who_scores_blind_nothing_of_a_judgement(home: Path) -> None:
    boss = Data(settings_for(home), BOSS)
    boss.add_review(form_of(boss, COMPLAINT_CALL, 12.0))
    assert listed(home, "zhou")[COMPLAINT_CALL]["score_total"] == 12.0
    begin(home)
    told = listed(home, "li")[COMPLAINT_CALL]
    assert told["held"]
    assert (told["score_total"], told["passed"], told["fatal"], told["reviewed"]) == (None, None, False, False)
    assert (told["violated"], told["review"], told["families"]) == (0, 0, [])
    assert told["agent_name"] == "王强"
    calls = Calls(Data(settings_for(home), User("li", "li", "reviewer")))
    for chosen in (CallFilter(results=("fatal",)), CallFilter(families=("silence",)), CallFilter(max_score=80.0)):
        assert COMPLAINT_CALL not in set(calls.page(chosen, limit=100)["call_id"])
    assert b"69.8" not in next(line for line in calls.export(CallFilter(), ".csv").splitlines() if b"8031" in line)
    others = listed(home, "other")[COMPLAINT_CALL]  # who takes no part sees what the machine said, and no form
    assert (others["held"], round(others["score_total"], 2), others["reviewed"]) == (False, 69.86, False)
    as_user(home, "zhou", "supervisor").close(1, "")
    assert listed(home, "li")[COMPLAINT_CALL]["score_total"] == 12.0


def listed(home: Path, name: str) -> dict[str, dict[str, object]]:
    data = Data(settings_for(home), User(name, name, "reviewer"))
    return {row["call_id"]: row for row in Calls(data).page(CallFilter(), limit=100).iter_rows(named=True)}


def form_of(data: Data, call_id: str, total: float) -> ReviewForm:
    head = data.call(call_id).head
    card = (head["scorecard_id"], head["scorecard_version"])
    return ReviewForm(
        call_id=call_id,
        reviewer="zhou",
        items=(),
        comment="",
        total=total,
        fatal=False,
        snapshot_id=1,
        rulebook_version=head["rulebook_version"],
        scorecard_id=card[0],
        scorecard_version=card[1],
        based_on=None,
        passed=False,
    )


def test_appeals_on_a_call_are_hidden_from_who_scores_it_blind(home: Path) -> None:
    begin(home)
    agent = User("chen", "陈", "agent", agent_id="8031")
    with open_appeals(home) as appeals:
        result = Result("8031", 0, datetime.now(UTC))
        appeals.appeal(COMPLAINT_CALL, agent, "患者先挂断的", result, window_s=3600.0)
    seen = {
        name: [case.call_id for case in Cases(Data(settings_for(home), User(name, name, "reviewer"))).all()]
        for name in ("li", "other")
    }
    assert seen == {"li": [], "other": [COMPLAINT_CALL]}
