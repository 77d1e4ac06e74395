"""One call's whole way in a browser: drawn, heard, judged by keys, scored, appealed, decided, counted."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from ruamel.yaml import YAML

from pipeline.sampling import FrameCall, Plan, draw
from pipeline.store.drafts import open_drafts
from pipeline.store.plans import open_plans
from pipeline.store.reviews import open_reviews
from pipeline.store.users import User, open_users
from tests.dashboards.conftest import SCREENSHOTS, running_dashboard
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL
from tests.dashboards.test_browser import AUDIO, WAIT_MS, settled, wait_clock

pytestmark = pytest.mark.browser

PASSWORD = "a-long-enough-one"
PEOPLE = (
    ("li", "李敏", "reviewer", None),
    ("wu", "吴芳", "reviewer", None),
    ("zhou", "周主管", "supervisor", None),
    ("wang", "王强", "agent", "8031"),
)


@pytest.fixture(scope="module")
def people(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeded calls with their artefacts, sign-in, and one call drawn for review."""
    home = tmp_path_factory.mktemp("walk")
    for folder in ("snapshots", "artefacts"):
        shutil.copytree(store / folder, home / folder)
    with (home / "callqa.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"auth": {"mode": "local"}, "review": {"appeal_days": 36_500}}, file)
    with open_users(home) as users:
        for name, shown, role, agent_id in PEOPLE:
            users.add(name, shown, role, by="test", agent_id=agent_id, password=PASSWORD)  # type: ignore[arg-type]
    boss = User("zhou", "周主管", "supervisor")
    plan = Plan("投诉抽检", "random", "day", 1, None, "centre", "none", (), (), (), 0.0, "pool")
    frame = [FrameCall(COMPLAINT_CALL, "8031", "一组", "投诉", 46.0, 69.86, False, True, False, False, "red_line")]
    day = date(2025, 11, 19)
    with open_plans(home) as plans:
        drawn, due_at = draw(plan, frame, 1), datetime.now(UTC) + timedelta(days=7)
        plans.add_draw(plans.add(plan, boss), (day, day), drawn, due_at=due_at, assigned={}, snapshot_id=1, by=boss)
    return home


@pytest.fixture(scope="module")
def guarded(people: Path) -> Iterator[str]:
    with running_dashboard(people) as address:
        yield address


def enter(chromium, address: str, name: str, path: str):
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, locale="zh-CN", base_url=address)
    page = context.new_page()
    page.goto(path)
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    return page


def ready(page) -> None:
    page.locator(".transcript .row").first.wait_for(timeout=WAIT_MS)
    page.wait_for_function(f"{AUDIO}.readyState >= 2", timeout=WAIT_MS)
    settled(page)


def has_chosen(page, place: str) -> None:
    expect(page.locator(".current b")).to_have_text(re.compile(f"^{re.escape(place)}"), timeout=WAIT_MS)


def has_totals(page, *totals: str) -> None:
    shown = page.locator("[class*='st-key-form-totals'] [data-testid=stMetricValue]")
    expect(shown).to_have_text(list(totals), timeout=WAIT_MS)


