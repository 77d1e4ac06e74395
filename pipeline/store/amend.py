"""Changing a few columns of many stored calls without making objects of them: levels, and callers who ring again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store.files import CALL_ID, RowGroup
from pipeline.store.rows import column_at, lengths_of

LEVEL, SPL, OFFSET = "active_level_dbfs", "estimated_spl_db", "spl_offset_db"
UNCALIBRATED = "uncalibrated_line"
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Offsets:
    """Decibels from dBFS to estimated SPL: of calibrated lines, and of all others."""

    default_db: float
    line_db: Mapping[str, float]


def with_offsets(facts: pa.Table, offsets: Offsets) -> pa.Table:
    """Every estimated SPL made anew from its active level and the offset of the call's line."""
    _, offset_db = _offsets_of(facts, offsets)
    utterances = lengths_of(facts["utterances"].combine_chunks())

    def of_utterance(items: pa.ListArray) -> pa.ListArray:
        return _shifted(items, np.repeat(offset_db, utterances), None)

    return replaced(_calls_shifted(facts, offsets), ("utterances", "measures", "items"), of_utterance)


def has_offsets(group: RowGroup, offsets: Offsets) -> bool:
    """Whether every estimated SPL of a row group is what `with_offsets` would make of it.

    Utterances are looked at only where no level of the whole call tells: both are written together.
    """
    line, items, said = ("recording", "metadata", "line"), ("measures", "items"), ("utterances", "measures", "items")
    paths = (line, items)
    if not all(group.has(path) for path in (*paths, said)):
        return True  # nothing that could be made anew
    facts = group.table(lambda leaf: any(leaf[: len(p)] == p for p in paths))
    if not _tells_level(facts).all():
        facts = group.table(lambda leaf: any(leaf[: len(p)] == p for p in (*paths, said)))
        return bool(with_offsets(facts, offsets).equals(facts))
    return bool(_calls_shifted(facts, offsets).equals(facts))


def with_previous_calls(facts: pa.Table, counts: Mapping[str, int | None]) -> pa.Table:
    """The number of earlier calls of the same caller set for the calls named."""
    ids = facts[CALL_ID].to_pylist()
    if not any(i in counts for i in ids):
        return facts

    def fresh(old: pa.Array) -> pa.Array:
        values = (counts.get(i, before) for i, before in zip(ids, old.to_pylist(), strict=True))
        return pa.array(list(values), old.type)

    return replaced(facts, ("recording", "metadata", "previous_calls"), fresh)


def replaced(table: pa.Table, path: tuple[str, ...], change: Callable[[pa.Array], pa.Array]) -> pa.Table:
    """A table with another column at this path of field names, lists on the way flattened."""
    index = table.column_names.index(path[0])
    column = _replaced(table.column(index).combine_chunks(), path[1:], change)
    return table.set_column(index, table.schema.field(index), column)


def _offsets_of(facts: pa.Table, offsets: Offsets) -> tuple[Flags, Floats]:
    """Per call: whether its line is calibrated, and its offset."""
    lines = column_at(facts, ("recording", "metadata", "line")).to_pylist()
    calibrated = np.array([line in offsets.line_db for line in lines], bool)
    return calibrated, np.array([offsets.line_db.get(line or "", offsets.default_db) for line in lines], np.float64)


def _tells_level(facts: pa.Table) -> Flags:
    """Per call: whether any of its own measures is an estimated SPL with a value."""
    lists = column_at(facts, ("measures", "items"))
    items, of = lists.flatten(), np.repeat(np.arange(len(lists)), lengths_of(lists))
    told = pc.and_(pc.ends_with(items.field("name"), SPL), items.field("value").is_valid())
    return np.bincount(of, told.to_numpy(zero_copy_only=False), len(lists)) > 0


def _calls_shifted(facts: pa.Table, offsets: Offsets) -> pa.Table:
    calibrated, offset_db = _offsets_of(facts, offsets)
    return replaced(facts, ("measures", "items"), lambda items: _shifted(items, offset_db, calibrated))


def _replaced(array: pa.Array, path: tuple[str, ...], change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    if not path:
        return change(array)
    if pa.types.is_list(array.type):
        return _listed(array, _replaced(array.flatten(), path, change))
    names = [field.name for field in array.type]
    children = [array.field(i) for i in range(len(names))]
    place = names.index(path[0])
    children[place] = _replaced(children[place], path[1:], change)
    return pa.StructArray.from_arrays(children, fields=list(array.type))


def _listed(like: pa.ListArray, items: pa.Array) -> pa.ListArray:
    ends = np.concatenate(([0], np.cumsum(lengths_of(like)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), items, type=like.type)


def _shifted(lists: pa.ListArray, offset_db: Floats, calibrated: Flags | None) -> pa.ListArray:
    """Measures of calls or utterances, one list each, with SPL = level + offset; OFFSET only where `calibrated`."""
    items = lists.flatten()
    of = np.repeat(np.arange(len(lists)), lengths_of(lists))
    coded = items.field("name").dictionary_encode()
    codes, kinds = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
    values = items.field("value").to_numpy(zero_copy_only=False).copy()  # not a number: not measurable
    reasons = items.field("reason").to_numpy(zero_copy_only=False).copy()
    for code, name in enumerate(kinds):
        level_name = name.removesuffix(SPL) + LEVEL
        if name.endswith(SPL) and level_name in kinds:
            level = np.full(len(lists), np.nan)
            here = codes == kinds.index(level_name)
            level[of[here]] = values[here]
            spl = (codes == code) & ~np.isnan(values) & ~np.isnan(level[of])
            values[spl] = level[of[spl]] + offset_db[of[spl]]
        elif name == OFFSET and calibrated is not None:
            here = codes == code
            values[here] = np.where(calibrated[of[here]], offset_db[of[here]], np.nan)
            reasons[here] = np.where(calibrated[of[here]], np.array(None, object), UNCALIBRATED)
    columns = [items.field("name"), pa.array(values, mask=np.isnan(values)), pa.array(reasons, pa.string())]
    return _listed(lists, pa.StructArray.from_arrays(columns, fields=list(items.type)))
