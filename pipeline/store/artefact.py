"""Facts and judgements of calls as parquet, stored apart: written one by one, read one by one or many at once.

A call that was just analysed lies in files of its own; `pipeline.store.days` gathers those of a day. Every reader takes
both and knows which counts (`pipeline.store.keys`). A judgement counts only if it was made after the facts.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.model import CallFacts, CallMetadata, CallReport, Judgement, Recording
from pipeline.store.columns import to_table
from pipeline.store.durable import replace_file
from pipeline.store.files import (
    CALL_ID,
    FACTS_SUFFIX,
    GROUP_CALLS,
    JUDGEMENT_SUFFIX,
    UNDATED,
    RowGroup,
    artefact_files,
    artefacts_folder,
    facts_schema,
    file_name,
    is_shared,
    judgement_schema,
    read_rows,
    row_groups,
    schema_for,
    write_small,
)
from pipeline.store.keys import columns_of, stored
from pipeline.store.rows import column_at, from_table, read

__all__ = [  # what others need of the layout, under one name
    "FACTS_SUFFIX",
    "JUDGEMENT_SUFFIX",
    "artefact_files",
    "artefacts_folder",
    "facts_schema",
    "file_name",
    "judgement_schema",
    "read_rows",
]

# What judging seldom looks at: read and made into objects only when it does.
LAZY = frozenset(
    {
        ("turns",),
        ("events",),
        ("probes",),
        ("measures",),
        ("envelope",),
        ("engine",),
        ("utterances", "words"),
        ("utterances", "measures"),
    }
)

T = TypeVar("T", CallFacts, Judgement)


def write_report(home: Path, report: CallReport) -> None:
    """Store facts and judgement of a call in files of their own.

    A judgement of older facts never counts beside new ones: an own file is removed first, a row in a file of many is
    known by its time. Raises StoreError when the data folder cannot be written.
    """
    for old in _own_files(home, report.facts.recording.call_id, JUDGEMENT_SUFFIX):
        remove(old)
    write_facts(home, report.facts)
    write_judgement(home, report.judgement)


def write_facts(home: Path, facts: CallFacts) -> Path:
    """Store the facts of a call under the day it took place; they replace those stored before. Returns the file."""
    call_id = facts.recording.call_id
    return _write(home, day_of(facts.recording.metadata), call_id, FACTS_SUFFIX, facts_table([facts]))


def write_judgement(home: Path, judgement: Judgement) -> Path:
    """Store a judgement beside the facts of its call. Raises StoreError when there are none. Returns the file."""
    place = place_of(home, judgement.call_id, FACTS_SUFFIX)
    if place is None:
        raise StoreError(f"call {judgement.call_id!r} has no stored facts to judge; analyse it with callqa run")
    table = to_table(Judgement, [judgement])
    return _write(home, place.parent.name, judgement.call_id, JUDGEMENT_SUFFIX, table)


def day_of(metadata: CallMetadata) -> str:
    """The folder a call belongs to: its day in its own zone, or UNDATED."""
    started = metadata.started_at
    return started.date().isoformat() if started else UNDATED


def facts_table(calls: list[CallFacts]) -> pa.Table:
    """Facts as the rows of a facts file."""
    table = to_table(CallFacts, calls)
    ids = pa.array([facts.recording.call_id for facts in calls], pa.string())
    return table.add_column(0, CALL_ID, ids)


def read_calls(home: Path, since: date | None = None, chunk: int = GROUP_CALLS) -> Iterator[tuple[CallFacts, ...]]:
    """All stored facts by day, at most `chunk` calls at a time; what is seldom looked at is read when it is.

    since: leaves out earlier days, keeps undated calls. Raises StoreError naming a file that cannot be read.
    """
    first = since.isoformat() if since else ""
    known = stored(home, FACTS_SUFFIX)
    for path in known.damaged:
        read_rows(path, facts_schema())  # says what is wrong
    waiting: list[pa.Table] = []
    for path in known.files:
        if path.parent.name != UNDATED and path.parent.name < first:
            continue
        if is_shared(path):
            for group in row_groups(path):
                calls = facts_of_group(group, known.skip(path))
                yield from (calls[i : i + chunk] for i in range(0, len(calls), chunk))
            continue
        waiting.append(read_rows(path, facts_schema()))
        if len(waiting) >= min(chunk, GROUP_CALLS):
            yield facts_of_table(pa.concat_tables(waiting))
            waiting = []
    if waiting:
        yield facts_of_table(pa.concat_tables(waiting))


def facts_of_group(group: RowGroup, skip: frozenset[str] = frozenset()) -> tuple[CallFacts, ...]:
    """The facts of a row group without those of the calls to skip."""
    table = group.table(lambda leaf: not any(leaf[:n] in LAZY for n in range(1, len(leaf) + 1)))
    calls = read(CallFacts, table, frozenset(p for p in LAZY if group.has(p)), group.column)
    return tuple(c for c in calls if c.recording.call_id not in skip) if skip else tuple(calls)


def facts_of_table(table: pa.Table) -> tuple[CallFacts, ...]:
    """The facts of rows that are in memory."""
    return tuple(read(CallFacts, table, LAZY, lambda path: column_at(table, path)))


def iter_facts(home: Path, since: date | None = None) -> Iterator[CallFacts]:
    """All stored facts, one at a time, by day. since: leaves out earlier days, keeps undated calls.

    Raises StoreError naming a file that cannot be read.
    """
    for calls in read_calls(home, since):
        yield from calls


def iter_judgements(home: Path, since: date | None = None) -> Iterator[Judgement]:
    """All stored judgements, one at a time, by day. Raises StoreError naming a file that cannot be read."""
    first = since.isoformat() if since else ""
    known = stored(home, JUDGEMENT_SUFFIX)
    for path in (*known.files, *known.damaged):
        if path.parent.name == UNDATED or path.parent.name >= first:
            judgements = from_table(Judgement, read_rows(path, judgement_schema()))
            yield from (j for j in judgements if j.call_id not in known.skip(path))


def iter_recordings(home: Path) -> Iterator[tuple[Recording, str]]:
    """Recording and engine fingerprint of all stored calls, without reading what was said."""
    known = stored(home, FACTS_SUFFIX)
    for path in known.files:
        for group in row_groups(path):
            table = group.table(lambda leaf: leaf[0] == "recording" or leaf == ("engine", "fingerprint"))
            recordings: list[Recording] = from_column(Recording, table, "recording")
            prints = column_at(table, ("engine", "fingerprint")).to_pylist()
            skip = known.skip(path)
            yield from ((r, p) for r, p in zip(recordings, prints, strict=True) if r.call_id not in skip)


def from_column(kind: Any, table: pa.Table, name: str) -> list[Any]:
    """The dataclass that each row of one struct column holds."""
    struct = table.column(name).combine_chunks()
    return from_table(kind, pa.Table.from_struct_array(struct))


def read_facts(home: Path, call_id: str, day: str | None = None) -> CallFacts | None:
    """The stored facts of a call, whole; None if there are none. day: the folder, where it is known: much faster."""
    return _read(home, call_id, FACTS_SUFFIX, CallFacts, day)


def read_judgement(home: Path, call_id: str) -> Judgement | None:
    """The stored judgement of a call, None if there is none."""
    return _read(home, call_id, JUDGEMENT_SUFFIX, Judgement)


def read_report(home: Path, call_id: str) -> CallReport | None:
    """Facts and judgement of a call, None unless both are stored."""
    facts, judgement = read_facts(home, call_id), read_judgement(home, call_id)
    if facts is None or judgement is None or judgement.judged_at < facts.analyzed_at:
        return None
    return CallReport(facts, judgement)


def has_facts(home: Path) -> bool:
    """Whether any call was ever stored here."""
    return next(artefacts_folder(home).glob(f"*/*{FACTS_SUFFIX}"), None) is not None


def _write(home: Path, day: str, call_id: str, suffix: str, table: pa.Table) -> Path:
    path = artefacts_folder(home) / day / f"{file_name(call_id)}{suffix}"
    replace_file(path, lambda target: write_small(table, target))
    for old in _own_files(home, call_id, suffix):
        if old != path:  # the call was stored under another day before
            remove(old)
    return path


def _read(home: Path, call_id: str, suffix: str, kind: type[T], day: str | None = None) -> T | None:
    path = place_of(home, call_id, suffix, day)
    if path is None:
        return None
    if not is_shared(path):
        rows = from_table(kind, read_rows(path, schema_for(suffix)))
    else:
        found = _holding(path, call_id)
        rows = from_table(kind, found) if found is not None else []
    return rows[0] if rows else None


def _holding(path: Path, call_id: str) -> pa.Table | None:
    """The row of a call in a file of many: ids are read first, then only its row group."""
    for group in row_groups(path):
        if group.may_hold(call_id):
            ids = group.table(lambda leaf: leaf == (CALL_ID,))[CALL_ID].to_pylist()
            if call_id in ids:
                return group.table(lambda _: True).slice(ids.index(call_id), 1)
    return None


def place_of(home: Path, call_id: str, suffix: str, day: str | None = None) -> Path | None:
    """The file whose row of this call counts, None if there is none. day: the folder it is in, where that is known."""
    made_at = "analyzed_at" if suffix == FACTS_SUFFIX else "judged_at"
    own = _own_files(home, call_id, suffix)
    found = own or [p for p in _shared_files(home, suffix, day or "*") if _holding_id(p, call_id)]
    if len(found) < 2:
        return found[0] if found else None
    return max(found, key=lambda p: (_made_at(p, call_id, made_at), p.parent.name != UNDATED, p))


def _holding_id(path: Path, call_id: str) -> bool:
    groups = (g for g in row_groups(path) if g.may_hold(call_id))
    return any(call_id in g.table(lambda leaf: leaf == (CALL_ID,))[CALL_ID].to_pylist() for g in groups)


def _made_at(path: Path, call_id: str, made_at: str) -> Any:
    rows = columns_of(path, (CALL_ID,), (made_at,)).to_pylist()
    return next(row[made_at] for row in rows if row[CALL_ID] == call_id)


def _own_files(home: Path, call_id: str, suffix: str) -> list[Path]:
    name = f"{file_name(call_id)}{suffix}"
    folder = artefacts_folder(home)
    days = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for day in days if (path := day / name).is_file()]


def _shared_files(home: Path, suffix: str, day: str) -> list[Path]:
    return sorted(artefacts_folder(home).glob(f"{day}/_*{suffix}"))


def remove(path: Path) -> None:
    """Remove a file that need not be there. Raises StoreError when it cannot be."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}; make the data folder writable") from error
