"""Which recognised words a stretch of an utterance's characters touches, and when they were said.

Words and text may differ (corrections, dropped characters): then they are aligned, and what has no partner is in no
word. Words that come from a store are read as columns: no object is made for a word.
"""

from bisect import bisect_right
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple, cast

from pipeline.model import Word
from pipeline.rules.lines import flatten


class Touched(NamedTuple):
    """words: by number. begins, ends: whether the first and the last character of the stretch are in a word."""

    words: Sequence[int]
    begins: bool
    ends: bool


class HeardWords:
    """The words of one utterance. starts_s, ends_s, probabilities: of each, perhaps as numpy's numbers."""

    def __init__(self, words: Sequence[Word], offset: int, said: str) -> None:
        """said: the utterance's spoken characters. offset: where they begin in the turn."""
        self._offset, self._count = offset, len(said)
        self.starts_s: Sequence[float] = _column(words, "start_s")
        self.ends_s: Sequence[float] = _column(words, "end_s")
        self.probabilities: Sequence[float] = _column(words, "probability")
        texts: Sequence[str] = _column(words, "text")
        self._ends = list(accumulate(map(_letters_count, texts)))
        self._owners: list[int | None] | None = None
        if (self._ends[-1] if self._ends else 0) != len(said):
            self._owners = _aligned(texts, said)

    def between(self, start: int, end: int) -> Touched:
        """The words of these characters of the turn; those outside of the utterance do not count."""
        start, end = max(start - self._offset, 0), min(end - self._offset, self._count)
        if self._owners is not None:
            return _touched(self._owners[start:end])
        ends = self._ends
        first, last = bisect_right(ends, start), bisect_right(ends, end - 1)
        return Touched([w for w in range(first, last + 1) if w == first or ends[w] > ends[w - 1]], True, True)


def _touched(owners: list[int | None]) -> Touched:
    words = list(dict.fromkeys(word for word in owners if word is not None))
    return Touched(words, owners[0] is not None, owners[-1] is not None)


def _aligned(texts: Sequence[str], said: str) -> list[int | None]:
    """The word of each character."""
    letters = [flatten(text) for text in texts]
    owners = [word for word, heard in enumerate(letters) for _ in heard]
    result: list[int | None] = [None] * len(said)
    for block in SequenceMatcher(None, said, "".join(letters), autojunk=False).get_matching_blocks():
        result[block.a : block.a + block.size] = owners[block.b : block.b + block.size]
    return result


def _column(words: Sequence[Word], name: str) -> Sequence[Any]:
    """One field of all words; a store's tuples give it without making the words."""
    read = getattr(words, "column", None)
    return [getattr(word, name) for word in words] if read is None else cast(Sequence[Any], read(name))


@lru_cache(maxsize=65_536)  # recognisers use few words
def _letters_count(text: str) -> int:
    return len(flatten(text))
