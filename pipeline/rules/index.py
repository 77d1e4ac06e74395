"""All phrases and expressions of a rulebook, looked for at once in all turns of many calls.

Phrases are needles: as characters in `flat`, as sounds in `sounds`, both walked down one tree of them all
(`rules.needles`); phrases that may sound nearly so by their distance at every place. Expressions are tried only in
turns that hold the literals which they cannot do without (`rules.gates`, `rules.expressions`). What comes out are
arrays of places, stops minded; what else they mean (exceptions, readings that make sense) is up to `rules.tables`,
`rules.elements` and `rules.words`.

The same needles are searched in one turn and in 100 000 calls; no Python object is made for a place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.rules.expressions import Expressions, Literals, Matches
from pipeline.rules.lines import HARD
from pipeline.rules.needles import Indices, Search, character_of_each_byte, codes_of, expanded, order_of
from pipeline.sounds import UNKNOWN, costs, distance, numbers

TEXT, SOUND, FUZZY, REGEX = range(4)
"""How a place was found: by a phrase's characters, by its sounds, nearly by its sounds, by an expression."""

SAME = 1e-6  # a distance that is none
SOFT_STOP_MIN_CHARACTERS = 4


class Sought(Protocol):
    """A phrase as the index needs it."""

    @property
    def characters(self) -> str: ...
    @property
    def codes(self) -> str: ...
    @property
    def by_sound(self) -> bool: ...
    @property
    def max_distance(self) -> float | None: ...


class Expression(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def compiled(self) -> Any: ...


class Alternatives(Protocol):
    """Phrases and expressions of which any one counts."""

    @property
    def phrases(self) -> Sequence[Sought]: ...
    @property
    def patterns(self) -> Sequence[Expression]: ...
    @property
    def min_syllables(self) -> int: ...


class Searchable(Protocol):
    """Turns one after the other with a WALL after each (`rules.lines`), or a single one. starts: where they begin."""

    @property
    def flat(self) -> str: ...
    @property
    def sounds(self) -> str: ...
    @property
    def stops(self) -> bytes: ...
    @property
    def starts(self) -> Indices: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """A single turn to search."""

    flat: str
    sounds: str
    stops: bytes
    starts: Indices


@dataclass(frozen=True, slots=True)
class Places:
    """Where a list was found in a line, by start, then end; no full stop parts a place.

    starts, ends: characters of the line, end excluded. kinds: TEXT to REGEX. which: of the list's phrases or, for
    REGEX, of its expressions. turns: the turn of each. distances: for FUZZY from the phrase, per syllable, else 0.
    """

    starts: Indices
    ends: Indices
    kinds: Indices
    which: Indices
    turns: Indices
    distances: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)

    def taken(self, chosen: Any) -> "Places":
        """Those that a mask or an array of numbers names."""
        columns = (self.starts, self.ends, self.kinds, self.which, self.turns, self.distances)
        return Places(*(column[chosen] for column in columns))


