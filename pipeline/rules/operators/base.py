"""What every operator shares: the observation that it hands back, the scope in which it looks, the remedy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.config.yaml_source import Node
from pipeline.model import FindingStatus, Role
from pipeline.rules.phrases import PhraseList, Sets, read_phrase_list
from pipeline.rules.spoken import CallView, SpokenTurn

_EVIDENCE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Observation:
    """What an operator saw, before the rule gives it a name and the role confidence is counted in.

    confidence: 0..1 as if the roles were certain. role: who did it.
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


class Operator(Protocol):
    """One way of judging. `observe` yields in time order and yields nothing where it cannot be judged."""

    def observe(self, view: CallView) -> Iterable[Observation]: ...

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        """Every list whose phrases count as hits, for finding duplicates between rules."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule looks. Any of the given limits suffices: the first turn, or what starts in the first 10 s.

    Turns are counted per role, seconds from the first (to the last) words of the call.
    """

    first_turns: int | None = None
    last_turns: int | None = None
    first_s: float | None = None
    last_s: float | None = None

    @property
    def at_end(self) -> bool:
        return self.last_turns is not None or self.last_s is not None

    def turns(self, view: CallView, role: Role | None) -> tuple[SpokenTurn, ...]:
        """The turns of the role that lie in the scope."""
        turns = view.turns_of(role)
        if self == Scope():
            return turns
        chosen: set[int] = set()
        if self.first_turns is not None:
            chosen |= {t.index for t in turns[: self.first_turns]}
        if self.last_turns is not None:
            chosen |= {t.index for t in turns[-self.last_turns :]}
        if self.first_s is not None:
            chosen |= {t.index for t in turns if t.start_s - view.start_s <= self.first_s}
        if self.last_s is not None:
            chosen |= {t.index for t in turns if view.end_s - t.end_s <= self.last_s}
        return tuple(t for t in turns if t.index in chosen)


def read_scope(node: Node) -> Scope:
    """Read `scope:` of a rule. Raises RuleError when it names both ends of the call."""
    if "scope" not in node:
        return Scope()
    inner = node.node("scope")
    keys = ("first_turns", "last_turns", "first_s", "last_s")
    inner.allow(keys)
    if not inner.names():
        raise inner.error("is empty; leave `scope` out to look at the whole call")
    turns = [inner.whole(k, low=1, high=1000) if k in inner else None for k in keys[:2]]
    seconds = [inner.optional_number(k, low=0.1, high=36000) for k in keys[2:]]
    scope = Scope(turns[0], turns[1], seconds[0], seconds[1])
    if scope.at_end and (scope.first_turns is not None or scope.first_s is not None):
        raise inner.error("first_… and last_… contradict each other; write two rules")
    return scope


@dataclass(frozen=True, slots=True)
class Remedy:
    """What makes a hit right: words of the same role in the same turn or one of its next `next_turns`."""

    words: PhraseList
    next_turns: int

    def heard(self, view: CallView, turn: SpokenTurn) -> str | None:
        """What was said as a remedy, with its second, or None."""
        later = [t for t in view.turns_of(turn.role) if t.index > turn.index][: self.next_turns]
        for candidate in (turn, *later):
            hit = self.words.first(candidate)
            if hit is not None:
                found = candidate.evidence(hit.span)
                return f"“{found.matched_text}”（{found.start_s:.1f} 秒）"
        return None


def read_remedy(node: Node, sets: Sets) -> Remedy | None:
    """Read `unless:` of a rule."""
    if "unless" not in node:
        return None
    inner = node.node("unless")
    inner.allow(("any", "except", "pinyin", "min_syllables", "next_turns"))
    return Remedy(read_phrase_list(inner, sets), inner.whole("next_turns", low=0, high=50, default=2))


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
