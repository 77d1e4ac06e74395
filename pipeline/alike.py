"""Stretches of a text that sound like a phrase: a weighted search over sounds, pure text and arithmetic.

Distance: see `pipeline.sounds`. Full stops end a stretch, commas of the recogniser's own do not.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Utterance
from pipeline.sounds import INDEL_COST, WALL, WALL_COST, costs, encode, numbers
from pipeline.text import syllables

TO_AND_FRO = 3  # syllables by which two readings of the same stretch may differ in length

_HARD_STOPS = frozenset("。？！?!；;")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of an utterance that sounds nearly like a phrase.

    first, last: its spoken characters by position in the utterance's text, both included. distance: per syllable of
    the phrase, above 0.
    """

    phrase: str
    utterance_index: int
    first: int
    last: int
    distance: float


def nearest(text: str, phrase: str, behind: int | None = None) -> Candidate | None:
    """The stretch of a text that sounds most like the phrase; None where none is near at all.

    behind: only stretches that end about so many syllables (give or take TO_AND_FRO) before the end of the text.
    """
    line = _line_of(text)
    wanted = numbers(encode(phrase))
    spoken = [at for at, sound in enumerate(line.sounds) if sound != WALL]
    ends = [at for left, at in enumerate(reversed(spoken)) if behind is None or abs(left - behind) <= TO_AND_FRO]
    if not ends or not len(wanted):
        return None
    total, starts = search(wanted[None, :], line.numbers)
    column = min(sorted(ends), key=lambda at: float(total[0, at]))
    cost, first = float(total[0, column]), int(starts[0, column])
    inside = first <= column and WALL not in line.sounds[first : column + 1]
    return line.candidate(phrase, first, column, cost / len(wanted)) if inside else None


def within(text: str, phrases: Iterable[str], limit: float) -> Iterator[Candidate]:
    """The nearest place of each phrase that the text holds, by sound or up to this distance per syllable."""
    line = _line_of(text)
    ordered = sorted(phrases, key=lambda p: (len(encode(p)), p))
    for length, group in groupby(ordered, key=lambda p: len(encode(p))):
        names = tuple(group)
        total, starts = search(np.stack([numbers(encode(n)) for n in names]), line.numbers)
        for name, cost, begins in zip(names, total, starts, strict=True):
            column = int(np.argmin(cost))
            first = int(begins[column])
            if cost[column] <= limit * length and first <= column:
                yield line.candidate(name, first, column, float(cost[column]) / length)


class Line:
    """All utterances as one row of sounds, a wall after each utterance and at each full stop."""

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self.sounds: list[str] = []
        self._utterance: list[int] = []
        self._position: list[int] = []
        for said in utterances:
            spoken = zip(syllables(said.text), said.sounds or encode(said.text), strict=True)
            heard = {syllable.index: code for syllable, code in spoken}
            for position, character in enumerate(said.text):
                if position in heard or character in _HARD_STOPS:
                    self._add(heard.get(position, WALL), said.index, position)
            self._add(WALL, said.index, len(said.text))

    def _add(self, sound: str, utterance: int, position: int) -> None:
        self.sounds.append(sound)
        self._utterance.append(utterance)
        self._position.append(position)

    @property
    def numbers(self) -> NDArray[np.intp]:
        """The sounds as `search` takes them."""
        return numbers("".join(self.sounds))

    def places(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """(utterance, position in its text) of the syllables first to last."""
        return zip(self._utterance[first : last + 1], self._position[first : last + 1], strict=True)

    def candidate(self, phrase: str, first: int, last: int, distance: float) -> Candidate:
        return Candidate(phrase, self._utterance[first], self._position[first], self._position[last], distance)


def search(wanted: NDArray[np.intp], heard: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Cost of the best stretch that ends at each syllable, and where it starts; both (phrases, syllables heard).

    wanted: (phrases, length). Sellers' algorithm for all phrases of one length at once, with at most one syllable too
    many between two of the phrase.
    """
    length = wanted.shape[1]
    table = costs()
    wall = (heard == numbers(WALL)[0]) * WALL_COST
    cost = np.zeros((len(wanted), len(heard) + 1))  # column j: the stretch ends before syllable j
    start = np.broadcast_to(np.arange(len(heard) + 1), cost.shape)
    for k in range(length):
        replaced = cost[:, :-1] + table[wanted[:, k]][:, heard]
        left_out = cost + INDEL_COST
        better = replaced < left_out[:, 1:]
        cost = np.concatenate((left_out[:, :1], np.where(better, replaced, left_out[:, 1:])), axis=1)
        start = np.concatenate((start[:, :1], np.where(better, start[:, :-1], start[:, 1:])), axis=1)
        if 0 < k < length - 1:  # a syllable too many before the first or after the last is no part of the stretch
            added = cost[:, :-1] + INDEL_COST + wall
            better = added < cost[:, 1:]
            start = np.concatenate((start[:, :1], np.where(better, start[:, :-1], start[:, 1:])), axis=1)
            cost = np.concatenate((cost[:, :1], np.where(better, added, cost[:, 1:])), axis=1)
    return cost[:, 1:], start[:, 1:]


def _line_of(text: str) -> Line:
    return Line([Utterance(0, "unknown", "", 0.0, 0.0, text, text)])
