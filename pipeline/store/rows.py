"""Values of nested columns: whole dataclasses, with what is seldom asked for read only when somebody asks.

A call of thirty utterances has some 2 500 words, measures and peaks; a rulebook looks at a few of them. Such parts
stay columns: in their place stands something that behaves like the tuple or dataclass it replaces (it compares,
iterates, pickles and is replaced like it) and turns into it when it is looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise, repeat, starmap
from math import isnan
from operator import attrgetter
from typing import Any, TypeVar, cast, get_args, get_origin, overload

import numpy as np
import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.model import Measure, Measures
from pipeline.store.columns import defaults_of, hints_of, item_of, without_none

T = TypeVar("T")
Path = tuple[str, ...]
Load = Callable[[Path], pa.Array]  # the flattened column at a path


def from_table(kind: type[T], table: pa.Table) -> list[T]:
    """The dataclass of every row, whole. A column that an older file lacks takes the field's default.

    Raises StoreError when a column without default is missing.
    """
    return read(kind, table, frozenset(), lambda path: column_at(table, path))


def read(kind: type[T], table: pa.Table, lazy: frozenset[Path], load: Load) -> list[T]:
    """The dataclass of every row; what lies at a path of `lazy` is loaded when it is asked for.

    table: the columns that are not lazy. load: gives a lazy column, as `column_at` would.
    """
    array = pa.StructArray.from_arrays([c.combine_chunks() for c in table.columns], names=table.column_names)
    return cast(list[T], _structs(kind, array, table.num_rows, _Context((), lazy, load)))


def column_at(table: pa.Table, path: Path) -> pa.Array:
    """The column at a path of field names, lists on the way flattened, those at its end kept."""
    array = table.column(path[0]).combine_chunks()
    for name in path[1:]:
        array = (array.flatten() if pa.types.is_list(array.type) else array).field(name)
    return array


@dataclass(frozen=True, slots=True)
class _Context:
    path: Path
    lazy: frozenset[Path]
    load: Load

    def below(self, name: str) -> "_Context":
        return _Context((*self.path, name), self.lazy, self.load)


def _structs(kind: Any, array: pa.StructArray, count: int, context: _Context) -> list[Any]:
    names = {field.name for field in array.type}
    defaults = defaults_of(kind)
    columns: list[Any] = []
    for name, hint in hints_of(kind).items():
        inner = context.below(name)
        if inner.path in context.lazy:
            columns.append(_lazy(hint, count, inner))
        elif name in names:
            columns.append(_values(hint, array.field(name), inner, defaults.get(name)))
        elif name in defaults:
            columns.append(repeat(defaults[name], count))
        else:
            raise StoreError(f"a stored {kind.__name__} has no column {name!r}; analyse the call again with callqa run")
    return list(map(kind, *columns))


def _values(hint: Any, array: pa.Array, context: _Context, default: Any = None) -> list[Any]:
    """One value per row. Null (an older file lacks it) is None where that is allowed, else the default."""
    optional, hint = without_none(hint) is not hint, without_none(hint)
    if (item := item_of(hint)) is not None:
        items = array.flatten()
        if not len(items):
            return [()] * len(array)
        inner = _values(item, items, context)
        return [tuple(inner[start:end]) for start, end in pairwise(_ends(array))]
    if get_origin(hint) is tuple:
        pair = (_values(h, array.field(i), context) for i, h in enumerate(get_args(hint)))
        return list(zip(*pair, strict=True))
    if is_dataclass(hint):
        return _structs(hint, array, len(array), context)
    values = _scalars(hint, array)
    if array.null_count and not optional and default is not None:
        return [default if value is None else value for value in values]
    return values


def _scalars(hint: Any, array: pa.Array) -> list[Any]:
    if hint is datetime:
        return cast(list[Any], array.to_pylist())
    if pa.types.is_null(array.type):
        return [None] * len(array)
    if not array.null_count or hint not in (int, float):  # numpy has no null number; of other types it makes objects
        return cast(list[Any], array.to_numpy(zero_copy_only=False).tolist())
    values = array.fill_null(0).to_numpy(zero_copy_only=False).astype(object)
    values[array.is_null().to_numpy(zero_copy_only=False)] = None
    return cast(list[Any], values.tolist())


def lengths_of(array: pa.ListArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """How many items each list has; none where it is null."""
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return cast("np.ndarray[tuple[int], np.dtype[np.int64]]", lengths.astype(np.int64))


def _ends(array: pa.ListArray) -> list[int]:
    """Where each row's items begin in the flattened array, and where the last ones end."""
    return cast(list[int], np.concatenate(([0], np.cumsum(lengths_of(array)))).tolist())


