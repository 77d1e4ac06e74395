"""Many texts looked for in one long text at once, as arrays: which of them stands where."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.signedinteger[Any]]
Codes = NDArray[np.uint32]
_CONTINUES, _FIRST_BITS = 0x80, 0xC0  # of the bytes of UTF-8
_NOBODY = -1


class Search:
    """A tree of all texts by their characters, walked down from every place of the searched text at once.

    sought: the texts, by their numbers; none is empty, each stands there once. As all places take a step together, it
    takes as many steps as the longest text has characters, each over the places that are still on a way: few, as hardly
    any two characters begin a text. An Aho-Corasick automaton from the index makes an object of every find, which alone
    takes longer.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.sought = tuple(texts)
        letters = sorted(set("".join(self.sought)))
        self._width = len(letters) + 1  # letter 0: a character that is in no text
        self._letters = np.zeros(max(map(ord, letters), default=0) + 2, np.int32)  # the last stands for all behind
        self._letters[[ord(letter) for letter in letters]] = np.arange(1, self._width)
        self._steps: list[tuple[NDArray[np.int64], Indices]] = []  # by depth: ways on, and the text that ends there
        self._grow()

    def _grow(self) -> None:
        """The ways from each depth to the next: state * width + letter, sorted; the place there is the next state."""
        lengths = np.fromiter(map(len, self.sought), np.intp, len(self.sought))
        longest = int(lengths.max(initial=0))
        spelled = np.zeros((len(self.sought), longest), np.int64)
        for number, text in enumerate(self.sought):
            spelled[number, : len(text)] = self._letters[codes_of(text)]
        state, among = np.zeros(len(self.sought), np.int64), np.arange(len(self.sought))
        for depth in range(longest):
            ways, arrived = np.unique(state * self._width + spelled[among, depth], return_inverse=True)
            ending = np.full(len(ways), _NOBODY, np.intp)
            done = lengths[among] == depth + 1
            ending[arrived[done]] = among[done]
            self._steps.append((ways, ending))
            state, among = arrived[~done], among[~done]
        self._single = np.full(self._width, _NOBODY, np.intp)
        if self._steps:
            ways, ending = self._steps[0]
            self._single[ways] = ending
        self._pairs = self._of_two()

    def _of_two(self) -> NDArray[np.int32]:
        """The state after two letters, for every two; NOBODY where nothing begins so."""
        pairs = np.full(self._width * self._width, _NOBODY, np.int32)
        if len(self._steps) > 1:
            firsts, (ways, _) = self._steps[0][0], self._steps[1]
            state, letter = np.divmod(ways, self._width)
            pairs[firsts[state] * self._width + letter] = np.arange(len(ways))
        return pairs

    def find(self, codes: Codes) -> tuple[Indices, Indices]:
        """(which, the character where it begins), rising for each text; overlapping ones too. codes: code points."""
        if not self._steps or not len(codes):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        letters = np.append(self._letters[np.minimum(codes, len(self._letters) - 1)], np.int32(0))
        found = [(self._single[letters], np.arange(len(letters)))] if (self._single >= 0).any() else []
        state = self._pairs[letters[:-1] * np.int32(self._width) + letters[1:]]
        places = np.flatnonzero(state >= 0)
        state = state[places]
        for depth, (_, ending) in enumerate(self._steps[1:], 1):
            found.append((ending[state], places))
            if depth + 1 == len(self._steps):
                break
            ways, _ = self._steps[depth + 1]
            places, state = _stepped(ways, self._width, letters, places, state, depth + 1)
        which = np.concatenate([w for w, _ in found]) if found else np.zeros(0, np.intp)
        where = np.concatenate([p for _, p in found]) if found else np.zeros(0, np.intp)
        ended = which >= 0
        return which[ended], where[ended]


def _stepped(
    ways: NDArray[np.int64], width: int, letters: Indices, places: Indices, state: Indices, depth: int
) -> tuple[Indices, Indices]:
    """The places whose next letter goes on, and the states that they come to."""
    ahead = places + depth
    inside = ahead < len(letters)
    wanted = state[inside] * np.int64(width) + letters[ahead[inside]]
    arrived = np.minimum(np.searchsorted(ways, wanted), len(ways) - 1)
    goes_on = ways[arrived] == wanted
    return places[inside][goes_on], arrived[goes_on]


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
