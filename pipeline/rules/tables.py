"""The hits of a phrase list in all turns of many calls at once: what `PhraseList.hits` finds turn by turn.

Exceptions and overlaps are settled on arrays; a `Hit` is made only for a turn that somebody asks about. What the audio
alone tells of (probes) is not in here: turns that were asked about a phrase of the list are read one by one.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.rules.elements import Alternatives, Hit
from pipeline.rules.index import FUZZY, NOWHERE, REGEX, SOUND, Places, Searched
from pipeline.rules.needles import Indices, expanded
from pipeline.rules.spoken import Chunk, Span, SpokenTurn

if TYPE_CHECKING:
    from pipeline.rules.words import PhraseList

SAYING = frozenset("说讲问")


class HitTable:
    """turns: the numbers of those that have a hit before their company is minded, rising. calls: theirs, by place.

    count: of all hits. rows: for each of the turns the first and last of its hits, the last excluded.
    """

    def __init__(self, words: "PhraseList", chunk: Chunk) -> None:
        """chunk: searched with an index that knows the list."""
        self._words, self._wanted = words, words.wanted
        searched, number = chunk.searched, chunk.number_of(words.wanted)
        assert searched is not None and number is not None, "asked of a chunk that was not searched for the list"
        found = searched.places(number)
        if len(found) and words.has_exceptions:
            found = found.taken(~_excepted(words, found, searched, chunk))
        found = _apart(words.wanted, found)
        first = np.flatnonzero(np.diff(found.turns, prepend=-1))
        self.turns: Sequence[int] = found.turns[first].tolist()
        self.calls = frozenset(chunk.calls_of(found.turns[first]).tolist())
        self.rows = dict(zip(self.turns, pairwise(np.append(first, len(found)).tolist()), strict=True))
        self._columns: tuple[list[int], list[int], list[int], list[int], list[float]] = (
            *(column.tolist() for column in (found.starts, found.ends, found.kinds, found.which)),
            found.distances.tolist(),
        )
        self.count = len(found)
        self._made: dict[int, tuple[Hit, ...]] = {}

    def hits(self, turn: SpokenTurn) -> tuple[Hit, ...]:
        """Those of a turn of the chunk, in time order."""
        number = turn.number
        row = self.rows.get(number)
        if row is None:
            return ()
        made = self._made.get(number)
        if made is None:
            made = self._made[number] = self._words.in_company(turn, self._hits(turn, *row))
        return made

    def _hits(self, turn: SpokenTurn, low: int, high: int) -> list[Hit]:
        offset, flat, hit = turn.start, turn.flat, self._wanted.hit
        starts, ends, kinds, which, distances = self._columns
        return [
            hit(Span(starts[row] - offset, ends[row] - offset), kinds[row], which[row], distances[row], flat)
            for row in range(low, high)
        ]


def _excepted(words: "PhraseList", found: Places, searched: Searched, chunk: Chunk) -> NDArray[np.bool_]:
    """Which of the places stand inside an exception (see `words._covers`)."""
    number = chunk.number_of(words.excepted)
    by = NOWHERE if number is None else searched.places_beside(number, found)
    respelt = (found.kinds == SOUND) | (found.kinds == FUZZY)
    excused = np.zeros(len(found), np.bool_)
    if len(by):
        first = np.searchsorted(by.turns, found.turns)
        hit, other = expanded(first, np.searchsorted(by.turns, found.turns, side="right") - first)
        inside = (by.starts[other] <= found.starts[hit]) & (found.ends[hit] <= by.ends[other])
        inside &= ~(respelt[hit] & (by.kinds[other] == REGEX))  # those are held against the text as the hit reads it
        hit, other = hit[inside], other[inside]
        stops = np.frombuffer(chunk.lines.stops, np.uint8) > 0
        starts, ends = found.starts[hit], found.ends[hit]
        parted = (by.ends[other] > ends) & stops[ends]
        parted |= (by.starts[other] < starts) & stops[starts] & ~_after_saying(starts, chunk)
        excused[hit[~parted]] = True
    if words.excepted_patterns:
        for place in np.flatnonzero(respelt & ~excused).tolist():
            excused[place] = _is_meant(words, found, place, chunk)
    return excused


def _after_saying(starts: Indices, chunk: Chunk) -> NDArray[np.bool_]:
    flat = chunk.lines.flat
    return np.array([flat[start - 1] in SAYING for start in starts.tolist()], np.bool_)


def _is_meant(words: "PhraseList", found: Places, place: int, chunk: Chunk) -> bool:
    """Whether an excepted expression covers a respelt hit in the text as it reads it."""
    turn = SpokenTurn(0, chunk, int(found.turns[place]))
    start, end = int(found.starts[place]) - turn.start, int(found.ends[place]) - turn.start
    hit = words.wanted.hit(Span(start, end), int(found.kinds[place]), int(found.which[place]), 0.0, turn.flat)
    return words.is_meant(turn, hit)


def _apart(wanted: Alternatives, found: Places) -> Places:
    """Of places that overlap the first in the order of their hits."""
    if len(found) < 2:
        return found
    reached = np.maximum.accumulate(found.ends)
    alone = np.append(True, found.starts[1:] >= reached[:-1])  # begins a group of places that overlap
    if alone.all():
        return found
    bounds = np.append(np.flatnonzero(alone), len(found))
    kept = np.ones(len(found), np.bool_)
    for group in np.flatnonzero(np.diff(bounds) > 1).tolist():
        low, high = int(bounds[group]), int(bounds[group + 1])
        kept[low:high] = False
        for place in _first_of(wanted, found, low, high):
            kept[place] = True
    return found.taken(kept)


def _first_of(wanted: Alternatives, found: Places, low: int, high: int) -> Iterator[int]:
    """Of the places from low to high those that stay."""
    columns = (found.starts, found.ends, found.kinds, found.which, found.distances)
    rows = zip(*(column[low:high].tolist() for column in columns), strict=True)
    ranked = sorted((*_rank(wanted, *row), low + number, row[0], row[1]) for number, row in enumerate(rows))
    taken: list[tuple[int, int]] = []
    for *_, place, start, end in ranked:
        if all(end <= other_start or other_end <= start for other_start, other_end in taken):
            taken.append((start, end))
            yield place


def _rank(
    wanted: Alternatives, start: int, end: int, kind: int, which: int, distance: float
) -> tuple[int, float, bool, int, str]:
    """As `Hit.order`, then the phrase."""
    phrase = wanted.patterns[which].shown if kind == REGEX else wanted.phrases[which].characters
    if kind == FUZZY:
        return (2, distance, False, start, phrase)
    return (0, start - end, kind == SOUND, start, phrase)
