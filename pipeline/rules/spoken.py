"""A call as the rules read it: turns of one role, their words without punctuation, and the way back to seconds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Protocol

from pipeline.model import CallFacts, Probe, Role, TopicHit, Utterance, Word
from pipeline.rules.index import Alternatives, Marks, MatchIndex, Plan, Raw
from pipeline.rules.lines import Lines, flatten, lines
from pipeline.rules.verified import Verification, shipped

_UNKNOWN_CONFIDENCE = 0.5  # an utterance without word probabilities says nothing about how sure it is
_STOPS = (None, "soft", "hard")
_NOTHING = Raw(0, {})


class Span(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Chunk:
    """Calls that are read together, with what an index found in them.

    verification: by which the audio's word is believed.
    """

    lines: Lines
    index: MatchIndex | None = None
    marks: Marks | None = None
    verification: Verification = field(default_factory=shipped)


class SpokenTurn:
    """Consecutive utterances of one speaker, other people's back-channels (嗯, 好的) left out.

    index: counts the turns of the call. numbers, plans, mask, raw: what an index of many lists found in it; a list
    that is not among `numbers` was not looked for. memo: what was worked out about this turn.
    """

    def __init__(self, index: int, chunk: Chunk, number: int, probes: Sequence[Probe] = ()) -> None:
        """number: of the turn among all turns of the chunk."""
        self._chunk = chunk
        self._number = number
        self._turn = chunk.lines.turns[number]
        self.index = index
        self.probes = tuple(probes)
        self.utterances = self._turn.utterances
        self.role: Role = self.utterances[0].role
        self.memo: dict[object, Any] = {}
        self.numbers: Mapping[int, int] = {} if chunk.index is None else chunk.index.numbers
        self.plans: Sequence[Plan] = () if chunk.index is None else chunk.index.plans
        self.mask = 0 if chunk.marks is None else chunk.marks.masks[number]
        if probes and chunk.index is not None:
            for probe in probes:
                self.mask |= chunk.index.lists_with(probe.phrase)

    @property
    def start_s(self) -> float:
        return self.utterances[0].start_s

    @property
    def end_s(self) -> float:
        return self.utterances[-1].end_s

    @cached_property
    def flat(self) -> str:
        """The spoken characters only, in lower case."""
        return self._chunk.lines.flat[self._turn.start : self._turn.end]

    @cached_property
    def stops(self) -> bytes:
        """What stood before each character: 0 nothing, SOFT or HARD (`rules.lines`); one more for the end."""
        return self._chunk.lines.stops[self._turn.start : self._turn.end + 1]

    @cached_property
    def flat_bytes(self) -> bytes:
        return self.flat.encode()

    @cached_property
    def sounds(self) -> str:
        """Their sounds, one code character each (`pipeline.sounds`)."""
        return self._chunk.lines.sounds[self._turn.start : self._turn.end]

    @cached_property
    def raw(self) -> Raw:
        return _NOTHING if self._chunk.marks is None else self._chunk.marks.of(self._number)

    def stop_within(self, span: Span) -> str | None:
        """The strongest stop strictly inside the span: "hard" (a full stop), "soft" (a comma or a pause) or None."""
        return _STOPS[max(self.stops[span.start + 1 : span.end], default=0)]

    def has_stop(self, place: int) -> bool:
        """Whether anything stood before this character."""
        return self.stops[place] > 0

    @property
    def verification(self) -> Verification:
        """By which the audio's word is believed."""
        return self._chunk.verification

    def asked(self) -> Iterable[tuple[Span, Probe]]:
        """Where the audio was asked about a phrase, though other characters were recognised."""
        return self._asked if self.probes else ()

    @cached_property
    def _asked(self) -> tuple[tuple[Span, Probe], ...]:
        spans = ((self._span_of(probe), probe) for probe in self.probes)
        return tuple((span, probe) for span, probe in spans if span is not None)

    def _span_of(self, probe: Probe) -> Span | None:
        """None when the utterance's text is no longer the one that was asked about."""
        first = self._flat_of.get((probe.utterance_index, probe.text_start))
        last = self._flat_of.get((probe.utterance_index, probe.text_end - 1))
        return None if first is None or last is None else Span(first, last + 1)

    @cached_property
    def _flat_of(self) -> dict[tuple[int, int], int]:
        """The flat index of (utterance's index in the call, position in its text)."""
        places = ((flat, *self._position(flat)) for flat in range(len(self.flat)))
        return {(self.utterances[n].index, at): flat for flat, n, at in places}

    def _position(self, place: int) -> tuple[int, int]:
        """(which of the turn's utterances, position in its normalised text) of a character."""
        number, at = self._chunk.lines.position(self._turn.start + place)
        return number - self._turn.number, at

    def _text(self, number: int) -> str:
        return self._chunk.lines.text(self._turn.number + number)

    def text(self, span: Span) -> str:
        """The span as it was recognised, punctuation inside it too."""
        return self._between(self._position(span.start), self._position(span.end - 1))

    def _between(self, begin: tuple[int, int], end: tuple[int, int]) -> str:
        """The text from one character to another, both included."""
        (first, start), (last, finish) = begin, end
        if first == last:
            return self._text(first)[start : finish + 1]
        between = (self._text(number) for number in range(first + 1, last))
        return " ".join((self._text(first)[start:], *between, self._text(last)[: finish + 1]))

    def utterance_at(self, place: int) -> Utterance:
        """The utterance that a character belongs to."""
        return self.utterances[self._position(place)[0]]

    def evidence(self, span: Span) -> Evidence:
        """The words of the span with their times; the utterances' times where words and text do not meet."""
        begin, end = self._position(span.start), self._position(span.end - 1)
        first, last = begin[0], end[0]
        words = self._words(span, first, last)
        utterance, matched = self.utterances[first], self._between(begin, end)
        if words:
            return Evidence(utterance, words[0].start_s, words[-1].end_s, matched, _mean(w.probability for w in words))
        confidence = _UNKNOWN_CONFIDENCE if utterance.confidence is None else utterance.confidence
        return Evidence(utterance, utterance.start_s, self.utterances[last].end_s, matched, confidence)

    def _words(self, span: Span, first: int, last: int) -> tuple[Word, ...]:
        """The words that the span touches, () unless its first and last characters both have one."""
        owners: list[Word | None] = []
        for number in range(first, last + 1):
            offset, owned = self._owned(number)
            owners.extend(owned[max(span.start - offset, 0) : max(span.end - offset, 0)])
        if not owners or owners[0] is None or owners[-1] is None:
            return ()
        found = [word for word in owners if word is not None]
        return tuple(word for i, word in enumerate(found) if i == 0 or word is not found[i - 1])

    def _owned(self, number: int) -> tuple[int, tuple[Word | None, ...]]:
        """Where an utterance begins in `flat`, and the word of each of its characters."""
        known = self.memo.get(number)
        if known is None:
            firsts, at = self._chunk.lines.firsts, self._turn.number + number
            offset = firsts[at] - self._turn.start
            behind = firsts[at + 1] - self._turn.start if number + 1 < len(self.utterances) else len(self.flat)
            said = self.flat[offset:behind]
            known = self.memo[number] = (offset, word_of_each_character(self.utterances[number], said))
        found: tuple[int, tuple[Word | None, ...]] = known
        return found