def kept(page, home: Path, comment: str) -> None:
    """Wait until the server has the draft."""
    for _ in range(WAIT_MS // 250):
        with open_drafts(home) as drafts:
            draft = drafts.draft(COMPLAINT_CALL, User("li", "李敏", "reviewer"))
        if draft is not None and draft.comment == comment:
            return
        page.wait_for_timeout(250)
    pytest.fail(f"the draft was not kept: {draft}")


def red_lines(page) -> str:
    card = page.locator("[data-testid=stMetric]", has_text="红线").first
    card.wait_for(timeout=WAIT_MS)
    settled(page)
    return card.locator("[data-testid=stMetricValue]").inner_text().strip()


def test_the_whole_way_of_a_call(chromium, guarded: str, people: Path) -> None:
    boss = enter(chromium, guarded, "zhou", "/overview")
    assert red_lines(boss).startswith("1 ")

    # The reviewer takes the call from the queue and listens.
    page = enter(chromium, guarded, "li", "/queue")
    page.get_by_role("button", name="下一通").click()
    page.wait_for_url(re.compile(r"/call\?call="), timeout=WAIT_MS)
    ready(page)
    page.keyboard.press("n")
    wait_clock(page, 8.9, 10.5)
    page.wait_for_function(f"!{AUDIO}.paused", timeout=WAIT_MS)
    page.wait_for_function(f"{AUDIO}.currentTime > 9.5", timeout=WAIT_MS)

    # By keys alone: the red line is rejected, the speaking rate confirmed.
    for _ in range(3):
        page.keyboard.press("n")
    has_chosen(page, "4 / 6")
    wait_clock(page, 29.9, 31.5)
    page.keyboard.press("x")
    page.locator(".pin.red_line.rejected").wait_for(timeout=WAIT_MS)
    has_chosen(page, "5 / 6")
    page.keyboard.press("y")
    page.locator("[class*='st-key-finding-rate-fast']").get_by_role("button", name="已确认").wait_for(timeout=WAIT_MS)
    page.keyboard.press(" ")

    # 73 points apply. Automatic 51; without the red line 59; with the confirmed rate (2.5) 56.5: 77.4 of 100.
    settled(page)
    page.keyboard.press("3")
    expect(page.get_by_label("开头语 得分")).to_be_focused(timeout=WAIT_MS)
    page.get_by_text("77.4 分").first.wait_for(timeout=WAIT_MS)
    has_totals(page, "77.4 分", "69.9 分")
    # The closing is given its 4 points instead of 2: 58.5 of 73 are 80.1.
    page.get_by_label("结束语 得分").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.get_by_text("改动过的项目要写明理由").wait_for(timeout=WAIT_MS)
    page.get_by_label("结束语 改分理由（必填）").focus()
    page.keyboard.type("有道别，转写漏了")
    page.keyboard.press("Enter")
    page.get_by_text("80.1 分").first.wait_for(timeout=WAIT_MS)
    page.get_by_label("评语").focus()
    page.keyboard.type("先安抚再解释")
    kept(page, people, "先安抚再解释")  # without leaving the field

    # Nothing that was typed is lost by a reload.
    page.reload()
    ready(page)
    page.keyboard.press("3")
    page.get_by_text("80.1 分").first.wait_for(timeout=WAIT_MS)
    expect(page.get_by_label("评语")).to_have_value("先安抚再解释", timeout=WAIT_MS)
    expect(page.get_by_label("结束语 改分理由（必填）")).to_have_value("有道别，转写漏了")
    page.screenshot(path=str(SCREENSHOTS / "walk_form_1280.png"))
    page.get_by_label("评语").press("Alt+s")
    page.get_by_text("人工评分 · 第 1 版").wait_for(timeout=WAIT_MS)
    with open_reviews(people) as store:
        form = store.latest_review(COMPLAINT_CALL).form
    assert (form.total, form.fatal, form.passed, form.reviewer) == (80.14, False, True, "li")
    assert [(i.item_id, i.points, i.reason) for i in form.items if i.overridden] == [
        ("closing", 4.0, "有道别，转写漏了")
    ]

    # The agent appeals, and can open neither another's call nor the rules.
    agent = enter(chromium, guarded, "wang", f"/call?call={COMPLAINT_CALL}")
    ready(agent)
    agent.get_by_text("人工评分 · 第 1 版").wait_for(timeout=WAIT_MS)
    assert agent.get_by_role("tab", name="人工评分").count() == 0
    agent.get_by_role("tab", name="申诉").click()
    agent.get_by_label("申诉理由").fill("静默时我在查系统")
    agent.get_by_role("button", name="提交申诉").click()
    agent.get_by_text("待处理").wait_for(timeout=WAIT_MS)
    agent.goto(f"/call?call={APPOINTMENT_CALL}")
    agent.get_by_text("这通电话不属于您").wait_for(timeout=WAIT_MS)
    settled(agent)
    assert agent.locator(".transcript .row").count() == 0
    agent.goto("/rules")
    settled(agent)
    agent.get_by_role("link", name="通话").wait_for(timeout=WAIT_MS)
    assert agent.get_by_role("link", name="规则").count() == 0
    assert agent.get_by_role("heading", name="规则").count() == 0

    # The supervisor decides, and the overview counts the call by what people said.
    boss.goto("/appeals")
    boss.get_by_text("静默时我在查系统").wait_for(timeout=WAIT_MS)
    settled(boss)
    boss.get_by_role("button", name="打开通话").click()
    ready(boss)
    boss.get_by_role("tab", name="申诉").click()
    boss.get_by_role("button", name="受理").click()
    settled(boss)
    boss.get_by_label("理由（坐席会看到）").fill("听了录音，情况属实")
    boss.get_by_role("button", name="提交结论").click()
    boss.get_by_text("申诉成立").wait_for(timeout=WAIT_MS)
    boss.goto("/overview")
    assert red_lines(boss).startswith("0 ")
    agent.goto(f"/call?call={COMPLAINT_CALL}")
    ready(agent)
    agent.get_by_role("tab", name="申诉").click()
    agent.get_by_text("听了录音，情况属实").wait_for(timeout=WAIT_MS)
    for used in (page, agent, boss):
        used.context.close()


def test_corrected_words_change_findings_and_score_at_once(chromium, guarded: str) -> None:
    page = enter(chromium, guarded, "li", f"/call?call={APPOINTMENT_CALL}")
    ready(page)
    page.locator(".row[data-index='5'] .said").click()
    wait_clock(page, 34.2, 37.5)
    page.keyboard.press("e")
    field = page.locator(".editor textarea")
    assert field.input_value() == "这个我不知道，规定就这样。"
    field.fill("这个我帮您查一下，请稍等。<b>")
    field.press("Control+Enter")
    page.get_by_text("已按 1 处人工更正重算").wait_for(timeout=WAIT_MS)
    row = page.locator(".row[data-index='5']")
    expect(row.locator(".said")).to_have_text("这个我帮您查一下，请稍等。<b>", timeout=WAIT_MS)
    expect(row.locator(".mended")).to_contain_text("人工更正", timeout=WAIT_MS)
    page.screenshot(path=str(SCREENSHOTS / "call_corrected_1280.png"))
    settled(page)
    page.keyboard.press("4")
    page.get_by_role("button", name="撤回这条更正").click()
    page.locator(".row[data-index='5'] .said", has_text="这个我不知道").wait_for(timeout=WAIT_MS)
    page.context.close()


def test_notes_bookmarks_loop_speed_and_help(chromium, guarded: str) -> None:
    page = enter(chromium, guarded, "li", f"/call?call={COMPLAINT_CALL}&t=38")
    ready(page)
    wait_clock(page, 37.9, 38.1)
    page.keyboard.press("m")
    page.locator(".editor textarea").fill("这里处理得好 ![x](http://203.0.113.9/n.png)")
    page.keyboard.press("Control+Enter")
    page.locator(".noted .text", has_text="这里处理得好 ![x](http://203.0.113.9/n.png)").wait_for(timeout=WAIT_MS)
    page.keyboard.press("l")
    wait_clock(page, 38.0, 43.3)
    page.evaluate(f"{AUDIO}.currentTime = 43.1")
    wait_clock(page, 38.0, 40.0)  # back at the beginning of the turn
    page.keyboard.press("l")
    for expected in (1.25, 1.5):
        page.keyboard.press("]")
        page.wait_for_function(f"{AUDIO}.playbackRate === {expected}", timeout=WAIT_MS)
    page.keyboard.press("[")
    page.wait_for_function(f"{AUDIO}.playbackRate === 1.25", timeout=WAIT_MS)
    page.keyboard.press("?")
    page.locator("dialog.help[open]").wait_for(timeout=WAIT_MS)
    expect(page.locator("dialog.help dt")).to_have_count(14, timeout=WAIT_MS)
    page.keyboard.press("?")
    expect(page.locator("dialog.help[open]")).to_have_count(0, timeout=WAIT_MS)
    page.keyboard.press("b")
    page.get_by_label("新播放单名称").fill("安抚情绪")
    page.locator(".editor button[type=submit]").click()
    page.get_by_text("已收藏到播放单").wait_for(timeout=WAIT_MS)
    page.get_by_role("link", name="培训").click()
    moment = page.locator(".moment")
    moment.wait_for(timeout=WAIT_MS)
    expect(moment).to_contain_text("我理解您的心情", timeout=WAIT_MS)
    page.context.close()


def test_two_on_one_call_are_told(chromium, guarded: str) -> None:
    one = enter(chromium, guarded, "li", f"/call?call={APPOINTMENT_CALL}")
    ready(one)
    other = enter(chromium, guarded, "wu", f"/call?call={APPOINTMENT_CALL}")
    other.get_by_text("li 也在看这通通话").wait_for(timeout=WAIT_MS)
    one.get_by_text("wu 也在看这通通话").wait_for(timeout=WAIT_MS)
    for page in (one, other):
        page.context.close()
