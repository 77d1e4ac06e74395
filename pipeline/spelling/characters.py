"""How likely Chinese characters follow each other: a character bigram model of written Mandarin.

The table is derived from Pinyin2Hanzi 0.1.1 (MIT licence), see tests/bench/spelling_table.py. Probabilities of pairs
are mixed with those of single characters, so that no pair is impossible.
"""

import math
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

STEPS = 16  # of the natural logarithm, in the table
PAIR_SHARE = 0.9
RARE = 13.0  # -log of a character that the table does not know


@dataclass(frozen=True, slots=True)
class Characters:
    """pairs: (n,) first << 16 | second, ascending; pair_cost: (n,) -16 log p; start_cost: by character, -log p."""

    pairs: NDArray[np.uint32]
    pair_cost: NDArray[np.uint8]
    start_cost: dict[str, float]
    _known: dict[str, float] = field(default_factory=dict)

    def logprob(self, before: str, character: str) -> float:
        """Natural log-probability of the character after the one before; before "": as the first of a text."""
        key = before + character
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._looked_up(before, character)
        return found

    def _looked_up(self, before: str, character: str) -> float:
        alone = math.exp(-self.start_cost.get(character, RARE))
        if not before:
            return math.log(alone)
        key = (ord(before) << 16) | ord(character)
        place = int(np.searchsorted(self.pairs, np.uint32(key))) if key < 2**32 else len(self.pairs)
        known = place < len(self.pairs) and int(self.pairs[place]) == key
        pair = math.exp(-float(self.pair_cost[place]) / STEPS) if known else 0.0
        return math.log(PAIR_SHARE * pair + (1 - PAIR_SHARE) * alone)


@cache
def shipped() -> Characters:
    """The shipped table."""
    with as_file(files("pipeline.config").joinpath("lexicon/characters.npz")) as path, np.load(path) as table:
        starts = zip(table["characters"].tolist(), (table["start_cost"] / STEPS).tolist(), strict=True)
        return Characters(table["pairs"], table["pair_cost"], {chr(c): cost for c, cost in starts})
