"""Where an utterance sounds like a term of the lexicon though other characters were recognised."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from pypinyin import Style, pinyin

from pipeline import sounds
from pipeline.text import is_han

MAX_DISTANCE = 0.3  # mean per syllable
MAX_TOTAL = 1.3  # more is another word, however long the term
_YOU = frozenset("你您")
_NEGATIONS = frozenset("不没别")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term that may have been said at characters start to end (excluded) of a stretch.

    distance: sum over its syllables, see `pipeline.sounds`, by the nearest readings of the characters; farthest: the
    largest of one that changes, by its usual reading. changed: the places where the characters differ.
    """

    start: int
    end: int
    term: str
    distance: float
    farthest: float
    changed: tuple[int, ...]


class TermIndex:
    """The terms by length, as rows of sounds."""

    def __init__(self, terms: Iterable[str]) -> None:
        """terms: spoken characters only, two or more each."""
        by_length: dict[int, list[str]] = {}
        for term in sorted(set(terms)):
            by_length.setdefault(len(term), []).append(term)
        self._groups = tuple(
            (length, tuple(group), np.stack([sounds.numbers(sounds.encode(t)) for t in group]))
            for length, group in sorted(by_length.items())
        )
        self.count = sum(len(group) for _, group, _ in self._groups)

    def find(self, stretch: str, codes: str) -> Iterator[Candidate]:
        """Terms that sound like a part of the stretch, those that stand there included (changed is empty then).

        stretch: spoken characters without a stop between; codes: their sounds, one each.
        """
        usual, heard = _costs_of(stretch, codes)
        for length, group, rows in self._groups:
            windows = len(stretch) - length + 1
            if windows < 1:
                return
            distance = np.add.reduce([heard[k : k + windows][:, rows[:, k]] for k in range(length)])
            near = distance <= min(MAX_DISTANCE * length, MAX_TOTAL) + 1e-9
            for start, which in zip(*np.nonzero(near), strict=True):
                term, part = group[which], stretch[start : start + length]
                changed = tuple(int(start) + k for k in range(length) if part[k].lower() != term[k].lower())
                if all(_may_become(stretch[k], term[k - start]) for k in changed):
                    farthest = max((float(usual[k, rows[which, k - start]]) for k in changed), default=0.0)
                    where = int(start), int(start) + length
                    yield Candidate(*where, term, float(distance[start, which]), farthest, changed)


def _may_become(heard: str, meant: str) -> bool:
    """Digits and letters stay; whether somebody was polite or said no is not for a lexicon to say."""
    return is_han(heard) and is_han(meant) and heard not in _NEGATIONS and not {heard, meant} <= _YOU


def _costs_of(stretch: str, codes: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What it costs to hear each character as each sound, by its reading here and by its nearest; (characters, sounds).

    A character may be read otherwise beside its right neighbours: 佛 is fo, and fu in 仿佛.
    """
    table = sounds.costs()
    usual = table[sounds.numbers(codes)]
    nearest = [
        np.concatenate((row[np.newaxis], table[_readings(character)])).min(axis=0)
        for character, row in zip(stretch, usual, strict=True)
    ]
    return usual, np.stack(nearest)


@lru_cache(maxsize=8192)
def _readings(character: str) -> NDArray[np.intp]:
    """All readings of a character: it may have another one beside the right neighbours."""
    if not is_han(character):
        return sounds.numbers("")
    listed = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    return sounds.numbers("".join(_codes().get(syllable, "") for syllable in listed))


@cache
def _codes() -> dict[str, str]:
    """The code character of each syllable."""
    private_use = (chr(code) for code in range(0xE000, ord(sounds.UNKNOWN)))
    return {sounds.decode(code)[0]: code for code in private_use}
