"""The only reader of the stores for the dashboard: the published snapshot and the reviews.

Reads go through one statement a file in sql/read. Frames come back as polars, single things as frozen values. Times of
calls are local to the settings' zone; seconds are from the start of the recording.
"""

import threading
from dataclasses import asdict, dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl

from pipeline.config.settings import Settings
from pipeline.errors import StoreError
from pipeline.store.snapshot import open_snapshot

WAVEFORM_POINTS = 1600
Sort = Literal["newest", "lowest", "highest", "longest"]
SORTS: tuple[Sort, ...] = ("newest", "lowest", "highest", "longest")


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included; None leaves that end open."""

    from_day: date | None = None
    to_day: date | None = None


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are asked for. Empty tuples and None ask for nothing; scores are points 0..100, both included."""

    from_day: date | None = None
    to_day: date | None = None
    agents: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None
    text: str | None = None
    sort: Sort = "newest"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page starts: behind this row."""

    value: float
    call_id: str


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A published call and where its recording lies."""

    call_id: str
    path: Path


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

    @property
    def call_id(self) -> str:
        return str(self.head["call_id"])


class Data:
    """Reads the newest published snapshot, read-only; a newly published one is opened by the next read."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._pointer: str | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None

    # -- the snapshot ---------------------------------------------------------------------------------------------

    def published(self) -> bool:
        """Whether there is anything to show. Raises StoreError for a store that is there but cannot be read."""
        return self._read_pointer() is not None

    def info(self) -> dict[str, Any]:
        return self._row("snapshot_info", zone=self._zone) or {}

    def filter_options(self) -> dict[str, Any]:
        return self._row("filter_options", zone=self._zone) or {}

    def totals(self, period: Period) -> dict[str, Any]:
        return self._row("overview_totals", zone=self._zone, **asdict(period)) or {}

    def score_distribution(self, period: Period) -> pl.DataFrame:
        return self._frame("overview_scores", zone=self._zone, **asdict(period))

    def findings_by_family(self, period: Period) -> pl.DataFrame:
        return self._frame("overview_families", zone=self._zone, **asdict(period))

    def trend_by_day(self, period: Period) -> pl.DataFrame:
        return self._frame("overview_days", zone=self._zone, **asdict(period))

    def file_states(self) -> dict[str, int]:
        """Files by state."""
        return dict(self._frame("file_states").iter_rows())

    def problem_files(self, limit: int = 200) -> pl.DataFrame:
        return self._frame("problem_files", zone=self._zone, limit=limit)

    def calls_page(self, chosen: CallFilter, after: Cursor | None = None, limit: int = 20) -> pl.DataFrame:
        """Up to `limit` calls behind `after`; column `total` says how many match in all."""
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(chosen).items()}
        values["text"] = (chosen.text or "").strip() or None
        after_value, after_id = (after.value, after.call_id) if after else (None, None)
        return self._frame(
            "calls_page", zone=self._zone, after_value=after_value, after_id=after_id, limit=limit, **values
        )

    def call(self, call_id: str) -> CallView | None:
        """One call, None when no such call is published."""
        head = self._row("call", call_id=call_id, zone=self._zone)
        if head is None:
            return None
        frames = {
            name: self._frame(f"call_{statement}", call_id=call_id)
            for name, statement in (
                ("measures", "measures"),
                ("utterances", "utterances"),
                ("events", "events"),
                ("findings", "findings"),
                ("items", "score_items"),
                ("topics", "topics"),
            )
        }
        waveform = self._frame("call_waveform", call_id=call_id, points=WAVEFORM_POINTS)
        calibrated = head["line"] in self.settings.measures.line_spl_offsets_db
        return CallView(head=head, **frames, waveform=waveform, spl_calibrated=calibrated)

    def recording(self, sha256: str) -> StoredRecording | None:
        """The published call whose recording has this content digest."""
        row = self._row("recording", sha256=sha256)
        return StoredRecording(row["call_id"], Path(row["path"])) if row else None

    # -- how it is read -------------------------------------------------------------------------------------------

    @property
    def _zone(self) -> str:
        return self.settings.metadata.timezone

    def _read_pointer(self) -> str | None:
        path = self.settings.home / "snapshots" / "CURRENT"
        try:
            return path.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error}; give the dashboard's user read access") from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        pointer = self._read_pointer()
        if pointer is None:
            raise StoreError(f"nothing is published in {self.settings.home} yet; run `callqa run FOLDER`")
        with self._lock:
            if self._connection is None or pointer != self._pointer:
                self._connection = open_snapshot(self.settings.home)
                self._pointer = pointer
            return self._connection.cursor()

    def _frame(self, name: str, **values: Any) -> pl.DataFrame:
        text = files("sql").joinpath("read", f"{name}.sql").read_text(encoding="utf-8")
        try:
            with self._cursor() as cursor:
                return cursor.execute(text, values or None).pl()
        except duckdb.Error as error:
            raise StoreError(
                f"sql/read/{name}.sql failed on the published snapshot: {error}; run `callqa rebuild`"
            ) from error

    def _row(self, name: str, **values: Any) -> dict[str, Any] | None:
        frame = self._frame(name, **values)
        return frame.row(0, named=True) if frame.height else None
