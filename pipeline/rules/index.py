"""All phrases and expressions of a rulebook, looked for at once in all turns of many calls.

Phrases are needles: as characters in `Lines.flat`, as sounds in `Lines.sounds`, both with Aho-Corasick (one pass,
however many there are); phrases that may sound nearly so by their distance at every place. Expressions are tried only
in turns that hold the literals which they cannot do without (`rules.gates`). What comes out are raw places; what they
mean (stops, exceptions, readings that make sense) is up to `rules.elements` and `rules.words`, which look at few of
them.

The same needles are searched in one turn and in 100 000 calls.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from pipeline.rules.gates import Gates
from pipeline.rules.lines import Lines
from pipeline.sounds import UNKNOWN, costs, numbers

TEXT, SOUND, FUZZY = range(3)
"""How a needle stands for a phrase: by its characters, by its sounds, nearly by its sounds."""

Use = tuple[int, int]
"""How, and which of the list's phrases."""

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
    """What to make of what was found for one list.

    uses: for each needle what it stands for. expressions: for a bit in `Raw.expressions` which of the list's; tried:
    the mask of these bits.
    """

    uses: Mapping[int, tuple[Use, ...]]
    expressions: Mapping[int, int]
    tried: int


@dataclass(frozen=True, slots=True)
class Raw:
    """What was found in one turn.

    mask: bit n for list n of the index. places: for each needle where in the turn. expressions: the bits of those that
    may match.
    """

    mask: int
    places: Mapping[int, Sequence[int]]
    expressions: int = 0


class Marks:
    """What was found in all turns of a line; `of(number)` is that of one turn."""

    def __init__(
        self, masks: list[int], expressions: list[int], bounds: list[int], needles: _Indices, offsets: _Indices
    ) -> None:
        self.masks = masks
        self._expressions = expressions
        self._bounds = bounds
        self._needles = needles
        self._offsets = offsets

    def of(self, number: int) -> Raw:
        low, high = self._bounds[number], self._bounds[number + 1]
        places = zip(self._needles[low:high].tolist(), self._offsets[low:high].tolist(), strict=True)
        return Raw(self.masks[number], _grouped(places), self._expressions[number])


