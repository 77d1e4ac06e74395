"""坐席 in a real browser: a supervisor sets a goal and exports a sheet; the agent agrees and sees nobody else."""

import re
import zipfile

import pytest

from tests.dashboards.conftest import SCREENSHOTS, running_dashboard
from tests.dashboards.walk import WAIT_MS, people, settled, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in(chromium, store, tmp_path):
    """Opens a page as somebody: signed_in(role, width)."""
    home = people(store, tmp_path)
    with running_dashboard(home) as address:
        contexts = []

        def open_as(role: str, width: int = 1280):
            context = chromium.new_context(viewport={"width": width, "height": 900}, base_url=address)
            contexts.append(context)
            sign_in(context, role)
            return context.new_page()

        yield open_as
        for context in contexts:
            context.close()


def picture(page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def test_a_goal_is_set_and_agreed_to_and_an_agent_sees_their_own_profile_only(signed_in):
    boss = signed_in("supervisor")
    boss.goto("/agents")
    settled(boss)
    boss.locator("table a", has_text="8023").click()
    boss.get_by_role("heading", name="李静 8023").wait_for(timeout=WAIT_MS)
    settled(boss)
    boss.get_by_text("制定目标").click()
    boss.get_by_label("不低于（分）").fill("85")
    boss.get_by_role("button", name="保存目标").click()
    boss.get_by_text("平均分 不低于 85.0 分").wait_for(timeout=WAIT_MS)
    boss.get_by_text("写辅导记录").click()
    boss.get_by_label("内容").fill("先安抚，再解释 <b>x</b>")
    boss.get_by_role("button", name="保存记录").click()
    boss.get_by_text("先安抚，再解释 <b>x</b>").first.wait_for(timeout=WAIT_MS)
    settled(boss)
    picture(boss, "agent_profile_1280")

    agent = signed_in("agent", 390)
    agent.goto("/agents?agent=8031")
    agent.get_by_role("heading", name="李静 8023").wait_for(timeout=WAIT_MS)
    settled(agent)
    assert agent.get_by_text("Page not found").count() == 0
    agent.get_by_text("先安抚，再解释 <b>x</b>").wait_for(timeout=WAIT_MS)
    assert agent.get_by_text("王强").count() == 0
    assert agent.get_by_text("写辅导记录").count() == 0
    agent.get_by_role("button", name="同意这个目标").click()
    agent.get_by_text("已约定").wait_for(timeout=WAIT_MS)
    settled(agent)
    picture(agent, "agent_profile_390")


def test_the_weekly_sheet_prints_alone_and_exports_numbers(signed_in, tmp_path):
    page = signed_in("supervisor")
    page.goto("/agents")
    settled(page)
    page.get_by_text("每周小结").click()
    page.get_by_role("heading", name="坐席服务质量周报 2025-11-17 至 2025-11-23").wait_for(timeout=WAIT_MS)
    settled(page)
    picture(page, "agents_weekly_1280")
    with page.expect_download() as download:
        page.get_by_text("导出表格").click()
    path = tmp_path / "sheet.xlsx"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        texts = re.findall(r"<t[^>]*>([^<]*)", archive.read("xl/sharedStrings.xml").decode())
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()
    assert texts[0] == "坐席服务质量周报 2025-11-17 至 2025-11-23"
    assert "8031 王强" in texts
    page.emulate_media(media="print")
    assert page.locator("table").is_visible()
    for hidden in ("每周小结", "导出表格", "English"):
        assert not page.get_by_text(hidden).first.is_visible()
    assert not page.locator("[data-testid=stHeader]").is_visible()
