"""A call as the rules read it: turns of one role, their words without punctuation, and the way back to seconds."""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from pipeline.model import CallFacts, Probe, Role, TopicHit, Utterance
from pipeline.rules.heard import HeardWords
from pipeline.rules.index import Alternatives, Places, Searched
from pipeline.rules.lines import Lines, lines
from pipeline.rules.needles import Indices
from pipeline.rules.verified import Verification, shipped

_UNKNOWN_CONFIDENCE = 0.5  # an utterance without word probabilities says nothing about how sure it is
_STOPS = (None, "soft", "hard")
_FEW_TURNS = 4


class Span(NamedTuple):
    """A stretch of `SpokenTurn.flat`: start included, end excluded."""

    start: int
    end: int

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


class Evidence(NamedTuple):
    """Where and how surely a span was heard. confidence: mean probability of its words, 0..1."""

    utterance: Utterance
    start_s: float
    end_s: float
    matched_text: str
    confidence: float


Calls = frozenset[int] | None
"""Calls of a chunk by their place; None: any may be among them."""


def common(calls: Iterable[Calls]) -> Calls:
    """Those that all of them have."""
    known = [some for some in calls if some is not None]
    return frozenset.intersection(*known) if known else None


class Chunk:
    """Calls that are read together, with what an index found in them.

    searched: None where nobody searched. verification: by which the audio's word is believed. memo: what was worked out
    for all of them at once, by whoever worked it out.
    """

    def __init__(
        self, lines: Lines, searched: Searched | None = None, verification: Verification | None = None
    ) -> None:
        self.lines = lines
        self.searched = searched
        self.verification = verification or shipped()
        self.memo: dict[object, Any] = {}

    def calls_of(self, turns: Indices) -> Indices:
        """The calls that turns of these numbers belong to."""
        found: Indices = np.searchsorted(self.lines.calls, turns, side="right") - 1
        return found

    def calls_with(self, words: "Listed") -> Calls:
        """The calls that have a hit of a list by their words."""
        table = words.table(self)
        return None if table is None else table.calls

    def number_of(self, listed: Alternatives) -> int | None:
        """Of a list that the index knows."""
        return None if self.searched is None else self.searched.index.numbers.get(id(listed))


