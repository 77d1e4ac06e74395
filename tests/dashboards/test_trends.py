"""The overview's figures: hand-computed from few calls; decisions change them; an agent sees no others'."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dashboards.data import Data
from dashboards.moves import largest_moves
from dashboards.scope import Scope, first_view
from dashboards.trends import Trends
from pipeline.model import TopicHit
from pipeline.store import artefact
from pipeline.store.reviews import ReviewForm, open_reviews
from pipeline.store.snapshot import publish
from pipeline.store.users import PermissionDeniedError, User
from tests.builders import SHANGHAI, make_call_measures, make_finding, make_metadata, make_report
from tests.dashboards.conftest import settings_for

MONDAY = datetime(2026, 3, 2, 23, 30, tzinfo=SHANGHAI)  # half past eleven at night: Monday afternoon in UTC
BRUSH = make_finding(rule_id="brush-off", family="brush_off", start_s=3.0, utterance_index=0)
TWICE = make_finding(rule_id="brush-off", family="brush_off", start_s=9.0, utterance_index=0, severity="minor")
UNSURE = make_finding(rule_id="tic", family="verbal_tic", severity="minor", status="review", start_s=5.0)


def call(home: Path, name: str, day: int, total: float | None, agent: str = "A1", **more: object) -> None:
    metadata = make_metadata(
        agent_id=agent,
        agent_name=f"坐席{agent}",
        team="一组" if agent == "A1" else "二组",
        queue="预约",
        started_at=MONDAY + timedelta(days=day),
    )
    report = make_report(name, metadata=metadata, total=total, **{"findings": (), **more})
    artefact.write_report(home, report)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    slow = make_call_measures(agent_speech_rate_cpm=120.0, agent_estimated_spl_db="low_snr")
    call(tmp_path, "a", 0, 90.0, findings=(BRUSH, TWICE, UNSURE), topics=(TopicHit("投诉", 0.9, ()),))
    call(tmp_path, "b", 0, 70.0, measures=slow, topics=(TopicHit("预约挂号", 0.9, ()),))
    call(tmp_path, "c", 1, 50.0, agent="A2", findings=(BRUSH,), topics=(TopicHit("投诉", 0.9, ()),))
    call(tmp_path, "d", 8, None, agent="A2", topics=())
    publish(tmp_path)
    return Data(settings_for(tmp_path))


def test_figures_by_hand(data: Data) -> None:
    found = Trends(data, Scope()).figures()
    assert (found.calls, found.red_lines, found.spl_calls, found.rate_calls) == (4, 0, 3, 4)
    assert found.score is not None and found.pass_rate is not None and found.rate_inside is not None
    assert (found.score.value, found.score.count) == (70.0, 3)
    assert found.score.low == pytest.approx(70 - 4.302653 * 20 / 3**0.5)
    assert (found.pass_rate.value, found.pass_rate.count) == (pytest.approx(1 / 3), 3)
    assert found.rate_cpm == pytest.approx((3 * 246 + 120) / 4)
    assert (found.rate_inside.value, found.rate_inside.count) == (0.75, 4)
    assert found.violating is not None and found.violating.value == 0.5
    assert found.violations_per_call == 0.75


def test_days_are_local_and_weeks_begin_on_monday(data: Data) -> None:
    steps = Trends(data, Scope()).over_time("day")
    assert steps["day"].to_list() == [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 10)]
    assert steps["calls"].to_list() == [2, 1, 1]
    assert steps["score"].to_list() == [80.0, 50.0, None]
    assert Trends(data, Scope()).over_time("week")["day"].to_list() == [date(2026, 3, 2), date(2026, 3, 9)]
    assert Trends(data, Scope(date(2026, 3, 3), date(2026, 3, 3))).figures().calls == 1
    assert Trends(data, Scope(date(2026, 3, 4), date(2026, 3, 4))).figures().calls == 0
    hours = Trends(data, Scope()).hours()
    assert hours.select("weekday", "hour", "calls").rows() == [(1, 23, 2), (2, 23, 2)]


def test_team_queue_and_agent_narrow(data: Data) -> None:
    assert Trends(data, Scope(team="二组")).figures().calls == 2
    assert Trends(data, Scope(queue="投诉")).figures().calls == 0
    assert Trends(data, Scope(agent="A1")).figures().calls == 2


def test_a_call_counts_once_in_a_family_whatever_the_severities(data: Data) -> None:
    rows = {(r[0], r[1]): r[2:] for r in Trends(data, Scope()).families().rows()}
    assert rows == {("brush_off", "violated"): (3, 2), ("verbal_tic", "review"): (1, 1)}


def test_topics_stand_beside_the_reference(data: Data) -> None:
    found = {topic.name: topic for topic in Trends(data, Scope()).topics()}
    assert (found["投诉"].calls, found["投诉"].share.value, found["投诉"].reference) == (2, 0.5, None)
    assert (found["预约挂号"].share.value, found["预约挂号"].reference) == (0.25, 0.35)
    assert (found["用药咨询"].calls, found["用药咨询"].reference) == (0, 0.15)
    assert found[None].calls == 1


def test_what_could_not_be_measured_is_told_with_its_reason(data: Data) -> None:
    found = {(u.name, u.reason): u.share.value for u in Trends(data, Scope()).unmeasured(4)}
    assert found["agent_estimated_spl_db", "low_snr"] == 0.25
    assert found["overlap_ratio", "mono_overlap"] == 1.0


def test_bins_are_closed_below_and_open_above(data: Data) -> None:
    assert Trends(data, Scope()).rates().rows() == [(120.0, 140.0, 1), (240.0, 260.0, 3)]


def test_decisions_change_the_overview(data: Data) -> None:
    with open_reviews(data.settings.home) as store:
        store.add_review(ReviewForm("c", "li", (), "", 95.0, False, 1, "r", "standard", "s", passed=True))
        store.add_verdict("a", BRUSH.key, "reject", reviewer="li")
        store.add_verdict("a", UNSURE.key, "confirm", reviewer="li")
    trends = Trends(data, Scope())
    found = trends.figures()
    assert found.score is not None and found.pass_rate is not None
    assert (found.score.value, found.pass_rate.value, found.reviewed) == (85.0, pytest.approx(2 / 3), 1)
    rows = {(r[0], r[1]): r[2:] for r in trends.families().rows()}
    assert rows == {("brush_off", "violated"): (2, 2), ("verbal_tic", "violated"): (1, 1)}


def test_an_agent_is_told_of_their_own_calls_only(data: Data) -> None:
    agent = data.seen_by(User("chen", "陈", "agent", agent_id="A1"))
    assert Trends(agent, Scope(agent="A1")).figures().calls == 2
    for scope in (Scope(), Scope(agent="A2")):
        with pytest.raises(PermissionDeniedError):
            Trends(agent, scope)


def test_moves_against_the_days_before(tmp_path: Path) -> None:
    for day in range(14):
        late = day >= 7
        call(tmp_path, f"one-{day}", day, 60.0 + day % 2 if late else 90.0 + day % 2, findings=(BRUSH,) if late else ())
        call(tmp_path, f"two-{day}", day, 80.0 + day % 3, agent="A2")
    publish(tmp_path)
    scope = Scope(date(2026, 3, 9), date(2026, 3, 15))
    assert scope.before() == Scope(date(2026, 3, 2), date(2026, 3, 8))
    moves = largest_moves(Trends(Data(settings_for(tmp_path)), scope))
    first, second = moves[:2]
    assert (first.kind, first.code, first.change.certain, first.better) == ("agent", "A1", True, True)
    assert first.change.value == pytest.approx(60 + 4 / 7 - (90 + 3 / 7))
    assert (second.kind, second.code, second.now, second.before) == ("family", "brush_off", 0.5, 0.0)
    other = next(m for m in moves if m.code == "A2")
    assert not other.change.certain
    assert largest_moves(Trends(Data(settings_for(tmp_path)), Scope())) == ()


def test_a_scope_is_an_address_of_the_call_list() -> None:
    scope = Scope(date(2026, 3, 2), date(2026, 3, 8), team="一组")
    assert scope.address(topic="投诉") == {"day": ["2026-03-02", "2026-03-08"], "team": "一组", "topic": "投诉"}
    assert Scope().address(score=["95", "100"]) == {"score": ["95", "100"]}


def test_the_first_view_is_a_month_of_a_long_store() -> None:
    assert first_view(None, None) == first_view(date(2026, 3, 1), date(2026, 3, 31)) == Scope()
    assert first_view(date(2026, 1, 1), date(2026, 3, 31)) == Scope(date(2026, 3, 2), date(2026, 3, 31))
