"""The ways of searching that `bench_rules` compares; each is given the same texts and answers the same question.

texts: the spoken characters of utterances, as `rules.lines` reads them; sounds: their sounds (`pipeline.sounds`), one
code character each. A pattern is a phrase's characters or an expression, looked for in the text, or a phrase's sounds,
looked for in the sounds. The answer is the pairs (utterance, pattern) that occur.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.rules.elements import Alternatives
from pipeline.rules.index import REGEX, SOUND, MatchIndex, Stretch
from pipeline.rules.words import MIN_SYLLABLES, PhraseList
from pipeline.sounds import UNKNOWN, WALL

_MOST_IN_ONE = 250  # expressions that polars compiles as one
Pairs = set[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Every pattern once. written, heard: in Python's `re`; number of a heard one: behind the written ones."""

    whole: Alternatives
    written: tuple[str, ...]
    heard: tuple[str, ...]

    @property
    def expressions(self) -> int:
        return len(self.whole.patterns)


def patterns_of(lists: Iterable[PhraseList]) -> Patterns:
    """Every phrase and expression of these lists that counts as a hit."""
    listed = tuple(lists)
    phrases = {p.characters: p for words in listed for p in sorted(words.phrases, key=lambda p: p.by_sound)}
    expressions = {p.source: p for words in listed for p in words.patterns}
    whole = Alternatives(tuple(phrases.values()), tuple(expressions.values()), MIN_SYLLABLES)
    written = (*map(re.escape, phrases), *(f"(?i:{source})" for source in expressions))
    sounds = (p.codes for p in whole.phrases if p.by_sound and len(p.codes) >= MIN_SYLLABLES)
    return Patterns(whole, written, tuple(dict.fromkeys(codes for codes in sounds if UNKNOWN not in codes)))


class Plain:
    """What one would write first."""

    def __init__(self, patterns: Patterns) -> None:
        self._written = tuple(enumerate(map(re.compile, patterns.written)))
        self._heard = tuple(enumerate(map(re.compile, patterns.heard), len(patterns.written)))
        self._either = tuple(
            re.compile("|".join(f"(?:{p})" for p in one)) for one in (patterns.written, patterns.heard)
        )
        self._joined = tuple(
            ["|".join(f"(?:{p})" for p in one[at : at + _MOST_IN_ONE]) for at in range(0, len(one), _MOST_IN_ONE)]
            for one in (patterns.written, patterns.heard)
        )

    def one_by_one(self, texts: Sequence[str], sounds: Sequence[str]) -> Pairs:
        """(a): a loop over utterances and one compiled expression for each pattern. All pairs."""
        found: Pairs = set()
        for utterance, (text, heard) in enumerate(zip(texts, sounds, strict=True)):
            found.update([(utterance, number) for number, one in self._written if one.search(text)])
            found.update([(utterance, number) for number, one in self._heard if one.search(heard)])
        return found

    def characters_only(self, texts: Sequence[str]) -> Pairs:
        """(a) without the sounds."""
        return {(n, number) for n, text in enumerate(texts) for number, one in self._written if one.search(text)}

    def either(self, texts: Sequence[str], sounds: Sequence[str]) -> int:
        """(b): all patterns as alternatives of one expression. Of matches that overlap only one is found."""
        written, heard = self._either
        return sum(len(written.findall(text)) for text in texts) + sum(len(heard.findall(text)) for text in sounds)

    def polars(self, texts: pl.Series, sounds: pl.Series) -> int:
        """(c): the same in polars, which tells only whether there is any."""
        found = pl.repeat(False, len(texts), eager=True)
        for column, groups in zip((texts, sounds), self._joined, strict=True):
            for group in groups:
                found |= column.str.contains(group)
        return int(found.sum())


class Ours:
    """The index of `pipeline.rules`, over all patterns as one list."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._index = MatchIndex([patterns.whole])
        codes = {one: number for number, one in enumerate(patterns.heard, len(patterns.written))}
        self._heard = np.array([codes.get(p.codes, -1) for p in patterns.whole.phrases], np.intp)
        self._by_sound = np.array([p.by_sound and p.codes in codes for p in patterns.whole.phrases], np.bool_)

    def pairs(self, texts: Sequence[str], sounds: Sequence[str]) -> NDArray[np.intp]:
        """All pairs, as rows (utterance, pattern) without an order, each once."""
        flat = WALL.join((*texts, ""))
        sizes = np.fromiter(map(len, texts), np.intp, len(texts)) + 1
        line = Stretch(flat, WALL.join((*sounds, "")), bytes(len(flat) + 1), np.cumsum(sizes) - sizes)
        found = self._index.search(line).places(0)
        width, phrases = len(self._patterns.written) + len(self._patterns.heard), len(self._patterns.whole.phrases)
        written = found.kinds != SOUND
        numbers = found.which + phrases * (found.kinds == REGEX)
        keys = [found.turns[written] * width + numbers[written]]
        # Words that are a phrase's have its sounds too.
        phrase = found.taken(found.kinds != REGEX)
        phrase = phrase.taken(self._by_sound[phrase.which])
        keys.append(phrase.turns * width + self._heard[phrase.which])
        ordered = np.sort(np.concatenate(keys))
        return np.stack(np.divmod(ordered[np.diff(ordered, prepend=-1) > 0], width), axis=1)

    def with_sounds(self, pairs: Pairs) -> Pairs:
        """These and, where a phrase was found written, that it was heard: 谁都 may be read otherwise than 谁 alone."""
        by_sound = {number: int(self._heard[number]) for number in np.flatnonzero(self._by_sound)}
        return pairs | {(turn, by_sound[number]) for turn, number in pairs if number in by_sound}