class SpokenTurn:
    """Consecutive utterances of one speaker, other people's back-channels (嗯, 好的) left out.

    index: counts the turns of the call, number those of the chunk. memo: what was worked out about this turn.
    """

    def __init__(self, index: int, chunk: Chunk, number: int, probes: Sequence[Probe] = ()) -> None:
        """number: of the turn among all turns of the chunk."""
        self.chunk = chunk
        self.number = number
        self._turn = turn = chunk.lines.turns[number]
        self.index = index
        self.probes = tuple(probes)
        self.utterances = turn.utterances
        self.role: Role = turn.utterances[0].role
        self.memo: dict[object, Any] = {}

    @property
    def start_s(self) -> float:
        return self.utterances[0].start_s

    @property
    def end_s(self) -> float:
        return self.utterances[-1].end_s

    @property
    def start(self) -> int:
        """Where it begins in the line."""
        return self._turn.start

    @cached_property
    def flat(self) -> str:
        """The spoken characters only, in lower case."""
        return self.chunk.lines.flat[self._turn.start : self._turn.end]

    @property
    def stops(self) -> bytes:
        """What stood before each character: 0 nothing, SOFT or HARD (`rules.lines`); one more for the end."""
        return self.chunk.lines.stops[self._turn.start : self._turn.end + 1]

    @property
    def sounds(self) -> str:
        """Their sounds, one code character each (`pipeline.sounds`)."""
        return self.chunk.lines.sounds[self._turn.start : self._turn.end]

    def places(self, listed: Alternatives) -> tuple[Places, int] | None:
        """Where a list was found in it, and where it begins itself; None: the index does not know the list."""
        number = self.chunk.number_of(listed)
        if number is None or self.chunk.searched is None:
            return None
        return self.chunk.searched.places_in(number, self.number), self._turn.start

    def stop_within(self, span: Span) -> str | None:
        """The strongest stop strictly inside the span: "hard" (a full stop), "soft" (a comma or a pause) or None."""
        start = self._turn.start
        return _STOPS[max(self.chunk.lines.stops[start + span.start + 1 : start + span.end], default=0)]

    def has_stop(self, place: int) -> bool:
        """Whether anything stood before this character."""
        return self.chunk.lines.stops[self._turn.start + place] > 0

    @property
    def verification(self) -> Verification:
        """By which the audio's word is believed."""
        return self.chunk.verification

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
        joined, turn = self.chunk.lines, self._turn
        place += turn.start
        number = turn.number
        if len(self.utterances) > 1:
            number = bisect_right(joined.firsts, place, number, number + len(self.utterances)) - 1
        return number - turn.number, int(joined.origins[place]) - joined.text_starts[number]

    def _text(self, number: int) -> str:
        return self.chunk.lines.text(self._turn.number + number)

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
        utterance, matched = self.utterances[first], self._between(begin, end)
        heard = [self._heard(number) for number in range(first, last + 1)]
        parts = [one.between(span.start, span.end) for one in heard]
        if parts[0].begins and parts[-1].ends:
            start_s = float(heard[0].starts_s[parts[0].words[0]])
            end_s = float(heard[-1].ends_s[parts[-1].words[-1]])
            sure = [float(one.probabilities[w]) for one, part in zip(heard, parts, strict=True) for w in part.words]
            return Evidence(utterance, start_s, end_s, matched, sum(sure) / len(sure))
        confidence = _UNKNOWN_CONFIDENCE if utterance.confidence is None else utterance.confidence
        return Evidence(utterance, utterance.start_s, self.utterances[last].end_s, matched, confidence)

    def _heard(self, number: int) -> HeardWords:
        """The words of one of its utterances by its characters."""
        known: HeardWords | None = self.memo.get(number)
        if known is None:
            firsts, at = self.chunk.lines.firsts, self._turn.number + number
            offset = firsts[at] - self._turn.start
            behind = (
                firsts[at + 1] - self._turn.start if number + 1 < len(self.utterances) else self._turn.end - self.start
            )
            known = self.memo[number] = HeardWords(self.utterances[number].words, offset, self.flat[offset:behind])
        return known


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
        self.chunk = chunk = chunk or Chunk(lines((facts,)))
        self.place = place
        self._first, self._behind = first, behind = chunk.lines.calls[place], chunk.lines.calls[place + 1]
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
        table = words.table(self.chunk)
        return table is None or self.place in table.calls or self.has_probes

    def turns_with(self, words: "Listed", role: Role | None = None) -> tuple[SpokenTurn, ...]:
        """The turns of one role (None: of everybody) that may have a hit of this list, in time order."""
        table = words.table(self.chunk)
        if table is None:
            return self.turns_of(role)
        if self.has_probes:
            turns = [turn for turn in self.turns if turn.probes or turn.number in table.rows]
        elif self.place in table.calls:
            turns = self._turns_in(table)
        else:
            return ()
        return tuple(turns) if role is None else tuple([turn for turn in turns if turn.role == role])

    def among(self, turns: Sequence[SpokenTurn], words: "Listed") -> Sequence[SpokenTurn]:
        """Those of these turns of the call that may have a hit of this list."""
        table = words.table(self.chunk)
        if table is None or self.has_probes:
            return turns
        if self.place not in table.calls:
            return ()
        if len(turns) <= _FEW_TURNS:
            return [turn for turn in turns if turn.number in table.rows]
        return [turn for turn in self._turns_in(table) if turn in turns]

    def _turns_in(self, table: "Table") -> list[SpokenTurn]:
        """The turns of the call that are in a table."""
        known, first = table.turns, self._first
        low = bisect_left(known, first)
        return [self.turns[number - first] for number in known[low : bisect_left(known, self._behind, low)]]

    @cached_property
    def has_probes(self) -> bool:
        """Whether the audio was asked about words that it may hide."""
        return any(turn.probes for turn in self.turns)


class Table(Protocol):
    """Where a chunk has hits of a list by its words. turns: by number, rising; rows: knows these. calls: by place."""

    @property
    def turns(self) -> Sequence[int]: ...
    @property
    def rows(self) -> Container[int]: ...
    @property
    def calls(self) -> frozenset[int]: ...


class Listed(Protocol):
    """A list of phrases as far as a view asks."""

    def table(self, chunk: Chunk) -> Table | None:
        """None: nobody knows."""
        ...


def _by_utterance(probes: Iterable[Probe]) -> dict[int, list[Probe]]:
    found: dict[int, list[Probe]] = {}
    for probe in probes:
        found.setdefault(probe.utterance_index, []).append(probe)
    return found


def _probes_of(chunk: Chunk, number: int, probes: dict[int, list[Probe]]) -> list[Probe]:
    return [probe for said in chunk.lines.turns[number].utterances for probe in probes.get(said.index, ())]
