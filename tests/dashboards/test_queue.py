"""质检任务: what the samples say by hand, drawing and working off through the pages, and who may not."""

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.data import Data
from dashboards.queue import Queue, observed_in
from dashboards.server import SETTINGS_SECRET
from pipeline.draws import draw_due
from pipeline.estimates import Observed
from pipeline.sampling import Plan, Stratum
from pipeline.store.plans import StoredPlan
from pipeline.store.reviews import ReviewForm, open_reviews
from pipeline.store.tasks import open_tasks
from pipeline.store.users import PermissionDeniedError, User
from tests.dashboards.conftest import settings_for
from tests.dashboards.test_pages import APP, texts

PLAN = Plan("月度抽检", "random", "month", 2, None, "agent", "none", (), (), (), 0.0, "pool")
TARGETED = Plan("红线必听", "targeted", "month", None, None, "centre", "none", ("red_line",), (), (), 0.0, "pool")
NOVEMBER = (date(2025, 11, 1), date(2025, 11, 30))
ALWAYS = date(2000, 1, 1)
BOSS, AGENT = User("zhou", "周", "supervisor"), User("chen", "陈", "agent", agent_id="8023")


def queue_of(home: Path, user: User = BOSS) -> Queue:
    return Queue(Data(settings_for(home), user), user.name)


def drawn(home: Path, plan: Plan = PLAN) -> tuple[Queue, StoredPlan]:
    queue = queue_of(home)
    stored = queue.save_plan(plan, None)
    queue.draw(stored, NOVEMBER, 7)
    return queue, stored


def review(home: Path, call_id: str, reviewer: str, total: float, *, passed: bool, fatal: bool = False) -> None:
    with open_reviews(home) as reviews:
        form = ReviewForm(call_id, reviewer, (), "", total, fatal, 1, "r", "s", "1", passed=passed)
        reviews.add_review(form)


def test_values_go_to_their_strata_and_a_call_without_one_was_not_looked_at() -> None:
    strata = {(1, "A"): Stratum("A", 10, 2), (1, "B"): Stratum("B", 30, 3)}
    values = [((1, "A"), 80.0), ((1, "A"), None), ((1, "B"), 70.0)]
    assert observed_in(strata, values) == [Observed("1/A", 10, (80.0,)), Observed("1/B", 30, (70.0,))]


def test_what_a_sample_says_of_all_calls(home: Path) -> None:
    queue, stored = drawn(home)
    assert queue.estimate(stored.plan_id, ALWAYS, None).figures == {}
    with open_tasks(home) as tasks:
        todo = tasks.of_plan(stored.plan_id)
    assert {task.stratum for task in todo} == {"8023", "8031", "8040", "8052"}
    totals = {"8023": (80.0, 90.0), "8031": (60.0, 70.0), "8040": (100.0, 100.0), "8052": (75.0, 85.0)}
    left = {name: list(points) for name, points in totals.items()}
    for task in todo:
        points = left[task.stratum].pop()
        review(home, task.call_id, "li", points, passed=points >= 80, fatal=task.stratum == "8031")
    found = queue.estimate(stored.plan_id, ALWAYS, None)
    # 41 calls: 10, 11, 10 and 10 of the four agents
    assert found.figures["score"].value == pytest.approx((10 * 85 + 11 * 65 + 10 * 100 + 10 * 80) / 41)
    assert found.figures["pass"].value == pytest.approx((10 * 1 + 11 * 0 + 10 * 1 + 10 * 0.5) / 41)
    assert found.figures["fatal"].value == pytest.approx(11 / 41)
    assert (found.drawn, found.done, found.strata, found.figures["score"].covered_calls) == (8, 8, 4, 41)
    low, high = found.figures["score"].low, found.figures["score"].high
    assert low is not None
    assert high is not None
    assert low < found.figures["score"].value < high


