"""What a reviewer has typed and not handed in, and who is on a call right now. The only tables of theirs that change.

    with open_drafts(home) as drafts:
        drafts.keep(call_id, user, Draft(items=(...), comment="…"))
        drafts.draft(call_id, user)            -> Draft, or None
        drafts.arrive(call_id, user)           every few seconds while the page is open
        drafts.present(call_id, user)          -> names of the others seen within PRESENCE_S

A draft belongs to one person and one call. It outlives the page, the session and the browser, and ends when the form
is handed in or given up.
"""

import json
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store.reviews import reviews_path
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement
from pipeline.store.users import User

PRESENCE_S = 30.0
_FORGET_S = 86_400.0
MAX_COMMENT_CHARACTERS = 4000
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class DraftItem:
    """A changed item. points None: not applicable."""

    item_id: str
    points: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Changes of a form. scorecard_version: of the card it was begun with. based_on: version of the form before."""

    items: tuple[DraftItem, ...] = ()
    comment: str = ""
    scorecard_version: str = ""
    based_on: int | None = None


def open_drafts(home: Path) -> "AbstractContextManager[DraftStore]":
    """The drafts of a data folder. Raises StoreError when the store cannot be opened."""
    return opened(reviews_path(home), "reviews", DraftStore)


class DraftStore:
    """Reads and writes. Every write asks for the right to review."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, call_id: str, user: User, draft: Draft) -> None:
        """Put the draft in place of the user's earlier one. Raises StoreError when it is longer than a form may be."""
        user.require("review")
        longest = max((len(item.reason) for item in draft.items), default=0)
        if len(draft.comment) > MAX_COMMENT_CHARACTERS or longest > MAX_REASON_CHARACTERS:
            raise StoreError(
                f"the form of call {call_id} is too long: at most {MAX_COMMENT_CHARACTERS} characters of comment and "
                f"{MAX_REASON_CHARACTERS} of each reason"
            )
        body = json.dumps(asdict(draft), ensure_ascii=False)
        self._write("draft_put", call_id=call_id, who=user.name, body=body, saved_at=now())

    def draft(self, call_id: str, user: User) -> Draft | None:
        """What the user typed last, None when there is nothing."""
        values = {"call_id": call_id, "who": user.name}
        row = self._connection.execute(statement("read", "draft"), values).fetchone()
        return None if row is None else _draft(row["body"])

    def drop(self, call_id: str, user: User) -> None:
        """The form was handed in, or its changes were given up."""
        self._write("draft_drop", call_id=call_id, who=user.name)

    def waiting(self, user: User) -> tuple[str, ...]:
        """The calls on which the user has a draft, the newest first."""
        rows = self._connection.execute(statement("read", "drafts_of_user"), {"who": user.name})
        return tuple(row["call_id"] for row in rows)

    def arrive(self, call_id: str, user: User) -> None:
        """The user is on the call now."""
        user.require("review")
        at = datetime.now(UTC)
        with transaction(self._connection):
            before = _stamp(at - timedelta(seconds=_FORGET_S))
            self._connection.execute(statement("write", "presence_drop"), {"before": before})
            values = {"call_id": call_id, "who": user.name, "seen_at": _stamp(at)}
            self._connection.execute(statement("write", "presence_put"), values)

    def present(self, call_id: str, user: User) -> tuple[str, ...]:
        """Who else was on the call within the last PRESENCE_S seconds, by name."""
        since = _stamp(datetime.now(UTC) - timedelta(seconds=PRESENCE_S))
        values = {"call_id": call_id, "who": user.name, "since": since}
        return tuple(row["who"] for row in self._connection.execute(statement("read", "presence"), values))

    def _write(self, name: str, **values: object) -> None:
        with transaction(self._connection):
            self._connection.execute(statement("write", name), values)


def _draft(body: str) -> Draft:
    read = json.loads(body)
    return Draft(**{**read, "items": tuple(DraftItem(**item) for item in read["items"])})


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
