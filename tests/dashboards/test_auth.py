"""Who gets in: the gate, the sign-in page, what an agent sees; over HTTP and in a browser."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ruamel.yaml import YAML

from dashboards.auth import ANYBODY, user_of
from dashboards.call_search import CallFilter, Calls
from dashboards.data import Data
from dashboards.sign_in_pages import own_path
from pipeline.store.users import PermissionDeniedError, User, open_users
from tests.dashboards.conftest import SCREENSHOTS, running_dashboard, settings_for
from tests.dashboards.seed import APPOINTMENT_CALL
from tests.dashboards.walk import settled

PASSWORD = "a-long-enough-one"
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def people(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded data folder with sign-in and three users; 陈 is the agent of some of the calls."""
    home = tmp_path_factory.mktemp("people")
    shutil.copytree(store / "snapshots", home / "snapshots")
    with (home / "callqa.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"auth": {"mode": "local"}, "review": {"appeal_days": 36_500}}, file)
    agent = Data(settings_for(home)).call(APPOINTMENT_CALL).head["agent_id"]
    with open_users(home) as users:
        users.add("li", "李敏", "reviewer", by="test", password=PASSWORD)
        users.add("zhou", "周主管", "supervisor", by="test", password=PASSWORD)
        users.add("chen", "陈晨", "agent", by="test", agent_id=agent, password=PASSWORD)
    return home


@pytest.fixture(scope="module")
def guarded(people: Path) -> Iterator[str]:
    with running_dashboard(people) as address:
        yield address


def signed_in(address: str, name: str) -> requests.Session:
    client = requests.Session()
    values = {"name": name, "password": PASSWORD, "next": "/"}
    done = client.post(f"{address}sign-in", data=values, headers=origin(address), allow_redirects=False, timeout=20)
    assert done.status_code == 303, done.text
    return client


def get(address: str, path: str, client: requests.Session | None = None, **more):
    return (client or requests).get(address.rstrip("/") + path, allow_redirects=False, timeout=20, **more)


def post(address: str, headers: dict[str, str], **values: str):
    return requests.post(f"{address}sign-in", data=values, headers=headers, allow_redirects=False, timeout=20)


def origin(address: str) -> dict[str, str]:
    return {"origin": address.rstrip("/")}


@pytest.mark.parametrize("path", ["/", "/calls", "/call?call=x", "/runs"])
def test_without_sign_in_every_page_leads_to_the_form(guarded: str, path: str) -> None:
    answer = get(guarded, path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", ["/_stcore/stream", "/_stcore/host-config", "/audio/abc", "/media/x", "/component/x"])
def test_without_sign_in_nothing_else_is_served(guarded: str, path: str) -> None:
    assert get(guarded, path).status_code == 401


def test_the_form_takes_the_right_password_only(guarded: str) -> None:
    page = get(guarded, "/sign-in")
    assert page.status_code == 200
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wrong = post(guarded, origin(guarded), name="zhou", password="x")
    assert wrong.status_code == 401
    assert "用户名或密码不正确" in wrong.text
    assert "set-cookie" not in wrong.headers
    client = signed_in(guarded, "zhou")
    cookie = next(iter(client.cookies))
    assert (cookie.name, cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == ("callqa_session", "/", True)
    assert get(guarded, "/", client).status_code == 200


def test_a_form_sent_from_elsewhere_is_refused(guarded: str) -> None:
    answer = post(guarded, {"origin": "https://evil.example"}, name="li", password=PASSWORD)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_what_was_typed_comes_back_as_text(guarded: str) -> None:
    name = '"><script>alert(1)</script>'
    answer = post(guarded, origin(guarded), name=name, password="x")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/calls?text=医保", "/calls?text=医保"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_sign_in_leads_to_pages_of_this_server_only(wanted: str, leads_to: str) -> None:
    assert own_path(wanted) == leads_to


def test_signing_out_ends_the_session(guarded: str) -> None:
    client = signed_in(guarded, "li")
    kept = client.cookies["callqa_session"]
    assert get(guarded, "/sign-out", client, headers={"referer": guarded}).status_code == 303
    assert get(guarded, "/", cookies={"callqa_session": kept}).status_code == 303


def test_another_users_audio_address_plays_nothing(guarded: str, people: Path) -> None:
    from dashboards.links import audio_token, signing_key

    sha256 = Data(settings_for(people)).call(APPOINTMENT_CALL).head["sha256"]
    address = f"/audio/{audio_token(signing_key(people), sha256, time.time(), 3600, 'zhou')}"
    assert get(guarded, address, signed_in(guarded, "zhou")).status_code == 200
    assert get(guarded, address, signed_in(guarded, "li")).status_code == 403
    assert get(guarded, address).status_code == 401


def test_an_agent_is_given_their_own_calls_only(people: Path) -> None:
    data = Data(settings_for(people))
    agent_id = data.call(APPOINTMENT_CALL).head["agent_id"]
    mine = data.seen_by(User("chen", "陈晨", "agent", agent_id=agent_id))
    seen = Calls(mine).page(CallFilter(), limit=100)
    assert seen.height
    assert seen.height < Calls(data).page(CallFilter(), limit=100).height
    assert set(seen["agent_id"]) == {agent_id}
    asked_for_more = Calls(mine).page(CallFilter(agents=("somebody else",)), limit=100)
    assert set(asked_for_more["agent_id"]) == {agent_id}
    assert [a["agent_id"] for a in mine.filter_options()["agents"]] == [agent_id]
    foreign = next(
        row for row in Calls(data).page(CallFilter(), limit=100).iter_rows(named=True) if row["agent_id"] != agent_id
    )
    with pytest.raises(PermissionDeniedError):
        mine.call(foreign["call_id"])
    with pytest.raises(PermissionDeniedError):
        mine.add_verdict(APPOINTMENT_CALL, "x@1", "confirm", "chen", None)


def test_a_proxy_is_believed_only_from_its_address(people: Path) -> None:
    settings = settings_for(people)
    settings = settings.model_copy(update={"auth": settings.auth.model_copy(update={"mode": "proxy"})})
    named = {"x-remote-user": "li"}
    found = user_of(settings, named, "127.0.0.1")
    assert found is not None
    assert found.display_name == "李敏"
    assert user_of(settings, named, "10.0.0.9") is None
    assert user_of(settings, {"x-remote-user": "nobody"}, "127.0.0.1") is None
    assert user_of(settings, {}, "127.0.0.1") is None


def test_without_sign_in_anybody_is_the_local_administrator(home: Path) -> None:
    assert user_of(settings_for(home), {}, "127.0.0.1") == ANYBODY


@pytest.mark.browser
def test_an_agent_signs_in_sees_own_calls_and_is_signed_out(chromium, guarded: str, people: Path) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", base_url=guarded)
    page = context.new_page()
    page.goto("/")
    page.screenshot(path=str(SCREENSHOTS / "sign_in.png"))
    page.get_by_label("用户名").fill("chen")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name="得分最低的通话").wait_for(timeout=WAIT_MS)  # their own profile
    settled(page)
    assert page.get_by_role("link", name="总览").count() == 0
    assert page.get_by_role("link", name="批次").count() == 0
    other = next(
        row["call_id"]
        for row in Calls(Data(settings_for(people))).page(CallFilter(), limit=100).iter_rows(named=True)
        if row["agent_name"] != "陈晨"
        and row["agent_id"] != Data(settings_for(people)).call(APPOINTMENT_CALL).head["agent_id"]
    )
    page.goto(f"/call?call={other}")
    page.get_by_text("这通电话不属于您").wait_for(timeout=WAIT_MS)
    page.screenshot(path=str(SCREENSHOTS / "denied.png"))
    with open_users(people) as users:
        users.set_disabled("chen", disabled=True, by="test")
    page.get_by_role("radio", name="English").or_(page.get_by_text("English")).first.click()
    page.get_by_text(re.compile("登录已失效")).wait_for(timeout=WAIT_MS)
    with open_users(people) as users:
        users.set_disabled("chen", disabled=False, by="test")
    context.close()


@pytest.mark.browser
def test_an_agent_appeals_and_a_supervisor_decides(chromium, guarded: str) -> None:
    agent = enter(chromium, guarded, "chen", f"/call?call={APPOINTMENT_CALL}")
    agent.get_by_role("tab", name="申诉").wait_for(timeout=WAIT_MS)
    settled(agent)
    assert agent.get_by_role("button", name="确认", exact=True).count() == 0
    assert agent.get_by_role("tab", name="人工评分").count() == 0
    agent.get_by_role("tab", name="申诉").click()
    agent.get_by_label("申诉理由").fill("患者先问的，我当时在查系统")
    agent.get_by_role("button", name="提交申诉").click()
    agent.get_by_text("待处理").wait_for(timeout=WAIT_MS)
    boss = enter(chromium, guarded, "zhou", "/appeals")
    boss.get_by_text("患者先问的，我当时在查系统").wait_for(timeout=WAIT_MS)
    settled(boss)
    boss.screenshot(path=str(SCREENSHOTS / "appeal_list_1280.png"))
    boss.get_by_role("button", name="打开通话").click()
    boss.get_by_role("tab", name="申诉").wait_for(timeout=WAIT_MS)
    settled(boss)
    boss.get_by_role("tab", name="申诉").click()
    boss.get_by_role("button", name="受理").click()
    settled(boss)
    boss.get_by_label("理由（坐席会看到）").fill("听了录音，情况属实")
    boss.get_by_role("button", name="提交结论").click()
    boss.get_by_text("申诉成立").wait_for(timeout=WAIT_MS)
    boss.screenshot(path=str(SCREENSHOTS / "appeal_1280.png"))
    agent.reload()
    agent.get_by_role("tab", name="申诉").wait_for(timeout=WAIT_MS)
    settled(agent)
    agent.get_by_role("tab", name="申诉").click()
    agent.get_by_text("听了录音，情况属实").wait_for(timeout=WAIT_MS)
    agent.context.close()
    boss.context.close()


def enter(chromium, address: str, name: str, path: str):
    """A page of somebody who has signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", base_url=address)
    page = context.new_page()
    page.goto(path)
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    return page
