"""Who may use the dashboard, as what, and who is signed in.

    with open_users(home) as users:
        users.add("li", "李敏", "reviewer", password="…", by="admin")
        user = users.sign_in("li", "…", limits)       raises SignInError, which tells the same of every wrong pair
        secret = users.start_session(user.name, 12 * 3600)
        users.user_of_session(secret)                 -> User, or None once it has run out, ended or was disabled

Passwords are kept as argon2id (RFC 9106, second recommended option by default of argon2-cffi); a session's secret only
as its sha256. Nobody is deleted: decisions bear their names.
"""

import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pipeline.errors import CallQaError, StoreError
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, open_sqlite, transaction
from pipeline.store.statements import statement

UserRole = Literal["reviewer", "supervisor", "agent", "admin"]
Ability = Literal["see_all", "review", "assign", "appeal", "decide_appeals", "calibrate", "train", "see_runs", "manage"]

USER_ROLES: tuple[UserRole, ...] = get_args(UserRole)
NAME = re.compile(r"[\w.@+-]{1,64}")
MIN_PASSWORD_CHARACTERS = 10
MAX_PASSWORD_CHARACTERS = 200
_REVIEWS: frozenset[Ability] = frozenset({"see_all", "review", "calibrate", "train"})
_SUPERVISES: frozenset[Ability] = _REVIEWS | {"assign", "decide_appeals", "see_runs"}
_ABILITIES: dict[UserRole, frozenset[Ability]] = {
    "agent": frozenset({"appeal"}),
    "reviewer": _REVIEWS,
    "supervisor": _SUPERVISES,
    "admin": _SUPERVISES | {"manage"},
}


class SignInError(CallQaError):
    """A sign-in that was refused. The message may be shown to whoever tried."""


class LockedOutError(SignInError):
    """A sign-in that was refused because of the wrong ones before it."""


class PermissionDeniedError(CallQaError):
    """Somebody asked for what their role does not allow."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. agent_id: of an agent, whose calls they see. disabled: may no more."""

    name: str
    display_name: str
    role: UserRole
    agent_id: str | None = None
    disabled: bool = False
    has_password: bool = False

    def may(self, ability: Ability) -> bool:
        return not self.disabled and ability in _ABILITIES[self.role]

    def require(self, ability: Ability) -> None:
        """Raises PermissionDeniedError unless the user may."""
        if not self.may(ability):
            raise PermissionDeniedError(f"{self.name} ({self.role}) may not do this ({ability}); ask an administrator")

    def may_see(self, agent_id: str | None) -> bool:
        """Whether calls of this agent are the user's to see."""
        return self.may("see_all") or (agent_id is not None and agent_id == self.agent_id and not self.disabled)


@dataclass(frozen=True, slots=True)
class LockOut:
    """After max_failures wrong passwords within lockout_s a name is locked for lockout_s from the last one."""

    max_failures: int
    lockout_s: float


def require_now(connection: sqlite3.Connection, user: User, ability: Ability) -> None:
    """Ask for a right inside the transaction of what it allows, by what the users' table says at this moment.

    A page's user may be as old as the page: who was disabled or given another role since must not write once more.
    Without a line in the table (nobody signs in) the user's own rights count. Raises PermissionDeniedError.
    """
    user.require(ability)
    row = connection.execute(statement("read", "user"), {"name": user.name}).fetchone()
    if row is not None:
        _user(row).require(ability)


@contextmanager
def open_users(home: Path) -> "Iterator[UserStore]":
    """The users of a data folder. Raises StoreError when the store cannot be opened."""
    connection = open_sqlite(reviews_path(home), "reviews")
    try:
        yield UserStore(connection)
    finally:
        connection.close()


