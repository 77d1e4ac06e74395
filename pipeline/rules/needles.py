"""Many texts looked for in one long text at once, as arrays: which of them stands where."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.signedinteger[Any]]
Codes = NDArray[np.uint32]
_CONTINUES, _FIRST_BITS = 0x80, 0xC0  # of the bytes of UTF-8


class Search:
    """Aho-Corasick for texts of two characters and more, a table for single ones. sought: by their numbers."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.sought = tuple(texts)
        longer = [number for number, text in enumerate(self.sought) if len(text) > 1]
        self._longer = np.array(longer, np.intp)
        encoded = [self.sought[number].encode() for number in longer]
        self._automaton = ahocorasick_rs.BytesAhoCorasick(encoded) if encoded else None
        single = {ord(text): number for number, text in enumerate(self.sought) if len(text) == 1}
        self._single = np.full(max(single, default=-1) + 2, -1, np.int32)  # the last stands for all characters behind
        self._single[list(single)] = list(single.values())

    def find(self, codes: Codes, data: bytes, characters: Indices) -> tuple[Indices, Indices]:
        """(which, the character where it begins), rising for each text; overlapping ones too.

        codes, data: the text's code points and its UTF-8. characters: `character_of_each_byte`.
        """
        which, places = self._singles(codes)
        if self._automaton is None:
            return which, places
        found = self._automaton.find_matches_as_indexes(data, overlapping=True)
        flat = np.fromiter(chain.from_iterable(found), np.intp, 3 * len(found)).reshape(-1, 3)
        return (
            np.concatenate((which, self._longer[flat[:, 0]])),
            np.concatenate((places, characters[flat[:, 1]])),
        )

    def _singles(self, codes: Codes) -> tuple[Indices, Indices]:
        which = self._single[np.minimum(codes, len(self._single) - 1)]
        places = np.flatnonzero(which >= 0)
        return which[places], places


def codes_of(text: str) -> Codes:
    """Its code points."""
    return np.frombuffer(text.encode("utf-32-le"), "<u4")


def character_of_each_byte(data: bytes) -> Indices:
    """For each byte of UTF-8 the number of its character."""
    begins = (np.frombuffer(data, np.uint8) & _FIRST_BITS) != _CONTINUES
    numbers: Indices = np.cumsum(begins, dtype=np.int32)
    numbers -= 1
    return numbers


def expanded(first: Indices, counts: Indices) -> tuple[Indices, Indices]:
    """For ranges that begin at `first` and have `counts` numbers each: the range of each number, and the numbers."""
    which = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return which, np.arange(len(which)) - before[which] + first[which]


def order_of(numbers: Indices, count: int) -> Indices:
    """The order that sorts numbers below `count`, equal ones as they stand."""
    return np.argsort(numbers.astype(np.uint16) if count <= 2**16 else numbers, kind="stable")  # far faster when small
