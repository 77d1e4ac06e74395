"""The spoken characters of many calls as one line, made in one go: what is searched, and the way back to the words.

All turns stand one after the other, WALL after each; `flat`, `sounds` and `stops` have one place for each character:

    flat    不知道⏎您好⏎...       the spoken characters only, in lower case
    sounds  the same places, one code character each (pipeline.sounds)
    stops   what stood before this character: 0 nothing, SOFT a comma or a pause, HARD a full stop

Nothing here runs once per character in Python: 100 000 calls are read this way.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.model import CallFacts, Utterance
from pipeline.sounds import WALL, encode
from pipeline.text import is_content, normalise

SOFT, HARD = 1, 2
_HARD_STOPS = frozenset("。？！?!；;")
_SOFT_STOPS = frozenset("，、,：:…—")
_BACKCHANNEL = re.compile(r"(?:嗯|啊|哦|噢|喔|唔|诶|哎|呃|对|是|好|行|的|呢|吧|嘛)+")
_BACKCHANNEL_CHARACTERS = 4

# Kinds of characters, as bits.
_CONTENT, _SOFT, _HARD, _MAY_CHANGE = 1, 2, 4, 8
# What OpenCC's phrase table replaces in some words only (覆 in 反覆), and what `normalise` replaces beyond OpenCC.
_BY_CONTEXT = "哩坏沈甦瞭藉衹覆著妳祂牠"
_CJK = (0x4E00, 0xA000)
_MARKS = ((0x20, 0x7F), (0x2010, 0x2030), (0x3000, 0x3020), (0xFF00, 0xFF20))
_HAN_BLOCKS = ((0x3007, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))
_UNICODE = 0x110000
_LATIN = 0x250

_Codes = NDArray[np.uint32]
_Indices = NDArray[np.intp]


class Turn(NamedTuple):
    """Consecutive utterances of one speaker: characters start..end of the line, end excluded.

    number: of its first utterance, counted through the line.
    """

    utterances: tuple[Utterance, ...]
    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lines:
    """See above. turns: in the order of the line. calls: for each call where its turns begin, and one end more.

    starts: where the turns begin. joined: the normalised texts of all utterances; origins: for each character of the
    line its place there.
    text_starts, text_ends, firsts: of each utterance that is in the line, its text there and its first character here.
    """

    flat: str
    sounds: str
    stops: bytes
    turns: tuple[Turn, ...]
    calls: tuple[int, ...]
    starts: _Indices
    joined: str
    origins: _Indices
    text_starts: tuple[int, ...]
    text_ends: tuple[int, ...]
    firsts: tuple[int, ...]

    def text(self, number: int) -> str:
        return self.joined[self.text_starts[number] : self.text_ends[number]]


def lines(calls: Sequence[CallFacts]) -> Lines:
    """Put the calls into one line: utterances by time, those that say nothing and back-channels (嗯，好的) left out."""
    return lines_of([sorted(facts.utterances, key=_by_time) for facts in calls])


def lines_of(calls: Sequence[Sequence[Utterance]]) -> Lines:
    """The same for utterances in the order in which they are to stand."""
    said = [u for utterances in calls for u in utterances]
    texts = _normalised([u.text for u in said])
    joined = WALL.join((*texts, ""))
    codes: _Codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _kinds()[codes]
    lengths = np.fromiter(map(len, texts), np.intp, len(texts)) + 1
    ends = np.cumsum(lengths) - 1
    content = (kinds & _CONTENT).astype(bool)
    counts = np.add.reduceat(content, ends - lengths + 1, dtype=np.intp) if said else np.zeros(0, np.intp)
    kept = counts > 0
    for number in np.flatnonzero(kept & (counts <= _BACKCHANNEL_CHARACTERS)):
        kept[number] = not _is_backchannel(texts[number])
    layout = _Layout(calls, kept, counts)
    in_line = np.repeat(kept, lengths)
    origins, places = np.flatnonzero(content & in_line), layout.places
    flat = np.full(layout.total, ord(WALL), np.uint32)
    flat[places] = _lower(codes[origins])
    stops = np.zeros(layout.total + 1, np.uint8)
    stops[layout.firsts] = SOFT
    spoken_before = np.cumsum(content & in_line)
    for kind, stop in ((_SOFT, SOFT), (_HARD, HARD)):
        stops[np.append(places, layout.total)[spoken_before[in_line & (kinds & kind > 0)]]] = stop
    at = np.zeros(layout.total, np.intp)
    at[places] = origins
    return Lines(
        flat=flat.tobytes().decode("utf-32-le"),
        sounds=layout.sounds(texts),
        stops=stops.tobytes(),
        turns=layout.turns,
        calls=layout.calls,
        starts=layout.starts,
        joined=joined,
        origins=at,
        text_starts=tuple((ends - lengths + 1)[kept].tolist()),
        text_ends=tuple(ends[kept].tolist()),
        firsts=tuple(layout.firsts.tolist()),
    )


class _Layout:
    """Which utterances make which turns, and where their characters stand in the line."""

    def __init__(self, calls: Sequence[Sequence[Utterance]], kept: NDArray[np.bool_], counts: _Indices) -> None:
        keeps = iter(kept.tolist())
        runs: list[list[Utterance]] = []
        bounds = [0]
        for utterances in calls:
            role, speaker = "", None
            for utterance in utterances:
                if next(keeps):
                    if utterance.speaker != speaker or utterance.role != role:
                        role, speaker = utterance.role, utterance.speaker
                        runs.append([])
                    runs[-1].append(utterance)
            bounds.append(len(runs))
        self.calls = tuple(bounds)
        self._said = [u for run in runs for u in run]
        self._numbers = np.flatnonzero(kept).tolist()
        self._counts = counts[kept]
        self._runs = runs
        sizes = np.fromiter(map(len, runs), np.intp, len(runs))
        turn_of = np.repeat(np.arange(len(runs)), sizes)
        characters = int(self._counts.sum())
        self.total = characters + len(runs)
        self.places: _Indices = np.arange(characters) + np.repeat(turn_of, self._counts)
        self.firsts: _Indices = np.cumsum(self._counts) - self._counts + turn_of  # first character of each utterance
        self._begins = self.firsts.tolist()
        self.starts: _Indices = self.firsts[np.cumsum(sizes) - sizes]

    @property
    def turns(self) -> tuple[Turn, ...]:
        turns: list[Turn] = []
        number = 0
        for run in self._runs:
            behind = number + len(run)
            end = (self._begins[behind] if behind < len(self._begins) else self.total) - 1
            turns.append(Turn(tuple(run), number, self._begins[number], end))
            number = behind
        return tuple(turns)

    def sounds(self, texts: Sequence[str]) -> str:
        """The stored sounds; made from the text where a call has none, or none that fit it."""
        parts = [u.sounds for u in self._said]
        for place, (part, count) in enumerate(zip(parts, self._counts.tolist(), strict=True)):
            if len(part) != count:
                parts[place] = encode(texts[self._numbers[place]])
        ends = accumulate(map(len, self._runs))
        starts = accumulate(map(len, self._runs[:-1]), initial=0) if self._runs else ()
        return "".join(["".join(parts[start:end]) + WALL for start, end in zip(starts, ends, strict=True)])


def flatten(text: str) -> str:
    """The spoken characters of a text as they stand in `Lines.flat`."""
    return "".join(_lower_character(c) for c in normalise(text) if is_content(c))


def says_something(text: str) -> bool:
    """Whether a text has more to it than a back-channel."""
    return bool(flatten(text)) and not _is_backchannel(normalise(text))


def _by_time(utterance: Utterance) -> tuple[float, int]:
    return utterance.start_s, utterance.index


def _normalised(texts: list[str]) -> list[str]:
    """The texts normalised; only those that hold a character which that could change are looked at one by one."""
    joined = WALL.join((*texts, ""))
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = np.flatnonzero(_kinds()[codes] & _MAY_CHANGE)
    has_breaks = joined.count(WALL) > len(texts)
    if not len(found) and not has_breaks:
        return texts
    ends = np.cumsum(np.fromiter(map(len, texts), np.intp, len(texts)) + 1)
    doubtful = set(np.searchsorted(ends, found, side="right").tolist())
    doubtful |= {n for n, text in enumerate(texts) if WALL in text} if has_breaks else set()
    return [normalise(text) if number in doubtful else text for number, text in enumerate(texts)]


@lru_cache(maxsize=4096)
def _is_backchannel(text: str) -> bool:
    said = flatten(text)
    return len(said) <= _BACKCHANNEL_CHARACTERS and _BACKCHANNEL.fullmatch(said) is not None


def _lower(codes: _Codes) -> _Codes:
    small = codes < _LATIN
    codes[small] = _lower_latin()[codes[small]]
    return codes


def _lower_character(character: str) -> str:
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character  # İ alone would become two


@cache
def _lower_latin() -> _Codes:
    return np.array([ord(_lower_character(chr(code))) for code in range(_LATIN)], np.uint32)


@cache
def _kinds() -> NDArray[np.uint8]:
    """For every code point what it is in a text. What is not known to stay as it is may change."""
    kinds = np.full(_UNICODE, _MAY_CHANGE, np.uint8)
    for first, behind in _HAN_BLOCKS:
        kinds[first:behind] |= _CONTENT
    kinds[:_LATIN] |= np.array([_CONTENT * is_content(chr(code)) for code in range(_LATIN)], np.uint8)
    for stops, kind in ((_SOFT_STOPS, _SOFT), (_HARD_STOPS, _HARD)):
        kinds[[ord(stop) for stop in stops]] |= kind
    kinds[[ord(character) for character in _unchanging()]] &= ~np.uint8(_MAY_CHANGE)
    return kinds


def _unchanging() -> Iterator[str]:
    """Characters that `normalise` leaves as they are in any text."""
    characters = [chr(code) for code in range(*_CJK)]
    pairs = zip(characters, normalise(" ".join(characters)).split(" "), strict=True)
    yield from (one for one, other in pairs if one == other and one not in _BY_CONTEXT)
    marks = (chr(code) for block in _MARKS for code in range(*block))
    yield from (mark for mark in marks if normalise(mark) == mark)
    yield WALL
