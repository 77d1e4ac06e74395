"""Files of many calls: a day's own files are gathered into one, and judgements of many calls are written at once.

artefacts/DATE/_day.facts.parquet holds the facts of a day, GROUP_CALLS in a row group; the judgements of row groups N
and following lie in _N.judgement.parquet, so that several processes can judge one day. Written whole beside the old
file, flushed, put in place, and only then are the files removed whose rows it took over: killed at any moment, every
call is still there, and `pipeline.store.keys` knows which of its rows counts. Only with the batch lock held.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import __version__
from pipeline.errors import StoreError
from pipeline.store.artefact import remove
from pipeline.store.durable import TEMPORARY_SUFFIX, replace_file
from pipeline.store.files import (
    CALL_ID,
    FACTS_SUFFIX,
    JUDGEMENT_SUFFIX,
    artefacts_folder,
    file_name,
    fitted,
    judgement_schema,
    read_rows,
    row_groups,
    schema_for,
    write_groups,
)
from pipeline.store.rows import column_at, lengths_of

DAY_FACTS = f"_day{FACTS_SUFFIX}"
JUDGED_OF = "callqa_judged_of"  # in the footer of judgements: which program made them of which row groups of facts
Change = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True, slots=True)
class Part:
    """Some row groups of a file of facts, to be judged by one process. last: excluded."""

    path: Path
    first: int
    last: int
    calls: int

    @property
    def judgement_path(self) -> Path:
        return self.path.with_name(f"_{self.first:05d}{JUDGEMENT_SUFFIX}")


def days(home: Path) -> list[Path]:
    """The folders of all days, the undated calls' last."""
    folder = artefacts_folder(home)
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def own_files(day: Path, suffix: str) -> list[Path]:
    """The files of single calls in a day's folder."""
    return sorted(p for p in day.glob(f"*{suffix}") if p.name[0] not in "._")


def is_loose(day: Path) -> bool:
    """Whether a day has facts that its file of many calls does not hold yet."""
    shared = [p for p in day.glob(f"_*{FACTS_SUFFIX}") if p.name != DAY_FACTS]
    return bool(own_files(day, FACTS_SUFFIX) or shared)


def count(day: Path) -> int:
    """About how many calls a day has: rows of its files; those that are damaged or doubled are not looked into."""
    path = day / DAY_FACTS
    own = len(own_files(day, FACTS_SUFFIX))
    try:
        return own + sum(group.rows for group in row_groups(path)) if path.is_file() else own
    except StoreError:
        return own


def call_ids(day: Path) -> list[str]:
    """The ids in a day's file of many calls, none where it cannot be read."""
    try:
        groups = row_groups(day / DAY_FACTS)
        return [i for g in groups for i in g.table(lambda leaf: leaf == (CALL_ID,))[CALL_ID].to_pylist()]
    except StoreError:
        return []


def compact(day: Path) -> tuple[Path, ...]:
    """Gather a day's files, facts and judgements. Returns damaged files, which are left where they are.

    Raises StoreError when the folder cannot be written.
    """
    damaged = gather(day, FACTS_SUFFIX, day / DAY_FACTS)
    return (*damaged, *gather(day, JUDGEMENT_SUFFIX, day / f"_00000{JUDGEMENT_SUFFIX}"))


def gather(day: Path, suffix: str, target: Path) -> tuple[Path, ...]:
    """Bring all rows of one kind in a day's folder into `target`. Returns damaged files, which are left."""
    own = own_files(day, suffix)
    shared = sorted(p for p in day.glob(f"_*{suffix}"))
    if not own and shared in ([], [target]):
        return ()
    damaged: list[Path] = []
    for path in shared:
        try:
            row_groups(path)
        except StoreError:
            damaged.append(path)
    if target in damaged:  # nothing can be added to it; the files of single calls go on being read
        return (target,)
    taken: list[Path] = []
    rows = _gathered(own, [p for p in shared if p not in damaged], suffix, taken, damaged)
    replace_file(target, lambda path: write_groups(rows, path, schema_for(suffix)))
    for path in taken:
        if path != target:
            remove(path)
    return tuple(damaged)


def amend(day: Path, change: Change) -> None:
    """Rewrite a day's facts where `change` makes other rows of them. Raises StoreError when damaged or not writable."""
    path = day / DAY_FACTS
    if path.is_file():
        replace_file(path, lambda new: write_groups(_changed(path, change), new, schema_for(FACTS_SUFFIX)))


def drop_rows(path: Path, call_ids: Collection[str], suffix: str) -> None:
    """Take the rows of these calls out of a file of many."""
    gone = pa.array(sorted(call_ids), pa.string())
    schema = schema_for(suffix)
    rows = (t.filter(pc.invert(pc.is_in(t[CALL_ID], gone))) for t in _tables(path, schema))
    replace_file(path, lambda new: write_groups(rows, new, schema))


