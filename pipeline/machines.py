"""Announcements of a telephone exchange, told from people by what is said and when it is said.

A menu, a queue or a notice about recording runs on the agent's channel, and in a mono call it is often merged with the
agent's voice; it is neither agent nor patient. Voices do not tell it (a recorded voice is a person's), its words do:
nobody but a machine says 人工服务请按零. Words that people use too (欢迎致电, 请耐心等待) count little alone, more
before anybody else has spoken, and nothing beside words that only a person says (请问, 我帮您).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio

from pipeline.config import shipped_files
from pipeline.text import normalise, toneless_pinyin

RUN_GAP_S = 2.0  # a machine's sentences follow each other within this
REPEATED_SYLLABLES = 8
REPEATED_LIKENESS = 0.8  # of the syllables, whatever the recogniser made of them
FUZZY_SYLLABLES = 5  # of a phrase that may be heard with errors
FUZZY_RATIO = 80.0  # of its syllables that must be there, of a hundred
_SAME_SOUND = re.compile("^(?P<hiss>[zcs])h|^l|(?<=n)g$")  # what a telephone line does not tell apart


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech with what was heard in it. speaker: of the diarizer, or of the channel. Seconds."""

    speaker: str
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class _Said:
    """text: simplified, lower case. syllables: toneless; folded: without what a line does not tell apart."""

    text: str
    syllables: tuple[str, ...]
    folded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cue:
    """One of: an expression over the text, an expression over the syllables, a phrase by its folded sounds."""

    weight: float
    cap: int
    regex: Any = None
    sounds: Any = None
    phrase: tuple[str, ...] = ()

    def score(self, said: _Said) -> float:
        if self.phrase:
            return self.weight * _holds(said.folded, self.phrase)
        hits = self.regex.finditer(said.text) if self.regex else self.sounds.finditer(f" {' '.join(said.syllables)} ")
        return self.weight * min(sum(1 for _ in hits), self.cap)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    machine: tuple[_Cue, ...]
    person: tuple[_Cue, ...]
    opening: float
    repeated: float
    threshold: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """machine, person: summed weights of what speaks for either. syllables: of the text."""

    piece: Piece
    machine: float
    person: float
    syllables: tuple[str, ...]


def said_by_machines(pieces: Sequence[Piece]) -> frozenset[int]:
    """The indices of the pieces (by start, those without text included) that a machine says."""
    lexicon = _lexicon()
    judged = [_judge(piece, lexicon) for piece in pieces]
    found: set[int] = set()
    for run in _runs(judged):
        # Nobody has spoken yet: before this there were machines only, or sounds without words.
        opening = all(i in found or not judged[i].syllables for i in range(run[0]))
        found |= set(_announcement(run, judged, lexicon, opening=opening))
    return frozenset(found)


def _runs(judged: Sequence[_Judged]) -> Iterator[tuple[int, ...]]:
    """What one voice says with no more than RUN_GAP_S between, each part by its indices."""
    run: list[int] = []
    for index, one in enumerate(judged):
        if not one.syllables:
            continue
        before = judged[run[-1]].piece if run else one.piece
        if run and (before.speaker != one.piece.speaker or one.piece.start_s - before.end_s > RUN_GAP_S):
            yield tuple(run)
            run = []
        run.append(index)
    if run:
        yield tuple(run)


def _announcement(run: Sequence[int], judged: Sequence[_Judged], lexicon: _Lexicon, *, opening: bool) -> Iterator[int]:
    """The pieces of a run that are an announcement: stretches without a person's word that together say enough.

    The last piece of a stretch that has a machine's word ends it: what follows may be the person who picks up.
    """
    stretch: list[int] = []
    for index in (*run, None):
        if index is not None and judged[index].machine >= judged[index].person:
            stretch.append(index)
            continue
        while stretch and not judged[stretch[-1]].machine:
            stretch.pop()
        total = sum(judged[i].machine - judged[i].person for i in stretch)
        total += lexicon.opening * (opening and stretch[:1] == list(run[:1]))
        total += lexicon.repeated * any(judged[i].machine > 0 and _is_repeated(i, judged) for i in stretch)
        if total >= lexicon.threshold:
            yield from stretch
        stretch = []


def _is_repeated(index: int, judged: Sequence[_Judged]) -> bool:
    mine = judged[index]
    return len(mine.syllables) >= REPEATED_SYLLABLES and any(
        Levenshtein.normalized_similarity(mine.syllables, other.syllables) >= REPEATED_LIKENESS
        for i, other in enumerate(judged)
        if i != index and other.piece.speaker == mine.piece.speaker and other.syllables
    )


def _judge(piece: Piece, lexicon: _Lexicon) -> _Judged:
    text = normalise(piece.text).lower().strip()
    syllables = toneless_pinyin(text)
    said = _Said(text, syllables, _folded(syllables))
    machine, person = (sum(cue.score(said) for cue in cues) for cues in (lexicon.machine, lexicon.person))
    return _Judged(piece, machine, person, syllables)


def _folded(syllables: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        _SAME_SOUND.sub(lambda m: m["hiss"] or ("n" if m[0] == "l" else ""), syllable) for syllable in syllables
    )


def _holds(sounds: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Whether the phrase is among the sounds, a long one with a few of its syllables wrong."""
    size = len(phrase)
    if any(sounds[i : i + size] == phrase for i in range(len(sounds) - size + 1)):
        return True
    return FUZZY_SYLLABLES <= size <= len(sounds) and partial_ratio(phrase, sounds) >= FUZZY_RATIO


@cache
def _lexicon() -> _Lexicon:
    values = shipped_files.values("lexicon/machines.yaml")
    return _Lexicon(
        machine=tuple(map(_cue, values["machine"])),
        person=tuple(map(_cue, values["person"])),
        opening=float(values["opening"]),
        repeated=float(values["repeated"]),
        threshold=float(values["threshold"]),
    )


def _cue(entry: dict[str, Any]) -> _Cue:
    weight, cap = float(entry["weight"]), int(entry.get("cap", 1))
    if "phrase" in entry:
        return _Cue(weight, cap, phrase=_folded(toneless_pinyin(entry["phrase"])))
    return _Cue(weight, cap, **{name: re2.compile(entry[name]) for name in ("regex", "sounds") if name in entry})
