"""Users: what each role may, passwords, lock-out, sessions."""

from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.reviews import open_reviews, reviews_path
from pipeline.store.users import LockOut, PermissionDeniedError, SignInError, User, UserStore, open_users

LIMITS = LockOut(max_failures=3, lockout_s=600)
PASSWORD = "正确-horse-battery"


@pytest.fixture
def users(tmp_path: Path):
    with open_users(tmp_path) as store:
        store.add("li", "李敏", "reviewer", by="root", password=PASSWORD)
        yield store


def test_a_user_signs_in_with_the_password_and_with_no_other(users: UserStore) -> None:
    assert users.sign_in("li", PASSWORD, LIMITS) == User("li", "李敏", "reviewer", has_password=True)
    with pytest.raises(SignInError, match="do not go together"):
        users.sign_in("li", PASSWORD + "x", LIMITS)


def test_unknown_names_and_users_without_password_are_told_the_same(users: UserStore) -> None:
    users.add("wang", "王强", "supervisor", by="root")
    for name in ("nobody", "wang", "", "li' or 1=1 --"):
        with pytest.raises(SignInError, match="do not go together"):
            users.sign_in(name, "", LIMITS)


def test_the_password_is_not_in_the_file(users: UserStore, tmp_path: Path) -> None:
    data = b"".join(p.read_bytes() for p in tmp_path.glob(f"{reviews_path(tmp_path).name}*"))
    assert PASSWORD.encode() not in data
    assert b"$argon2id$" in data


def test_three_wrong_passwords_lock_the_name_for_the_right_one_too(users: UserStore) -> None:
    for _ in range(3):
        with pytest.raises(SignInError, match="go together"):
            users.sign_in("li", "wrong", LIMITS)
    with pytest.raises(SignInError, match="locked for 10 more minute"):
        users.sign_in("li", PASSWORD, LIMITS)


def test_a_lock_ends_with_its_time(users: UserStore) -> None:
    over = LockOut(max_failures=3, lockout_s=0)
    for _ in range(4):
        with pytest.raises(SignInError, match="go together"):
            users.sign_in("li", "wrong", over)
    assert users.sign_in("li", PASSWORD, over).name == "li"


def test_a_right_password_forgets_the_wrong_ones(users: UserStore) -> None:
    for _ in range(3):
        for _ in range(2):
            with pytest.raises(SignInError):
                users.sign_in("li", "wrong", LIMITS)
        assert users.sign_in("li", PASSWORD, LIMITS).name == "li"


def test_a_session_belongs_to_its_user_until_it_ends(users: UserStore) -> None:
    secret = users.start_session("li", 3600)
    held = users.user_of_session(secret)
    assert held is not None
    assert held.name == "li"
    assert users.user_of_session(secret[:-1] + "?") is None
    users.end_session(secret)
    assert users.user_of_session(secret) is None


def test_a_session_runs_out(users: UserStore) -> None:
    assert users.user_of_session(users.start_session("li", -1)) is None


def test_disabling_and_a_new_password_end_every_session(users: UserStore) -> None:
    first, second = users.start_session("li", 3600), users.start_session("li", 3600)
    users.set_password("li", "another password", by="root")
    assert users.user_of_session(first) is users.user_of_session(second) is None
    third = users.start_session("li", 3600)
    users.set_disabled("li", disabled=True, by="root")
    assert users.user_of_session(third) is None
    with pytest.raises(SignInError):
        users.sign_in("li", "another password", LIMITS)
    users.set_disabled("li", disabled=False, by="root")
    assert users.user_of_session(third) is None  # it does not come back
    assert users.sign_in("li", "another password", LIMITS).name == "li"


def test_a_changed_role_holds_in_an_open_session(users: UserStore) -> None:
    secret = users.start_session("li", 3600)
    users.set_role("li", "agent", by="root", agent_id="A1")
    held = users.user_of_session(secret)
    assert held is not None
    assert (held.role, held.agent_id) == ("agent", "A1")


@pytest.mark.parametrize(
    ("name", "role", "agent_id", "password", "says"),
    [
        ("li", "reviewer", None, "", "is there already"),
        ("a b", "reviewer", None, "", "is no name"),
        ("", "reviewer", None, "", "is no name"),
        ("x" * 65, "reviewer", None, "", "is no name"),
        ("zhao", "agent", None, "", "give the agent's id"),
        ("zhao", "boss", None, "", "one of reviewer"),
        ("zhao", "reviewer", None, "short", "10 to 200"),
        ("zhao", "reviewer", None, "x" * 201, "10 to 200"),
    ],
)
def test_what_is_wrong_with_a_new_user_is_said(users: UserStore, name, role, agent_id, password, says) -> None:
    with pytest.raises(StoreError, match=says):
        users.add(name, "某人", role, by="root", agent_id=agent_id, password=password)
    assert [u.name for u in users.users()] == ["li"]


def test_changing_somebody_who_is_not_there_names_the_remedy(users: UserStore) -> None:
    with pytest.raises(StoreError, match="callqa user list"):
        users.set_disabled("zhao", disabled=True, by="root")


def test_every_change_is_in_the_audit_log(users: UserStore, tmp_path: Path) -> None:
    users.set_role("li", "supervisor", by="root")
    users.set_password("li", "another password", by="li")
    with pytest.raises(SignInError):
        users.sign_in("li", "wrong", LIMITS)
    with open_reviews(tmp_path) as store:
        told = [(e.who, e.what, e.detail) for e in store.audit()]
    assert told == [
        ("li", "sign_in.refused", ""),
        ("li", "user.password", "li"),
        ("root", "user.role", "li supervisor"),
        ("root", "user.add", "li reviewer"),
    ]


def test_nobody_can_be_deleted(users: UserStore) -> None:
    with pytest.raises(Exception, match="never deleted"):
        users._connection.execute("delete from users")


def test_what_each_role_may() -> None:
    agent, reviewer = User("a", "a", "agent", agent_id="A1"), User("r", "r", "reviewer")
    supervisor, admin = User("s", "s", "supervisor"), User("x", "x", "admin")
    assert [u.may("review") for u in (agent, reviewer, supervisor, admin)] == [False, True, True, True]
    assert [u.may("assign") for u in (agent, reviewer, supervisor, admin)] == [False, False, True, True]
    assert [u.may("manage") for u in (agent, reviewer, supervisor, admin)] == [False, False, False, True]
    assert [u.may_see("A1") for u in (agent, reviewer)] == [True, True]
    assert [u.may_see("A2") for u in (agent, reviewer)] == [False, True]
    assert not agent.may_see(None)
    with pytest.raises(PermissionDeniedError, match="may not do this"):
        agent.require("review")
    assert not User("r", "r", "reviewer", disabled=True).may("review")