def _lazy(hint: Any, count: int, context: _Context) -> Any:
    """A stand-in per row for a column that is loaded when the first of them is looked at."""
    if hint is Measures:
        return map(_stored_measures, repeat(_MeasureColumn(context)), range(count))
    item = item_of(hint)
    if item is not None:
        return map(StoredTuple, repeat(_TupleColumn(item, context)), range(count))
    return starmap(_stored_kind(hint), zip(repeat(_StructColumn(hint, context)), range(count), strict=False))


class _TupleColumn:
    """tuple[X, ...] of every row. Fields stay columns; the items of a row are made when asked for."""

    def __init__(self, kind: Any, context: _Context) -> None:
        self._kind, self._context = kind, context
        self._names = list(hints_of(kind))
        self._ends: list[int] | None = None
        self._fields: list[list[Any] | np.ndarray[Any, Any]] = []

    def length(self, row: int) -> int:
        ends = self._loaded()
        return ends[row + 1] - ends[row]

    def items(self, row: int) -> tuple[Any, ...]:
        start, end = self._loaded()[row : row + 2]
        parts = (column[start:end] for column in self._fields)
        return tuple(map(self._kind, *(p.tolist() if isinstance(p, np.ndarray) else p for p in parts)))

    def column(self, row: int, name: str) -> Sequence[Any]:
        """One field of a row's items, without making these."""
        start, end = self._loaded()[row : row + 2]
        return cast(Sequence[Any], self._fields[self._names.index(name)][start:end])

    def _loaded(self) -> list[int]:
        if self._ends is None:
            array = self._context.load(self._context.path)
            self._ends, items = _ends(array), array.flatten()
            self._fields = [self._field(items, name, hint) for name, hint in hints_of(self._kind).items()]
        return self._ends

    def _field(self, items: pa.StructArray, name: str, hint: Any) -> "list[Any] | np.ndarray[Any, Any]":
        default = defaults_of(self._kind).get(name)
        if not len(items):
            return []
        if name not in {f.name for f in items.type}:
            return [default] * len(items)
        array = items.field(name)
        if hint is str and not array.null_count:
            return _shared(array)
        if hint in (int, float) and not array.null_count:
            return cast("np.ndarray[Any, Any]", array.to_numpy(zero_copy_only=False))
        return _values(hint, array, _Context(self._context.path, frozenset(), self._context.load), default)


class _StructColumn:
    """A dataclass of every row, made when asked for."""

    def __init__(self, kind: Any, context: _Context) -> None:
        self._kind, self._context = kind, context
        self._array: pa.StructArray | None = None

    def item(self, row: int) -> Any:
        if self._array is None:
            self._array = self._context.load(self._context.path)
        eager = _Context(self._context.path, frozenset(), self._context.load)
        return _structs(self._kind, self._array.slice(row, 1), 1, eager)[0]


class _MeasureColumn:
    """The measures of every row as three flat lists, so that one value is found without making the others."""

    def __init__(self, context: _Context) -> None:
        self._context = context
        self.ends: list[int] | None = None
        self.names: list[str] = []
        self.values: list[float] = []  # not a number: could not be measured
        self.reasons: list[str | None] = []

    def span(self, row: int) -> tuple[int, int]:
        if self.ends is None:
            array = self._context.load((*self._context.path, "items"))
            self.ends, items = _ends(array), array.flatten()
            self.names = _shared(items.field("name"))
            self.values = items.field("value").to_numpy(zero_copy_only=False).tolist()
            self.reasons = _shared(items.field("reason"))
        return self.ends[row], self.ends[row + 1]


def _shared(array: pa.Array) -> list[Any]:
    """Strings of few kinds, each kind one object."""
    if pa.types.is_null(array.type):
        return [None] * len(array)
    coded = array.dictionary_encode()
    kinds = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    return cast(list[Any], kinds[coded.indices.fill_null(len(kinds) - 1).to_numpy(zero_copy_only=False)].tolist())


