"""Commas where a speaker paused, in text that the recogniser gave without any.

Windows that are decoded without time tokens often come as one string of characters (of 244 utterances of twelve
characters and more in the dev calls, 92 have no mark). There a comma is put at a pause in the audio between two
characters that seldom stand together, at a blank between characters (the recogniser's own sign for a pause), and a mark
at the end. Measured against the written dialogues: four of five
commas stand where one is written, and four to five of ten of those that are written are given back; with the word
times of the recogniser alone it were one of ten (tests/bench/CHOICES.md).

Marks are no spoken characters: no figure, no sound and no word counts them. They part short phrases of a rule, as a
pause does; never a phrase of those that are verified by ear.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from pipeline.model import CallFacts, Utterance, Word
from pipeline.sounds import encode
from pipeline.spelling.characters import Characters
from pipeline.text import is_content, is_han

Samples = NDArray[np.float32 | np.float16]

HOP_S = 0.01
SMOOTH_HOPS = 3
BELOW_DB = 20.0  # a pause is this much below the loud quarter of the utterance,
ABOVE_FLOOR_DB = 3.0  # or near the line's own noise
FLOOR_PERCENTILE, LOUD_PERCENTILE = 3.0, 75.0
EDGE_S = 0.05
MIN_PAUSE_S = 0.18  # between characters that chance alone would not put side by side: below, stops and fricatives
LONG_PAUSE_S = 0.3  # between any two characters
NEAR_S = 0.2  # a word's time is this far off
MARKS = frozenset("，。？！、；：,.?!;:…")
GOES_ON_S = 1.5  # the same speaker going on within this is no end of a sentence
_NUMBER = frozenset("0123456789零〇一二三四五六七八九十百千万亿两幺点")
_ASKING = "什么|怎么样?|怎么办|哪里|哪儿|哪位|几点|几号|几楼|多少钱?|多久|为什么|贵姓|是不是|能不能|可不可以|有没有"
_QUESTION = re.compile(
    f"(吗|嘛|是吧|对吧|好不好|行不行|了没有)$|(?<!没)({_ASKING})(了|呢|呀|啊)?$|请问.*({_ASKING}|几|哪|谁)"
    "|^[^知看问查]*(能不能|可不可以|要不要)"  # not 不知道能不能, 我问一下能不能
)


@dataclass(frozen=True, slots=True)
class _Pause:
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


class Punctuation:
    """The character model and the phrases to be left whole, for any number of utterances."""

    def __init__(self, model: Characters, whole: Iterable[str]) -> None:
        """whole: phrases that get no comma inside, whatever their spelling."""
        self._model = model
        self._whole = tuple({encode(phrase) for phrase in whole})

    def restored(
        self, utterances: Sequence[Utterance], signals: Sequence[Samples], rate_hz: int
    ) -> tuple[Utterance, ...]:
        """The utterances, by start, with marks where they had none. signals: of each channel, (n,)."""
        found = []
        for index, utterance in enumerate(utterances):
            signal = signals[utterance.channel or 0]
            part = signal[round(utterance.start_s * rate_hz) : round(utterance.end_s * rate_hz)]
            goes_on = index + 1 < len(utterances) and _goes_on(utterance, utterances[index + 1])
            found.append(self._marked(utterance, part.astype(np.float32), rate_hz, ended=not goes_on))
        return tuple(found)

    def _marked(self, said: Utterance, part: NDArray[np.float32], rate_hz: int, *, ended: bool) -> Utterance:
        """The utterance with its marks; as it is where the recogniser set some, or words and text differ."""
        if MARKS & set(said.text[:-1]) or "".join(word.text for word in said.words).strip() != said.text:
            return said
        pauses = [_Pause(said.start_s + p.start_s, said.start_s + p.end_s) for p in _pauses(part, rate_hz)]
        words = list(said.words)
        unbroken = self._unbroken(said)
        blanks = {i for i in range(len(words) - 1) if _is_blank_between(words[i].text, words[i + 1].text)}
        for at in sorted(blanks.union(self._places(said, pauses)) - unbroken):
            words[at] = replace(words[at], text=words[at].text.rstrip() + "，")
            words[at + 1] = replace(words[at + 1], text=words[at + 1].text.lstrip())
        if ended and said.text[-1:] not in MARKS:
            mark = "？" if _QUESTION.search(said.text) else "。"
            words[-1] = replace(words[-1], text=words[-1].text.rstrip() + mark)
        return _with_words(said, tuple(words))

    def _places(self, said: Utterance, pauses: Sequence[_Pause]) -> Iterator[int]:
        """The words after which a comma belongs."""
        words = said.words
        for pause in pauses:
            near = [i for i in range(len(words) - 1) if _is_near(words[i].end_s, pause)]
            if not near:
                continue
            at = min(near, key=lambda i: abs(words[i].end_s - pause.start_s))
            before, after = words[at].text.strip()[-1:], words[at + 1].text.strip()[:1]
            if not (is_content(before) and is_content(after)) or {before, after} <= _NUMBER:
                continue
            together = self._model.logprob(before, after) - self._model.logprob("", after)
            if pause.duration_s >= LONG_PAUSE_S or (pause.duration_s >= MIN_PAUSE_S and together < 0):
                yield at

    def _unbroken(self, said: Utterance) -> frozenset[int]:
        """The words behind which a phrase to be left whole, a correction or a Latin word goes on."""
        ends = list(np.cumsum([sum(map(is_content, word.text)) for word in said.words]))
        codes = encode(said.text)
        inside: set[int] = set()
        for phrase in self._whole:
            at = codes.find(phrase)
            while at >= 0:
                inside |= set(range(at + 1, at + len(phrase)))
                at = codes.find(phrase, at + 1)
        for one in said.corrections:
            first = sum(map(is_content, said.text[: one.start]))
            inside |= set(range(first + 1, first + one.end - one.start))
        spoken = "".join(filter(is_content, said.text))
        inside |= {i for i in range(1, len(spoken)) if (spoken[i - 1] + spoken[i]).isascii()}
        return frozenset(i for i, end in enumerate(ends) if end in inside)


def _is_blank_between(before: str, after: str) -> bool:
    """Whether the recogniser parts two Chinese characters by a blank: its mark for a pause."""
    ends, begins = before.strip()[-1:], after.strip()[:1]
    return bool(ends and begins) and " " in (before[-1], after[0]) and is_han(ends) and is_han(begins)


def _goes_on(said: Utterance, following: Utterance) -> bool:
    return following.speaker == said.speaker and following.start_s - said.end_s < GOES_ON_S


def _is_near(time_s: float, pause: _Pause) -> bool:
    return pause.start_s - NEAR_S < time_s < pause.end_s + NEAR_S


def _pauses(part: NDArray[np.float32], rate_hz: int) -> tuple[_Pause, ...]:
    """Quiet stretches inside a piece of speech, seconds from its start; its first and last breath left out."""
    hop = round(HOP_S * rate_hz)
    count = len(part) // hop
    edge = round(EDGE_S / HOP_S)
    if count < 4 * edge:
        return ()
    power = np.square(part[: count * hop].reshape(count, hop)).mean(axis=1)
    level_db = 10 * np.log10(uniform_filter1d(power, SMOOTH_HOPS) + 1e-12)
    floor, loud = np.percentile(level_db, [FLOOR_PERCENTILE, LOUD_PERCENTILE])
    quiet = level_db < min(max(loud - BELOW_DB, floor + ABOVE_FLOOR_DB), (loud + floor) / 2)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet.astype(np.int8), [0])))).reshape(-1, 2)
    return tuple(
        _Pause(float(a * HOP_S), float(b * HOP_S))
        for a, b in edges
        if a > edge and b < count - edge and (b - a) * HOP_S >= MIN_PAUSE_S - HOP_S / 2
    )


def _with_words(said: Utterance, words: tuple[Word, ...]) -> Utterance:
    """The utterance with these words, its corrections moved to where their characters are now."""
    marked = replace(said, text="".join(word.text for word in words).strip(), words=words)
    now = _places_now(said.text, marked.text)
    moved = tuple(replace(one, start=now[one.start], end=now[one.end - 1] + 1) for one in said.corrections)
    return replace(marked, corrections=moved)


def _places_now(before: str, after: str) -> tuple[int, ...]:
    """For each place in a text where its character, or else the next one that is spoken, stands once it has marks."""
    spoken = [*(at for at, character in enumerate(after) if is_content(character)), len(after)]
    nth = 0
    found = []
    for character in before:
        found.append(spoken[nth])
        nth += is_content(character)
    return tuple(found)


def marked_facts(facts: CallFacts, marked: Sequence[Utterance]) -> CallFacts:
    """The facts with the marks of these utterances (the same ones, restored), and the probes where their words are now.

    The recogniser is asked about its own words before they get marks that it did not set.
    """
    utterances = tuple(
        replace(one, text=now.text, words=now.words, corrections=now.corrections)
        for one, now in zip(facts.utterances, marked, strict=True)
    )

    def place(index: int, at: int) -> int:
        """A probe may run on into the next utterances of the turn, counting on over their texts."""
        offset = 0
        own = [u for u in facts.utterances[index:] if u.speaker == facts.utterances[index].speaker]
        for before in own:
            after = utterances[before.index].text
            if at < len(before.text):
                return offset + _places_now(before.text, after)[at]
            at, offset = at - len(before.text), offset + len(after)
        return offset + at

    probes = tuple(
        replace(
            probe,
            text_start=place(probe.utterance_index, probe.text_start),
            text_end=place(probe.utterance_index, probe.text_end - 1) + 1,
        )
        for probe in facts.probes
    )
    return replace(facts, utterances=utterances, probes=probes)
