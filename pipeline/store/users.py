"""Who may use the dashboard, as what, and who is signed in.

    with open_users(home) as users:
        users.add("li", "李敏", "reviewer", password="…", by="admin")
        user = users.sign_in("li", "…", limits)       raises SignInError, which tells the same of every wrong pair
        secret = users.start_session(user.name, 12 * 3600)
        users.user_of_session(secret)                 -> User, or None once it has run out, ended or was disabled

Passwords are kept as argon2id (store/passwords.py); a session's secret only as its sha256. Nobody is deleted: decisions
bear their names.

by: a user, whose right to manage is asked for in the same transaction, or the name of a program (`callqa user`). Nobody
disables themselves here or gives up their rights, and the last administrator stays one: nobody is locked out.
"""

import re
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from pipeline.errors import CallQaError, StoreError
from pipeline.store.passwords import PasswordError, hashed, matches
from pipeline.store.reviews import add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement

UserRole = Literal["reviewer", "supervisor", "agent", "admin"]
Ability = Literal["see_all", "review", "assign", "appeal", "decide_appeals", "calibrate", "train", "see_runs", "manage"]

USER_ROLES: tuple[UserRole, ...] = get_args(UserRole)
KEPT = ("name", "display_name", "role", "agent_id", "password_hash", "password_temporary", "disabled")
NAME = re.compile(r"[\w.@+-]{1,64}")
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
    """Somebody who may sign in. agent_id: of an agent, whose calls they see. disabled: may no more.

    password_temporary: set by an administrator, to be changed at the next sign-in.
    """

    name: str
    display_name: str
    role: UserRole
    agent_id: str | None = None
    disabled: bool = False
    has_password: bool = False
    password_temporary: bool = False

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
        user_of_row(row).require(ability)


