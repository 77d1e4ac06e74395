"""What administrators look at: who may sign in, when they last did, and the audit log by pages.

with open_accounts(home) as accounts:
    accounts.all(admin)                                  -> (Account, ...)
    accounts.log(admin, AuditFilter(who="li"), before=None, limit=50)
"""

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.store.reviews import AuditEntry, add_audit, reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import User, require_now, user_of_row


@dataclass(frozen=True, slots=True)
class Account:
    """A user and how they come in. last_sign_in: when their newest session began, None: never. sessions: open now."""

    user: User
    created_at: datetime
    last_sign_in: datetime | None
    sessions: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are asked for; None: any. what: how the deed's name begins. to_at is left out."""

    who: str | None = None
    what: str | None = None
    call_id: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the log with its number, by which the next page is asked for."""

    number: int
    entry: AuditEntry


def open_accounts(home: Path) -> "AbstractContextManager[AccountStore]":
    """The accounts of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", AccountStore)


class AccountStore:
    """Reads for who may manage; raises PermissionDeniedError for everybody else."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, user: User) -> tuple[Account, ...]:
        """Everybody, by name."""
        require_now(self._connection, user, "manage")
        rows = self._connection.execute(statement("read", "accounts"), {"now": now()})
        return tuple(_account(row) for row in rows)

    def log(self, user: User, wanted: AuditFilter, *, before: int | None, limit: int) -> tuple[AuditLine, ...]:
        """A page of the audit log, newest first; before: the number of the last line of the page before."""
        require_now(self._connection, user, "manage")
        times = {name: _stamp(getattr(wanted, name)) for name in ("from_at", "to_at")}
        values = {**asdict(wanted), **times, "before": before, "limit": limit}
        return tuple(_line(row) for row in self._connection.execute(statement("read", "audit_page"), values))

    def note(self, user: User, what: str, detail: str) -> None:
        """A line of the log about something that is kept elsewhere, the settings file for example."""
        with transaction(self._connection):
            require_now(self._connection, user, "manage")
            add_audit(self._connection, user.name, what, detail=detail)


def _stamp(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _account(row: sqlite3.Row) -> Account:
    last = row["last_sign_in"]
    return Account(
        user=user_of_row(row),
        created_at=datetime.fromisoformat(row["created_at"]),
        last_sign_in=datetime.fromisoformat(last) if last else None,
        sessions=row["sessions"],
    )


def _line(row: sqlite3.Row) -> AuditLine:
    at = datetime.fromisoformat(row["created_at"])
    return AuditLine(row["audit_id"], AuditEntry(at, row["who"], row["what"], row["call_id"], row["detail"]))