_NONE = np.zeros(0, np.intp)
NOWHERE = Places(_NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to make of what is found for one list; one row for each use of a needle.

    needles: with kinds and which as in `Places`. lengths: characters. texts: the needle of the same phrase's
    characters. expressions: their numbers, and which of the list's they are.
    """

    needles: Indices
    kinds: Indices
    which: Indices
    lengths: Indices
    texts: Indices
    expressions: tuple[tuple[int, int], ...]


class MatchIndex:
    """Needles of many lists, which it holds on to and knows by identity. numbers: for the `id` of each its number."""

    def __init__(self, lists: Iterable[Alternatives]) -> None:
        self.lists = tuple({id(listed): listed for listed in lists}.values())
        self.numbers: Mapping[int, int] = {id(listed): number for number, listed in enumerate(self.lists)}
        needles = _Needles()
        self.expressions = Expressions(pattern for listed in self.lists for pattern in listed.patterns)
        self.plans = tuple(self._plan(listed, needles) for listed in self.lists)
        literals = self.expressions.literals
        self.texts = Search(dict.fromkeys((*needles.texts, *literals)))
        self.text_needles = np.array([needles.texts.get(text, -1) for text in self.texts.sought], np.intp)
        self.text_literals = np.array([literals.get(text, -1) for text in self.texts.sought], np.intp)
        self.sounds = Search(needles.sounds)
        self.sound_needles = np.array(list(needles.sounds.values()), np.intp)
        self.fuzzy = tuple(needles.fuzzy.items())
        self.count = needles.count

    def search(self, text: Searchable) -> "Searched":
        """What is found in every turn."""
        return Searched(self, text)

    def search_turn(self, flat: str, sounds: str, stops: bytes) -> "Searched":
        """What is found in one turn. stops: one more than characters."""
        return Searched(self, Stretch(flat, sounds, stops, np.zeros(1, np.intp)))

    def _plan(self, listed: Alternatives, needles: "_Needles") -> _Plan:
        rows = list(dict.fromkeys(needles.rows(listed)))
        table = np.array(rows, np.intp).reshape(-1, 5)
        which = {pattern.source: number for number, pattern in enumerate(listed.patterns)}
        tried = tuple((self.expressions.numbers[source], number) for source, number in which.items())
        by_needle, kinds, numbers_, lengths, texts = (np.ascontiguousarray(column) for column in table.T)
        return _Plan(by_needle, kinds, numbers_, lengths, texts, tried)


class Searched:
    """What an index found in a line. Nothing is worked out for a list before somebody asks for it."""

    def __init__(self, index: MatchIndex, text: Searchable) -> None:
        self.index, self._text = index, text
        self.starts = text.starts
        data = text.flat.encode()
        characters = character_of_each_byte(data)
        sizes = np.diff(np.append(text.starts, len(text.flat)))
        self.turn_of: Indices = np.repeat(np.arange(len(text.starts)), sizes)
        found, places = index.texts.find(codes_of(text.flat))
        literals, needles = index.text_literals[found], index.text_needles[found]
        is_needle, is_literal = needles >= 0, literals >= 0
        self._sort(needles[is_needle], places[is_needle])
        where = places[is_literal]
        stand = Literals(literals[is_literal], where, self.turn_of[where], len(index.expressions.literals))
        self._matches = Matches(index.expressions, data, characters, text.starts, stand)
        self._places: dict[int, Places] = {}

    def _sort(self, needles: Indices, places: Indices) -> None:
        """Places by needle, those of the sounds too."""
        sounds, index = self._text.sounds, self.index
        found, heard = index.sounds.find(codes_of(sounds))
        near = np.array(list(_near(index.fuzzy, sounds)), np.intp).reshape(-1, 2)
        which = np.concatenate((needles, index.sound_needles[found], near[:, 0]))
        where = np.concatenate((places, heard, near[:, 1]))
        order = order_of(which, index.count)
        self._where = where[order]
        self._bounds = np.searchsorted(which[order], np.arange(index.count + 1))
        self._keys = which[order] * self._width + self._where

    @property
    def _width(self) -> int:
        return len(self._text.flat) + 1

    @cached_property
    def _stops(self) -> tuple[Indices, Indices]:
        """How many full stops, and how many stops at all, stand before each place."""
        stops = np.frombuffer(self._text.stops, np.uint8)
        return tuple(np.append(0, np.cumsum(kind)) for kind in (stops == HARD, stops > 0))  # type: ignore[return-value]

    def places(self, number: int) -> Places:
        """All places of the list of this number."""
        known = self._places.get(number)
        if known is None:
            known = self._places[number] = self._found(self.index.plans[number], self.index.lists[number], None)
        return known

    def places_beside(self, number: int, others: Places) -> Places:
        """At least those in turns that have one of the others."""
        if number in self._places:
            return self._places[number]
        among = np.zeros(len(self.starts), np.bool_)
        among[others.turns] = True
        return self._found(self.index.plans[number], self.index.lists[number], among)

    def places_in(self, number: int, turn: int) -> Places:
        """Those of them that lie in one turn."""
        found = self.places(number)
        low, high = np.searchsorted(found.turns, (turn, turn + 1))
        return found.taken(slice(low, high))

    def _found(self, plan: _Plan, listed: Alternatives, among: NDArray[np.bool_] | None) -> Places:
        parts = [self._by_needles(plan, listed)]
        for expression, which in plan.expressions:
            starts, ends = self._matches.of(expression, among)
            if len(starts):
                parts.append(self._by_expression(starts, ends, which))
        parts = [part for part in parts if len(part)]
        if not parts:
            return NOWHERE
        columns = [(p.starts, p.ends, p.kinds, p.which, p.turns, p.distances) for p in parts]
        joined = Places(*(np.concatenate(column) for column in zip(*columns, strict=True)))
        return joined.taken(np.lexsort((joined.ends, joined.starts)))

    def _by_expression(self, starts: Indices, ends: Indices, which: int) -> Places:
        hard, _ = self._stops
        whole = hard[ends] == hard[starts + 1]
        starts, ends = starts[whole], ends[whole]
        kinds = np.full(len(starts), REGEX, np.intp)
        numbers_ = np.full(len(starts), which, np.intp)
        return Places(starts, ends, kinds, numbers_, self.turn_of[starts], np.zeros(len(starts)))

    def _by_needles(self, plan: _Plan, listed: Alternatives) -> Places:
        first = self._bounds[plan.needles]
        counts = self._bounds[plan.needles + 1] - first
        if not counts.any():
            return NOWHERE
        use, taken = expanded(first, counts)
        starts = self._where[taken]
        lengths = plan.lengths[use]
        ends = starts + lengths
        hard, any_stop = self._stops
        parted = hard[ends] != hard[starts + 1]
        parted |= (any_stop[ends] != any_stop[starts + 1]) & (lengths < SOFT_STOP_MIN_CHARACTERS)
        parted |= (plan.kinds[use] != TEXT) & self._is_there(plan.texts[use], starts)  # the characters are the phrase's
        left = ~parted
        starts, ends, use = starts[left], ends[left], use[left]
        kinds, which = plan.kinds[use], plan.which[use]
        found = Places(starts, ends, kinds, which, self.turn_of[starts], np.zeros(len(starts)))
        return self._measured(found, listed) if (kinds == FUZZY).any() else found

    def _is_there(self, needles: Indices, places: Indices) -> NDArray[np.bool_]:
        """Whether these needles are at these places."""
        keys = needles * self._width + places
        near = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        there: NDArray[np.bool_] = self._keys[near] == keys
        return there

    def _measured(self, found: Places, listed: Alternatives) -> Places:
        """With the distances of what only sounds nearly so; what sounds the same was found by its sounds."""
        for place in np.flatnonzero(found.kinds == FUZZY).tolist():
            heard = self._text.sounds[found.starts[place] : found.ends[place]]
            found.distances[place] = distance(listed.phrases[found.which[place]].codes, heard)
        return found.taken((found.kinds != FUZZY) | (found.distances >= SAME))


class _Needles:
    """Each text, sound and nearly-sound once, with a number."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.sounds: dict[str, int] = {}
        self.fuzzy: dict[tuple[str, float], int] = {}
        self.count = 0

    def rows(self, listed: Alternatives) -> Iterator[tuple[int, int, int, int, int]]:
        """The rows of a list's plan."""
        for which, phrase in enumerate(listed.phrases):
            length = len(phrase.characters)
            text = self._number(self.texts, phrase.characters)
            yield text, TEXT, which, length, text
            codes = phrase.codes
            if phrase.by_sound and len(codes) >= listed.min_syllables and UNKNOWN not in codes:
                yield self._number(self.sounds, codes), SOUND, which, length, text
                if phrase.max_distance is not None:
                    yield self._number(self.fuzzy, (codes, phrase.max_distance)), FUZZY, which, length, text

    def _number(self, needles: dict[Any, int], text: Any) -> int:
        if text not in needles:
            needles[text] = self.count
            self.count += 1
        return needles[text]


def _near(fuzzy: Sequence[tuple[tuple[str, float], int]], sounds: str) -> Iterator[tuple[int, int]]:
    """Every place that sounds nearly like a fuzzy phrase: as many syllables, none of them too far in the mean."""
    if not fuzzy or not sounds:
        return
    heard = numbers(sounds)
    rows: dict[int, NDArray[np.float32]] = {}
    for (codes, limit), needle in fuzzy:
        length = len(codes)
        if length > len(heard):
            continue
        total = np.zeros(len(heard) - length + 1, np.float32)
        for place, number in enumerate(numbers(codes).tolist()):
            if number not in rows:
                rows[number] = costs()[number].astype(np.float32)[heard]
            total += rows[number][place : place + len(total)]
        for start in np.flatnonzero(total <= limit * length + 1e-6).tolist():
            yield needle, start
