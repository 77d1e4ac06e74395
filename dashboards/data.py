"""The only reader of the stores for the dashboard: the published snapshot and the reviews.

Reads go through one statement a file in sql/read. Frames come back as polars, single things as frozen values. Times of
calls are local to the settings' zone; seconds are from the start of the recording.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dashboards.kept import Kept
from pipeline.config.settings import Settings
from pipeline.errors import StoreError
from pipeline.store.decided import Reader
from pipeline.store.reviews import Review, ReviewForm, Verdict, VerdictKind, open_reviews
from pipeline.store.snapshot import current_snapshot
from pipeline.store.statements import statement
from pipeline.store.users import PermissionDeniedError, User

ANYBODY = User("local", "local", "admin")  # where nobody signs in
WAVEFORM_POINTS = 1600
FACTS = ("measures", "utterances", "events")  # frames of a call and their statements
JUDGED = {"findings": "findings", "items": "score_items", "topics": "topics"}
KEPT_ANSWERS = 256  # frames of at most some thousand rows each
ROWS_AT_ONCE = 2048  # of an answer; room for so many is set aside for every column, and most answers have a few rows


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included; None leaves that end open."""

    from_day: date | None = None
    to_day: date | None = None


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A published call and where its recording lies. intact: it decoded whole and without a warning."""

    call_id: str
    sha256: str
    path: Path
    codec: str
    intact: bool


@dataclass(frozen=True, slots=True)
class CallView:
    """Everything of one call that its page shows. head: the row of calls; frames as their statements say."""

    head: dict[str, Any]
    measures: pl.DataFrame
    utterances: pl.DataFrame
    events: pl.DataFrame
    findings: pl.DataFrame
    items: pl.DataFrame
    topics: pl.DataFrame
    waveform: pl.DataFrame
    spl_calibrated: bool
    snapshot_id: int | None

    @property
    def call_id(self) -> str:
        return str(self.head["call_id"])


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decided about one call. verdicts: by finding key, withdrawn ones left out. forms: oldest first.

    verdict_versions: the latest version by finding key, withdrawn ones included; what the next verdict is based on.
    verdict_history: every verdict, oldest first.
    """

    verdicts: dict[str, Verdict]
    verdict_versions: dict[str, int]
    forms: tuple[Review, ...]
    verdict_history: tuple[Verdict, ...] = ()

    @property
    def latest_form(self) -> Review | None:
        return self.forms[-1] if self.forms else None


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all users of a process read through."""

    reader: Reader
    kept: Kept[pl.DataFrame]


class Data:
    """Reads the newest published snapshot, read-only; a newly published one is opened by the next read.

    Bound to a user: an agent is given their own calls only, and every write asks for the right to it once more.
    """

    def __init__(self, settings: Settings, user: User = ANYBODY, shared: _Shared | None = None) -> None:
        self.settings = settings
        self.user = user
        self._shared = shared or _shared(settings.home, settings.dashboard.memory_gb)

    def seen_by(self, user: User) -> "Data":
        """The same data with this user's rights."""
        return Data(self.settings, user, self._shared)

    # -- the snapshot ---------------------------------------------------------------------------------------------

    def published(self) -> bool:
        """Whether there is anything to show. Raises StoreError for a store that is there but cannot be read."""
        return current_snapshot(self.settings.home) is not None

    def info(self) -> dict[str, Any]:
        found = self.published_only("snapshot_info", zone=self._zone)
        return found.row(0, named=True) if found.height else {}

    def filter_options(self) -> dict[str, Any]:
        """What the filters can offer; an agent is told of no other agent."""
        frame = self.published_only("filter_options", zone=self._zone)
        found = frame.row(0, named=True) if frame.height else {}
        if found and not self.user.may("see_all"):
            found["agents"] = [a for a in found["agents"] if a["agent_id"] == self.user.agent_id]
        return found

    def file_states(self) -> dict[str, int]:
        """Files by state."""
        return dict(self.frame("file_states").iter_rows())

    def problem_files(self, limit: int = 200) -> pl.DataFrame:
        return self.frame("problem_files", zone=self._zone, limit=limit)

    def call(self, call_id: str) -> CallView | None:
        """One call, None when no such call is published. Raises PermissionDeniedError for somebody else's."""
        head = self.row("call", call_id=call_id, zone=self._zone)
        if head is None:
            return None
        self._may_see(head["agent_id"])
        frames = call_frames(self.frame, head)
        calibrated = head["line"] in self.settings.measures.line_spl_offsets_db
        return CallView(
            head=head,
            **frames,
            spl_calibrated=calibrated,
            snapshot_id=self.info().get("snapshot_id"),
        )

    def recording(self, sha256: str) -> StoredRecording | None:
        """The published call whose recording has this content digest. Raises PermissionDeniedError likewise."""
        row = self.row("recording", sha256=sha256)
        if row is None:
            return None
        self._may_see(row.pop("agent_id"))
        return StoredRecording(**{**row, "path": Path(row["path"])})

    def _may_see(self, agent_id: str | None) -> None:
        if not self.user.may_see(agent_id):
            raise PermissionDeniedError("this call is not yours to see")

    # -- the reviews ----------------------------------------------------------------------------------------------

    def decisions(self, call_id: str) -> Decisions:
        """Verdicts and score forms of one call."""
        with open_reviews(self.settings.home) as store:
            history = store.verdict_history(call_id)
            forms = store.review_history(call_id)
        latest = {v.finding_key: v for v in history}
        held = {key: v for key, v in latest.items() if v.verdict != "withdraw"}
        return Decisions(held, {key: v.version for key, v in latest.items()}, forms, history)

    def add_verdict(
        self, call_id: str, finding_key: str, verdict: VerdictKind, reviewer: str, based_on: int | None
    ) -> None:
        """Raises ReviewConflict when somebody else decided in between, PermissionDeniedError without the right to."""
        self.user.require("review")
        with open_reviews(self.settings.home) as store:
            store.add_verdict(call_id, finding_key, verdict, reviewer=reviewer, based_on=based_on)

    def add_review(self, form: ReviewForm) -> Review:
        """Raises ReviewConflict when somebody else saved in between, PermissionDeniedError without the right to."""
        self.user.require("review")
        with open_reviews(self.settings.home) as store:
            return store.add_review(form)

    def log_play(self, call_id: str) -> None:
        """Note in the audit log that a recording was listened to."""
        with open_reviews(self.settings.home) as store:
            store.log(self.user.name, "audio.play", call_id=call_id)

    # -- how it is read -------------------------------------------------------------------------------------------

    @property
    def _zone(self) -> str:
        return self.settings.metadata.timezone

    def frame(self, name: str, **values: Any) -> pl.DataFrame:
        """The rows of sql/read/NAME.sql on the newest snapshot and decisions (`decided.results`).

        Raises StoreError when it cannot be read.
        """
        with self._shared.reader.cursor()[0] as cursor:
            return _answer(cursor, name, values)

    def kept(self, name: str, **values: Any) -> pl.DataFrame:
        """As `frame`, answered from memory as long as nothing was published or decided. Never change the frame.

        For figures over many calls and for pages of a list; not for exports.
        """
        return self._kept(name, values, decided=True)

    def published_only(self, name: str, **values: Any) -> pl.DataFrame:
        """As `kept`, for statements on nothing but the snapshot: no decision changes their answer."""
        return self._kept(name, values, decided=False)

    def _kept(self, name: str, values: dict[str, Any], *, decided: bool) -> pl.DataFrame:
        cursor, version = self._shared.reader.cursor()
        with cursor:
            key = (version if decided else version[0], name, tuple((k, _fixed(values[k])) for k in sorted(values)))
            known = self._shared.kept.get(key)
            if known is None:
                known = _answer(cursor, name, values)
                self._shared.kept.put(key, known)
        return known

    def row(self, name: str, **values: Any) -> dict[str, Any] | None:
        """The first row of sql/read/NAME.sql, None without one."""
        frame = self.frame(name, **values)
        return frame.row(0, named=True) if frame.height else None