def open_users(home: Path) -> "AbstractContextManager[UserStore]":
    """The users of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", UserStore)


class UserStore:
    """Users and sessions. Every change is a line of the audit log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self,
        name: str,
        display_name: str,
        role: UserRole,
        *,
        by: str | User,
        agent_id: str | None = None,
        password: str = "",
        temporary: bool = False,
    ) -> User:
        """A new user; without password they can only come through a proxy or an identity provider.

        Raises StoreError for a name that is taken or not a name, an agent without id and a weak password.
        """
        if not NAME.fullmatch(name):
            raise StoreError(f"user name {name[:70]!r} is no name: 1 to 64 letters, digits or . _ @ + -, no blanks")
        _check_role(name, role, agent_id)
        password_hash = hashed(password) if password else None
        with transaction(self._connection):
            self._may_manage(by)
            if self._row(name) is not None:
                raise StoreError(f"user {name!r} is there already; change it with callqa user role or password")
            values = {
                "name": name,
                "display_name": display_name.strip() or name,
                "role": role,
                "agent_id": agent_id,
                "password_hash": password_hash,
                "password_temporary": int(temporary),
                "created_at": now(),
            }
            self._write("user_add", values)
            add_audit(self._connection, _name(by), "user.add", detail=f"{name} {role}")
        return self.user(name)

    def user(self, name: str) -> User:
        """Raises StoreError when there is none of this name."""
        return user_of_row(self._known(name))

    def find(self, name: str) -> User | None:
        """The user of this name, None without one or when they are disabled."""
        row = self._row(name)
        return None if row is None or row["disabled"] else user_of_row(row)

    def users(self) -> tuple[User, ...]:
        """Everybody, by name, disabled ones too."""
        return tuple(map(user_of_row, self._connection.execute(statement("read", "users"))))

    def set_role(self, name: str, role: UserRole, *, by: str | User, agent_id: str | None = None) -> User:
        """The role from now on, also of open sessions. Raises StoreError for an agent without id."""
        _check_role(name, role, agent_id)
        self._change(name, by, f"user.role {role}", role=role, agent_id=agent_id)
        return self.user(name)

    def set_disabled(self, name: str, *, disabled: bool, by: str | User) -> User:
        """A disabled user's sessions end at once."""
        self._change(name, by, "user.disable" if disabled else "user.enable", disabled=int(disabled))
        return self.user(name)

    def set_display_name(self, name: str, display_name: str, *, by: str | User) -> User:
        self._change(name, by, "user.rename", display_name=display_name.strip() or name)
        return self.user(name)

    def set_password(self, name: str, password: str, *, by: str | User, temporary: bool = False) -> None:
        """Ends all sessions of the user. Raises StoreError for a weak password."""
        what = "user.password temporary" if temporary else "user.password"
        self._change(name, by, what, password_hash=hashed(password), password_temporary=int(temporary))

    def change_own_password(self, name: str, old: str, new: str, limits: LockOut) -> User:
        """By the user, who knows the old one. Raises SignInError for a wrong one, StoreError for a weak or old one."""
        user = self.sign_in(name, old, limits)
        if old == new:
            raise PasswordError("the new password is the old one; choose another")
        self.set_password(user.name, new, by=user.name)
        return self.user(user.name)

    def end_sessions(self, name: str, *, by: str | User) -> None:
        """Whoever is signed in under this name has to sign in again."""
        with transaction(self._connection):
            self._may_manage(by)
            self._known(name)
            self._write("session_end", {"token_digest": None, "name": name, "ended_at": now()})
            add_audit(self._connection, _name(by), "user.end_sessions", detail=name)

    def vouched_for(self, name: str, display_name: str, role: UserRole, agent_id: str | None, *, by: str) -> User:
        """Somebody an identity provider has signed in: added at the first time, their role as it says now.

        Raises SignInError when the user was disabled here, StoreError for a name that is none.
        """
        row = self._row(name)
        if row is None:
            return self.add(name, display_name, role, by=by, agent_id=agent_id)
        if row["disabled"]:
            raise SignInError(f"user {name!r} is disabled; ask an administrator")
        if (row["role"], row["agent_id"]) != (role, agent_id):
            _check_role(name, role, agent_id)
            self._change(name, by, f"user.role {role}", role=role, agent_id=agent_id)
        return self.user(name)

    def sign_in(self, name: str, password: str, limits: LockOut) -> User:
        """The user with this name and password. Raises SignInError: unknown, wrong, disabled, or locked out."""
        typed = name.strip()[:100]
        failed, last_at = self._failures(typed, limits)
        if failed >= limits.max_failures and last_at is not None:
            until = last_at + timedelta(seconds=limits.lockout_s)
            minutes = max(1, round((until - datetime.now(UTC)).total_seconds() / 60))
            raise LockedOutError(f"{failed} wrong passwords: this name is locked for {minutes} more minute(s)")
        row = self._row(typed)
        right = matches(row["password_hash"] if row else None, password) and not (row and row["disabled"])
        with transaction(self._connection):
            self._write("sign_in_add", {"name": typed, "succeeded": int(right), "created_at": now()})
            add_audit(self._connection, typed or "nobody", "sign_in" if right else "sign_in.refused")
        if row is None or not right:
            raise SignInError("name and password do not go together")
        return user_of_row(row)

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
        return None if row is None else user_of_row(row)

    def end_session(self, secret: str) -> None:
        with transaction(self._connection):
            self._write("session_end", {"token_digest": _digest(secret), "name": None, "ended_at": now()})

    def _failures(self, name: str, limits: LockOut) -> tuple[int, datetime | None]:
        since = _stamp(datetime.now(UTC) - timedelta(seconds=limits.lockout_s))
        row = self._connection.execute(statement("read", "sign_in_failures"), {"name": name, "since": since}).fetchone()
        return row["failures"], datetime.fromisoformat(row["last_at"]) if row["last_at"] else None

    def _change(self, name: str, by: str | User, what: str, **changed: object) -> None:
        with transaction(self._connection):
            self._may_manage(by)
            row = self._known(name)
            new = {k: row[k] for k in KEPT} | changed
            if row["role"] == "admin" and not row["disabled"] and (new["role"] != "admin" or new["disabled"]):
                self._stays_manageable(name, by)
            self._write("user_change", new)
            if changed.keys() & {"disabled", "password_hash"}:
                self._write("session_end", {"token_digest": None, "name": name, "ended_at": now()})
            verb, _, detail = what.partition(" ")
            add_audit(self._connection, _name(by), verb, detail=f"{name} {detail}".strip())

    def _may_manage(self, by: str | User) -> None:
        if isinstance(by, User):
            require_now(self._connection, by, "manage")

    def _stays_manageable(self, name: str, by: str | User) -> None:
        """Raises StoreError when an administrator would lock themselves, or everybody, out."""
        if isinstance(by, User) and by.name == name:
            raise StoreError("nobody takes their own rights away; ask another administrator")
        if not any(user.role == "admin" and not user.disabled and user.name != name for user in self.users()):
            raise StoreError(f"{name} is the last administrator; make somebody else one first")

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


def _name(by: str | User) -> str:
    return by if isinstance(by, str) else by.name


def _check_role(name: str, role: UserRole, agent_id: str | None) -> None:
    if role not in USER_ROLES:
        raise StoreError(f"role {role!r} of user {name!r} is not known; it is one of {', '.join(USER_ROLES)}")
    if role == "agent" and not agent_id:
        raise StoreError(f"user {name!r} is an agent: give the agent's id, so that they see their own calls")


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def user_of_row(row: sqlite3.Row) -> User:
    """A user from a row with the columns of `users`."""
    return User(
        name=row["name"],
        display_name=row["display_name"],
        role=row["role"],
        agent_id=row["agent_id"],
        disabled=bool(row["disabled"]),
        has_password=row["password_hash"] is not None,
        password_temporary=bool(row["password_temporary"]),
    )
