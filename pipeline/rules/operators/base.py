"""What every operator shares: the observation that it hands back, and how long its evidence may be."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from pipeline.model import FindingStatus, Role
from pipeline.rules.phrases import PhraseList
from pipeline.rules.spoken import Calls, CallView, Chunk, Evidence, SpokenTurn

_EVIDENCE_CHARACTERS = 60


class Observation(NamedTuple):
    """What an operator saw, before the rule gives it a name and the role confidence is counted in.

    confidence: 0..1 as if the roles were certain. role: who did it. start_s None: the call as a whole.
    """

    status: FindingStatus
    role: Role
    utterance_index: int | None
    start_s: float | None
    end_s: float | None
    evidence: str
    confidence: float
    matched_text: str | None = None
    value: float | None = None
    limit: float | None = None
    unit: str | None = None
    note: str | None = None


def observed(turn: SpokenTurn, found: Evidence, confidence: float, evidence: str | None = None) -> Observation:
    """What was heard in a turn, as a violation. evidence: in words; None: the utterance around what matched."""
    return Observation(
        status="violated",
        role=turn.role,
        utterance_index=found.utterance.index,
        start_s=found.start_s,
        end_s=found.end_s,
        evidence=clip(found.utterance.text, found.matched_text) if evidence is None else evidence,
        confidence=confidence,
        matched_text=found.matched_text,
    )


class Operator(Protocol):
    """One way of judging. `observe` yields in time order and yields nothing where it cannot be judged."""

    def observe(self, view: CallView) -> Iterable[Observation]: ...

    def calls(self, chunk: Chunk) -> Calls:
        """The calls of a chunk, by place, in which it may see anything by their words; None: any."""
        ...

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        """Every list whose phrases count as hits, for finding duplicates between rules."""
        ...

    def all_lists(self) -> tuple[PhraseList, ...]:
        """Every list that the operator looks for, those of its scope and its remedy too: what an index has to know."""
        ...


def clip(text: str, around: str = "") -> str:
    """At most 60 characters of a text, those around `around` when it stands in it."""
    if len(text) <= _EVIDENCE_CHARACTERS:
        return text
    middle = max(text.find(around), 0) + len(around) // 2
    start = min(max(0, middle - _EVIDENCE_CHARACTERS // 2), len(text) - _EVIDENCE_CHARACTERS)
    end = start + _EVIDENCE_CHARACTERS
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def largest(observations: Iterator[Observation], count: int | None) -> tuple[Observation, ...]:
    """The `count` observations farthest from their limit, in time order; all of them for None."""
    found = tuple(observations)
    if count is None or len(found) <= count:
        return found
    worst = sorted(found, key=lambda o: -abs((o.value or 0.0) - (o.limit or 0.0)))[:count]
    return tuple(o for o in found if o in worst)