def parts(path: Path, groups: int) -> Iterator[Part]:
    """A file of facts in pieces of at most `groups` row groups."""
    sizes = [group.rows for group in row_groups(path)]
    for first in range(0, len(sizes), groups):
        piece = sizes[first : first + groups]
        yield Part(path, first, first + len(piece), sum(piece))


def write_judgements(part: Part, tables: Iterable[pa.Table], heard: Callable[[], Sequence[str]] = tuple) -> None:
    """Store the judgements of a part, rows of any number a table; they replace what an earlier file of this name held.

    heard: asked when all are written: the digests of the row groups of facts that every one of them was made of, for
    `judged_before`; none: nobody vouches for them.
    """

    def note() -> dict[str, str]:
        return {JUDGED_OF: json.dumps([__version__, *heard()])}

    replace_file(part.judgement_path, lambda new: write_groups(tables, new, judgement_schema(), note))


def judged_before(part: Part, group: int, digest: str) -> pa.Table:
    """What this program made of a row group of facts of a part when it had this digest, a row a call; else no rows.

    group: counted from the part's first one.
    """
    nothing = judgement_schema().empty_table()
    if not part.judgement_path.is_file():
        return nothing
    try:
        found = row_groups(part.judgement_path)
        noted = (found[0].file.metadata.metadata or {}).get(JUDGED_OF.encode(), b"[null]") if found else b"[null]"
        made_by, *digests = json.loads(noted)
        if made_by != __version__ or digests[group : group + 1] != [digest] or group >= len(found):
            return nothing
        rows = fitted(found[group].table(lambda _: True), judgement_schema())
    except StoreError:
        return nothing
    return rows if pc.count_distinct(rows[CALL_ID]).as_py() == len(rows) else nothing


def standing(rows: pa.Table, calls: Collection[str], rules: Collection[str]) -> pa.Table:
    """The judgements of these calls that have findings of no other than these rules."""
    findings = column_at(rows, ("findings",))
    others = pc.invert(pc.is_in(findings.flatten().field("rule_id"), pa.array(sorted(rules), pa.string())))
    of = np.repeat(np.arange(len(rows)), lengths_of(findings))
    stays = np.bincount(of, others.to_numpy(zero_copy_only=False), len(rows)) == 0
    mine = pc.is_in(rows[CALL_ID], pa.array(sorted(calls), pa.string()))
    return rows.filter(pc.and_(mine, pa.array(stays)))


def judged_anew(rows: pa.Table, version: str, times: Sequence[datetime]) -> pa.Table:
    """The same judgements by another version of the rulebook, at other times."""
    for name, values in (("rulebook_version", [version] * len(rows)), ("judged_at", times)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))
    return rows


def keep_judgements(day: Path, written: Collection[Path]) -> None:
    """Remove a day's judgements that `written` files replace. Only when every call of the day is in one of them."""
    for path in day.glob(f"*{JUDGEMENT_SUFFIX}"):
        if path not in written and not path.name.startswith("."):
            remove(path)


def remove_hidden(home: Path) -> None:
    """Remove what killed processes had not finished writing."""
    for litter in artefacts_folder(home).glob(f"*/.*{TEMPORARY_SUFFIX}"):
        remove(litter)


def _gathered(
    own: Sequence[Path], shared: Sequence[Path], suffix: str, taken: list[Path], damaged: list[Path]
) -> Iterator[pa.Table]:
    """Rows of own files, then rows of files of many calls that are not among them; notes which files were read."""
    schema = schema_for(suffix)
    for path in own:
        try:
            table = read_rows(path, schema)
        except StoreError:
            damaged.append(path)
            continue
        yield table
        taken.append(path)
    names = {path.name for path in taken}
    seen: set[str] = set()
    for path in sorted(shared, key=lambda p: p.stat().st_mtime_ns, reverse=True):  # the newest row of a call
        for table in _tables(path, schema):
            ids = table[CALL_ID].to_pylist()
            kept = [i not in seen and not (names and f"{file_name(i)}{suffix}" in names) for i in ids]
            if len(shared) > 1:
                seen.update(ids)
            yield table if all(kept) else table.filter(pa.array(kept, pa.bool_()))
        taken.append(path)


def _tables(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    for group in row_groups(path):
        yield fitted(group.table(lambda _: True), schema)


def _changed(path: Path, change: Change) -> Iterator[pa.Table]:
    for table in _tables(path, schema_for(FACTS_SUFFIX)):
        yield change(table)
