"""用户: what administrators may do and others may not, temporary passwords over HTTP, settings that count at once."""

from datetime import timedelta
from pathlib import Path

import pytest
import requests

from dashboards.i18n import load_catalogue
from dashboards.people import People
from dashboards.safe_settings import SAFE, change_settings, safe_values, with_safe_changes
from pipeline.config.settings import Settings, load_settings
from pipeline.errors import ConfigError, StoreError
from pipeline.store.accounts import AuditFilter, open_accounts
from pipeline.store.passwords import temporary_password
from pipeline.store.reviews import open_reviews
from pipeline.store.users import LockOut, PermissionDeniedError, SignInError, User, open_users
from tests.dashboards.conftest import settings_for
from tests.dashboards.gate import served_gate

PASSWORD = "a-long-enough-one"
LIMITS = LockOut(5, 900.0)


def local(home: Path) -> Settings:
    settings = settings_for(home)
    return settings.model_copy(update={"auth": settings.auth.model_copy(update={"mode": "local"})})


@pytest.fixture
def admin(tmp_path: Path) -> User:
    with open_users(tmp_path) as users:
        return users.add("root", "管理员", "admin", by="test", password=PASSWORD)


def test_an_administrator_adds_changes_and_disables(tmp_path: Path, admin: User) -> None:
    people = People(local(tmp_path), admin)
    first = people.add("li", "李敏", "reviewer", None)
    (li,) = (account.user for account in people.accounts() if account.user.name == "li")
    assert (li.role, li.password_temporary) == ("reviewer", True)
    people.change(li, "李小敏", "agent", "8023")
    people.set_disabled("li", disabled=True)
    with open_users(tmp_path) as users:
        user = users.user("li")
        assert (user.display_name, user.role, user.agent_id, user.disabled) == ("李小敏", "agent", "8023", True)
        with pytest.raises(SignInError):
            users.sign_in("li", first, LIMITS)
    assert len({temporary_password() for _ in range(50)}) == 50


def test_the_last_sign_in_and_open_sessions_are_shown_and_ended(tmp_path: Path, admin: User) -> None:
    people = People(local(tmp_path), admin)
    assert people.accounts()[0].last_sign_in is None
    with open_users(tmp_path) as users:
        secret = users.start_session("root", 3600.0)
        users.start_session("root", -1.0)
        (account,) = people.accounts()
        assert (account.sessions, account.last_sign_in is not None) == (1, True)
        people.end_sessions("root")
        assert users.user_of_session(secret) is None
    assert people.accounts()[0].sessions == 0


@pytest.mark.parametrize("role", ["reviewer", "supervisor", "agent"])
def test_nobody_else_manages(tmp_path: Path, role: str) -> None:
    people = People(local(tmp_path), User("li", "李敏", role, agent_id="A"))  # type: ignore[arg-type]
    for forbidden in (
        people.accounts,
        lambda: people.add("x", "x", "admin", None),
        lambda: people.new_password("root"),
        lambda: people.set_disabled("root", disabled=True),
        lambda: people.end_sessions("root"),
        lambda: people.log(AuditFilter(), None, 10),
        lambda: change_settings(local(tmp_path), User("li", "李敏", "supervisor"), {}),
    ):
        with pytest.raises(PermissionDeniedError):
            forbidden()


def test_an_administrator_who_was_demoted_meanwhile_manages_no_more(tmp_path: Path, admin: User) -> None:
    with open_users(tmp_path) as users:
        users.add("second", "第二", "admin", by="test")
        users.set_role("root", "reviewer", by="test")
    with pytest.raises(PermissionDeniedError):
        People(local(tmp_path), admin).add("evil", "x", "admin", None)


def test_nobody_locks_everybody_out(tmp_path: Path, admin: User) -> None:
    people = People(local(tmp_path), admin)
    with pytest.raises(StoreError, match="own rights"):
        people.set_disabled("root", disabled=True)
    with open_users(tmp_path) as users:
        with pytest.raises(StoreError, match="last administrator"):
            users.set_role("root", "reviewer", by="callqa user")
        users.add("second", "第二", "admin", by="test")
        users.set_role("root", "reviewer", by="callqa user")
        assert users.user("root").role == "reviewer"


