"""YAML that remembers its lines, so that every complaint about a rule or a scorecard names file and line.

Parsed by libyaml, twenty times as fast as in Python; plain words mean what the core schema of YAML 1.2 says (yes, no
and on are words, 8:30 is a word, 010 is ten).
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.errors import RuleError

MAX_FILE_CHARACTERS = 4_000_000
ID_PATTERN = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written. line counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a list: a text or a node, and where it stands."""

    value: "str | float | Node | tuple[Entry, ...]"
    place: Place


class _Map(dict[str, Any]):
    """A mapping with the line of its beginning and of each key, counted from 1."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def put(self, key: str, value: object, line: int) -> None:
        self[key] = value
        self.lines[key] = line


class _Seq(list[Any]):
    """A list with the line of each element, counted from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class Node:
    """One YAML mapping. Every reader raises RuleError with file and line when the value is not what it should be."""

    def __init__(self, values: _Map, file: str, name: str) -> None:
        self._values = values
        self._file = file
        self._name = name

    def named(self, name: str) -> "Node":
        """The same mapping under a better name for its errors."""
        return Node(self._values, self._file, name)

    @property
    def place(self) -> Place:
        return Place(self._file, self._values.line)

    def place_of(self, key: str) -> Place:
        """The line of `key`, or of the mapping when the key is not there."""
        return Place(self._file, self._values.lines.get(key, self._values.line))

    def error(self, message: str, key: str | None = None) -> RuleError:
        return RuleError(f"{self.place_of(key) if key else self.place}: {self._name}: {message}")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def allow(self, keys: Collection[str]) -> None:
        """Refuse every key that is not in `keys`, naming the nearest one that is."""
        for key in self.names():
            if key not in keys:
                raise self.error(f"unknown key {key!r}; {did_you_mean(key, keys)}", key)

    def _value(self, key: str) -> Any:
        if key not in self._values:
            raise self.error(f"{key!r} is missing")
        return self._values[key]

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; `default` when the key is absent."""
        if default is not None and key not in self._values:
            return default
        value = self._value(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key} = {value!r} must be a text that is not empty", key)
        return str(value)

    def identifier(self, key: str) -> str:
        value = self.text(key)
        if not ID_PATTERN.fullmatch(value):
            raise self.error(f"{key} = {value!r} may have small letters, digits, - and _ only", key)
        return value

    def choice(self, key: str, allowed: Collection[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise self.error(f"{key} = {value!r} is not known; {did_you_mean(value, allowed)}", key)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(f"{key} = {value!r} must be true or false", key)
        return value

    def number(self, key: str, *, low: float, high: float, default: float | None = None) -> float:
        """A number from low to high, both included."""
        value = self._value(key) if default is None else self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.error(f"{key} = {value!r} must be a number from {low:g} to {high:g}", key)
        return float(value)

    def optional_number(self, key: str, *, low: float, high: float) -> float | None:
        return self.number(key, low=low, high=high) if key in self._values else None

    def whole(self, key: str, *, low: int, high: int, default: int | None = None) -> int:
        value = self.number(key, low=low, high=high, default=default)
        if value != int(value):
            raise self.error(f"{key} = {value!r} must be a whole number", key)
        return int(value)

    def node(self, key: str) -> "Node":
        value = self._value(key)
        if not isinstance(value, _Map):
            raise self.error(f"{key} must hold named values, not {value!r}", key)
        return Node(value, self._file, f"{self._name}, {key}")

    def without(self, keys: Collection[str]) -> "Node":
        """The same mapping less these keys."""
        return self._of({k: (k, self._values) for k in self.names() if k not in keys})

    def renamed(self, key: str, new: str) -> "Node":
        """The same mapping with one key under another name."""
        return self._of({(new if k == key else k): (k, self._values) for k in self.names()})

    def lifted(self, key: str, up: Collection[str]) -> "Node":
        """Only `key`, with the keys `up` of the mapping below it beside it instead of in it."""
        inner = self.node(key)
        lifted = self._of({key: (key, self._values), **{k: (k, inner._values) for k in up if k in inner}})
        lifted._values[key] = inner.without(up)._values
        return lifted

    def plain(self) -> dict[str, Any]:
        """The mapping as plain dicts, lists and scalars."""
        return self._values

    def _of(self, keys: Mapping[str, tuple[str, _Map]]) -> "Node":
        """A mapping of these keys, each taken from a key of a mapping, with the lines kept."""
        values = _Map(self._values.line)
        for new, (key, source) in keys.items():
            values.put(new, source[key], source.lines[key])
        return Node(values, self._file, self._name)

    def entry(self, key: str) -> Entry:
        """The value of `key`, whatever it is, with its line."""
        value = self._value(key)
        place = self.place_of(key)
        if isinstance(value, _Map):
            return Entry(Node(value, self._file, f"{self._name}, {key}"), place)
        if isinstance(value, _Seq):
            return Entry(self.entries(key), place)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Entry(float(value), place)
        return Entry(str(value), place)

    def entries(self, key: str) -> tuple[Entry, ...]:
        """The elements of a list that is not empty; () when the key is absent."""
        if key not in self._values:
            return ()
        value = self._values[key]
        if not isinstance(value, _Seq) or not value:
            raise self.error(f"{key} must be a list with at least one element", key)
        return tuple(self._entry(value, i, key) for i in range(len(value)))

    def nodes(self, key: str) -> "Iterator[Node]":
        for entry in self.entries(key):
            if not isinstance(entry.value, Node):
                raise RuleError(f"{entry.place}: {self._name}: each element of {key} must hold named values")
            yield entry.value

    def texts(self, key: str) -> tuple[str, ...]:
        found: list[str] = []
        for entry in self.entries(key):
            if not isinstance(entry.value, str):
                raise RuleError(f"{entry.place}: {self._name}: each element of {key} must be a text")
            found.append(entry.value)
        return tuple(found)

    def numbers(self) -> Iterator[tuple[str, float]]:
        """All pairs of a mapping of names to numbers."""
        for key in self.names():
            yield key, self.number(key, low=-1e9, high=1e9)

    def _entry(self, sequence: _Seq, index: int, key: str) -> Entry:
        line = sequence.lines[index]
        place = Place(self._file, line)
        value = sequence[index]
        if isinstance(value, _Map):
            return Entry(Node(value, self._file, self._name), place)
        if isinstance(value, _Seq):
            return Entry(tuple(self._entry(value, i, key) for i in range(len(value))), place)
        if isinstance(value, str) and value.strip():
            return Entry(str(value), place)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Entry(float(value), place)
        raise RuleError(f"{place}: {self._name}: {value!r} in {key} must be a text that is not empty (quote it)")


def parse(text: str, file: str) -> Node:
    """The mapping that a YAML file holds. Raises RuleError with file and line for anything else."""
    if len(text) > MAX_FILE_CHARACTERS:
        raise RuleError(f"{file}: {len(text)} characters; at most {MAX_FILE_CHARACTERS} are read: split the file")
    try:
        root = yaml.compose(text, Loader=_LOADER)
        values = None if root is None else _value_of(root, file, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RuleError(
            f"{file}:{mark.line + 1 if mark else 1}: not valid YAML: {error.problem or error.context}"
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RuleError(f"{file}: not valid YAML: {error}") from error
    if not isinstance(values, _Map):
        raise RuleError(f"{file}:1: must hold named values at the top, for example `rules:`")
    return Node(values, file, "file")


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def _value_of(node: yaml.Node, file: str, above: tuple[int, ...]) -> Any:
    """A composed node as _Map, _Seq or scalar. above: what it stands in, for one that contains itself."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if id(node) in above:
        raise RuleError(f"{file}:{line}: not valid YAML: an alias leads back to what contains it; write it out")
    inside = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        sequence = _Seq()
        for item in node.value:
            sequence.append(_value_of(item, file, inside))
            sequence.lines.append(item.start_mark.line + 1)
        return sequence
    mapping = _Map(line)
    for name, item in node.value:
        at = name.start_mark.line + 1
        key = str(name.value) if isinstance(name, yaml.ScalarNode) else ""
        if not key or key in mapping:
            what = f"key {key!r} stands there twice; keep one" if key else "a key must be a word"
            raise RuleError(f"{file}:{at}: not valid YAML: {what}")
        mapping.put(key, _value_of(item, file, inside), at)
    return mapping


def _scalar(node: yaml.ScalarNode) -> str | float | bool | None:
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):  # quoted, or a block of text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The remedy for a misspelt name."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(sorted(known))
