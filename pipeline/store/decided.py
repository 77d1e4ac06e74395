"""The published snapshot with what people decided beside it: the one place where a final result is defined.

    reader = Reader(home)
    cursor, version = reader.cursor()
    with cursor:
        cursor.execute("… from decided.results …")

A connection in memory holds the newest snapshot (read-only, catalog `published`) and the catalog `decided` with small
tables of score forms and verdicts (sql/decided). Decisions are append-only, so only those behind the last known one are
taken over when reviews.sqlite was written; calls of open calibration rounds are left out.
"""

import threading
from collections.abc import Callable, Collection
from pathlib import Path

import duckdb
import polars as pl

from pipeline.errors import StoreError
from pipeline.store.calibration import calibration_calls
from pipeline.store.overflow import Overflow
from pipeline.store.reviews import reviews_path
from pipeline.store.snapshot import current_snapshot
from pipeline.store.sqlite import check_applied, open_sqlite
from pipeline.store.statements import migrations, statement

PARTS = ("review_results", "finding_verdicts", "call_hits", "left_out", "results", "sums")  # each after what it reads
FORM_SCHEMA = {"review_id": pl.Int64, "call_id": pl.String, "total": pl.Float64, "passed": pl.Int64, "fatal": pl.Int64}
VERDICT_SCHEMA = {"verdict_id": pl.Int64, "call_id": pl.String, "finding_key": pl.String, "verdict": pl.String}
MEMORY_GB = 2.0
Stamp = tuple[tuple[int, int], ...]
Version = tuple[str, int, int, frozenset[str]]


class Reader:
    """Shared by all users of a process. A newly published snapshot is opened by the next read."""

    def __init__(
        self,
        home: Path,
        left_out: Callable[[Path], Collection[str]] = calibration_calls,
        *,
        memory_gb: float = MEMORY_GB,
    ) -> None:
        """left_out: the calls that count in no average. memory_gb: at most held in memory, the snapshot's pages too."""
        self._home = home
        self._memory_gb = memory_gb
        self._overflow: Overflow | None = None
        self._opened = 0
        self._left_out_of = left_out
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._forget()

    def cursor(self) -> tuple[duckdb.DuckDBPyConnection, Version]:
        """A connection of the caller's own on the newest snapshot and the newest decisions, and its version. Close it.

        The version is another one as soon as something was published or decided that may change a result.
        Raises StoreError when nothing is published, or when a store cannot be read.
        """
        path = current_snapshot(self._home)
        if path is None:
            raise StoreError(f"nothing is published in {self._home} yet; run `callqa run FOLDER`")
        with self._lock:
            if path != self._path or self._connection is None:
                self._connection = self._open(path)  # whoever reads the old one keeps theirs
                self._path = path
                self._forget()
            self._take_over(self._connection)
            cursor = self._connection.cursor()
            version = (path.name, self._form, self._verdict, self._left_out)
        cursor.execute("use published")
        return cursor, version

    def _open(self, path: Path) -> duckdb.DuckDBPyConnection:
        if self._overflow is None:
            self._overflow = Overflow(path.parent)
        self._opened += 1  # two connections must not share a folder
        inside = self._overflow.path
        return _open(path, self._memory_gb, inside / str(self._opened) if inside else None)

    def _forget(self) -> None:
        self._form = self._verdict = 0  # the last ones that were taken over
        self._left_out: frozenset[str] = frozenset()
        self._stamp: Stamp | None = None

    def _take_over(self, connection: duckdb.DuckDBPyConnection) -> None:
        stamp = _stamp(reviews_path(self._home))  # before reading: what comes in between is read twice, never missed
        if stamp == self._stamp or not stamp:
            return
        forms, verdicts = self._news()
        left_out = frozenset(self._left_out_of(self._home))
        try:
            connection.execute("begin")
            if forms.height:
                _with(connection, "new_forms", forms, "decided_put_forms")
            if verdicts.height:
                _with(connection, "new_verdicts", verdicts, "decided_put_verdicts", "decided_put_hits")
            if left_out != self._left_out:
                connection.execute("delete from decided.left_out")
                connection.execute(statement("write", "decided_leave_out"), {"call_ids": sorted(left_out)})
            connection.execute("commit")
        except duckdb.Error as error:
            connection.execute("rollback")
            raise StoreError(f"{reviews_path(self._home)}: decisions cannot be taken over: {error}") from error
        self._form = max((self._form, *forms["review_id"]))
        self._verdict = max((self._verdict, *verdicts["verdict_id"]))
        self._left_out, self._stamp = left_out, stamp

    def _news(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Forms and verdicts that are newer than those known."""
        connection = open_sqlite(reviews_path(self._home), "reviews")
        try:
            forms = connection.execute(statement("read", "decided_forms"), {"after": self._form}).fetchall()
            verdicts = connection.execute(statement("read", "decided_verdicts"), {"after": self._verdict}).fetchall()
        finally:
            connection.close()
        return (
            pl.DataFrame([tuple(row) for row in forms], FORM_SCHEMA, orient="row"),
            pl.DataFrame([tuple(row) for row in verdicts], VERDICT_SCHEMA, orient="row"),
        )


def _open(path: Path, memory_gb: float, overflow: Path | None) -> duckdb.DuckDBPyConnection:
    limits: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_gb * 1000:.0f}MB",
        "temp_directory": str(overflow or ""),  # none: a query that does not fit fails, and says so
    }
    connection = duckdb.connect(":memory:", config=limits)
    quoted = str(path).replace("'", "''")
    try:
        connection.execute("attach ':memory:' as decided")
        connection.execute(f"attach '{quoted}' as published (read_only)")
        connection.execute("set enable_external_access = false")  # no other file can be reached from here on
        connection.execute("set lock_configuration = true")
        rows = connection.execute("select name, digest from published.schema_migrations order by number").fetchall()
        check_applied(str(path), dict(rows), migrations("snapshot"))
        if len(rows) < len(migrations("snapshot")):
            raise StoreError(f"{path} was made by an older callqa; run callqa publish to make a new snapshot")
        for name in PARTS:
            connection.execute(statement("decided", name))
    except duckdb.Error as error:
        connection.close()
        raise StoreError(f"{path} cannot be opened: {error}; run callqa publish to make a new snapshot") from error
    except StoreError:
        connection.close()
        raise
    return connection


def _with(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame, *names: str) -> None:
    connection.register(name, rows.to_arrow())
    for each in names:
        connection.execute(statement("write", each))
    connection.unregister(name)


def _stamp(path: Path) -> Stamp:
    """Size and time of the store and of its write-ahead log; empty without a store."""
    found = []
    for part in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = part.stat()
        except FileNotFoundError:
            continue
        found.append((status.st_size, status.st_mtime_ns))
    return tuple(found)
