"""Rows of artefacts into the tables of a snapshot: straight from files of many calls, or from what is in memory.

What comes is staged: a view of the rows that count, which the statements sql/write/publish_TABLE read. Of judgements
that say what the snapshot holds already only the version and the time are taken.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from pipeline.errors import StoreError
from pipeline.store.files import (
    CALL_ID,
    FACTS_SUFFIX,
    JUDGEMENT_SUFFIX,
    fitted,
    is_shared,
    readable,
    row_groups,
    schema_for,
)
from pipeline.store.keys import Stored
from pipeline.store.statements import statement

Kind = Literal["facts", "judgements"]
SUFFIX: dict[Kind, str] = {"facts": FACTS_SUFFIX, "judgements": JUDGEMENT_SUFFIX}
TABLES: dict[Kind, tuple[str, ...]] = {
    "facts": ("call_facts", "call_measures", "utterances", "events", "waveforms"),
    "judgements": ("call_judgements", "findings", "score_sections", "score_items", "topics"),
}
Form = Literal["view", "table"]
_ADDED: dict[Kind, str] = {"facts": "", "judgements": ", hash(findings, score, topics) as content"}
_GLOB = frozenset("*?[")  # DuckDB would take a path with one of these for a pattern


def is_current(kind: Kind, path: Path) -> bool:
    """Whether DuckDB can read a file as it is: many calls, and the columns of today. Raises StoreError when damaged."""
    if not is_shared(path) or _GLOB & set(str(path)):
        return False
    with readable(path):
        return bool(pq.read_schema(path).equals(schema_for(SUFFIX[kind])))
    raise AssertionError("unreachable")


def find_staying(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], known: Stored) -> list[Path]:
    """Note which judgements of current files the snapshot holds, and give these their new version and time.

    Returns the files that hold any other.
    """
    left = list(files)
    if not files:
        return left
    try:
        with _staged(connection, "judgements", "view", files, known):
            connection.execute(statement("write", "publish_staying"))
        with _staged(connection, "judgements", "view", files, known):
            others = connection.execute("select distinct filename from staged_judgements").fetchall()
        left = [path for path in files if (str(path),) in others]
    except duckdb.Error as error:  # whoever loads the files tells which one it is
        structlog.get_logger().warning("read_another_way", files=len(files), problem=str(error))
        forget_staying(connection)
    connection.execute(statement("write", "publish_judged_anew"))
    return left


def forget_staying(connection: duckdb.DuckDBPyConnection) -> None:
    """Nothing stays."""
    columns = "call_id varchar, day varchar, rulebook_version varchar, judged_at timestamptz"
    connection.execute(f"create or replace temp table staying ({columns})")


def insert_files(connection: duckdb.DuckDBPyConnection, kind: Kind, files: Sequence[Path], known: Stored) -> bool:
    """Insert the rows that count of current files, all or nothing. False: DuckDB cannot read one of them."""
    try:
        # judgements are asked for twice a table; facts are many times as large
        form: Form = "view" if kind == "facts" else "table"
        with _staged(connection, kind, form, files, known), _whole(connection):
            _insert(connection, kind)
    except duckdb.Error as error:  # is it the file? Then the other way tells, in words of ours
        structlog.get_logger().warning("read_another_way", files=[str(path) for path in files], problem=str(error))
        return False
    return True


def insert_groups(connection: duckdb.DuckDBPyConnection, kind: Kind, path: Path, known: Stored) -> None:
    """A file of many calls of any program, a row group at a time, all of it or nothing.

    Raises StoreError when it is damaged.
    """
    with _whole(connection):
        for group in row_groups(path):
            rows = fitted(group.table(lambda _: True), schema_for(SUFFIX[kind]))
            skipped = pa.array(sorted(known.skip(path)), pa.string())
            kept = rows.filter(pc.invert(pc.is_in(rows[CALL_ID], skipped)))
            insert_table(connection, kind, of_day(kept, path.parent.name))


def insert_table(connection: duckdb.DuckDBPyConnection, kind: Kind, rows: pa.Table) -> None:
    """Insert rows in the columns of today, with their day."""
    connection.register("arrived", rows.combine_chunks())  # many small chunks cost DuckDB ten times as much
    connection.execute(f"create or replace temp view staged_{kind} as select *{_ADDED[kind]} from arrived")  # noqa: S608
    _insert(connection, kind)
    connection.execute(f"drop view staged_{kind}")
    connection.unregister("arrived")


def of_day(rows: pa.Table, day: str) -> pa.Table:
    return rows.append_column("day", pa.array([day] * rows.num_rows, pa.string()))


def _insert(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    for table in TABLES[kind]:
        connection.execute(statement("write", f"publish_{table}"))


@contextmanager
def _whole(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except (StoreError, duckdb.Error):
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def _staged(
    connection: duckdb.DuckDBPyConnection, kind: Kind, form: Form, files: Sequence[Path], known: Stored
) -> Iterator[None]:
    """Within, the rows of current files that count and do not stay, each with the day that its folder names."""
    skipped = [(str(path), call_id) for path in files for call_id in sorted(known.skip(path))]
    connection.execute(
        "create or replace temp table skipped as "
        "select unnest(cast(? as varchar[])) as filename, unnest(cast(? as varchar[])) as call_id",
        [[path for path, _ in skipped], [call_id for _, call_id in skipped]],
    )
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)  # a view knows no parameters
    connection.execute(
        f"create temp {form} staged_{kind} as select *{_ADDED[kind]} from "  # noqa: S608 - names of ours
        f"(select *, string_split(filename, '/')[-2] as day from read_parquet([{names}], filename = true)) as r "
        "anti join skipped as s on s.filename = r.filename and s.call_id = r.call_id "
        "anti join staying as y on y.call_id = r.call_id and y.day = r.day"
    )
    try:
        yield
    finally:
        connection.execute(f"drop {form} if exists staged_{kind}")
