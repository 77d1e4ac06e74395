"""Filling a snapshot's tables from the artefacts: only the days that changed, when there is a snapshot to begin with.

Days are told apart by the names, sizes and times of their files. A file of many calls goes straight from parquet into
DuckDB; own files, and files that an older program wrote, go through memory, a few hundred calls at a time.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
import structlog

from pipeline import __version__
from pipeline.errors import StoreError
from pipeline.model import CallFacts, CallReport, Judgement
from pipeline.store import staging
from pipeline.store.artefact import day_of, facts_table
from pipeline.store.columns import to_table
from pipeline.store.files import FACTS_SUFFIX, GROUP_CALLS, is_shared, read_rows, schema_for
from pipeline.store.keys import Stored, stored
from pipeline.store.staging import SUFFIX, TABLES, Kind
from pipeline.store.statements import migrations, statement, statements

HEAD: dict[Kind, str] = {"facts": "call_facts", "judgements": "call_judgements"}
CALLS = ("publish_lost_calls", "publish_kept_calls", "publish_moved_calls", "publish_calls", "publish_unpaired")
MEMORY = "1GB"  # more is not faster; what does not fit goes to disk
MOST_THREADS = 4  # each wants some of this memory
FILES_AT_ONCE = 16  # files of many calls in one statement


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
    for step in CALLS:
        connection.execute(statement("write", step))
    for tables in TABLES.values():  # only calls that were both heard and judged are in any table
        for table in tables:
            connection.execute(f"delete from {table} where call_id not in (select call_id from calls)")  # noqa: S608
    return tuple(unreadable.files)


def _put_right(connection: duckdb.DuckDBPyConnection, calls: Sequence[CallFacts]) -> None:
    """Put these facts in place of the stored ones, by day."""
    ids = [facts.recording.call_id for facts in calls]
    for table in ("calls", *TABLES["facts"]) if calls else ():
        connection.execute(f"delete from {table} where call_id in (select unnest(?))", [ids])  # noqa: S608
    by_day: dict[str, list[CallFacts]] = defaultdict(list)
    for facts in calls:
        by_day[day_of(facts.recording.metadata)].append(facts)
    for day, mine in by_day.items():
        staging.insert_table(connection, "facts", staging.of_day(facts_table(mine), day))


def fill_report(connection: duckdb.DuckDBPyConnection, report: CallReport) -> None:
    """Put one call into the empty tables of a new snapshot."""
    day = day_of(report.facts.recording.metadata)
    staging.insert_table(connection, "facts", staging.of_day(facts_table([report.facts]), day))
    staging.insert_table(connection, "judgements", staging.of_day(to_table(Judgement, [report.judgement]), day))
    connection.execute(statement("write", "publish_calls"))


def usable_threads() -> int:
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


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
    _make_views(connection)


def finish(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Say which snapshot this is and give it its views."""
    connection.execute("delete from snapshot_info")
    values = {"snapshot_id": number, "published_at": datetime.now(UTC), "callqa_version": __version__}
    connection.execute(statement("write", "publish_info"), values)
    _make_views(connection)
    connection.execute("checkpoint")


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    for name in statements("views"):
        connection.execute(f"drop view if exists {name}")
        connection.execute(statement("views", name))


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
    current, others = _sorted_out(kind, changed, unreadable)
    staging.forget_staying(connection)
    if kind == "judgements":
        held = [path for path in current if path.parent.name in before]
        current = [p for p in current if p not in held] + staging.find_staying(connection, held, known)
    _forget(connection, kind, sorted({*(d.name for d in changed), *before.keys() - now.keys()}))
    _load(connection, kind, current, others, known, unreadable)
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


def _forget(connection: duckdb.DuckDBPyConnection, kind: Kind, names: Sequence[str]) -> None:
    """Take the rows of these days out of the tables of one kind, and their calls; but not what stays."""
    if not names:
        return
    connection.execute("delete from stored_days where kind = ? and list_contains(?, day)", [kind, list(names)])
    head = HEAD[kind]
    going = f"select call_id from {head} where list_contains(?, day) except select call_id from staying"  # noqa: S608
    for table in ("calls", *reversed(TABLES[kind])):  # the head comes last: it knows which calls are of which day
        connection.execute(f"delete from {table} where call_id in ({going})", [list(names)])  # noqa: S608


def _load(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    current: Sequence[Path],
    others: list[Path],
    known: Stored,
    unreadable: Unreadable,
) -> None:
    """Insert the rows of these files that count and do not stay. current: DuckDB can read them as they are."""
    for start in range(0, len(current), FILES_AT_ONCE):
        files = current[start : start + FILES_AT_ONCE]
        if not staging.insert_files(connection, kind, files, known):
            others += [path for path in files if not staging.insert_files(connection, kind, [path], known)]
    waiting: list[pa.Table] = []
    for path in others:
        try:
            if is_shared(path):
                staging.insert_groups(connection, kind, path, known)
            else:
                waiting.append(staging.of_day(read_rows(path, schema_for(SUFFIX[kind])), path.parent.name))
        except StoreError as error:
            unreadable.add(kind, path, error)
        if len(waiting) >= GROUP_CALLS:
            staging.insert_table(connection, kind, pa.concat_tables(waiting))
            waiting = []
    if waiting:
        staging.insert_table(connection, kind, pa.concat_tables(waiting))


def _sorted_out(kind: Kind, days: Iterable[Day], unreadable: Unreadable) -> tuple[list[Path], list[Path]]:
    """The files of these days that DuckDB reads as they are, and the others."""
    current: list[Path] = []
    others: list[Path] = []
    for path in (path for day in days for path in day.files):
        try:
            (current if staging.is_current(kind, path) else others).append(path)
        except StoreError as error:
            unreadable.add(kind, path, error)
    return current, others
