"""质检任务 and 校准 in a browser: plan, draw, take the next call and put it back; score a call blind and send it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dashboards.calibrations import Calibrations
from dashboards.data import Data
from pipeline.store.plans import open_plans
from pipeline.store.tasks import open_tasks
from pipeline.store.users import open_users
from tests.dashboards.conftest import SCREENSHOTS, running_dashboard, settings_for
from tests.dashboards.seed import COMPLAINT_CALL
from tests.dashboards.test_accessibility import violations
from tests.dashboards.walk import WAIT_MS, people, settled, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def work_home(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return people(store, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def work(work_home: Path) -> Iterator[str]:
    with running_dashboard(work_home) as address:
        yield address


@contextmanager
def at(chromium, address: str, role: str, path: str, width: int = 1280):
    """A page that somebody of this role has opened."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale="zh-CN", base_url=address)
    sign_in(context, role)
    page = context.new_page()
    page.goto(path)
    settled(page)
    yield page
    context.close()


def test_a_plan_is_made_previewed_drawn_and_worked_off(chromium, work: str, work_home: Path) -> None:
    with at(chromium, work, "supervisor", "/queue") as page:
        page.get_by_role("tab", name="抽检计划").click()
        page.get_by_label("名称").fill("每月随机抽检")
        page.get_by_label("名称").press("Enter")
        settled(page)
        page.locator(".st-key-plan-form-new-every").get_by_role("combobox").click()
        page.get_by_role("option", name="每月").click()
        settled(page)
        page.get_by_role("button", name="保存").click()
        page.get_by_text("每月 · 每个坐席 2 通").wait_for(timeout=WAIT_MS)
        page.get_by_text("预览并抽取").click()
        page.get_by_text("从 41 通里抽取 8 通").wait_for(timeout=WAIT_MS)
        page.screenshot(path=str(SCREENSHOTS / "queue_preview_1280.png"))
        page.get_by_test_id("stToast").first.wait_for(state="hidden", timeout=WAIT_MS)  # Streamlit's; it has no name
        assert violations(page) == []
        page.get_by_role("button", name="抽取这 8 通").click()
        page.get_by_text("已完成 0 / 8 通").wait_for(timeout=WAIT_MS)
    with at(chromium, work, "reviewer", "/queue") as page:
        page.get_by_text("8 通", exact=True).first.wait_for(timeout=WAIT_MS)
        page.screenshot(path=str(SCREENSHOTS / "queue_mine_1280.png"))
        page.get_by_role("button", name="下一通").click()
        page.locator(".st-key-task-bar").wait_for(timeout=WAIT_MS)
        settled(page)
        expect(page.locator(".st-key-task-bar")).to_contain_text("每月随机抽检", timeout=WAIT_MS)
        page.screenshot(path=str(SCREENSHOTS / "task_bar_1280.png"))
        with open_tasks(work_home) as tasks:
            (held,) = [task for task in tasks.of_plan(1) if task.holder == "reviewer"]
        assert held.call_id in page.url or f"call={held.call_id}" in page.evaluate(
            "decodeURIComponent(location.search)"
        )
        page.get_by_role("button", name="放回").click()
        page.get_by_role("button", name="领取").wait_for(timeout=WAIT_MS)
    with open_tasks(work_home) as tasks:
        assert tasks.task(held.task_id).holder is None


def test_a_call_is_scored_blind(chromium, work: str, work_home: Path) -> None:
    with open_users(work_home) as users:
        boss = users.user("supervisor")
    boss_view = Calibrations(Data(settings_for(work_home), boss), boss.name)
    made = boss_view.begin(
        "11月校准", [COMPLAINT_CALL], reviewers=("reviewer",), experts=("admin",), blind=True, due_days=7
    )
    with at(chromium, work, "reviewer", f"/call?call={COMPLAINT_CALL}") as page:
        page.get_by_role("button", name="去打分").click()
        page.get_by_text("还有 28 项没有打分").wait_for(timeout=WAIT_MS)
        assert page.get_by_text("长时间静默 ·").count() == 0
        page.get_by_role("button", name="其余项目填满分").click()
        page.get_by_text("100 分").wait_for(timeout=WAIT_MS)
        page.screenshot(path=str(SCREENSHOTS / "blind_form_1280.png"), full_page=True)
        settled(page)
        assert violations(page) == []
        page.get_by_role("button", name="提交").click()
        page.get_by_role("button", name="再次提交").wait_for(timeout=WAIT_MS)
    assert boss_view.progress(made.round_id) == {"reviewer": 1, "admin": 0}
    boss_view.close(made.round_id, "统一口径")
    with at(chromium, work, "supervisor", f"/calibration?round={made.round_id}", width=390) as page:
        page.get_by_text("各项一致性").wait_for(timeout=WAIT_MS)
        page.screenshot(path=str(SCREENSHOTS / "calibration_results_390.png"))
        settled(page)
        assert violations(page) == []
        page.goto("/sign-in/password")
        page.screenshot(path=str(SCREENSHOTS / "new_password_390.png"))
        assert violations(page) == []


def test_who_was_given_another_role_meanwhile_saves_no_more(chromium, work: str, work_home: Path) -> None:
    with at(chromium, work, "supervisor", "/queue") as page:
        page.get_by_role("tab", name="抽检计划").click()
        new = page.locator(".st-key-plan-form-new-name")
        if not new.is_visible():
            page.get_by_text("新建计划", exact=True).click()
        new.get_by_role("textbox").fill("偷偷加的计划")
        new.get_by_role("textbox").press("Enter")
        settled(page)
        with open_users(work_home) as users:
            users.set_role("supervisor", "reviewer", by="test")
        try:
            page.locator(".st-key-plan-form-new-save").get_by_role("button").click()
            page.get_by_text("没有保存").wait_for(timeout=WAIT_MS)
        finally:
            with open_users(work_home) as users:
                users.set_role("supervisor", "supervisor", by="test")
    with open_plans(work_home) as plans:
        assert "偷偷加的计划" not in [stored.plan.name for stored in plans.plans()]
