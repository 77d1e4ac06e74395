"""Agents side by side: ranks need calls, few calls are drawn to the mean; profiles, sheets and goals by hand."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dashboards.agent_figures import Agents, monday_of
from dashboards.coaching import Coaching
from dashboards.data import Data
from dashboards.scope import Scope
from pipeline.config.settings import Settings
from pipeline.store import artefact
from pipeline.store.coaching import GoalTerms
from pipeline.store.reviews import ReviewForm, open_reviews
from pipeline.store.snapshot import publish
from pipeline.store.users import PermissionDeniedError, User
from tests.builders import SHANGHAI, make_finding, make_metadata, make_report
from tests.dashboards.conftest import settings_for

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
BRUSH = make_finding(rule_id="brush-off", family="brush_off", start_s=3.0, utterance_index=0)
SILENCE = make_finding(rule_id="silence", family="silence", start_s=5.0, utterance_index=0)
BOSS = User("zhou", "周", "supervisor")
CHEN = User("chen", "陈", "agent", agent_id="A1")


def settings(home: Path) -> Settings:
    return settings_for(home, ranking_min_calls=3)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """A1: 90 90 90 and 60 a week before; A2: 70 70 70; A3: one of 100, one without a score. A1, A2: one team."""
    scores = {"A1": (90.0, 90.0, 90.0), "A2": (70.0, 72.0, 68.0), "A3": (100.0, None)}
    for agent, totals in scores.items():
        for day, total in enumerate(totals):
            findings = (BRUSH,) if agent == "A2" else (BRUSH, SILENCE) if (agent, day) == ("A1", 0) else ()
            _call(tmp_path, f"{agent}-{day}", agent, MONDAY + timedelta(days=7 + day), total, findings)
    _call(tmp_path, "A1-before", "A1", MONDAY, 60.0, ())
    publish(tmp_path)
    return Data(settings(tmp_path))


def _call(home: Path, name: str, agent: str, at: datetime, total: float | None, findings: tuple) -> None:
    team = "二组" if agent == "A3" else "一组"
    metadata = make_metadata(agent_id=agent, agent_name=f"坐席{agent}", team=team, queue="预约", started_at=at)
    artefact.write_report(home, make_report(name, metadata=metadata, total=total, findings=findings))


WEEK = Scope(date(2026, 3, 9), date(2026, 3, 15))


def test_ranks_go_by_drawn_means_and_need_calls(data: Data) -> None:
    ranking = Agents(data).ranking(WEEK)
    assert [(row.agent_id, row.rank, row.figures.calls) for row in ranking.rows] == [
        ("A1", 1, 3),
        ("A2", 2, 3),
        ("A3", None, 2),
    ]
    assert ranking.mean == 80.0
    first = ranking.rows[0].drawn
    assert first is not None and first.low is not None
    assert 80 < first.low < first.value < 90
    assert ranking.rows[2].drawn is None
    assert ranking.rows[0].families == (("brush_off", 1), ("silence", 1))
    assert [row.agent_id for row in Agents(data).ranking(replace(WEEK, team="二组")).rows] == ["A3"]


def test_a_profile_stands_beside_the_rest_of_the_team(data: Data) -> None:
    profile = Agents(data).profile("A1", WEEK)
    head = profile.head()
    assert head is not None
    assert (head.name, head.team, head.figures.calls) == ("坐席A1", "一组", 3)
    found = {f.family: f for f in profile.families("一组")}
    assert (found["brush_off"].calls, found["brush_off"].share.value, found["brush_off"].team) == (1, 1 / 3, 1.0)
    assert (found["silence"].calls, found["silence"].team) == (1, 0.0)
    team = profile.team_figures("一组")
    assert team is not None and team.score is not None
    assert (team.calls, team.score.value) == (6, 80.0)
    assert Agents(data).profile("A3", WEEK).team_figures("二组") is None
    assert Agents(data).profile("A9", WEEK).head() is None


def test_best_and_worst_calls_follow_the_final_result(data: Data) -> None:
    with open_reviews(data.settings.home) as store:
        store.add_review(ReviewForm("A2-0", "li", (), "", 95.0, False, 1, "r", "standard", "s", passed=True))
    profile = Agents(data).profile("A2", WEEK)
    assert profile.calls("best")["call_id"].to_list() == ["A2-0", "A2-1", "A2-2"]
    assert profile.calls("worst")["call_id"].to_list() == ["A2-2", "A2-1", "A2-0"]
    assert profile.calls("best")["reviewed"].to_list() == [True, False, False]


def test_the_week_is_told_beside_the_one_before(data: Data) -> None:
    weeks = {week.row.agent_id: week for week in Agents(data).weekly(date(2026, 3, 9), Scope())}
    assert list(weeks) == ["A1", "A2", "A3"]
    change = weeks["A1"].change
    assert change is not None and (change.value, change.low) == (30.0, None)
    assert weeks["A2"].change is None
    assert monday_of(date(2026, 3, 15)) == date(2026, 3, 9)


def test_the_day_lists_by_team_and_number(data: Data) -> None:
    rows = Agents(data).daily(date(2026, 3, 9), Scope())
    assert [(row.agent_id, row.figures.calls, row.rank) for row in rows] == [
        ("A1", 1, None),
        ("A2", 1, None),
        ("A3", 1, None),
    ]
    assert Agents(data).daily(date(2026, 3, 20), Scope()) == ()


def test_an_agent_sees_nobody_else(data: Data) -> None:
    mine = Agents(data.seen_by(CHEN))
    profile = mine.profile("A1", WEEK)
    assert [f.team for f in profile.families("一组")] == [None, None]
    assert profile.team_figures("一组") is None
    for forbidden in (
        lambda: mine.ranking(WEEK),
        lambda: mine.profile("A2", WEEK),
        lambda: mine.daily(date(2026, 3, 9), Scope()),
        lambda: mine.weekly(date(2026, 3, 9), Scope()),
        lambda: Coaching(data.seen_by(CHEN), "A2").goals(),
        lambda: Coaching(data.seen_by(CHEN), "A1").add_note("…", None, shown=True),
    ):
        with pytest.raises(PermissionDeniedError):
            forbidden()


@pytest.mark.parametrize(
    ("terms", "value", "reached"),
    [
        ({"figure": "mean_score", "at_least": 85.0}, 90.0, True),
        ({"figure": "pass_rate", "at_least": 0.5}, 1.0, True),
        ({"figure": "violation_rate", "at_most": 0.2}, 1 / 3, False),
        ({"figure": "violation_rate", "family": "silence", "at_most": 0.4}, 1 / 3, True),
        ({"figure": "rate_cpm", "at_least": 160.0, "at_most": 240.0}, 246.0, False),
        ({"figure": "interruptions", "at_most": 1.0}, None, None),
    ],
)
def test_goals_stand_where_the_calls_since_their_start_say(data: Data, terms, value, reached) -> None:
    boss = Coaching(data.seen_by(BOSS), "A1")
    boss.set_goal(GoalTerms("A1", starts_on=date(2026, 3, 9), due_on=date(2026, 3, 31), **terms))
    (progress,) = Coaching(data.seen_by(CHEN), "A1").goals()
    assert progress.value == (pytest.approx(value) if value is not None else None)
    assert (progress.reached, progress.calls) == (reached, 3)
