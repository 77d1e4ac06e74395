"""The published, read-only database of the dashboard: built anew from the artefacts, then swapped in.

snapshots/analytics-N.duckdb, and snapshots/CURRENT with the name of the one to read. Every publish takes a new N: a
database name is never used twice (an open connection would go on seeing the old file). Only the holder of the batch
lock publishes; any number of readers read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import structlog

from pipeline import __version__
from pipeline.errors import StoreError
from pipeline.store import artefact
from pipeline.store.durable import flush, replace_file
from pipeline.store.sqlite import check_applied
from pipeline.store.statements import migrations, statement, statements

POINTER = "CURRENT"
NAME = re.compile(r"^analytics-(\d+)\.duckdb$")
FILES_PER_INSERT = 50_000
BATCH_FILES, BATCH_BYTES = 500, 64 * 1024 * 1024  # artefacts read before they are handed to DuckDB
STAGES = (
    "publish_calls",
    "publish_call_measures",
    "publish_utterances",
    "publish_events",
    "publish_findings",
    "publish_score_sections",
    "publish_score_items",
    "publish_topics",
    "publish_waveforms",
)
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


def publish(home: Path, files: Iterable[FileState] = (), *, keep: int = 3, anew: bool = False) -> Published:  # noqa: ARG001
    """Build a snapshot from all artefacts and make it current; readers never wait and never see half of it.

    files: what the ledger says of every file. keep: how many snapshots stay on disk, the new one included.
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
        unreadable = _build(path, number, home, files)
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


def _build(path: Path, number: int, home: Path, files: Iterable[FileState]) -> tuple[Path, ...]:
    with duckdb.connect(str(path)) as connection:
        _create_tables(connection)
        _insert_files(connection, files)
        unreadable = (
            *_stage(connection, "facts", artefact.artefact_files(home, artefact.FACTS_SUFFIX), artefact.facts_schema()),
            *_stage(
                connection,
                "judgements",
                artefact.artefact_files(home, artefact.JUDGEMENT_SUFFIX),
                artefact.judgement_schema(),
            ),
        )
        for name in STAGES:
            connection.execute(statement("write", name))
        values = {"snapshot_id": number, "published_at": datetime.now(UTC), "callqa_version": __version__}
        connection.execute(statement("write", "publish_info"), values)
        for name in statements("views"):
            connection.execute(statement("views", name))
        for name in ("staged_facts", "staged_judgements"):
            connection.execute(f"drop table {name}")
        connection.execute("checkpoint")
    return unreadable


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create table schema_migrations "
        "(number integer primary key, name varchar not null, digest varchar not null, applied_at timestamptz not null)"
    )
    for step in migrations("snapshot"):
        connection.execute(step.sql)
        connection.execute(
            "insert into schema_migrations values (?, ?, ?, ?)",
            [step.number, step.name, step.digest, datetime.now(UTC)],
        )


def _insert_files(connection: duckdb.DuckDBPyConnection, files: Iterable[FileState]) -> None:
    for chunk in _chunks(files, FILES_PER_INSERT):
        columns = list(zip(*(astuple(row) for row in chunk), strict=True))
        table = pa.table([pa.array(c, f.type) for c, f in zip(columns, FILE_COLUMNS, strict=True)], FILE_COLUMNS)
        connection.register("ledger_files", table)
        connection.execute(statement("write", "publish_files"))
        connection.unregister("ledger_files")


def _stage(
    connection: duckdb.DuckDBPyConnection, kind: str, paths: Sequence[Path], schema: pa.Schema
) -> Iterator[Path]:
    """Load the newest row of every call into staged_KIND, batch by batch; yields files that are damaged."""
    _with_batch(connection, schema.empty_table(), f"publish_create_{kind}")
    waiting: list[pa.Table] = []
    size_bytes = 0
    for path in paths:
        try:
            waiting.append(artefact.read_rows(path, schema))
            size_bytes += waiting[-1].nbytes
        except StoreError as error:
            structlog.get_logger().exception("artefact_unreadable", file=str(path), problem=str(error))
            yield path
        if len(waiting) >= BATCH_FILES or size_bytes > BATCH_BYTES:
            _with_batch(connection, pa.concat_tables(waiting), f"publish_add_{kind}")
            waiting, size_bytes = [], 0
    if waiting:
        _with_batch(connection, pa.concat_tables(waiting), f"publish_add_{kind}")
    connection.execute(statement("write", f"publish_newest_{kind}"))


def _with_batch(connection: duckdb.DuckDBPyConnection, table: pa.Table, name: str) -> None:
    connection.register("batch", table.combine_chunks())  # many small chunks cost DuckDB ten times as much
    connection.execute(statement("write", name))
    connection.unregister("batch")


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
