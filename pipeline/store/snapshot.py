"""The published, read-only database of the dashboard: made from the artefacts, then swapped in.

snapshots/analytics-N.duckdb, and snapshots/CURRENT with the name of the one to read. Every publish takes a new N: a
database name is never used twice (an open connection would go on seeing the old file). Only the holder of the batch
lock publishes; any number of readers read.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.model import CallFacts, CallReport
from pipeline.store import build
from pipeline.store.durable import flush, replace_file
from pipeline.store.sqlite import check_applied
from pipeline.store.statements import migrations, statement

POINTER = "CURRENT"
NAME = re.compile(r"^analytics-(\d+)\.duckdb$")
FILES_PER_INSERT = 50_000
FILE_COLUMNS = pa.schema(
    [
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("call_id", pa.string()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("attempts", pa.int64()),
        ("updated_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True, slots=True)
class FileState:
    """What became of one file: a row of the ledger as the snapshot shows it."""

    path: str
    sha256: str | None
    call_id: str | None
    state: str
    reason: str | None
    attempts: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot that is now current. unreadable: artefacts that were left out because they are damaged."""

    snapshot_id: int
    path: Path
    calls: int
    unreadable: tuple[Path, ...] = ()


def snapshots_folder(home: Path) -> Path:
    return home / "snapshots"


def current_snapshot(home: Path) -> Path | None:
    """The snapshot to read, None when nothing was published yet. Raises StoreError when the pointer is damaged."""
    pointer = snapshots_folder(home) / POINTER
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{pointer} cannot be read: {error.strerror}; check the rights of the data folder") from error
    if not NAME.match(name) or not (pointer.parent / name).is_file():
        raise StoreError(f"{pointer} names {name!r}, which is not there; run callqa publish to make a new snapshot")
    return pointer.parent / name


def open_snapshot(home: Path) -> duckdb.DuckDBPyConnection | None:
    """A read-only connection to the current snapshot, None when nothing was published yet.

    It can reach no other file and its configuration is locked. Close it, or use it as a context manager. Read rows
    with `.pl()`: `fetchall` of a timestamp with zone needs pytz, which is not installed.
    Raises StoreError when the snapshot cannot be opened or was made by another version.
    """
    path = current_snapshot(home)
    if path is None:
        return None
    locked: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    try:
        connection = duckdb.connect(str(path), read_only=True, config=locked)
        rows = connection.execute("select name, digest from schema_migrations order by number").fetchall()
    except duckdb.Error as error:
        raise StoreError(f"{path} cannot be opened: {error}; run callqa publish to make a new snapshot") from error
    try:
        check_applied(str(path), dict(rows), migrations("snapshot"))
        if len(rows) < len(migrations("snapshot")):
            raise StoreError(f"{path} was made by an older callqa; run callqa publish to make a new snapshot")
    except StoreError:
        connection.close()
        raise
    return connection


def preview(report: CallReport) -> duckdb.DuckDBPyConnection:
    """A snapshot of one call in memory, made by the very statements of publishing. Close it, or use it with `with`."""
    connection = duckdb.connect(":memory:")
    build.create(connection)
    build.fill_report(connection, report)
    build.finish(connection, 0)
    return connection


def publish(
    home: Path,
    files: Iterable[FileState] = (),
    *,
    keep: int = 3,
    anew: bool = False,
    corrected: Sequence[CallFacts] = (),
) -> Published:
    """Build a snapshot from all artefacts and make it current; readers never wait and never see half of it.

    files: what the ledger says of every file. keep: how many snapshots stay on disk, the new one included. Days whose
    artefacts are as they were are taken over from the snapshot in use, unless `anew`. corrected: facts as people put
    them right, of all calls that were ever corrected; they stand in for the stored ones.
    Damaged artefacts are left out and named in the result. Raises StoreError when the folder cannot be written.
    """
    folder = snapshots_folder(home)
    if "?" in str(folder):  # DuckDB reads what follows as options of the file
        raise StoreError(f"the data folder {home} has a question mark in its name; rename it or set CALLQA_HOME")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        previous = _numbers(folder)
        number = max(previous, default=0) + 1
        path = folder / f"analytics-{number}.duckdb"
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        unreadable = _build(path, number, home, files, None if anew else _beginning(home), corrected)
        flush(path)
        replace_file(folder / POINTER, lambda target: _write_text(target, f"{path.name}\n"))
        _remove_all_but(folder, keep)
        with duckdb.connect(str(path), read_only=True) as check:
            calls = _count(check, "calls")
    except (OSError, duckdb.Error) as error:
        raise StoreError(
            f"no snapshot could be published in {folder}: {error}; the old one stays in use. "
            "Make the folder writable, free some disk, then run callqa publish"
        ) from error
    return Published(number, path, calls, unreadable)


def _beginning(home: Path) -> Path | None:
    """The snapshot in use, where the next can be made by changing a copy of it."""
    try:
        path = current_snapshot(home)
    except StoreError:  # a damaged pointer must not stop the publish that repairs it
        return None
    return path if path is not None and build.can_go_on(path, home) else None


def _build(
    path: Path,
    number: int,
    home: Path,
    files: Iterable[FileState],
    beginning: Path | None,
    corrected: Sequence[CallFacts],
) -> tuple[Path, ...]:
    if beginning is not None:
        shutil.copyfile(beginning, path)
    with duckdb.connect(
        str(path), config={"memory_limit": build.MEMORY, "threads": build.usable_threads()}
    ) as connection:
        if beginning is None:
            build.create(connection)
        connection.execute("delete from files")
        _insert_files(connection, files)
        unreadable = build.fill(connection, home, corrected)
        build.finish(connection, number)
    return unreadable


def _insert_files(connection: duckdb.DuckDBPyConnection, files: Iterable[FileState]) -> None:
    for chunk in _chunks(files, FILES_PER_INSERT):
        columns = list(zip(*(astuple(row) for row in chunk), strict=True))
        table = pa.table([pa.array(c, f.type) for c, f in zip(columns, FILE_COLUMNS, strict=True)], FILE_COLUMNS)
        connection.register("ledger_files", table)
        connection.execute(statement("write", "publish_files"))
        connection.unregister("ledger_files")


def _numbers(folder: Path) -> list[int]:
    return [int(match[1]) for p in folder.iterdir() if (match := NAME.match(p.name))]


def _remove_all_but(folder: Path, keep: int) -> None:
    for number in sorted(_numbers(folder))[:-keep]:
        path = folder / f"analytics-{number}.duckdb"
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - a table name of ours
    assert row is not None
    return int(row[0])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _chunks(rows: Iterable[FileState], size: int) -> Iterator[list[FileState]]:
    chunk: list[FileState] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
