"""Coaching notes and goals: who may write and read what, in which order, and nothing is ever changed."""

import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.coaching import CoachingStore, GoalTerms, open_coaching
from pipeline.store.reviews import open_reviews, reviews_path
from pipeline.store.users import PermissionDeniedError, User

AGENT, OTHER = User("chen", "陈晨", "agent", agent_id="A1"), User("liu", "刘洋", "agent", agent_id="A2")
BOSS, REVIEWER = User("zhou", "周", "supervisor"), User("li", "李敏", "reviewer")
TERMS = GoalTerms("A1", "mean_score", date(2026, 3, 1), date(2026, 3, 31), at_least=85.0, comment="每周看一次")


@pytest.fixture
def coaching(tmp_path: Path):
    with open_coaching(tmp_path) as store:
        yield store


def test_notes_are_read_by_who_they_are_meant_for(coaching: CoachingStore) -> None:
    coaching.add_note(BOSS, "A1", " 先安抚再解释 ", call_id="c1")
    coaching.add_note(BOSS, "A1", "下月轮岗考虑", shown=False)
    assert [(n.text, n.call_id) for n in coaching.notes(BOSS, "A1")] == [("下月轮岗考虑", None), ("先安抚再解释", "c1")]
    assert [n.text for n in coaching.notes(AGENT, "A1")] == ["先安抚再解释"]
    assert coaching.notes(BOSS, "A2") == ()
    with pytest.raises(PermissionDeniedError):
        coaching.notes(OTHER, "A1")


@pytest.mark.parametrize("who", [AGENT, REVIEWER])
def test_only_supervisors_write(coaching: CoachingStore, who: User) -> None:
    with pytest.raises(PermissionDeniedError):
        coaching.add_note(who, "A1", "…")
    with pytest.raises(PermissionDeniedError):
        coaching.set_goal(who, TERMS)


def test_a_note_is_taken_back_once_with_a_reason(coaching: CoachingStore, tmp_path: Path) -> None:
    coaching.add_note(BOSS, "A1", "看错了通话")
    note = coaching.notes(BOSS, "A1")[0]
    with pytest.raises(StoreError, match="needs a reason"):
        coaching.withdraw_note(BOSS, note.note_id, " ")
    coaching.withdraw_note(BOSS, note.note_id, "记错了人")
    assert coaching.notes(BOSS, "A1") == ()
    with pytest.raises(StoreError, match="no note 1 that stands"):
        coaching.withdraw_note(BOSS, note.note_id, "再来")
    with open_reviews(tmp_path) as store:
        assert [e.what for e in store.audit()] == ["coaching.note.withdraw", "coaching.note.add"]


@pytest.mark.parametrize("text", ["", "   ", "长" * 4001])
def test_a_note_has_words_but_not_too_many(coaching: CoachingStore, text: str) -> None:
    with pytest.raises(StoreError):
        coaching.add_note(BOSS, "A1", text)


def test_the_whole_way_of_a_goal(coaching: CoachingStore) -> None:
    goal = coaching.set_goal(BOSS, TERMS)
    assert (goal.terms, goal.state, goal.who) == (TERMS, "proposed", "zhou")
    with pytest.raises(PermissionDeniedError):
        coaching.step(OTHER, goal.goal_id, "agree")
    with pytest.raises(PermissionDeniedError):
        coaching.step(BOSS, goal.goal_id, "agree")
    assert coaching.step(AGENT, goal.goal_id, "agree").state == "agreed"
    with pytest.raises(StoreError, match="agree is not possible, it is agreed"):
        coaching.step(AGENT, goal.goal_id, "agree")
    with pytest.raises(PermissionDeniedError):
        coaching.step(AGENT, goal.goal_id, "reach", "我觉得到了")
    with pytest.raises(StoreError, match="needs a reason"):
        coaching.step(BOSS, goal.goal_id, "reach")
    done = coaching.step(BOSS, goal.goal_id, "reach", "三周都在 85 分以上")
    assert (done.state, done.open, [s.step for s in done.steps]) == ("reached", False, ["agree", "reach"])
    with pytest.raises(StoreError, match="it is reached"):
        coaching.step(BOSS, goal.goal_id, "withdraw", "…")
    assert coaching.goals(AGENT, "A1") == (done,)
    with pytest.raises(StoreError, match="no goal 99"):
        coaching.step(BOSS, 99, "miss", "…")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (replace(TERMS, at_least=None), "needs a limit"),
        (replace(TERMS, at_most=60.0), "swap them"),
        (replace(TERMS, due_on=date(2026, 2, 1)), "before it starts"),
        (replace(TERMS, family="silence"), "knows no families"),
    ],
)
def test_a_goal_that_nobody_could_judge_is_refused(coaching: CoachingStore, wrong: GoalTerms, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        coaching.set_goal(BOSS, wrong)


def test_limits_are_included() -> None:
    both = replace(TERMS, at_least=160.0, at_most=260.0)
    assert [both.reached_by(v) for v in (159.9, 160.0, 260.0, 260.1)] == [False, True, True, False]


def test_nothing_is_changed_or_deleted(coaching: CoachingStore, tmp_path: Path) -> None:
    coaching.add_note(BOSS, "A1", "…")
    coaching.step(AGENT, coaching.set_goal(BOSS, TERMS).goal_id, "agree")
    connection = sqlite3.connect(reviews_path(tmp_path))
    for table in ("coaching_notes", "goals", "goal_steps"):
        for write in (f"delete from {table}", f"update {table} set who = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(write)
    connection.close()
