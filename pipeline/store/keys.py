"""Which rows count: a call may be stored in its own file and in files of many calls, of several days.

A call's own file wins over every row in a file of many; of two files of the same kind the newer row wins. So a process
that is killed between writing the new place of a call and removing the old one loses nothing and doubles nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import structlog

from pipeline.errors import StoreError
from pipeline.store.files import (
    CALL_ID,
    FACTS_SUFFIX,
    UNDATED,
    artefact_files,
    file_name,
    is_shared,
    row_groups,
)
from pipeline.store.rows import column_at

WINDOW = timedelta(days=30)
METADATA = ("recording", "metadata")


@dataclass(frozen=True, slots=True)
class Stored:
    """The files of one kind that count. outdated: ids of rows that do not, by file. damaged: cannot be read."""

    files: tuple[Path, ...]
    outdated: dict[Path, frozenset[str]] = field(default_factory=dict)
    damaged: tuple[Path, ...] = ()

    def skip(self, path: Path) -> frozenset[str]:
        """Ids of the rows of a file that do not count."""
        return self.outdated.get(path, frozenset())


def stored(home: Path, suffix: str) -> Stored:
    """All files with FACTS_SUFFIX or JUDGEMENT_SUFFIX and which of their rows count. Reads ids and times only."""
    made_at = "analyzed_at" if suffix == FACTS_SUFFIX else "judged_at"
    files = artefact_files(home, suffix)
    own = _newest_own([p for p in files if not is_shared(p)], made_at)
    names = {path.name for path in own}
    outdated: dict[Path, set[str]] = defaultdict(set)
    newest: list[pa.Table] = []
    damaged: list[Path] = []
    shared = [p for p in files if is_shared(p)]
    for number, path in enumerate(shared):
        try:
            table = columns_of(path, (CALL_ID,), (made_at,))
        except StoreError as error:
            structlog.get_logger().exception("artefact_unreadable", file=str(path), problem=str(error))
            damaged.append(path)
            continue
        if names:  # an own file wins
            outdated[path] |= {i for i in table[CALL_ID].to_pylist() if f"{file_name(i)}{suffix}" in names}
        newest.append(table.append_column("file", pa.array(np.full(table.num_rows, number, np.int32))))
    for call_id, number in _older(newest, made_at, shared):
        outdated[shared[number]].add(call_id)
    kept = sorted({*own, *shared} - set(damaged))
    return Stored(tuple(kept), {p: frozenset(ids) for p, ids in outdated.items() if ids}, tuple(damaged))


def columns_of(path: Path, *wanted: tuple[str, ...]) -> pa.Table:
    """The columns at these paths of all rows of a file, each named after the end of its path; null where unknown."""
    groups = row_groups(path)
    tables = []
    for group in groups:
        table = group.table(lambda leaf: leaf in wanted)
        arrays = [column_at(table, p) if group.has(p) else pa.nulls(table.num_rows) for p in wanted]
        tables.append(pa.Table.from_arrays(arrays, names=[p[-1] for p in wanted]))
    return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({p[-1]: [] for p in wanted})


def callers(path: Path, skip: frozenset[str]) -> pa.Table:
    """call_id, caller_hash, started_at and previous_calls of the rows of a facts file; none when it is damaged."""
    names = ("caller_hash", "started_at", "previous_calls")
    try:
        table = columns_of(path, (CALL_ID,), *((*METADATA, name) for name in names))
    except StoreError:  # whoever needs the whole file tells
        return pa.table({CALL_ID: pa.array([], pa.string()), **{name: pa.nulls(0) for name in names}})
    return table.filter(pc.invert(pc.is_in(table[CALL_ID], pa.array(sorted(skip), pa.string())))) if skip else table


def previous_calls(tables: Iterable[pa.Table]) -> pa.Table:
    """How often the caller of each call rang in the 30 days before it.

    tables: call_id, caller_hash, started_at and previous_calls (as stored) of every call. Returns call_id and
    previous_calls of the calls whose stored number is another; null where caller or time is unknown.
    """
    found = list(tables)
    if not found:
        return pa.table({CALL_ID: pa.array([], pa.string()), "previous_calls": pa.array([], pa.int64())})
    calls = pa.concat_tables([_typed(table) for table in found])
    known = calls.filter(pc.and_(calls["caller_hash"].is_valid(), calls["started_at"].is_valid()))
    known = known.sort_by([("caller_hash", "ascending"), ("started_at", "ascending")])
    caller = _codes(known["caller_hash"])
    start_ms = known["started_at"].cast(pa.int64()).to_numpy() // 1000
    start_ms -= start_ms.min() if len(start_ms) else 0
    # one rising number for caller and time, so that one binary search over all calls finds both ends of the window
    window_ms = WINDOW // timedelta(milliseconds=1)
    at = caller * (start_ms.max(initial=0) + 1 + window_ms) + start_ms
    counts = np.searchsorted(at, at) - np.searchsorted(at, at - window_ms)
    unknown = calls.filter(pc.or_(calls["caller_hash"].is_null(), calls["started_at"].is_null()))
    fresh = pa.concat_tables(
        [
            known.append_column("fresh", pa.array(counts, pa.int64())),
            unknown.append_column("fresh", pa.nulls(unknown.num_rows, pa.int64())),
        ]
    )
    same = pc.equal(pc.fill_null(fresh["previous_calls"], -1), pc.fill_null(fresh["fresh"], -1))
    changed = fresh.filter(pc.invert(same))
    return pa.table({CALL_ID: changed[CALL_ID], "previous_calls": changed["fresh"]})


def _typed(table: pa.Table) -> pa.Table:
    return table.cast(
        pa.schema(
            [
                (CALL_ID, pa.string()),
                ("caller_hash", pa.string()),
                ("started_at", pa.timestamp("us", tz="UTC")),
                ("previous_calls", pa.int64()),
            ]
        )
    )


def _newest_own(own: Sequence[Path], made_at: str) -> list[Path]:
    """One own file per call: the newest where a killed process left one under another day."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in own:
        by_name[path.name].append(path)
    return [p[0] if len(p) == 1 else max(p, key=lambda path: _made(path, made_at)) for p in by_name.values()]


