"""Frozen dataclasses to and from nested columns: the schema is derived from the type, never written twice.

dataclass -> struct, tuple[X, ...] -> list<X>, tuple[A, B] -> struct<key, value>, X | None -> nullable X,
Literal -> string, datetime -> timestamp in microseconds, UTC. Two rows that were equal stay equal.
"""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from pipeline.errors import StoreError

T = TypeVar("T")
PAIR_FIELDS = ("key", "value")
SCALARS: dict[type, pa.DataType] = {
    str: pa.string(),
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
}


@cache
def schema_of(kind: type) -> pa.Schema:
    """The columns of a dataclass, one per field, in the order of the fields."""
    return pa.schema([(name, _arrow_type(hint)) for name, hint in _hints(kind).items()])


def to_row(value: Any) -> dict[str, Any]:
    """A dataclass as plain dicts, lists and scalars that fit `schema_of(type(value))`.

    Raises StoreError for a naive datetime, which would silently mean another instant elsewhere.
    """
    row: dict[str, Any] = _plain(value)
    return row


def from_row(kind: type[T], row: dict[str, Any]) -> T:
    """The dataclass back from a row. A column that an older file lacks takes the field's default.

    Raises StoreError when a column without default is missing.
    """
    known: Any = kind  # mypy does not see that a type can be hashed
    values: dict[str, Any] = {}
    for name, hint in _hints(known).items():
        if name in row:
            values[name] = _restore(hint, row[name])
        elif name not in _defaulted(known):
            raise StoreError(f"a stored {kind.__name__} has no column {name!r}; analyse the call again with callqa run")
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


@cache
def _defaulted(kind: Any) -> frozenset[str]:
    return frozenset(f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(a for a in get_args(hint) if a is not type(None))
    return hint


def _is_struct(hint: Any) -> bool:
    return is_dataclass(hint)


def _arrow_type(hint: Any) -> pa.DataType:
    hint = _without_none(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if get_origin(hint) is Literal:
        return pa.string()
    if get_origin(hint) is tuple:
        first, second = get_args(hint)
        if second is Ellipsis:
            return pa.list_(_arrow_type(first))
        return pa.struct(list(zip(PAIR_FIELDS, (_arrow_type(first), _arrow_type(second)), strict=True)))
    if _is_struct(hint):
        return pa.struct([(name, _arrow_type(h)) for name, h in _hints(hint).items()])
    raise TypeError(f"no column type for {hint!r}; teach pipeline/store/columns.py about it")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _field(type(value), f.name, getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise StoreError(
                f"time {value.isoformat()} has no zone and cannot be stored; give it one (settings.metadata)"
            )
        return value.astimezone(UTC)
    return value


def _field(kind: Any, name: str, value: Any) -> Any:
    return _by_hint(_hints(kind)[name], value)


def _by_hint(hint: Any, value: Any) -> Any:
    hint = _without_none(hint)
    if value is None or get_origin(hint) is not tuple:
        return _plain(value)
    first, second = get_args(hint)
    if second is Ellipsis:
        return list(value) if first in (int, float, str) else [_by_hint(first, item) for item in value]
    return dict(zip(PAIR_FIELDS, (_by_hint(first, value[0]), _by_hint(second, value[1])), strict=True))


def _restore(hint: Any, value: Any) -> Any:
    hint = _without_none(hint)
    if value is None:
        return None
    if get_origin(hint) is tuple:
        first, second = get_args(hint)
        if second is Ellipsis:
            return tuple(value) if first in (int, float, str) else tuple(_restore(first, item) for item in value)
        return (_restore(first, value["key"]), _restore(second, value["value"]))
    if _is_struct(hint):
        return from_row(hint, value)
    return value
