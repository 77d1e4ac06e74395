"""Named filters of the call list, of one's own or shared with everybody. Append-only versions by owner and name."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store.reviews import reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import User

MAX_NAME_CHARACTERS = 40
MAX_QUERY_CHARACTERS = 20_000
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SavedView:
    """query: address parameters of the call list. shared: everybody who sees all calls is offered it."""

    owner: str
    name: str
    version: int
    query: dict[str, list[str]]
    shared: bool
    created_at: datetime


def open_saved_views(home: Path) -> "AbstractContextManager[SavedViewStore]":
    """The saved views of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", SavedViewStore)


class SavedViewStore:
    """Reads and appends. A user changes their own views only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def views(self, user: User) -> tuple[SavedView, ...]:
        """The user's own views and those that others share, own ones first, by name."""
        rows = self._connection.execute(statement("read", "saved_views"), {"who": user.name})
        return tuple(
            SavedView(
                owner=row["owner"],
                name=row["name"],
                version=row["version"],
                query=json.loads(row["query"]),
                shared=bool(row["shared"]),
                created_at=datetime.fromisoformat(row["created_at"]),
            )
            for row in rows
            if not row["removed"] and (row["owner"] == user.name or user.may("see_all"))
        )

    def save(self, user: User, name: str, query: Query, *, shared: bool) -> None:
        """Keep a view under a name; an older one of the user's with this name is replaced.

        Raises PermissionDeniedError for sharing without seeing all calls, StoreError for a name or a query too long.
        """
        if shared:
            user.require("see_all")
        self._append(user, name, query, shared=shared, removed=False)

    def remove(self, user: User, name: str) -> None:
        """Take the user's own view of this name away."""
        self._append(user, name, {}, shared=False, removed=True)

    def _append(self, user: User, name: str, query: Query, *, shared: bool, removed: bool) -> None:
        name = " ".join(name.split())
        if not 0 < len(name) <= MAX_NAME_CHARACTERS:
            raise StoreError(f"the name of a view has 1 to {MAX_NAME_CHARACTERS} characters, this one {len(name)}")
        body = json.dumps({key: list(values) for key, values in query.items()}, ensure_ascii=False)
        if len(body) > MAX_QUERY_CHARACTERS:
            raise StoreError(f"these filters take {len(body)} characters, a view {MAX_QUERY_CHARACTERS}; choose fewer")
        with transaction(self._connection):
            owned = {"owner": user.name, "name": name}
            latest = self._connection.execute(statement("read", "saved_view_version"), owned).fetchone()["version"]
            values = {**owned, "version": (latest or 0) + 1, "query": body, "created_at": now()}
            values |= {"shared": int(shared), "removed": int(removed)}
            self._connection.execute(statement("write", "saved_view_add"), values)
