"""A call as the rules read it: turns of one role, their words without punctuation, and the way back to seconds."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate, groupby

from pipeline.model import CallFacts, Probe, Role, TopicHit, Utterance, Word
from pipeline.rules.verified import strongest
from pipeline.text import is_content, normalise, syllables

_HARD_STOPS = frozenset("。？！?!；;")
_SOFT_STOPS = frozenset("，、,：:…—")
_BACKCHANNEL = re.compile(r"(?:嗯|啊|哦|噢|喔|唔|诶|哎|呃|对|是|好|行|的|呢|吧|嘛)+")
_BACKCHANNEL_CHARACTERS = 4
_UNKNOWN_CONFIDENCE = 0.5  # an utterance without word probabilities says nothing about how sure it is


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of `SpokenTurn.flat`: start included, end excluded."""

    start: int
    end: int

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where and how surely a span was heard. confidence: mean probability of its words, 0..1."""

    utterance: Utterance
    start_s: float
    end_s: float
    matched_text: str
    confidence: float


class SpokenTurn:
    """Consecutive utterances of one speaker, other people's back-channels (嗯, 好的) left out.

    flat: the spoken characters only, in lower case. `stops` tells where punctuation or a pause stood: for flat index i,
    "soft" or "hard" when it stood before character i.
    """

    def __init__(self, index: int, utterances: tuple[Utterance, ...], probes: Sequence[Probe] = ()) -> None:
        self.index = index
        self._probes = tuple(probes)
        self.utterances = utterances
        self.role: Role = utterances[0].role
        self._texts = tuple(normalise(u.text) for u in utterances)
        self._positions: list[tuple[int, int]] = []
        self._owned: dict[int, tuple[Word | None, ...]] = {}
        self.stops: dict[int, str] = {}
        flat: list[str] = []
        for number, text in enumerate(self._texts):
            if flat:
                self.stops.setdefault(len(flat), "soft")
            for position, character in enumerate(text):
                if is_content(character):
                    flat.append(character.lower())
                    self._positions.append((number, position))
                elif character in _HARD_STOPS:
                    self.stops[len(flat)] = "hard"
                elif character in _SOFT_STOPS:
                    self.stops.setdefault(len(flat), "soft")
        self.flat = "".join(flat)

    @property
    def start_s(self) -> float:
        return self.utterances[0].start_s

    @property
    def end_s(self) -> float:
        return self.utterances[-1].end_s

    @cached_property
    def _syllables(self) -> tuple[str, ...]:
        return tuple(s.sound for text in self._texts for s in syllables(text))

    @cached_property
    def sounds(self) -> str:
        """The syllables between bars: "|bu|zhi|dao|"."""
        return join_sounds(self._syllables)

    @cached_property
    def _sound_starts(self) -> tuple[int, ...]:
        return tuple(accumulate((len(s) + 1 for s in self._syllables), initial=0))

    def flat_index(self, sounds_offset: int) -> int:
        """The character whose bar stands at this offset of `sounds`."""
        return bisect_right(self._sound_starts, sounds_offset) - 1

    def hidden(self, phrase: str) -> Iterator[tuple[Span, Probe]]:
        """Where the audio was asked about the phrase, though other characters were recognised."""
        for probe in self._probes:
            span = self._span_of(probe) if probe.phrase == phrase else None
            if span is not None:
                yield span, probe

    def _span_of(self, probe: Probe) -> Span | None:
        """None when the utterance's text is no longer the one that was asked about."""
        first = self._flat_of.get((probe.utterance_index, probe.text_start))
        last = self._flat_of.get((probe.utterance_index, probe.text_end - 1))
        return None if first is None or last is None else Span(first, last + 1)

    @cached_property
    def _flat_of(self) -> dict[tuple[int, int], int]:
        """The flat index of (utterance's index in the call, position in its text)."""
        return {(self.utterances[n].index, at): flat for flat, (n, at) in enumerate(self._positions)}

    def where(self, span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
        """For its first and its last character: which of `utterances`, and the position in its text."""
        return self._positions[span.start], self._positions[span.end - 1]

    def stop_within(self, span: Span) -> str | None:
        """The strongest stop strictly inside the span."""
        inside = {stop for at, stop in self.stops.items() if span.start < at < span.end}
        return "hard" if "hard" in inside else "soft" if inside else None

    def evidence(self, span: Span) -> Evidence:
        """The words of the span with their times; the utterances' times where words and text do not meet."""
        (first, begin), (last, finish) = self._positions[span.start], self._positions[span.end - 1]
        words = self._words(span)
        utterance = self.utterances[first]
        if first == last:
            matched = self._texts[first][begin : finish + 1]
        else:
            parts = (self._texts[first][begin:], *self._texts[first + 1 : last], self._texts[last][: finish + 1])
            matched = " ".join(parts)
        if words:
            return Evidence(utterance, words[0].start_s, words[-1].end_s, matched, _mean(w.probability for w in words))
        confidence = _UNKNOWN_CONFIDENCE if utterance.confidence is None else utterance.confidence
        return Evidence(utterance, utterance.start_s, self.utterances[last].end_s, matched, confidence)

    @cached_property
    def _first_characters(self) -> dict[int, int]:
        """For each utterance the flat index of its first character."""
        return {number: index for index, (number, _) in reversed(tuple(enumerate(self._positions)))}

    def _owners(self, number: int) -> tuple[Word | None, ...]:
        if number not in self._owned:
            self._owned[number] = word_of_each_character(self.utterances[number], self._texts[number])
        return self._owned[number]

    def _words(self, span: Span) -> tuple[Word, ...]:
        """The words that the span touches, () unless its first and last characters both have one."""
        owners: list[Word | None] = []
        first, last = self._positions[span.start][0], self._positions[span.end - 1][0]
        for number in range(first, last + 1):
            offset, owned = self._first_characters[number], self._owners(number)
            owners.extend(owned[max(span.start - offset, 0) : span.end - offset])
        if not owners or owners[0] is None or owners[-1] is None:
            return ()
        found = [word for word in owners if word is not None]
        return tuple(word for i, word in enumerate(found) if i == 0 or word is not found[i - 1])


class CallView:
    """One call's facts in the forms that operators need, each made once.

    topics: what the call is about, the surest first; whoever judges fills it in before any rule asks. memo: what has
    been worked out about this call, by whoever worked it out (named conditions, once per call).
    """

    def __init__(self, facts: CallFacts, topics: tuple[TopicHit, ...] = ()) -> None:
        self.facts = facts
        self.topics = topics
        self.memo: dict[object, object] = {}
        ordered = sorted((u for u in facts.utterances if _says_something(u)), key=lambda u: (u.start_s, u.index))
        runs = groupby(ordered, key=lambda u: (u.role, u.speaker))
        probes = strongest(facts.probes)
        self.turns = tuple(_turn(index, tuple(run), probes) for index, (_, run) in enumerate(runs))

    @cached_property
    def start_s(self) -> float:
        """When the first words fall: ringing and announcements before them do not count."""
        return self.turns[0].start_s if self.turns else 0.0

    @cached_property
    def end_s(self) -> float:
        return max((turn.end_s for turn in self.turns), default=0.0)

    def turns_of(self, role: Role | None) -> tuple[SpokenTurn, ...]:
        """The turns of one role in time order; None: of everybody."""
        return tuple(t for t in self.turns if role is None or t.role == role)


def _turn(index: int, utterances: tuple[Utterance, ...], probes: tuple[Probe, ...]) -> SpokenTurn:
    indices = {u.index for u in utterances}
    return SpokenTurn(index, utterances, [p for p in probes if p.utterance_index in indices])


def join_sounds(sounds: Iterable[str]) -> str:
    """Syllables as a searchable line in which only whole syllables match."""
    return "|" + "".join(sound + "|" for sound in sounds)


def flatten(text: str) -> str:
    """The spoken characters of a text as `SpokenTurn.flat` has them."""
    return "".join(c.lower() for c in normalise(text) if is_content(c))


def word_of_each_character(utterance: Utterance, text: str) -> tuple[Word | None, ...]:
    """For each spoken character of `text` (the utterance's, normalised) the recognised word that it belongs to.

    Words and text may differ (corrections, dropped characters): they are aligned, and what has no partner is None.
    """
    owners: list[Word] = []
    heard: list[str] = []
    for word in utterance.words:
        letters = flatten(word.text)
        heard.append(letters)
        owners.extend(word for _ in letters)
    wanted, said = flatten(text), "".join(heard)
    if wanted == said or len(wanted) == len(said):
        return tuple(owners)
    result: list[Word | None] = [None] * len(wanted)
    for block in SequenceMatcher(None, wanted, said, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            result[block.a + step] = owners[block.b + step]
    return tuple(result)


def _says_something(utterance: Utterance) -> bool:
    said = flatten(utterance.text)
    return bool(said) and not (len(said) <= _BACKCHANNEL_CHARACTERS and _BACKCHANNEL.fullmatch(said))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)
