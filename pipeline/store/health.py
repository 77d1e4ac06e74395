"""How the stores of a data folder are: sizes, snapshots kept, free disk, and whether the decisions are sound.

report = health(home)              sizes in bytes; walks the folders, some milliseconds for a year of calls
check_integrity(home)              SQLite's own check of reviews.sqlite and ledger.sqlite: () when all is well
"""

import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store.ledger import ledger_path
from pipeline.store.reviews import reviews_path
from pipeline.store.snapshot import NAME, current_snapshot, snapshots_folder

PARTS = ("artefacts", "snapshots", "rulebooks", "logs")
LOW_DISK_BYTES = 5 * 2**30


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """One published database on disk."""

    name: str
    size_bytes: int
    written_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Health:
    """sizes: bytes by part of the data folder (folders, and the SQLite stores with their journals)."""

    sizes: tuple[tuple[str, int], ...]
    snapshots: tuple[KeptSnapshot, ...]
    free_bytes: int
    disk_bytes: int

    @property
    def disk_is_low(self) -> bool:
        """Whether another publish may not fit: less than three of the largest snapshot, or than LOW_DISK_BYTES."""
        largest = max((s.size_bytes for s in self.snapshots), default=0)
        return self.free_bytes < max(LOW_DISK_BYTES, 3 * largest)


def health(home: Path) -> Health:
    """Raises StoreError when the folder cannot be looked at."""
    try:
        disk = shutil.disk_usage(home)
        sizes = [(name, _size(home / name)) for name in PARTS]
        sizes += [(path.name, _size(path)) for path in (reviews_path(home), ledger_path(home))]
        return Health(tuple(sizes), _snapshots(home), disk.free, disk.total)
    except OSError as error:
        raise StoreError(f"{home} cannot be looked at: {error}; check that the data folder is there") from error


def check_integrity(home: Path) -> tuple[str, ...]:
    """What SQLite finds wrong in the stores of decisions and files; () when they are sound or not there yet."""
    return tuple(
        problem for path in (reviews_path(home), ledger_path(home)) if path.is_file() for problem in _check(path)
    )


def _check(path: Path) -> tuple[str, ...]:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = [row[0] for row in connection.execute("pragma quick_check")]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return (f"{path.name}: {error}; put a backup in its place",)
    return tuple(f"{path.name}: {line}; put a backup in its place" for line in found if line != "ok")


def _size(path: Path) -> int:
    """Bytes of a file with its journals, or of everything in a folder; 0 when it is not there."""
    if path.is_dir():
        files = [p for p in path.rglob("*") if p.is_file()]
    else:
        files = [p for p in (path, path.with_name(f"{path.name}-wal")) if p.is_file()]
    return sum(p.stat().st_size for p in files)


def _snapshots(home: Path) -> tuple[KeptSnapshot, ...]:
    folder, current = snapshots_folder(home), current_snapshot(home)
    found = [p for p in folder.iterdir() if NAME.match(p.name)] if folder.is_dir() else []
    kept = [
        KeptSnapshot(p.name, (s := p.stat()).st_size, datetime.fromtimestamp(s.st_mtime, UTC), p == current)
        for p in found
    ]
    return tuple(sorted(kept, key=lambda k: k.written_at, reverse=True))
