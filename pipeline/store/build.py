"""Filling a snapshot's tables from the artefacts: only the days that changed, when there is a snapshot to begin with.

Days are told apart by the names, sizes and times of their files. A file of many calls goes straight from parquet into
DuckDB; own files, and files that an older program wrote, go through memory, a few hundred calls at a time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from pipeline import __version__
from pipeline.errors import StoreError
from pipeline.model import CallFacts, CallReport, Judgement
from pipeline.store.artefact import day_of, facts_table
from pipeline.store.columns import to_table
from pipeline.store.files import (
    CALL_ID,
    FACTS_SUFFIX,
    GROUP_CALLS,
    JUDGEMENT_SUFFIX,
    fitted,
    is_shared,
    read_rows,
    readable,
    row_groups,
    schema_for,
)
from pipeline.store.keys import Stored, stored
from pipeline.store.statements import migrations, statement, statements

Kind = Literal["facts", "judgements"]
SUFFIX: dict[Kind, str] = {"facts": FACTS_SUFFIX, "judgements": JUDGEMENT_SUFFIX}
HEAD: dict[Kind, str] = {"facts": "call_facts", "judgements": "call_judgements"}
TABLES: dict[Kind, tuple[str, ...]] = {
    "facts": ("call_facts", "call_measures", "utterances", "events", "waveforms"),
    "judgements": ("call_judgements", "findings", "score_sections", "score_items", "topics"),
}
GLOB = frozenset("*?[")  # DuckDB would take a path with one of these for a pattern
MEMORY = "2GB"  # more is not faster; what does not fit goes to disk


@dataclass(frozen=True, slots=True)
class Day:
    """A day's files of one kind. digest: the same as long as the same rows of the same files count."""

    name: str
    files: tuple[Path, ...]
    digest: str


@dataclass(slots=True)
class Unreadable:
    """Files that are damaged, and the days that have one: these are read again next time."""

    files: list[Path] = field(default_factory=list)
    days: set[tuple[Kind, str]] = field(default_factory=set)

    def add(self, kind: Kind, path: Path, problem: object) -> None:
        structlog.get_logger().error("artefact_unreadable", file=str(path), problem=str(problem))
        self.files.append(path)
        self.days.add((kind, path.parent.name))


def fill(connection: duckdb.DuckDBPyConnection, home: Path, corrected: Sequence[CallFacts] = ()) -> tuple[Path, ...]:
    """Bring facts, judgements and calls of an open snapshot up to the artefacts. Returns files that are damaged.

    corrected: facts that stand in for the stored ones of their calls.
    """
    unreadable = Unreadable()
    for kind, suffix in SUFFIX.items():
        known = stored(home, suffix)
        for path in known.damaged:
            unreadable.add(kind, path, "damaged")
        _fill_kind(connection, kind, known, unreadable)
    _put_right(connection, corrected)
    connection.execute("delete from calls")
    connection.execute(statement("write", "publish_calls"))
    connection.execute(statement("write", "publish_unpaired"))
    for tables in TABLES.values():  # only calls that were both heard and judged are in any table
        for table in tables:
            connection.execute(f"delete from {table} where call_id not in (select call_id from calls)")  # noqa: S608
    return tuple(unreadable.files)


def _put_right(connection: duckdb.DuckDBPyConnection, calls: Sequence[CallFacts]) -> None:
    """Put these facts in place of the stored ones, by day."""
    ids = [facts.recording.call_id for facts in calls]
    for table in TABLES["facts"] if calls else ():
        connection.execute(f"delete from {table} where list_contains(?, call_id)", [ids])  # noqa: S608
    by_day: dict[str, list[CallFacts]] = defaultdict(list)
    for facts in calls:
        by_day[day_of(facts.recording.metadata)].append(facts)
    for day, mine in by_day.items():
        _insert_table(connection, "facts", _of_day(facts_table(mine), day))


def fill_report(connection: duckdb.DuckDBPyConnection, report: CallReport) -> None:
    """Put one call into the empty tables of a new snapshot."""
    day = day_of(report.facts.recording.metadata)
    _insert_table(connection, "facts", _of_day(facts_table([report.facts]), day))
    _insert_table(connection, "judgements", _of_day(to_table(Judgement, [report.judgement]), day))
    connection.execute(statement("write", "publish_calls"))


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables of a new snapshot."""
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


def finish(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Say which snapshot this is and give it its views."""
    connection.execute("delete from snapshot_info")
    values = {"snapshot_id": number, "published_at": datetime.now(UTC), "callqa_version": __version__}
    connection.execute(statement("write", "publish_info"), values)
    for name in statements("views"):
        connection.execute(f"drop view if exists {name}")
        connection.execute(statement("views", name))
    connection.execute("checkpoint")


