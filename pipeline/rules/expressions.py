"""Expressions tried in many turns at once: only where their literals stand, all such turns as the lines of one text.

An expression is compiled a second time so that it sees lines as it sees single turns: ^ and $ at the ends of each line,
and nothing in it matches a line's end. What says otherwise (flags, \\A, \\z, \\C) is tried turn by turn.
"""

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np
import re2
from numpy.typing import NDArray

from pipeline.rules.gates import Gates, language
from pipeline.rules.needles import Indices, expanded, order_of
from pipeline.sounds import WALL

_BY_ITSELF = re.compile(r"\\[AzZCQE]|\(\?[^:P<]")
_NOWHERE = (np.zeros(0, np.intp), np.zeros(0, np.intp))


class Expression(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def compiled(self) -> Any: ...


class Expressions:
    """Each expression once. numbers: by source. literals: what its gates look for, with their numbers."""

    def __init__(self, patterns: Iterable[Expression]) -> None:
        self.compiled = {pattern.source: pattern.compiled for pattern in patterns}
        self.numbers = {source: number for number, source in enumerate(self.compiled)}
        self._sources = tuple(self.compiled)
        self.gates = Gates("" if language(source) else source for source in self._sources)
        self.literals = dict(self.gates.literals)
        self._texts = tuple(map(self._numbered, self._sources))
        self._lengths = np.array([len(text) for text in self.literals], np.intp)

    def texts(self, number: int) -> "Texts | None":
        """The literals that are all that an expression matches; None: it has to be tried."""
        return self._texts[number]

    def lengths(self, literals: Indices) -> Indices:
        """Characters of these literals."""
        return self._lengths[literals]

    def _numbered(self, source: str) -> "Texts | None":
        known = language(source)
        if known is None:
            return None
        numbers = [self.literals.setdefault(text, len(self.literals)) for text in known.texts]
        return Texts(np.array(numbers, np.intp), known.at_end)

    def spans(self, number: int, turns: list[bytes]) -> Indices:
        """Matches in these turns joined by line ends: start and end in turns, bytes of the joined text."""
        source = self._sources[number]
        if _BY_ITSELF.search(source):
            begins = np.cumsum([0, *(len(turn) + 1 for turn in turns)])[:-1].tolist()
            compiled = self.compiled[source]
            found = [
                (begin + match.start(), begin + match.end())
                for turn, begin in zip(turns, begins, strict=True)
                for match in compiled.finditer(turn)
            ]
        else:
            found = [match.span() for match in _by_line(source).finditer(b"\n".join(turns))]
        return np.fromiter(chain.from_iterable(found), np.intp, 2 * len(found))


class Texts(NamedTuple):
    """Literals, by number, of which each is a match. at_end: only where the turn ends behind it."""

    literals: Indices
    at_end: bool


class Literals:
    """Where literals stand in a line. which, places, turns: in no order."""

    def __init__(self, which: Indices, places: Indices, turns: Indices, count: int) -> None:
        """count: of all literals."""
        self.which, self.turns = which, turns
        self._unsorted, self._count = places, count

    @cached_property
    def _sorted(self) -> tuple[Indices, Indices]:
        """Places by literal, and where those of each literal begin."""
        order = order_of(self.which, self._count)
        return self._unsorted[order], np.searchsorted(self.which[order], np.arange(self._count + 1))

    def of(self, literals: Indices) -> tuple[Indices, Indices]:
        """Where these stand: (which of them, place)."""
        places, bounds = self._sorted
        first = bounds[literals]
        which, taken = expanded(first, bounds[literals + 1] - first)
        return which, places[taken]


class Matches:
    """Where expressions match in a line; each is tried when it is first asked for."""

    def __init__(
        self, expressions: Expressions, data: bytes, characters: Indices, starts: Indices, found: "Literals"
    ) -> None:
        """data: the line's UTF-8; characters: the character of each byte. starts: where turns begin."""
        self._expressions, self._data, self._characters = expressions, data, characters
        self._bytes = np.frombuffer(data, np.uint8)
        self._literals = found
        self._gate = expressions.gates.opened(found.turns, found.which, len(starts))

    def of(self, number: int, among: NDArray[np.bool_] | None = None) -> tuple[Indices, Indices]:
        """(starts, ends) of all matches, in characters of the line, in rising order; empty ones left out.

        among: the turns to look in at least, as a mask; None: all.
        """
        texts = self._expressions.texts(number)
        if texts is not None:
            return self._written(texts)
        return self._tried(number, among)

    def _written(self, texts: Texts) -> tuple[Indices, Indices]:
        """Where these literals stand; of those that overlap the first, as an expression would find them."""
        which, starts = self._literals.of(texts.literals)
        ends = starts + self._expressions.lengths(texts.literals)[which]
        if texts.at_end:
            last = self._is_end[ends]
            starts, ends = starts[last], ends[last]
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        if (starts[1:] >= ends[:-1]).all():
            return starts, ends
        kept, reached = np.ones(len(starts), np.bool_), 0
        for place, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            kept[place] = start >= reached
            reached = end if start >= reached else reached
        return starts[kept], ends[kept]

    def _tried(self, number: int, among: NDArray[np.bool_] | None) -> tuple[Indices, Indices]:
        candidates = self._gate.turns(number, among)
        if not len(candidates):
            return _NOWHERE
        lines, begins, sizes = self._turns
        chosen = [lines[turn] for turn in candidates.tolist()]
        spans = self._expressions.spans(number, chosen)
        if not len(spans):
            return _NOWHERE
        starts, ends = spans[::2], spans[1::2]
        whole = starts < ends
        starts, ends = starts[whole], ends[whole]
        firsts = np.cumsum(sizes[candidates]) - sizes[candidates]
        moved = (begins[candidates] - firsts)[np.searchsorted(firsts, starts, side="right") - 1]
        return self._characters[starts + moved], self._characters[ends + moved - 1] + 1

    @cached_property
    def _is_end(self) -> NDArray[np.bool_]:
        """For each character, and for the one behind the last, whether a turn ends before it."""
        walls = np.append(self._bytes == ord(WALL), True)
        first_bytes = np.append(np.flatnonzero(np.diff(self._characters, prepend=-1)), len(self._bytes))
        ends: NDArray[np.bool_] = walls[first_bytes]
        return ends

    @cached_property
    def _turns(self) -> tuple[list[bytes], Indices, Indices]:
        """The bytes of each turn, where they begin, and how many there are with the wall behind them."""
        lines = self._data.split(b"\n")
        sizes = np.fromiter(map(len, lines), np.intp, len(lines)) + 1
        return lines, np.cumsum(sizes) - sizes, sizes


@lru_cache(maxsize=16_384)
def _by_line(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.never_capture = True
    options.never_nl = True
    return re2.compile(f"(?m:{source})".encode(), options)
