"""The table of bad input: hostile text in every field that people fill is text on every page and harmless in exports;
a store that is locked, full or being swapped is told, and nothing is lost.

Elsewhere: tampered, foreign and expired sound addresses (test_audio_route, test_auth), a missing recording and an
utterance of ten thousand characters (test_browser), an expired sign-in (test_auth).
"""

import io
import multiprocessing
import resource
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from dashboards.call_search import CallFilter, Calls
from dashboards.data import Data
from dashboards.plain import escaped, plain
from pipeline.errors import StoreError
from pipeline.store import sqlite
from pipeline.store.appeals import Result, open_appeals
from pipeline.store.coaching import open_coaching
from pipeline.store.notes import open_notes
from pipeline.store.playlists import Moment, open_playlists
from pipeline.store.reviews import ReviewForm, ReviewItem, open_reviews
from pipeline.store.saved_views import open_saved_views
from pipeline.store.snapshot import POINTER, snapshots_folder
from pipeline.store.users import PermissionDeniedError, User, open_users
from tests.dashboards.conftest import running_dashboard, settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL, HOSTILE_CALL
from tests.dashboards.walk import AGENT_ID, MenuPage, menu, open_page, people, settled, sign_in

HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>',
    "![图](http://203.0.113.9/x.png) [点](javascript:window.hacked=1) http://203.0.113.9/",
    '=HYPERLINK("http://203.0.113.9","x")',
    "\u202e反向\u202c :red[红] $x^2$ `code` **粗**",
)
TEXT = " ".join(HOSTILE)
SUPERVISOR, AGENT = User("supervisor", "s", "supervisor"), User("agent", "a", "agent", AGENT_ID)
SHOWN_ON = ("appeals", "training")
LEADS_OUT = "a[href*='203.0.113.9'], img[src*='203.0.113.9'], a[href^='javascript:']"


def form(text: str) -> ReviewForm:
    return ReviewForm(
        call_id=APPOINTMENT_CALL,
        reviewer="reviewer",
        items=(ReviewItem("greeting", 0.0, overridden=True, reason=text),),
        comment=text,
        total=50.0,
        fatal=False,
        snapshot_id=1,
        rulebook_version="r-0",
        scorecard_id="default",
        scorecard_version="1",
        passed=False,
    )


def fill(home: Path) -> None:
    """Hostile text wherever somebody may type one."""
    with open_users(home) as users:
        users.add("evil", TEXT[:60], "reviewer", by="test", password="a-long-enough-one")
    with open_reviews(home) as reviews:
        reviews.add_verdict(APPOINTMENT_CALL, "x@1", "reject", reviewer=TEXT, comment=TEXT, based_on=None)
        reviews.add_review(form(TEXT))
        reviews.log(TEXT, "audio.play", call_id=APPOINTMENT_CALL, detail=TEXT)
    with open_appeals(home) as appeals:
        result = Result(AGENT_ID, 1, datetime.now(UTC))
        appeals.appeal(APPOINTMENT_CALL, AGENT, TEXT, result, window_s=3600.0)
    with open_notes(home) as notes:
        notes.add(COMPLAINT_CALL, SUPERVISOR, 1.0, TEXT)
    with open_playlists(home) as playlists:
        made = playlists.create(SUPERVISOR, HOSTILE[0][:55], "agents")
        playlists.add(made.playlist_id, SUPERVISOR, Moment(COMPLAINT_CALL, 1.0, 4.0, good=True, note=TEXT))
    with open_coaching(home) as coaching:
        coaching.add_note(SUPERVISOR, AGENT_ID, TEXT)
    with open_saved_views(home) as views:
        views.save(SUPERVISOR, HOSTILE[1][:40], {"q": [TEXT[:50]]}, shared=True)


@pytest.fixture(scope="module")
def guarded(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = people(store, tmp_path_factory.mktemp("hostile"))
    fill(home)
    with running_dashboard(home) as address:
        yield address


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("where", menu(), ids=lambda page: page.name)
def test_hostile_text_is_text_on_every_page(chromium, guarded: str, where: MenuPage) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, locale="zh-CN", base_url=guarded)
    sign_in(context, "admin")
    page = context.new_page()
    outside: list[str] = []
    allowed = (guarded, guarded.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(allowed) else outside.append(request.url))
    addresses = [where.address("admin")]
    if where.name == "call":
        addresses = [f"/call?call={call}" for call in (APPOINTMENT_CALL, COMPLAINT_CALL, HOSTILE_CALL)]
    if where.name == "calls":
        addresses += ["/calls?q=%3Cscript%3E", "/calls?agent=%3Cb%3E%27--&q=%27%20or%201%3D1"]
    if where.name == "agents":
        addresses += ["/agents?agent=8040"]
    for address in addresses:
        page.goto(address)
        settled(page)
        tabs = page.get_by_role("tab")
        for number in range(tabs.count()):
            tabs.nth(number).click()
            settled(page)
        assert page.evaluate("window.hacked") is None, address
        assert page.locator(LEADS_OUT).count() == 0, address
        assert page.locator("[data-testid=stException]").count() == 0, address
    if where.name in SHOWN_ON:
        assert page.get_by_text("<script>window.hacked=1</script>").count() > 0, "it should be there, as text"
    context.close()
    assert outside == []