def test_a_temporary_password_has_to_be_changed_first(tmp_path: Path, admin: User) -> None:
    given = People(local(tmp_path), admin).add("li", "李敏", "reviewer", None)
    with served_gate(local(tmp_path)) as address:

        def post(path: str, **values: str) -> requests.Response:
            values = {"name": "li", "next": "/who", **values}
            return requests.post(
                address + path, data=values, headers={"origin": address}, allow_redirects=False, timeout=10
            )

        asked = post("/sign-in", password=given)
        assert asked.status_code == 200
        assert "临时密码" in asked.text
        assert "set-cookie" not in asked.headers
        assert post("/sign-in/password", password=given, new="short", again="short").status_code == 400
        assert post("/sign-in/password", password=given, new=given, again=given).status_code == 400
        assert "不一样" in post("/sign-in/password", password=given, new=PASSWORD, again=PASSWORD + "x").text
        assert post("/sign-in/password", password="wrong", new=PASSWORD, again=PASSWORD).status_code == 401
        done = post("/sign-in/password", password=given, new=PASSWORD, again=PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/who")
        assert requests.get(f"{address}/who", cookies=done.cookies, timeout=10).text == "li reviewer"
        assert post("/sign-in", password=PASSWORD).status_code == 303
        assert post("/sign-in", password=given).status_code == 401
        foreign = requests.post(f"{address}/sign-in/password", headers={"origin": "https://evil.example"}, timeout=10)
        assert foreign.status_code == 403


def test_settings_are_written_with_their_comments_logged_and_count_at_once(tmp_path: Path, admin: User) -> None:
    path = tmp_path / "callqa.yaml"
    path.write_text("# ours\nreview:\n  appeal_days: 5  # agreed in March\n", encoding="utf-8")
    settings = load_settings(tmp_path)
    values = safe_values(settings)
    assert values["review.appeal_days"] == 5
    new = {**values, "review.appeal_days": 9.0, "dashboard.rate_band_cpm": (150.0, 250.0)}
    changes = change_settings(settings, admin, new)
    assert {change.name for change in changes} == {"review.appeal_days", "dashboard.rate_band_cpm"}
    text = path.read_text(encoding="utf-8")
    assert "# ours" in text
    assert "appeal_days: 9  # agreed in March" in text
    later = with_safe_changes(settings)
    assert (later.review.appeal_days, later.dashboard.rate_band_cpm) == (9.0, (150.0, 250.0))
    with open_reviews(tmp_path) as reviews:
        assert {(e.who, e.detail) for e in reviews.audit() if e.what == "settings.change"} == {
            ("root", "review.appeal_days: 5 -> 9"),
            ("root", "dashboard.rate_band_cpm: [160, 260] -> [150, 250]"),
        }
    assert change_settings(later, admin, safe_values(later)) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("review.appeal_days", -1.0), ("dashboard.rate_band_cpm", (300.0, 200.0)), ("review.task_lock_s", 5.0)],
)
def test_a_setting_that_is_not_allowed_changes_nothing(tmp_path: Path, admin: User, name: str, value: object) -> None:
    settings = load_settings(tmp_path)
    with pytest.raises(ConfigError):
        change_settings(settings, admin, {**safe_values(settings), name: value})
    assert not (tmp_path / "callqa.yaml").exists()
    assert load_settings(tmp_path) == settings


def test_a_file_that_somebody_is_just_editing_changes_nothing(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    (tmp_path / "callqa.yaml").write_text("review: {appeal_days: soon}\n", encoding="utf-8")
    assert with_safe_changes(settings) == settings


def test_the_log_by_person_deed_call_day_and_page(tmp_path: Path, admin: User) -> None:
    with open_reviews(tmp_path) as reviews:
        for number in range(7):
            reviews.log("li" if number % 2 else "wu", "audio.play", call_id=f"c{number}")
    people = People(local(tmp_path), admin)

    def found(before: int | None = None, limit: int = 50, **wanted: object) -> list[str]:
        lines = people.log(AuditFilter(**wanted), before, limit)  # type: ignore[arg-type]
        return [f"{line.entry.who} {line.entry.what} {line.entry.call_id or ''}".strip() for line in lines]

    assert found(who="li") == ["li audio.play c5", "li audio.play c3", "li audio.play c1"]
    assert found(what="user.") == ["test user.add"]
    assert found(call_id="c2") == ["wu audio.play c2"]
    first = people.log(AuditFilter(), None, 3)
    assert [line.entry.call_id for line in first] == ["c6", "c5", "c4"]
    assert found(before=first[-1].number, limit=2) == ["li audio.play c3", "wu audio.play c2"]
    at = first[0].entry.created_at
    assert found(from_at=at, to_at=at + timedelta(seconds=1)) == ["wu audio.play c6"]
    assert found(to_at=at, limit=1) == ["li audio.play c5"]
    with open_accounts(tmp_path) as accounts:
        accounts.note(admin, "settings.change", "x")


def test_every_safe_setting_has_its_text() -> None:
    assert {f"settings.{part}.{name}" for part, name, _ in SAFE} <= set(load_catalogue())