class UserStore:
    """Users and sessions. Every change is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self, name: str, display_name: str, role: UserRole, *, by: str, agent_id: str | None = None, password: str = ""
    ) -> User:
        """A new user; without password they can only come through a proxy or an identity provider.

        Raises StoreError for a name that is taken or not a name, an agent without id and a weak password.
        """
        if not NAME.fullmatch(name):
            raise StoreError(f"user name {name[:70]!r} is no name: 1 to 64 letters, digits or . _ @ + -, no blanks")
        _check_role(name, role, agent_id)
        hashed = _hashed(password) if password else None
        with transaction(self._connection):
            if self._row(name) is not None:
                raise StoreError(f"user {name!r} is there already; change it with callqa user role or password")
            values = {
                "name": name,
                "display_name": display_name.strip() or name,
                "role": role,
                "agent_id": agent_id,
                "password_hash": hashed,
                "created_at": now(),
            }
            self._write("user_add", values)
            add_audit(self._connection, by, "user.add", detail=f"{name} {role}")
        return self.user(name)

    def user(self, name: str) -> User:
        """Raises StoreError when there is none of this name."""
        return _user(self._known(name))

    def users(self) -> tuple[User, ...]:
        """Everybody, by name, disabled ones too."""
        return tuple(map(_user, self._connection.execute(statement("read", "users"))))

    def set_role(self, name: str, role: UserRole, *, by: str, agent_id: str | None = None) -> User:
        """The role from now on, also of open sessions. Raises StoreError for an agent without id."""
        _check_role(name, role, agent_id)
        self._change(name, by, f"user.role {role}", role=role, agent_id=agent_id)
        return self.user(name)

    def set_disabled(self, name: str, *, disabled: bool, by: str) -> User:
        """A disabled user's sessions end at once."""
        self._change(name, by, "user.disable" if disabled else "user.enable", disabled=int(disabled))
        return self.user(name)

    def set_password(self, name: str, password: str, *, by: str) -> None:
        """Ends all sessions of the user. Raises StoreError for a weak password."""
        self._change(name, by, "user.password", password_hash=_hashed(password))

    def sign_in(self, name: str, password: str, limits: LockOut) -> User:
        """The user with this name and password. Raises SignInError: unknown, wrong, disabled, or locked out."""
        typed = name.strip()[:100]
        failed, last_at = self._failures(typed, limits)
        if failed >= limits.max_failures and last_at is not None:
            until = last_at + timedelta(seconds=limits.lockout_s)
            minutes = max(1, round((until - datetime.now(UTC)).total_seconds() / 60))
            raise LockedOutError(f"{failed} wrong passwords: this name is locked for {minutes} more minute(s)")
        row = self._row(typed)
        right = _matches(row["password_hash"] if row else None, password) and not (row and row["disabled"])
        with transaction(self._connection):
            self._write("sign_in_add", {"name": typed, "succeeded": int(right), "created_at": now()})
            add_audit(self._connection, typed or "nobody", "sign_in" if right else "sign_in.refused")
        if row is None or not right:
            raise SignInError("name and password do not go together")
        return _user(row)

    def start_session(self, name: str, lifetime_s: float) -> str:
        """A new secret for the user's cookie."""
        secret = secrets.token_urlsafe(32)
        begun = datetime.now(UTC)
        values = {
            "token_digest": _digest(secret),
            "name": name,
            "created_at": _stamp(begun),
            "expires_at": _stamp(begun + timedelta(seconds=lifetime_s)),
        }
        with transaction(self._connection):
            self._write("session_start", values)
        return secret

    def user_of_session(self, secret: str) -> User | None:
        values = {"token_digest": _digest(secret), "now": now()}
        row = self._connection.execute(statement("read", "user_of_session"), values).fetchone()
        return None if row is None else _user(row)

    def end_session(self, secret: str) -> None:
        with transaction(self._connection):
            self._write("session_end", {"token_digest": _digest(secret), "name": None, "ended_at": now()})

    def _failures(self, name: str, limits: LockOut) -> tuple[int, datetime | None]:
        since = _stamp(datetime.now(UTC) - timedelta(seconds=limits.lockout_s))
        row = self._connection.execute(statement("read", "sign_in_failures"), {"name": name, "since": since}).fetchone()
        return row["failures"], datetime.fromisoformat(row["last_at"]) if row["last_at"] else None

    def _change(self, name: str, by: str, what: str, **changed: object) -> None:
        with transaction(self._connection):
            row = self._known(name)
            kept = {k: row[k] for k in ("name", "display_name", "role", "agent_id", "password_hash", "disabled")}
            self._write("user_change", {**kept, **changed})
            if changed.keys() & {"disabled", "password_hash"}:
                self._write("session_end", {"token_digest": None, "name": name, "ended_at": now()})
            verb, _, detail = what.partition(" ")
            add_audit(self._connection, by, verb, detail=f"{name} {detail}".strip())

    def _known(self, name: str) -> sqlite3.Row:
        row = self._row(name)
        if row is None:
            raise StoreError(f"there is no user {name!r}; callqa user list names them")
        return row

    def _row(self, name: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(statement("read", "user"), {"name": name}).fetchone()
        return row

    def _write(self, name: str, values: Mapping[str, object]) -> None:
        self._connection.execute(statement("write", name), values)


def _check_role(name: str, role: UserRole, agent_id: str | None) -> None:
    if role not in USER_ROLES:
        raise StoreError(f"role {role!r} of user {name!r} is not known; it is one of {', '.join(USER_ROLES)}")
    if role == "agent" and not agent_id:
        raise StoreError(f"user {name!r} is an agent: give the agent's id, so that they see their own calls")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """Checked for unknown names, so that they take as long as known ones."""
    return _hasher().hash(secrets.token_urlsafe(16))


def _hashed(password: str) -> str:
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise StoreError(
            f"the password has {len(password)} characters; take {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS}"
        )
    return _hasher().hash(password)


def _matches(hashed: str | None, password: str) -> bool:
    try:
        return _hasher().verify(hashed or _nobodys_hash(), password[: MAX_PASSWORD_CHARACTERS + 1]) and bool(hashed)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _user(row: sqlite3.Row) -> User:
    return User(
        name=row["name"],
        display_name=row["display_name"],
        role=row["role"],
        agent_id=row["agent_id"],
        disabled=bool(row["disabled"]),
        has_password=row["password_hash"] is not None,
    )