def _made(path: Path, made_at: str) -> tuple[object, bool, Path]:
    (when,) = columns_of(path, (made_at,))[made_at].to_pylist() or [None]
    return when, path.parent.name != UNDATED, path


def _older(tables: Sequence[pa.Table], made_at: str, files: Sequence[Path]) -> list[tuple[str, int]]:
    """Rows (call_id, number of the file) of which a newer one is in another file of many."""
    if len(tables) < 2:
        return []
    rows = pa.concat_tables(tables)
    times = rows.group_by(CALL_ID).aggregate([(made_at, "count")])
    twice = times.filter(pc.greater(times[f"{made_at}_count"], 1))[CALL_ID]
    doubled = rows.filter(pc.is_in(rows[CALL_ID], twice.combine_chunks())).to_pylist()
    best: dict[str, tuple[object, bool, int]] = {}
    for row in doubled:
        rank = (row[made_at], files[row["file"]].parent.name != UNDATED, row["file"])
        best[row[CALL_ID]] = max(rank, best.get(row[CALL_ID], rank))
    return [(r[CALL_ID], r["file"]) for r in doubled if r["file"] != best[r[CALL_ID]][2]]


def _codes(column: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Numbers that rise with the (sorted) values."""
    if not len(column):
        return np.zeros(0, np.int64)
    values = column.combine_chunks()
    changes = pc.not_equal(values.slice(1), values.slice(0, len(values) - 1)).to_numpy(zero_copy_only=False)
    return np.concatenate(([0], np.cumsum(changes))).astype(np.int64)