class StoredTuple(Sequence[T]):
    """Stands for a tuple; made when it is looked at."""

    __slots__ = ("_column", "_kept", "_row")

    def __init__(self, column: _TupleColumn, row: int) -> None:
        self._column, self._row = column, row
        self._kept: tuple[T, ...] | None = None

    def plain(self) -> tuple[T, ...]:
        if self._kept is None:
            self._kept = self._column.items(self._row)
        return self._kept

    def column(self, name: str) -> Sequence[Any]:
        """One field of every item, numbers as numpy's; no item is made for it."""
        return self._column.column(self._row, name)

    def __len__(self) -> int:
        return self._column.length(self._row)

    def __iter__(self) -> Iterator[T]:
        return iter(self.plain())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.plain()[index]

    def __add__(self, other: Sequence[T]) -> tuple[T, ...]:
        return (*self.plain(), *other)

    def __radd__(self, other: Sequence[T]) -> tuple[T, ...]:
        return (*other, *self.plain())

    def __eq__(self, other: object) -> bool:
        return self.plain() == (other.plain() if isinstance(other, StoredTuple) else other)

    def __hash__(self) -> int:
        return hash(self.plain())

    def __repr__(self) -> str:
        return repr(self.plain())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.plain(),)


class StoredMeasures(Measures):
    """Stands for Measures; a value is looked up in the columns."""

    __slots__ = ("_column", "_row")
    _column: _MeasureColumn
    _row: int

    def __new__(cls, *values: Any, **named: Any) -> Any:
        return Measures(*values, **named)  # dataclasses.replace asks for one like this

    @property
    def items(self) -> tuple[Measure, ...]:
        start, end = self._column.span(self._row)
        column = self._column
        values = (None if isnan(value) else value for value in column.values[start:end])
        return tuple(map(Measure, column.names[start:end], values, column.reasons[start:end]))

    def value(self, name: str) -> float | None:
        place = self._place(name)
        if place is None or isnan(found := self._column.values[place]):
            return None
        return found

    def reason(self, name: str) -> str | None:
        place = self._place(name)
        return None if place is None else self._column.reasons[place]

    def _place(self, name: str) -> int | None:
        start, end = self._column.span(self._row)
        try:
            return self._column.names.index(name, start, end)
        except ValueError:
            return None

    def __eq__(self, other: object) -> bool:
        return self.items == other.items if isinstance(other, Measures) else NotImplemented

    def __hash__(self) -> int:
        return hash(Measures(self.items))

    def __repr__(self) -> str:
        return repr(Measures(self.items))

    def __reduce__(self) -> tuple[Any, ...]:
        return Measures, (self.items,)


def _stored_measures(column: _MeasureColumn, row: int) -> StoredMeasures:
    made = object.__new__(StoredMeasures)
    object.__setattr__(made, "_column", column)
    object.__setattr__(made, "_row", row)
    return made


@cache
def _stored_kind(kind: Any) -> Callable[[_StructColumn, int], Any]:
    """Makes stand-ins for a dataclass: a subclass whose fields are read when the first of them is asked for."""

    def plain(self: Any) -> Any:
        if self._kept is None:
            object.__setattr__(self, "_kept", self._column.item(self._row))
        return self._kept

    def same(self: Any, other: object) -> bool:
        return bool(plain(self) == (plain(other) if type(other) is type(self) else other))

    def new(_: type, *values: Any, **named: Any) -> Any:  # dataclasses.replace asks for one like this
        return kind(*values, **named)

    members: dict[str, Any] = {
        "__slots__": ("_column", "_kept", "_row"),
        "__new__": new,
        "__eq__": same,
        "__hash__": lambda self: hash(plain(self)),
        "__repr__": lambda self: repr(plain(self)),
        "__reduce__": lambda self: (kind, tuple(getattr(self, f.name) for f in fields(kind))),
    }
    for field in fields(kind):
        read_field = attrgetter(field.name)
        members[field.name] = property(lambda self, get=read_field: get(plain(self)))  # type: ignore[misc]
    stored: Any = type(f"Stored{kind.__name__}", (kind,), members)

    def make(column: _StructColumn, row: int) -> Any:
        made: Any = object.__new__(stored)
        for name, value in (("_column", column), ("_row", row), ("_kept", None)):
            object.__setattr__(made, name, value)
        return made

    return make