def _fixed(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value


def data_of(settings: Settings) -> Data:
    """The data as anybody sees them, read through what all of a process have in common."""
    return Data(settings, ANYBODY, _shared_of(settings.home, settings.dashboard.memory_gb))


def _shared(home: Path, memory_gb: float) -> _Shared:
    return _Shared(Reader(home, memory_gb=memory_gb), Kept(KEPT_ANSWERS))


_shared_of = lru_cache(maxsize=4)(_shared)


def call_frames(frame: Callable[..., pl.DataFrame], head: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """The frames of a CallView by name. frame: answers sql/read/NAME.sql. head: the row of sql/read/call.sql."""
    asked = {"call_id": head["call_id"]}
    heard = {name: frame(f"call_{name}", **asked, day=head["facts_day"]) for name in FACTS}
    judged = {name: frame(f"call_{rows}", **asked, day=head["judged_day"]) for name, rows in JUDGED.items()}
    waveform = frame("call_waveform", **asked, day=head["facts_day"], points=WAVEFORM_POINTS)
    return {**heard, **judged, "waveform": waveform}


def _answer(cursor: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]) -> pl.DataFrame:
    try:
        return cursor.execute(statement("read", name), values or None).pl(ROWS_AT_ONCE).rechunk()
    except duckdb.Error as error:
        raise StoreError(
            f"sql/read/{name}.sql failed on the published snapshot: {error}; run `callqa rebuild`"
        ) from error
