"""培训 in a browser: moments play in a row; an agent hears what was shared, and not whose it is."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect
from ruamel.yaml import YAML

from pipeline.store.playlists import Moment, open_playlists
from pipeline.store.users import User, open_users
from tests.dashboards.conftest import SCREENSHOTS, running_dashboard
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL
from tests.dashboards.test_browser import WAIT_MS, settled
from tests.dashboards.test_walk import PASSWORD, enter

pytestmark = pytest.mark.browser

BOSS = User("zhou", "周主管", "supervisor")
NOTE = "不要这样说 <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def guarded(store: Path, tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("training")
    shutil.copytree(store / "snapshots", home / "snapshots")
    with (home / "callqa.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"auth": {"mode": "local"}}, file)
    with open_users(home) as users:
        users.add("zhou", "周主管", "supervisor", by="test", password=PASSWORD)
        users.add("chen", "陈晨", "agent", by="test", agent_id="8040", password=PASSWORD)
    with open_playlists(home) as playlists:
        made = playlists.create(BOSS, "投诉怎么接", "agents").playlist_id
        playlists.add(made, BOSS, Moment(COMPLAINT_CALL, 29.8, 31.0, good=False, note=NOTE))
        playlists.add(made, BOSS, Moment(APPOINTMENT_CALL, 12.3, 13.5, good=True, note="先告知再查询"))
    with running_dashboard(home) as address:
        yield address


def test_moments_play_in_a_row_and_are_put_in_order(chromium, guarded: str) -> None:
    page = enter(chromium, guarded, "zhou", "/training")
    rows = page.locator(".moment")
    rows.nth(1).wait_for(timeout=WAIT_MS)
    expect(rows.nth(0)).to_contain_text(NOTE, timeout=WAIT_MS)
    assert page.locator(".moment img").count() == 0
    settled(page)
    page.get_by_role("button", name="连续播放").click()
    page.locator(".moment.playing", has_text="你急什么").wait_for(timeout=WAIT_MS)
    page.locator(".moment.playing", has_text="先告知再查询").wait_for(timeout=WAIT_MS)  # nobody pressed anything
    settled(page)
    page.get_by_role("button", name="上移 2").click()
    page.locator(".moment").first.filter(has_text="先告知再查询").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="打开通话 2").click()
    page.wait_for_url("**/call?*t=29.8*", timeout=WAIT_MS)
    page.context.close()


def test_an_agent_hears_the_moment_and_not_whose_it_is(chromium, guarded: str) -> None:
    page = enter(chromium, guarded, "chen", "/training")
    rows = page.locator(".moment")
    rows.nth(1).wait_for(timeout=WAIT_MS)
    assert "王强" not in page.locator(".playlist").inner_text()
    assert COMPLAINT_CALL not in page.content()
    assert page.get_by_role("button", name="打开通话").count() == 0
    assert page.get_by_role("button", name="上移").count() == 0
    with page.expect_response(lambda r: "/audio/" in r.url) as heard:
        page.locator(".moment .at").first.click()
    assert heard.value.status in (200, 206)
    page.locator(".moment.playing").wait_for(timeout=WAIT_MS)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        page.screenshot(path=str(SCREENSHOTS / f"training_agent_{width}.png"))
        wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= width
    page.context.close()
