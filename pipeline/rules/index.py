"""All phrases and expressions of a rulebook, looked for at once in all turns of many calls.

Phrases are needles: as characters in `Lines.flat`, as sounds in `Lines.sounds`, both with Aho-Corasick (one pass,
however many there are); phrases that may sound nearly so by their distance at every place. Expressions are tried only
in turns that hold one of their literals (`rules.gates`). What comes out are raw places; what they mean (stops,
exceptions, readings that make sense) is up to `rules.elements` and `rules.words`, which look at few of them.

The same needles are searched in one turn and in 100 000 calls.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from pipeline.rules.gates import required
from pipeline.rules.lines import Lines
from pipeline.sounds import UNKNOWN, costs, numbers

TEXT, SOUND, FUZZY, GATE = range(4)
"""What a needle means to a list: a phrase by its characters, by its sounds, nearly so; a literal of an expression."""

Use = tuple[int, int]
"""What it means, and which of the list's phrases or expressions."""
_Indices = NDArray[np.intp]
_WORD = 64  # bits of a row of masks


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


class Alternatives(Protocol):
    """Phrases and expressions of which any one counts."""

    @property
    def phrases(self) -> Sequence[Sought]: ...
    @property
    def patterns(self) -> Sequence[Expression]: ...
    @property
    def min_syllables(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make of the needles for one list. always: the expressions that must be tried everywhere."""

    uses: Mapping[int, tuple[Use, ...]]
    always: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """What was found in one turn. mask: bit n for list n of the index. places: for each needle where in the turn."""

    mask: int
    places: Mapping[int, Sequence[int]]


class Marks:
    """What was found in all turns of a line; `of(number)` is that of one turn."""

    def __init__(self, masks: list[int], bounds: list[int], needles: _Indices, offsets: _Indices) -> None:
        self.masks = masks
        self._bounds = bounds
        self._needles = needles
        self._offsets = offsets

    def of(self, number: int) -> Raw:
        low, high = self._bounds[number], self._bounds[number + 1]
        places = zip(self._needles[low:high].tolist(), self._offsets[low:high].tolist(), strict=True)
        return Raw(self.masks[number], _grouped(places))


class MatchIndex:
    """Needles of many lists, which it holds on to and knows by identity.

    numbers: for the `id` of each list its bit in every mask and its place in `plans`.
    """

    def __init__(self, lists: Iterable[Alternatives]) -> None:
        self._lists = tuple({id(listed): listed for listed in lists}.values())
        self.numbers: Mapping[int, int] = {id(listed): number for number, listed in enumerate(self._lists)}
        needles = _Needles()
        self.plans = tuple(Plan(needles.add(listed), _ungated(listed)) for listed in self._lists)
        self._phrases = needles.texts
        self._texts = _Search(needles.texts)
        self._sounds = _Search(needles.sounds)
        self._fuzzy = tuple(needles.fuzzy.items())
        self._always_mask = sum(1 << n for n, plan in enumerate(self.plans) if plan.always)
        self._masks = [0] * needles.count
        for number, plan in enumerate(self.plans):
            for needle in plan.uses:
                self._masks[needle] |= 1 << number
        self._words = (len(self._lists) + _WORD - 1) // _WORD
        rows = bytearray(b"".join(mask.to_bytes(self._words * 8, "little") for mask in self._masks))
        self._rows = np.frombuffer(rows, "<u8").reshape(needles.count, self._words) if rows else np.zeros((0, 0), "<u8")

    def lists_with(self, phrase: str) -> int:
        """The mask of all lists that hold this phrase."""
        needle = self._phrases.get(phrase)
        return 0 if needle is None else self._masks[needle]

    def search_turn(self, flat: str, sounds: str) -> Raw:
        """What is found in one turn."""
        found = _grouped(chain(self._texts.find(flat), self._sounds.find(sounds), self._near(sounds)))
        mask = self._always_mask
        for needle in found:
            mask |= self._masks[needle]
        return Raw(mask, found)

    def search(self, lines: Lines) -> Marks:
        """What is found in every turn of a line."""
        found = np.concatenate(
            [
                self._texts.find_all(lines.flat),
                self._sounds.find_all(lines.sounds),
                np.array(list(self._near(lines.sounds)), np.intp).reshape(-1, 2),
            ]
        )
        needles, places = found[np.argsort(found[:, 1], kind="stable")].T
        starts = np.fromiter((turn.start for turn in lines.turns), np.intp, len(lines.turns))
        bounds = np.append(np.searchsorted(places, starts), len(places))
        masks = [self._always_mask] * len(lines.turns)
        touched = np.flatnonzero(np.diff(bounds))
        if len(touched):
            width = self._words * 8
            joined = np.bitwise_or.reduceat(self._rows[needles], bounds[touched], axis=0).tobytes()
            for at, turn in enumerate(touched.tolist()):
                masks[turn] |= int.from_bytes(joined[at * width : (at + 1) * width], "little")
        offsets = places - np.repeat(starts, np.diff(bounds))
        return Marks(masks, bounds.tolist(), needles, offsets)

    def _near(self, sounds: str) -> Iterator[tuple[int, int]]:
        """Every place that sounds nearly like a fuzzy phrase: as many syllables, none of them too far in the mean."""
        if not self._fuzzy or not sounds:
            return
        heard = numbers(sounds)
        rows: dict[int, NDArray[np.float32]] = {}
        for (codes, limit), needle in self._fuzzy:
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


class _Needles:
    """Each text, sound and nearly-sound once, with a number."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.sounds: dict[str, int] = {}
        self.fuzzy: dict[tuple[str, float], int] = {}
        self.count = 0

    def add(self, listed: Alternatives) -> dict[int, tuple[Use, ...]]:
        """The needles of a list, with what each means to it."""
        uses: dict[int, tuple[Use, ...]] = {}
        for needle, use in chain(self._phrases(listed), self._patterns(listed)):
            if use not in uses.get(needle, ()):
                uses[needle] = (*uses.get(needle, ()), use)
        return uses

    def _phrases(self, listed: Alternatives) -> Iterator[tuple[int, Use]]:
        for which, phrase in enumerate(listed.phrases):
            yield self._number(self.texts, phrase.characters), (TEXT, which)
            codes = phrase.codes
            if phrase.by_sound and len(codes) >= listed.min_syllables and UNKNOWN not in codes:
                yield self._number(self.sounds, codes), (SOUND, which)
                if phrase.max_distance is not None:
                    key = (codes, phrase.max_distance)
                    self.fuzzy[key] = self.fuzzy.get(key, self.count)
                    self.count = max(self.count, self.fuzzy[key] + 1)
                    yield self.fuzzy[key], (FUZZY, which)

    def _patterns(self, listed: Alternatives) -> Iterator[tuple[int, Use]]:
        for which, pattern in enumerate(listed.patterns):
            for literal in required(pattern.source) or ():
                yield self._number(self.texts, literal), (GATE, which)

    def _number(self, needles: dict[str, int], text: str) -> int:
        if text not in needles:
            needles[text] = self.count
            self.count += 1
        return needles[text]


class _Search:
    """Aho-Corasick over some of the needles. Places are (needle, index of its first character)."""

    def __init__(self, needles: dict[str, int]) -> None:
        self._numbers = tuple(needles.values())
        self._lookup = np.fromiter(self._numbers, np.intp, len(needles))
        self._automaton = ahocorasick_rs.AhoCorasick(tuple(needles)) if needles else None

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        if self._automaton is None:
            return
        for which, start, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            yield self._numbers[which], start

    def find_all(self, text: str) -> _Indices:
        """(places, 2)"""
        if self._automaton is None:
            return np.zeros((0, 2), np.intp)
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        flat = np.fromiter(chain.from_iterable(found), np.intp, 3 * len(found)).reshape(-1, 3)
        return np.stack((self._lookup[flat[:, 0]], flat[:, 1]), axis=1)


def _grouped(places: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for needle, start in places:
        if needle in found:
            found[needle].append(start)
        else:
            found[needle] = [start]
    return found


def _ungated(listed: Alternatives) -> tuple[int, ...]:
    """The expressions of a list that must be tried everywhere."""
    return tuple(which for which, pattern in enumerate(listed.patterns) if required(pattern.source) is None)
