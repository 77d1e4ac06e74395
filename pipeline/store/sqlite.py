"""Opening a SQLite store: durable, many processes at once, schema brought up to date by recorded migrations."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pipeline.errors import StoreError
from pipeline.store.statements import Migration, Store, migrations

BUSY_TIMEOUT_S = 30.0
WAL_RETRY_S = 0.02
Of = TypeVar("Of")


def open_sqlite(path: Path, store: Store) -> sqlite3.Connection:
    """A connection to the store at `path`, made or migrated if need be. Rows are addressed by column name.

    Raises StoreError when the file cannot be opened or written, was made by a newer program, or when a migration
    that it already went through was edited afterwards.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.row_factory = sqlite3.Row
        _use_wal(connection)
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        _migrate(connection, path, migrations(store))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path} cannot be opened for writing: {error}; make the data folder writable, free some disk, "
            "or name another folder with CALLQA_HOME"
        ) from error
    return connection


@contextmanager
def opened(path: Path, store: Store, of: Callable[[sqlite3.Connection], Of]) -> Iterator[Of]:
    """What `of` makes of a connection to the store at `path`, while the block runs. Raises as open_sqlite."""
    connection = open_sqlite(path, store)
    try:
        yield of(connection)
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, with the write lock taken at the start. Raises StoreError when the store cannot be written."""
    try:
        connection.execute("begin immediate")
    except sqlite3.Error as error:
        raise StoreError(
            f"a store is locked or read-only: {error}; end the process that holds it, then retry"
        ) from error
    try:
        yield connection
        connection.execute("commit")
    except sqlite3.OperationalError as error:
        _roll_back(connection)
        raise StoreError(f"a store cannot be written: {error}; free some disk and check the data folder") from error
    except BaseException:
        _roll_back(connection)
        raise


def now() -> str:
    """This instant as the stores keep it: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def applied_migrations(connection: sqlite3.Connection) -> dict[str, str]:
    """Digest by name of the migrations a store went through."""
    rows = connection.execute("select name, digest from schema_migrations order by number").fetchall()
    return {row["name"]: row["digest"] for row in rows}


def _use_wal(connection: sqlite3.Connection) -> None:
    """A new file is switched to WAL once; SQLite waits for no lock there, so whoever comes second has to try again."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(WAL_RETRY_S)
        else:
            return


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("rollback")


def _migrate(connection: sqlite3.Connection, path: Path, steps: tuple[Migration, ...]) -> None:
    table = connection.execute("select 1 from sqlite_master where name = 'schema_migrations'").fetchone()
    done = applied_migrations(connection) if table else {}
    check_applied(str(path), done, steps)
    if len(done) == len(steps):
        return
    with transaction(connection):
        connection.execute(
            "create table if not exists schema_migrations "
            "(number integer primary key, name text not null unique, digest text not null, applied_at text not null)"
        )
        done = applied_migrations(connection)  # another process may have been quicker
        for step in steps:
            if step.name not in done:
                for sql in _split(step.sql):
                    connection.execute(sql)
                connection.execute(
                    "insert into schema_migrations values (?, ?, ?, ?)", (step.number, step.name, step.digest, now())
                )


def check_applied(store: str, done: dict[str, str], steps: tuple[Migration, ...]) -> None:
    """Raise StoreError when a store's recorded migrations are not the ones this program knows."""
    known = {step.name: step.digest for step in steps}
    for name, digest in done.items():
        if name not in known:
            raise StoreError(
                f"{store} was made by a newer callqa (migration {name}); install that version or a later one"
            )
        if known[name] != digest:
            raise StoreError(f"{store} went through another {name} than the one installed; restore the released file")


def _split(sql: str) -> Iterator[str]:
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
