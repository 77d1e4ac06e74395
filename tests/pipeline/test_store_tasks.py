"""Plans, draws and tasks: who may what, who holds what, and that a saved form completes what was asked for."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.sampling import FrameCall, Plan, draw
from pipeline.store.plans import StoredDraw, open_plans
from pipeline.store.reviews import ReviewConflict, ReviewForm, open_reviews
from pipeline.store.tasks import Task, TaskStore, open_tasks
from pipeline.store.users import PermissionDeniedError, User, open_users

BOSS = User("zhou", "周", "supervisor")
LI, WU = User("li", "李敏", "reviewer"), User("wu", "吴", "reviewer")
AGENT = User("chen", "陈", "agent", agent_id="A")
PLAN = Plan("抽检", "random", "day", 2, None, "agent", "none", (), (), (), 0.0, "pool")
DAY = date(2026, 11, 20)
LOCK_S = 600.0


def frame(count: int = 6) -> list[FrameCall]:
    agents = "AAABBB"
    return [
        FrameCall(f"c{n}", agents[n % 6], "一组", "挂号", 60.0, 90.0, True, False, False, False, "none")
        for n in range(count)
    ]


def drawn(home: Path, plan: Plan = PLAN, due_days: int = 7, assigned: dict[str, str] | None = None) -> StoredDraw:
    with open_plans(home) as plans:
        stored = plans.add(plan, BOSS)
        return plans.add_draw(
            stored,
            (DAY, DAY),
            draw(plan, frame(), 11),
            due_at=datetime.now(UTC) + timedelta(days=due_days),
            assigned=assigned or {},
            snapshot_id=3,
            by=BOSS,
        )


@pytest.fixture
def tasks(tmp_path: Path):
    drawn(tmp_path)
    with open_tasks(tmp_path) as store:
        yield store


def first(tasks: TaskStore) -> Task:
    return tasks.of_plan(1)[0]


def save_form(home: Path, call_id: str, reviewer: str, based_on: int | None = None) -> None:
    with open_reviews(home) as reviews:
        reviews.add_review(ReviewForm(call_id, reviewer, (), "", 90.0, False, 1, "r", "s", "1", based_on=based_on))


def test_a_draw_is_kept_with_its_seed_and_strata(tmp_path: Path) -> None:
    made = drawn(tmp_path)
    assert (made.seed, made.calls, made.drawn, made.kind, made.snapshot_id) == (11, 6, 4, "random", 3)
    with open_plans(tmp_path) as plans, open_tasks(tmp_path) as tasks:
        assert {k[1]: (s.calls, s.drawn) for k, s in plans.strata(1).items()} == {"A": (3, 2), "B": (3, 2)}
        assert plans.strata(1, first_day=DAY + timedelta(days=1)) == {}
        assert [t.number for t in tasks.of_plan(1)] == [1, 2, 3, 4]
        assert plans.plan(1).plan == PLAN
    with open_reviews(tmp_path) as reviews:
        assert [(e.who, e.what) for e in reviews.audit()] == [("zhou", "sample.draw"), ("zhou", "sample.plan")]


def test_a_period_is_drawn_once(tmp_path: Path) -> None:
    drawn(tmp_path)
    with open_plans(tmp_path) as plans:
        again = {"due_at": datetime.now(UTC), "assigned": {}, "snapshot_id": 1, "by": "nightly"}
        with pytest.raises(StoreError, match="drawn for 2026-11-20 to 2026-11-20 already"):
            plans.add_draw(plans.plan(1), (DAY, DAY), draw(PLAN, frame(), 12), **again)  # type: ignore[arg-type]
        week = (DAY - timedelta(days=4), DAY + timedelta(days=2))
        with pytest.raises(StoreError, match="already"):
            plans.add_draw(plans.plan(1), week, draw(PLAN, frame(), 12), **again)  # type: ignore[arg-type]


def test_a_changed_plan_is_a_new_version_and_draws_keep_theirs(tmp_path: Path) -> None:
    made = drawn(tmp_path)
    with open_plans(tmp_path) as plans:
        changed = plans.change(1, replace(PLAN, calls=3, weights={"li": 2.0}), BOSS, active=False)
        assert (changed.version, changed.active, changed.plan.calls, changed.plan.weights) == (2, False, 3, {"li": 2.0})
        assert plans.draws(1)[0].plan_version == made.plan_version == 1


@pytest.mark.parametrize("who", [LI, AGENT])
def test_only_who_assigns_makes_plans_draws_and_hands_work_out(tmp_path: Path, who: User) -> None:
    drawn(tmp_path)
    with open_plans(tmp_path) as plans, open_tasks(tmp_path) as tasks:
        with pytest.raises(PermissionDeniedError):
            plans.add(PLAN, who)
        with pytest.raises(PermissionDeniedError):
            plans.change(1, PLAN, who, active=False)
        with pytest.raises(PermissionDeniedError):
            tasks.assign(1, who, "wu")
        with pytest.raises(PermissionDeniedError):
            tasks.hand_over(1, who, None, "wu")


def test_who_was_demoted_meanwhile_writes_no_more(tmp_path: Path) -> None:
    with open_users(tmp_path) as users:
        boss = users.add("zhou", "周", "supervisor", by="t")
        drawn(tmp_path)
        users.set_role("zhou", "agent", agent_id="A", by="t")
        with open_plans(tmp_path) as plans, pytest.raises(PermissionDeniedError):
            plans.add(PLAN, boss)
        users.set_role("zhou", "reviewer", by="t")
        users.set_disabled("zhou", disabled=True, by="t")
        with open_tasks(tmp_path) as tasks, pytest.raises(PermissionDeniedError):
            tasks.take_next(boss, "zhou", lock_s=LOCK_S)


def test_a_claim_locks_until_it_runs_out(tasks: TaskStore) -> None:
    mine = tasks.claim(first(tasks).task_id, LI, "li", lock_s=LOCK_S)
    assert (mine.holder, mine.assignee, mine.owner) == ("li", None, "li")
    with pytest.raises(ReviewConflict, match="is li's"):
        tasks.claim(mine.task_id, WU, "wu", lock_s=LOCK_S)
    tasks.claim(mine.task_id, LI, "li", lock_s=-1.0)
    assert tasks.task(mine.task_id).holder is None
    assert tasks.claim(mine.task_id, WU, "wu", lock_s=LOCK_S).holder == "wu"
    with pytest.raises(ReviewConflict, match="not yours any more"):
        tasks.release(mine.task_id, LI, "li")
    assert tasks.release(mine.task_id, WU, "wu").holder is None


def test_next_is_what_one_holds_then_ones_own_then_anybodys(tmp_path: Path) -> None:
    drawn(tmp_path, due_days=3)
    drawn(tmp_path, due_days=9, assigned={f"c{n}": "li" for n in range(6)})
    with open_tasks(tmp_path) as tasks:
        own = tasks.take_next(LI, "li", lock_s=LOCK_S)
        assert own is not None
        assert (own.plan_id, own.holder) == (2, "li")
        again = tasks.take_next(LI, "li", lock_s=LOCK_S)
        assert again is not None
        assert again.task_id == own.task_id
        others = tasks.take_next(WU, "wu", lock_s=LOCK_S)
        assert others is not None
        assert (others.plan_id, others.number) == (1, 1)
        for task in tasks.of_reviewer("li"):
            tasks.skip(task.task_id, LI, "li", "录音里没有人说话")
        left = tasks.take_next(LI, "li", lock_s=LOCK_S)
        assert left is not None
        assert (left.plan_id, left.number) == (1, 2)


def test_two_at_once_get_two_calls_and_then_nothing_is_left(tasks: TaskStore) -> None:
    names = ("a", "b", "c", "d", "e")
    taken = [tasks.take_next(User(n, n, "reviewer"), n, lock_s=LOCK_S) for n in names]
    assert len({task.task_id for task in taken if task}) == 4
    assert taken[4] is None


def test_saving_the_form_completes_the_task_of_who_holds_it(tmp_path: Path, tasks: TaskStore) -> None:
    task = tasks.take_next(LI, "li", lock_s=LOCK_S)
    assert task is not None
    save_form(tmp_path, task.call_id, "wu")  # somebody else's form is not what was asked for
    assert tasks.task(task.task_id).open
    save_form(tmp_path, task.call_id, "li", based_on=1)
    done = tasks.task(task.task_id)
    assert (done.open, done.done_by, done.review_version) == (False, "li", 2)
    save_form(tmp_path, task.call_id, "li", based_on=2)
    assert tasks.task(task.task_id).review_version == 2
    with pytest.raises(ReviewConflict, match="closed already"):
        tasks.claim(task.task_id, WU, "wu", lock_s=LOCK_S)


def test_a_form_completes_nobodys_and_ones_own_but_not_anothers_task(tmp_path: Path) -> None:
    drawn(tmp_path)
    with open_tasks(tmp_path) as tasks:
        one, two, three, late = tasks.of_plan(1)
        tasks.assign(two.task_id, BOSS, "wu")
        tasks.assign(three.task_id, BOSS, "li")
        tasks.claim(late.task_id, WU, "wu", lock_s=-1.0)
        for task in (one, two, three, late):
            save_form(tmp_path, task.call_id, "li")
        assert [tasks.task(t.task_id).open for t in (one, two, three, late)] == [False, True, False, False]


def test_a_call_that_is_being_worked_on_goes_to_the_same_reviewer(tmp_path: Path) -> None:
    drawn(tmp_path, assigned={f"c{n}": "li" for n in range(6)})
    second = drawn(tmp_path, replace(PLAN, name="二"), assigned={f"c{n}": "wu" for n in range(6)})
    with open_tasks(tmp_path) as tasks:
        before = {t.call_id for t in tasks.of_plan(1)}
        for task in tasks.of_plan(second.plan_id):
            assert task.assignee == ("li" if task.call_id in before else "wu")


def test_progress_by_plan_and_reviewer(tmp_path: Path) -> None:
    drawn(tmp_path, due_days=-1, assigned={"c0": "li", "c1": "li", "c2": "li"})
    with open_tasks(tmp_path) as tasks:
        task = tasks.take_next(LI, "li", lock_s=LOCK_S)
        assert task is not None
        save_form(tmp_path, task.call_id, "li")
        tasks.take_next(WU, "wu", lock_s=LOCK_S)
        found = {p.reviewer: (p.tasks, p.done, p.held, p.overdue) for p in tasks.progress()}
        assert found == {"li": (2, 1, 0, 1), "wu": (1, 0, 1, 1), None: (1, 0, 0, 1)}
        assert tasks.hand_over(1, BOSS, "li", "wu") == 1
        assert Counter(t.owner for t in tasks.of_plan(1)) == {"li": 1, "wu": 2, None: 1}


def test_a_task_is_not_skipped_without_a_reason_or_by_another(tasks: TaskStore) -> None:
    task = tasks.claim(first(tasks).task_id, LI, "li", lock_s=LOCK_S)
    with pytest.raises(StoreError, match="say why"):
        tasks.skip(task.task_id, LI, "li", " ")
    with pytest.raises(ReviewConflict):
        tasks.skip(task.task_id, WU, "wu", "我不想做")
    with pytest.raises(PermissionDeniedError):
        tasks.skip(task.task_id, AGENT, "chen", "不")
