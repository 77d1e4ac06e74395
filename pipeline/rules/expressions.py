"""Expressions tried in many turns at once: only where their literals stand, all such turns as the lines of one text.

An expression is compiled a second time so that it sees lines as it sees single turns: ^ and $ at the ends of each line,
and nothing in it matches a line's end. What says otherwise (flags, \\A, \\z, \\C) is tried turn by turn.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import numpy as np
import re2

from pipeline.rules.gates import Gates
from pipeline.rules.needles import Indices

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
        self.gates = Gates(self._sources)
        self.literals = self.gates.literals

    def spans(self, number: int, turns: list[bytes]) -> Indices:
        """Matches in these turns joined by line ends: start and end in turns, bytes of the joined text."""
        source = self._sources[number]
        if _BY_ITSELF.search(source):
            begins = np.cumsum([0, *(len(turn) + 1 for turn in turns)])[:-1].tolist()
            compiled = self.compiled[source]
            found = (
                (begin + match.start(), begin + match.end())
                for turn, begin in zip(turns, begins, strict=True)
                for match in compiled.finditer(turn)
            )
        else:
            found = (match.span() for match in _by_line(source).finditer(b"\n".join(turns)))
        return np.fromiter(chain.from_iterable(found), np.intp)


class Matches:
    """Where expressions match in a line; each is tried when it is first asked for."""

    def __init__(
        self,
        expressions: Expressions,
        data: bytes,
        characters: Indices,
        starts: Indices,
        turns: Indices,
        literals: Indices,
    ) -> None:
        """data: the line's UTF-8; characters: the character of each byte. turns, literals: what was found where."""
        self._expressions, self._data, self._characters, self._starts = expressions, data, characters, starts
        self._gate = expressions.gates.opened(turns, literals, len(starts))
        self._lines: list[bytes] | None = None
        self._begins: Indices = _NOWHERE[0]

    def of(self, number: int) -> tuple[Indices, Indices]:
        """(starts, ends) of all matches, in characters of the line, in rising order; empty ones left out."""
        candidates = self._gate.turns(number)
        if not len(candidates):
            return _NOWHERE
        if self._lines is None:
            self._lines = self._data.split(b"\n")
            self._begins = np.cumsum([0, *(len(line) + 1 for line in self._lines)])[:-1]
        lines = [self._lines[turn] for turn in candidates.tolist()]
        spans = self._expressions.spans(number, lines)
        if not len(spans):
            return _NOWHERE
        starts, ends = spans[::2], spans[1::2]
        whole = starts < ends
        starts, ends = starts[whole], ends[whole]
        firsts = np.cumsum([0, *(len(line) + 1 for line in lines)])[:-1]
        piece = np.searchsorted(firsts, starts, side="right") - 1
        moved = (self._begins[candidates] - firsts)[piece]
        return self._characters[starts + moved], self._characters[ends + moved - 1] + 1


@lru_cache(maxsize=16_384)
def _by_line(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.never_capture = True
    options.never_nl = True
    return re2.compile(f"(?m:{source})".encode(), options)