def test_a_rejected_finding_is_no_violation_and_a_confirmed_one_is(home: Path) -> None:
    queue, stored = drawn(home)
    with open_tasks(home) as tasks:
        todo = tasks.of_plan(stored.plan_id)
    for task in todo:
        review(home, task.call_id, "li", 90.0, passed=True)
    before = queue.estimate(stored.plan_id, ALWAYS, None).families
    family = max(before, key=lambda name: before[name].value)
    data = Data(settings_for(home))
    found = data.frame("findings_of_calls", call_ids=[task.call_id for task in todo])
    with open_reviews(home) as reviews:
        for row in found.iter_rows(named=True):
            if row["family"] == family:
                reviews.add_verdict(row["call_id"], row["finding_key"], "reject", reviewer="li")
    after = queue.estimate(stored.plan_id, ALWAYS, None).families
    assert before[family].value > 0
    assert after[family].value == 0


def test_targeted_calls_are_counted_apart(home: Path) -> None:
    queue, stored = drawn(home, TARGETED)
    with open_tasks(home) as tasks:
        (task,) = tasks.of_plan(stored.plan_id)
    review(home, task.call_id, "li", 0.0, passed=False, fatal=True)
    (row,) = queue.found(stored.plan_id, ALWAYS, None)
    assert (row.stratum, row.picked, row.done, row.fatal, row.mean_total) == ("red_line", 1, 1, 1, 0.0)


def test_the_nightly_draw_takes_each_plan_once_a_period(home: Path) -> None:
    queue = queue_of(home)
    queue.save_plan(PLAN, None)
    stopped = queue.save_plan(TARGETED, None)
    queue.save_plan(TARGETED, stopped.plan_id, active=False)
    settings = settings_for(home)
    done = draw_due(settings, "callqa sample", date(2025, 11, 5))
    assert [(d.plan_id, d.first_day, d.drawn, d.calls, d.who) for d in done] == [
        (1, date(2025, 11, 1), 8, 41, "callqa sample")
    ]
    assert draw_due(settings, "callqa sample", date(2025, 11, 20)) == ()
    assert draw_due(settings, "callqa sample", date(2024, 3, 1)) == ()


def test_an_agent_sees_no_figures_and_draws_nothing(home: Path) -> None:
    _, stored = drawn(home)
    agent = queue_of(home, AGENT)
    for forbidden in (
        lambda: agent.estimate(stored.plan_id, None, None),
        lambda: agent.found(stored.plan_id, None, None),
        lambda: agent.preview(PLAN, NOVEMBER, 1),
        lambda: agent.save_plan(PLAN, None),
        agent.take_next,
    ):
        with pytest.raises(PermissionDeniedError):
            forbidden()


def test_the_task_of_a_call_is_the_one_that_is_held(home: Path) -> None:
    queue, _ = drawn(home)
    task = queue.take_next()
    assert task is not None
    shown = queue.of_call(task.call_id)
    assert shown is not None
    assert shown.holder == "zhou"
    assert queue.renewed(shown) == shown
    other = queue_of(home, User("wu", "吴", "reviewer"))
    assert other.of_call(task.call_id) is None
    review(home, task.call_id, "zhou", 90.0, passed=True)
    done = queue.of_call(task.call_id)
    assert done is not None
    assert (done.open, done.done_by) == (False, "zhou")


def test_the_page_of_a_call_shows_its_task(home: Path) -> None:
    queue, _ = drawn(home)
    with open_tasks(home) as tasks:
        task = tasks.claim(tasks.of_plan(1)[0].task_id, BOSS, "local", lock_s=3600)
    app = AppTest.from_file(APP, default_timeout=60)
    app.secrets[SETTINGS_SECRET] = settings_for(home).model_dump_json()
    app.query_params["call"] = task.call_id
    app.run()
    assert not app.exception
    assert "月度抽检" in texts(app)
    assert "由您处理" in texts(app)
    next(button for button in app.button if button.key == "release-task").click().run()
    assert queue.of_call(task.call_id).holder is None