class MatchIndex:
    """Needles of many lists, which it holds on to and knows by identity.

    numbers: for the `id` of each list its bit in every mask and its place in `plans`.
    """

    def __init__(self, lists: Iterable[Alternatives]) -> None:
        self._lists = tuple({id(listed): listed for listed in lists}.values())
        self.numbers: Mapping[int, int] = {id(listed): number for number, listed in enumerate(self._lists)}
        needles, gates = _Needles(), Gates(pattern.source for listed in self._lists for pattern in listed.patterns)
        self.plans = tuple(
            Plan(needles.add(listed), *gates.of([pattern.source for pattern in listed.patterns]))
            for listed in self._lists
        )
        self._gates = gates
        self._phrases = needles.texts
        self._texts = _Search(dict.fromkeys((*needles.texts, *gates.literals)))
        self._text_needles = np.array([needles.texts.get(text, -1) for text in self._texts.sought], np.intp)
        self._text_literals = np.array([gates.literals.get(text, -1) for text in self._texts.sought], np.intp)
        self._sounds = _Search(needles.sounds)
        self._sound_needles = np.array(list(needles.sounds.values()), np.intp)
        self._fuzzy = tuple(needles.fuzzy.items())
        self._masks = [0] * needles.count
        for number, plan in enumerate(self.plans):
            for needle in plan.uses:
                self._masks[needle] |= 1 << number
        self._rows = _rows(self._masks, len(self._lists))
        self._lists_of = _rows([sum(1 << n for n, p in enumerate(self.plans) if p.tried >> bit & 1)
                                for bit in range(gates.count)], len(self._lists))  # fmt: skip

    def lists_with(self, phrase: str) -> int:
        """The mask of all lists that hold this phrase."""
        needle = self._phrases.get(phrase)
        return 0 if needle is None else self._masks[needle]

    def search_turn(self, flat: str, sounds: str) -> Raw:
        """What is found in one turn."""
        marks = self._marks(np.zeros(1, np.intp), flat, sounds)
        return marks.of(0)

    def search(self, lines: Lines) -> Marks:
        """What is found in every turn of a line."""
        starts = np.fromiter((turn.start for turn in lines.turns), np.intp, len(lines.turns))
        return self._marks(starts, lines.flat, lines.sounds)

    def _marks(self, starts: _Indices, flat: str, sounds: str) -> Marks:
        """starts: where the turns begin, in rising order."""
        which, places = self._texts.find(flat)
        literals, needles = self._text_literals[which], self._text_needles[which]
        is_literal, is_needle = literals >= 0, needles >= 0
        which, heard = self._sounds.find(sounds)
        near = np.array(list(self._near(sounds)), np.intp).reshape(-1, 2)
        found = np.concatenate((needles[is_needle], self._sound_needles[which], near[:, 0]))
        places_found = np.concatenate((places[is_needle], heard, near[:, 1]))
        order = np.argsort(places_found, kind="stable")
        found, places_found = found[order], places_found[order]
        bounds = np.append(np.searchsorted(places_found, starts), len(places_found))
        turn_of_literal = np.searchsorted(starts, places[is_literal], side="right") - 1
        matching = self._gates.open(turn_of_literal, literals[is_literal], len(starts))
        masks = _joined(self._rows, found, bounds)
        bits, turns = np.nonzero(matching)
        by_turn = np.argsort(turns, kind="stable")
        ends = np.searchsorted(turns[by_turn], np.arange(len(starts) + 1))
        by_expression = _joined(self._lists_of, bits[by_turn], ends)
        offsets = places_found - np.repeat(starts, np.diff(bounds))
        return Marks(
            [one | other for one, other in zip(masks, by_expression, strict=True)],
            _as_masks(np.ascontiguousarray(np.packbits(matching, axis=0, bitorder="little").T)),
            bounds.tolist(),
            found,
            offsets,
        )

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
        for needle, use in self._phrases(listed):
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

    def _number(self, needles: dict[str, int], text: str) -> int:
        if text not in needles:
            needles[text] = self.count
            self.count += 1
        return needles[text]


class _Search:
    """Aho-Corasick. sought: the texts in the order of their numbers."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.sought = tuple(texts)
        self._automaton = ahocorasick_rs.AhoCorasick(self.sought) if self.sought else None

    def find(self, text: str) -> tuple[_Indices, _Indices]:
        """(which, where it begins), by where it ends."""
        if self._automaton is None:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        flat = np.fromiter(chain.from_iterable(found), np.intp, 3 * len(found)).reshape(-1, 3)
        return flat[:, 0], flat[:, 1]


def _rows(masks: Sequence[int], bits: int) -> NDArray[np.uint64]:
    """Masks of so many bits as rows of whole words: (masks, words)."""
    words = max((bits + _WORD - 1) // _WORD, 1)
    joined = bytearray(b"".join(mask.to_bytes(words * 8, "little") for mask in masks))
    return np.frombuffer(joined, "<u8").reshape(-1, words) if joined else np.zeros((0, words), "<u8")


def _joined(rows: NDArray[np.uint64], which: _Indices, bounds: _Indices) -> list[int]:
    """For each stretch between two bounds the union of the rows that `which` names there, as a mask."""
    joined = np.zeros((len(bounds) - 1, rows.shape[1]), "<u8")
    touched = np.flatnonzero(np.diff(bounds))
    if len(touched):
        joined[touched] = np.bitwise_or.reduceat(rows[which], bounds[touched], axis=0)
    return _as_masks(joined.view(np.uint8))


def _as_masks(rows: NDArray[np.uint8]) -> list[int]:
    """Rows of bytes, the lowest first, as masks."""
    width, joined = rows.shape[1], rows.tobytes()
    return [int.from_bytes(joined[at : at + width], "little") for at in range(0, len(joined), width)] if width else [
        0] * len(rows)  # fmt: skip


def _grouped(places: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for needle, start in places:
        if needle in found:
            found[needle].append(start)
        else:
            found[needle] = [start]
    return found