def can_go_on(path: Path, home: Path) -> bool:
    """Whether a snapshot is a good beginning for the next: same program, most of its facts as they are now."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            steps = connection.execute("select digest from schema_migrations order by number").fetchall()
            versions = connection.execute("select callqa_version from snapshot_info").fetchall()
            if versions != [(__version__,)] or [s[0] for s in steps] != [s.digest for s in migrations("snapshot")]:
                return False
            before = _days_before(connection, "facts")
    except duckdb.Error:
        return False
    now = tuple(_days(stored(home, FACTS_SUFFIX)))
    same = sum(before.get(day.name) == day.digest for day in now)
    return bool(now) and same * 2 >= len(now)


def _fill_kind(connection: duckdb.DuckDBPyConnection, kind: Kind, known: Stored, unreadable: Unreadable) -> None:
    before = _days_before(connection, kind)
    now = {day.name: day for day in _days(known)}
    changed = [day for day in now.values() if before.get(day.name) != day.digest]
    _forget(connection, kind, sorted({*(d.name for d in changed), *before.keys() - now.keys()}), all_of=len(before))
    _load(connection, kind, changed, known, unreadable)
    for day in changed:
        if (kind, day.name) not in unreadable.days:
            values = {"kind": kind, "day": day.name, "digest": day.digest}
            connection.execute(statement("write", "publish_day"), values)


def _days(known: Stored) -> Iterator[Day]:
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in known.files:
        by_name[path.parent.name].append(path)
    for name, files in by_name.items():
        stamps = ((p.name, (s := p.stat()).st_size, s.st_mtime_ns, sorted(known.skip(p))) for p in files)
        yield Day(name, tuple(files), sha256(repr(sorted(stamps)).encode()).hexdigest())


def _days_before(connection: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, str]:
    return dict(connection.execute("select day, digest from stored_days where kind = ?", [kind]).fetchall())


def _forget(connection: duckdb.DuckDBPyConnection, kind: Kind, names: Sequence[str], *, all_of: int) -> None:
    """Take the rows of these days out of the tables of one kind."""
    if not names:
        return
    connection.execute("delete from stored_days where kind = ? and list_contains(?, day)", [kind, list(names)])
    left = connection.execute("select count(*) from stored_days where kind = ?", [kind]).fetchone()
    head = HEAD[kind]
    for table in reversed(TABLES[kind]):  # the head comes last: it knows which calls are of which day
        if left == (0,) and all_of:
            connection.execute(f"delete from {table}")  # noqa: S608 - names of ours
        else:
            mine = f"select call_id from {head} where list_contains(?, day)"  # noqa: S608
            connection.execute(f"delete from {table} where call_id in ({mine})", [list(names)])  # noqa: S608


def _load(
    connection: duckdb.DuckDBPyConnection, kind: Kind, days: Iterable[Day], known: Stored, unreadable: Unreadable
) -> None:
    """Insert the rows that count of these days' files."""
    waiting: list[pa.Table] = []
    schema = schema_for(SUFFIX[kind])
    for day in days:
        for path in day.files:
            if is_shared(path):
                try:
                    _load_shared(connection, kind, path, known.skip(path))
                except StoreError as error:
                    unreadable.add(kind, path, error)
                continue
            try:
                waiting.append(_of_day(read_rows(path, schema), day.name))
            except StoreError as error:
                unreadable.add(kind, path, error)
            if len(waiting) >= GROUP_CALLS:
                _insert_table(connection, kind, pa.concat_tables(waiting))
                waiting = []
    if waiting:
        _insert_table(connection, kind, pa.concat_tables(waiting))


def _load_shared(connection: duckdb.DuckDBPyConnection, kind: Kind, path: Path, skip: frozenset[str]) -> None:
    """A file of many calls, all of it or nothing. Raises StoreError when it is damaged."""
    with readable(path):
        current = pq.read_schema(path).equals(schema_for(SUFFIX[kind])) and not GLOB & set(str(path))
    if current:
        try:
            with _whole(connection):
                _insert_file(connection, kind, path, skip)
        except duckdb.Error as error:  # is it the file? Then the other way tells, in words of ours
            structlog.get_logger().warning("read_another_way", file=str(path), problem=str(error))
        else:
            return
    with _whole(connection):
        for group in row_groups(path):
            rows = fitted(group.table(lambda _: True), schema_for(SUFFIX[kind]))
            kept = rows.filter(pc.invert(pc.is_in(rows[CALL_ID], pa.array(sorted(skip), pa.string()))))
            _insert_table(connection, kind, _of_day(kept, path.parent.name))


@contextmanager
def _whole(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except (StoreError, duckdb.Error):
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _insert_file(connection: duckdb.DuckDBPyConnection, kind: Kind, path: Path, skip: frozenset[str]) -> None:
    """Straight from parquet."""
    file, day = (str(text).replace("'", "''") for text in (path, path.parent.name))
    skipped = "create or replace temp table skipped as select unnest(cast(? as varchar[])) as call_id"
    connection.execute(skipped, [sorted(skip)])
    connection.execute(
        f"create or replace temp view staged_{kind} as select *, '{day}' as day from read_parquet('{file}') "  # noqa: S608
        "where call_id not in (select s.call_id from skipped as s)"
    )
    for table in TABLES[kind]:
        connection.execute(statement("write", f"publish_{table}"))
    connection.execute(f"drop view staged_{kind}")


def _insert_table(connection: duckdb.DuckDBPyConnection, kind: Kind, rows: pa.Table) -> None:
    connection.register(f"staged_{kind}", rows.combine_chunks())  # many small chunks cost DuckDB ten times as much
    for table in TABLES[kind]:
        connection.execute(statement("write", f"publish_{table}"))
    connection.unregister(f"staged_{kind}")


def _of_day(rows: pa.Table, day: str) -> pa.Table:
    return rows.append_column("day", pa.array([day] * rows.num_rows, pa.string()))