class CallView:
    """One call's facts in the forms that operators need, each made once.

    topics: what the call is about, the surest first; whoever judges fills it in before any rule asks. memo: what has
    been worked out about this call, by whoever worked it out (named conditions, once per call).
    """

    def __init__(
        self,
        facts: CallFacts,
        topics: tuple[TopicHit, ...] = (),
        *,
        chunk: Chunk | None = None,
        place: int = 0,
    ) -> None:
        """chunk: the calls that are read together, this one at `place`; None: this one alone."""
        self.facts = facts
        self.topics = topics
        self.memo: dict[object, object] = {}
        chunk = chunk or Chunk(lines((facts,)))
        first, behind = chunk.lines.calls[place], chunk.lines.calls[place + 1]
        self._numbers: Mapping[int, int] = {} if chunk.index is None else chunk.index.numbers
        probes = _by_utterance(chunk.verification.strongest(facts.probes)) if facts.probes else {}
        self.turns = tuple(
            SpokenTurn(number - first, chunk, number, _probes_of(chunk, number, probes) if probes else ())
            for number in range(first, behind)
        )
        self._turns_of: dict[Role | None, tuple[SpokenTurn, ...]] = {None: self.turns}

    @cached_property
    def start_s(self) -> float:
        """When the first words fall: ringing and announcements before them do not count."""
        return self.turns[0].start_s if self.turns else 0.0

    @cached_property
    def end_s(self) -> float:
        return max((turn.end_s for turn in self.turns), default=0.0)

    def turns_of(self, role: Role | None) -> tuple[SpokenTurn, ...]:
        """The turns of one role in time order; None: of everybody."""
        if role not in self._turns_of:
            self._turns_of[role] = tuple(t for t in self.turns if t.role == role)
        return self._turns_of[role]

    def may_hit(self, words: "Listed") -> bool:
        """False: this list has no hit anywhere in the call. Cheap; True promises nothing."""
        number = self._numbers.get(id(words.wanted))
        return number is None or bool(self._mask >> number & 1)

    def turns_with(self, words: "Listed", role: Role | None = None) -> tuple[SpokenTurn, ...]:
        """The turns of one role (None: of everybody) that may have a hit of this list, in time order."""
        number = self._numbers.get(id(words.wanted))
        if number is None:
            return self.turns_of(role)
        if not self._mask >> number & 1:
            return ()
        return tuple(t for t in self.turns_of(role) if t.mask >> number & 1)

    @cached_property
    def _mask(self) -> int:
        mask = 0
        for turn in self.turns:
            mask |= turn.mask
        return mask


class Listed(Protocol):
    """A list of phrases as far as a view asks: what an index knows it by."""

    @property
    def wanted(self) -> Alternatives: ...


def word_of_each_character(utterance: Utterance, said: str) -> tuple[Word | None, ...]:
    """For each character of `said` (the utterance's spoken characters) the recognised word that it belongs to.

    Words and text may differ (corrections, dropped characters): they are aligned, and what has no partner is None.
    """
    letters = [_letters(word.text) for word in utterance.words]
    owners = [word for word, heard in zip(utterance.words, letters, strict=True) for _ in heard]
    if len(owners) == len(said):
        return tuple(owners)
    result: list[Word | None] = [None] * len(said)
    for block in SequenceMatcher(None, said, "".join(letters), autojunk=False).get_matching_blocks():
        for step in range(block.size):
            result[block.a + step] = owners[block.b + step]
    return tuple(result)


def _by_utterance(probes: Iterable[Probe]) -> dict[int, list[Probe]]:
    found: dict[int, list[Probe]] = {}
    for probe in probes:
        found.setdefault(probe.utterance_index, []).append(probe)
    return found


def _probes_of(chunk: Chunk, number: int, probes: dict[int, list[Probe]]) -> list[Probe]:
    return [probe for said in chunk.lines.turns[number].utterances for probe in probes.get(said.index, ())]


@lru_cache(maxsize=65_536)  # recognisers use few words
def _letters(text: str) -> str:
    return flatten(text)


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)
