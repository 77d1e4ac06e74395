"""What was done to which recording. The unit of work is the bytes (sha256) under one fingerprint of the engines.

States: pending -> leased -> done, failed or quarantined. A second file with the same bytes is a duplicate. Attempts
are counted before the work, so that a call that kills its worker, or the machine, is not tried for ever. Only the
batch driver, which holds the batch lock, writes here.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError
from pipeline.model import Recording
from pipeline.store.snapshot import FileState
from pipeline.store.sqlite import now, opened, transaction
from pipeline.store.statements import statement

FailureKind = Literal["audio", "metadata", "engine", "timeout", "crash"]
Outcome = Literal["complete", "stopped", "aborted"]
FINAL_KINDS: tuple[FailureKind, ...] = ("audio", "metadata")  # trying the same bytes again would not help


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells a changed file from an unchanged one without reading it."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes and their state. path: the file that stands for them."""

    sha256: str
    call_id: str
    path: str
    size_bytes: int
    fingerprint: str
    state: str
    kind: str | None
    reason: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run did. found: audio files seen. audio_s: length of the calls analysed. wall_s: how long it took."""

    found: int = 0
    done: int = 0
    failed: int = 0
    audio_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    run_id: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    fingerprint: str
    rulebook_version: str | None
    snapshot_id: int | None
    counts: RunCounts


def ledger_path(home: Path) -> Path:
    return home / "ledger.sqlite"


def open_ledger(home: Path) -> "AbstractContextManager[Ledger]":
    """The ledger of a data folder, made if there is none yet. Raises StoreError when it cannot be opened."""
    return opened(ledger_path(home), "ledger", Ledger)


class Ledger:
    """One method a fact; every method is a transaction that is on disk when it returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def known_digest(self, path: str, stamp: FileStamp) -> str | None:
        """The sha256 of an unchanged file that was read before, None when it has to be read."""
        row = self._one("ledger_file", path=path)
        if row is None or (row["size_bytes"], row["mtime_ns"], row["ctime_ns"]) != (
            stamp.size_bytes,
            stamp.mtime_ns,
            stamp.ctime_ns,
        ):
            return None
        digest: str | None = row["sha256"]
        return digest

    def register(
        self, path: str, sha256: str, stamp: FileStamp, *, stem: str, fingerprint: str, retry: bool = False
    ) -> Entry:
        """Note that these bytes lie at `path` and return what is known of them.

        New bytes become pending under the call id `stem`, or `stem-HEX` when other bytes have that id. Known bytes
        go back to pending when the fingerprint changed, when only their metadata was wrong, and, with `retry`,
        whenever they failed. A file that stands for its bytes but is gone is replaced by this one.
        """
        with transaction(self._connection):
            entry = self._entry(sha256)
            if entry is None:
                values = {"sha256": sha256, "call_id": self._free_id(stem, sha256), "path": path}
                self._write(
                    "ledger_add_content", **values, size_bytes=stamp.size_bytes, fingerprint=fingerprint, now=now()
                )
            else:
                self._refresh(entry, path, fingerprint, retry=retry)
            self._put_file(path, sha256, stamp, None)
            return self._known(sha256)

    def note_unreadable(self, path: str, reason: str) -> None:
        """Note that a file cannot be read at all."""
        with transaction(self._connection):
            self._put_file(path, None, None, reason)

    def adopt(self, recording: Recording, fingerprint: str) -> None:
        """Note a stored call as done, unless its bytes or its id are known already."""
        with transaction(self._connection):
            self._write(
                "ledger_adopt",
                sha256=recording.sha256,
                call_id=recording.call_id,
                path=recording.path,
                size_bytes=recording.size_bytes,
                fingerprint=fingerprint,
                now=now(),
            )

    def recover(self, max_attempts: int) -> int:
        """Give back what a killed batch had in work. Returns how many calls. Only with the batch lock held."""
        with transaction(self._connection):
            return self._write("ledger_recover", max_attempts=max_attempts, now=now()).rowcount

    def pending(self) -> tuple[Entry, ...]:
        """The queue: fewest attempts first, then oldest first."""
        return tuple(Entry(**row) for row in self._connection.execute(statement("read", "ledger_pending")))

    def lease(self, sha256: str) -> Entry:
        """Take pending bytes into work and count the attempt. Raises StoreError when they are not pending."""
        with transaction(self._connection):
            if self._write("ledger_lease", sha256=sha256, now=now()).rowcount != 1:
                raise StoreError(f"{sha256} is not pending; does another batch run on this data folder?")
            return self._known(sha256)

    def again(self, entry: Entry) -> Entry:
        """Put done bytes back in the queue. Returns their new state."""
        with transaction(self._connection):
            self._write("ledger_reset", sha256=entry.sha256, fingerprint=entry.fingerprint, now=now())
            return self._known(entry.sha256)

    def release(self, sha256: str) -> None:
        """Give back leased bytes without counting the attempt."""
        with transaction(self._connection):
            self._write("ledger_release", sha256=sha256, now=now())

    def done(self, sha256: str, *, duration_s: float, wall_s: float) -> None:
        """Note that the call is stored. duration_s: of the audio; wall_s: of the work."""
        with transaction(self._connection):
            self._write("ledger_done", sha256=sha256, duration_s=duration_s, wall_s=wall_s, now=now())

    def fail(self, sha256: str, kind: FailureKind, reason: str, *, max_attempts: int) -> Entry:
        """Note a failure: failed when it lies in the file, else pending again until tried `max_attempts` times."""
        with transaction(self._connection):
            attempts = self._known(sha256).attempts
            again = "pending" if attempts < max_attempts else "quarantined"
            state = "failed" if kind in FINAL_KINDS else again
            self._write("ledger_fail", sha256=sha256, state=state, kind=kind, reason=reason, now=now())
            return self._known(sha256)

    def find(self, sha256: str) -> Entry | None:
        """What is known of these bytes, None if they were never seen."""
        return self._entry(sha256)

    def file_states(self) -> Iterator[FileState]:
        """What became of every file, by path."""
        for row in self._connection.execute(statement("read", "ledger_file_states")):
            values = dict(row)
            yield FileState(**{**values, "updated_at": datetime.fromisoformat(values["updated_at"])})

    def counts(self) -> dict[str, int]:
        """How many files are in which state."""
        rows = self._connection.execute(statement("read", "ledger_counts"))
        return {row["state"]: row["files"] for row in rows}

    def start_run(self, fingerprint: str) -> int:
        """Note that a run begins. Returns its id."""
        with transaction(self._connection):
            run_id = self._write("ledger_start_run", fingerprint=fingerprint, now=now()).lastrowid
        assert run_id is not None
        return run_id

    def finish_run(
        self, run_id: int, outcome: Outcome, counts: RunCounts, *, rulebook_version: str | None, snapshot_id: int | None
    ) -> None:
        """Note how a run ended."""
        with transaction(self._connection):
            self._write(
                "ledger_finish_run",
                run_id=run_id,
                outcome=outcome,
                rulebook_version=rulebook_version,
                snapshot_id=snapshot_id,
                found=counts.found,
                done=counts.done,
                failed=counts.failed,
                audio_s=counts.audio_s,
                wall_s=counts.wall_s,
                now=now(),
            )

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        return tuple(_run(row) for row in self._connection.execute(statement("read", "ledger_runs"), {"limit": limit}))

    def _refresh(self, entry: Entry, path: str, fingerprint: str, *, retry: bool) -> None:
        if entry.path != path and not self._stands(entry):
            self._write("ledger_move_content", sha256=entry.sha256, path=path)
            if not Path(entry.path).exists():
                self._write("ledger_forget_file", path=entry.path)
        failed = entry.state in ("failed", "quarantined")
        if entry.fingerprint != fingerprint or (failed and (retry or entry.kind == "metadata")):
            self._write("ledger_reset", sha256=entry.sha256, fingerprint=fingerprint, now=now())

    def _stands(self, entry: Entry) -> bool:
        row = self._one("ledger_file", path=entry.path)
        return row is not None and row["sha256"] == entry.sha256 and Path(entry.path).exists()

    def _free_id(self, stem: str, sha256: str) -> str:
        for call_id in (stem, f"{stem}-{sha256[:8]}"):
            if self._one("ledger_holder", call_id=call_id) is None:
                return call_id
        return f"{stem}-{sha256}"

    def _put_file(self, path: str, sha256: str | None, stamp: FileStamp | None, reason: str | None) -> None:
        self._write(
            "ledger_put_file",
            path=path,
            sha256=sha256,
            size_bytes=stamp.size_bytes if stamp else None,
            mtime_ns=stamp.mtime_ns if stamp else None,
            ctime_ns=stamp.ctime_ns if stamp else None,
            reason=reason,
            now=now(),
        )

    def _entry(self, sha256: str) -> Entry | None:
        row = self._one("ledger_content", sha256=sha256)
        return Entry(**row) if row else None

    def _known(self, sha256: str) -> Entry:
        entry = self._entry(sha256)
        if entry is None:
            raise StoreError(f"the ledger does not know {sha256}; run callqa run again")
        return entry

    def _one(self, name: str, **values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(statement("read", name), values).fetchone()
        return row

    def _write(self, name: str, **values: object) -> sqlite3.Cursor:
        return self._connection.execute(statement("write", name), values)


def _run(row: sqlite3.Row) -> Run:
    return Run(
        run_id=row["run_id"],
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        outcome=row["outcome"],
        fingerprint=row["fingerprint"],
        rulebook_version=row["rulebook_version"],
        snapshot_id=row["snapshot_id"],
        counts=RunCounts(row["found"], row["done"], row["failed"], row["audio_s"], row["wall_s"]),
    )