@pytest.mark.browser
def test_a_tampered_session_and_a_foreign_call_show_nothing(chromium, guarded: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", base_url=guarded)
    sign_in(context, "agent")
    page = context.new_page()
    page.goto(f"/call?call={COMPLAINT_CALL}")
    page.get_by_text("这通电话不属于您").wait_for(timeout=20_000)
    assert page.locator(".transcript").count() == 0
    open_page(page, MenuPage("calls", None), "agent")
    assert page.get_by_text("王强").count() == 0
    (cookie,) = [c for c in context.cookies() if c["name"] == "callqa_session"]
    context.add_cookies([{**cookie, "value": cookie["value"][:-2] + "xx"}])
    page.goto("/calls")
    page.get_by_label("密码").wait_for(timeout=20_000)
    context.close()


def test_exports_hold_no_formula(home: Path) -> None:
    calls = Calls(Data(settings_for(home)))
    chosen = CallFilter(agents=("8040",))
    for suffix in (".csv", ".xlsx"):
        content = calls.export(chosen, suffix)
        frame = pl.read_csv(io.BytesIO(content)) if suffix == ".csv" else None
        assert b"<script>alert(1)</script>" in content or suffix == ".xlsx"
        if frame is not None:
            texts = [v for row in frame.iter_rows() for v in row if isinstance(v, str)]
            assert not [v for v in texts if v.startswith(("=", "+", "@", "\t", "\r"))]


@pytest.mark.parametrize("text", [*HOSTILE, "长" * 10_000, "", "\x00\x1b[31m"])
def test_lines_for_widgets_hold_no_markup_and_no_controls(text: str) -> None:
    assert len(plain(text)) <= 200
    assert not set(plain(text)) & set("\x00\x1b\u202e\u202c\n")
    shown = escaped(text)
    assert "<" not in shown.replace("\\<", "")
    assert "](" not in shown
    assert "//" not in shown.replace("\\/", "").replace("\u2060", "")


def test_a_locked_store_is_told_and_what_comes_after_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Data(settings_for(home))
    data.add_verdict("c", "r@1", "confirm", "li", None)
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(home / "reviews.sqlite", isolation_level=None)
    holder.execute("begin immediate")
    with pytest.raises(StoreError, match="locked"):
        data.add_verdict("c", "r@1", "reject", "li", 1)
    assert data.decisions("c").verdicts["r@1"].verdict == "confirm"  # reading goes on
    holder.execute("rollback")
    holder.close()
    data.add_verdict("c", "r@1", "reject", "li", 1)
    assert data.decisions("c").verdicts["r@1"].verdict == "reject"


def _on_a_full_disk(home: str, told) -> None:
    data = Data(settings_for(Path(home)))
    data.decisions("c")  # what is there can be read; from now on no file may grow
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        data.add_verdict("c", "r@1", "reject", "li", 1)
        told.put("saved")
    except StoreError as error:
        told.put(str(error))


def test_a_full_disk_is_told_and_what_was_there_stays(home: Path) -> None:
    data = Data(settings_for(home))
    data.add_verdict("c", "r@1", "confirm", "li", None)
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    process = spawn.Process(target=_on_a_full_disk, args=(str(home), told))
    process.start()
    message = told.get(timeout=60)
    process.join(60)
    assert "free some disk" in message
    assert [v.verdict for v in data.decisions("c").verdicts.values()] == ["confirm"]
    data.add_verdict("c", "r@1", "reject", "li", 1)


def test_a_snapshot_that_is_gone_is_told_with_the_remedy(home: Path) -> None:
    data = Data(settings_for(home))
    assert data.info()["calls"] > 0
    (snapshots_folder(home) / POINTER).write_text("analytics-999.duckdb\n", encoding="utf-8")
    with pytest.raises(StoreError, match="callqa publish"):
        Data(settings_for(home)).info()


def test_writes_ask_for_the_right(home: Path) -> None:
    data = Data(settings_for(home), AGENT)
    with pytest.raises(PermissionDeniedError):
        data.add_verdict("c", "r@1", "confirm", "agent", None)
    with pytest.raises(PermissionDeniedError):
        data.add_review(form("x"))
    with pytest.raises(PermissionDeniedError):
        data.call(COMPLAINT_CALL)
