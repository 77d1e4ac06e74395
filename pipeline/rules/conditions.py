"""Conditions: what has to hold before a rule is judged (`when`), where it looks (`scope`), or what it finds (`holds`).

    conditions:
      complaint: {says: {role: patient, any: [投诉, 告你们]}}
      upset: {any: [complaint, {event: {kind: loudness_jump, above: 12, caused_by: patient}}]}

    {condition: NAME}, or NAME alone           a named condition, shared by all files, worked out once per call
    {all: [C…]}  {any: [C…]}  {not: C}  {at_least: {count: 2, of: [C…]}}
    {says: {role: patient, any: […], scope: {…}}}
    {measure: {name, per, above | below, role, …}}  {event: {kind, above, caused_by, …}}  {repeat: {role, times, …}}
    {topic: 投诉, min_confidence: 0.5}           or a list of topics, of which any counts
    {metadata: {queue: [挂号, 咨询], hour: [8, 18], weekday: [mon, tue], repeat_caller: true, duration_s: {above: 60}}}

says, event, repeat and a measure per utterance have moments; topic, metadata, a measure per call and `not` have none.
`all` has the moments of its first part that has any, `any` and `at_least` those of all their parts that hold.
Words whose reading is in doubt (a sensible spelling of the same sounds, a probe that is unsure) do not make a condition
hold. What nobody knows of a call (no start time, no queue) does not hold either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import cast

from pipeline.model import CallMetadata, Role
from pipeline.rules.operators.base import Operator, observed
from pipeline.rules.phrases import Hit, PhraseList
from pipeline.rules.scope import Condition, Moment, Placed, Scope, hits_in
from pipeline.rules.spoken import Calls, CallView, Chunk, SpokenTurn, common
from pipeline.rules.vocabulary import WEEKDAYS

_DOUBTFUL = frozenset({"sensible", "unsure"})


@dataclass(frozen=True, slots=True, eq=False)
class Says:
    """Words of a role (None: of anybody) in a scope."""

    role: Role | None
    words: PhraseList
    scope: Scope
    has_moments: bool = True

    def holds(self, view: CallView) -> bool:
        return bool(self._hits(view))

    def moments(self, view: CallView) -> tuple[Moment, ...]:
        return tuple(_said(turn, hit) for turn, hit in self._hits(view))

    def reason(self, view: CallView) -> str:
        return next((moment.seen.evidence for moment in self.moments(view)), "")

    def calls(self, chunk: Chunk) -> Calls:
        return common((chunk.calls_with(self.words), self.scope.calls(chunk)))

    def lists(self) -> tuple[PhraseList, ...]:
        return (self.words, *self.scope.lists())

    def _hits(self, view: CallView) -> Sequence[Placed]:
        if not view.may_hit(self.words):
            return ()
        found = hits_in(view, self.words, self.role, self.scope)
        sure = [found[place] for place in sorted(found) if found[place][1].how not in _DOUBTFUL]
        return self.scope.chosen(sure)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Whatever an operator sees: an event, a measure, a repetition. What is excused or in doubt does not count."""

    operator: Operator
    has_moments: bool

    def holds(self, view: CallView) -> bool:
        return any(seen.status == "violated" for seen in self.operator.observe(view))

    def moments(self, view: CallView) -> tuple[Moment, ...]:
        if not self.has_moments:
            return ()
        return tuple(
            Moment(seen, seen.start_s, seen.start_s if seen.end_s is None else seen.end_s)
            for seen in self.operator.observe(view)
            if seen.start_s is not None and seen.status == "violated"
        )

    def reason(self, view: CallView) -> str:
        return next((seen.evidence for seen in self.operator.observe(view) if seen.status == "violated"), "")

    def calls(self, chunk: Chunk) -> Calls:
        return self.operator.calls(chunk)

    def lists(self) -> tuple[PhraseList, ...]:
        return self.operator.all_lists()


@dataclass(frozen=True, slots=True, eq=False)
class OnTopic:
    """The call is about one of these topics."""

    topics: frozenset[str]
    min_confidence: float
    has_moments: bool = False

    def holds(self, view: CallView) -> bool:
        return any(t.topic in self.topics and t.confidence >= self.min_confidence for t in view.topics)

    def moments(self, view: CallView) -> tuple[Moment, ...]:  # noqa: ARG002 - every condition is asked alike
        return ()

    def reason(self, view: CallView) -> str:
        return "主题：" + "、".join(t.topic for t in view.topics if t.topic in self.topics)

    def calls(self, chunk: Chunk) -> Calls:  # noqa: ARG002
        return None

    def lists(self) -> tuple[PhraseList, ...]:
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class OnMetadata:
    """What the telephone system says of the call. None: not asked.

    equal: (field, values of which one must be the call's). hour: from (included) to (excluded), over midnight when the
    first is the larger. weekdays: 0 is Monday. zone: in which hours and days are told; None: that of the start time.
    """

    equal: tuple[tuple[str, frozenset[str]], ...] = ()
    hour: tuple[float, float] | None = None
    weekdays: frozenset[int] | None = None
    repeat_caller: bool | None = None
    longer_than_s: float | None = None
    shorter_than_s: float | None = None
    zone: tzinfo | None = None
    has_moments: bool = False

    def holds(self, view: CallView) -> bool:
        metadata = view.facts.recording.metadata
        if any(getattr(metadata, name) not in values for name, values in self.equal):
            return False
        if self.repeat_caller is not None:
            known = metadata.previous_calls
            if known is None or (known > 0) != self.repeat_caller:
                return False
        length_s = view.facts.audio.decoded_s
        if self.longer_than_s is not None and length_s <= self.longer_than_s:
            return False
        if self.shorter_than_s is not None and length_s >= self.shorter_than_s:
            return False
        return self._in_time(metadata)

    def moments(self, view: CallView) -> tuple[Moment, ...]:  # noqa: ARG002
        return ()

    def reason(self, view: CallView) -> str:
        metadata = view.facts.recording.metadata
        told = [f"{name} {getattr(metadata, name)}" for name, _ in self.equal]
        if metadata.started_at is not None and (self.hour or self.weekdays):
            told.append(f"{metadata.started_at:%Y-%m-%d %H:%M}")
        if self.repeat_caller is not None:
            told.append("再次来电" if self.repeat_caller else "首次来电")
        if self.longer_than_s is not None or self.shorter_than_s is not None:
            told.append(f"通话 {view.facts.audio.decoded_s:.0f} 秒")
        return "通话信息：" + "、".join(told)

    def calls(self, chunk: Chunk) -> Calls:  # noqa: ARG002
        return None

    def lists(self) -> tuple[PhraseList, ...]:
        return ()

    def _in_time(self, metadata: CallMetadata) -> bool:
        if self.hour is None and self.weekdays is None:
            return True
        if metadata.started_at is None:
            return False
        started = metadata.started_at.astimezone(self.zone) if self.zone else metadata.started_at
        if self.weekdays is not None and started.weekday() not in self.weekdays:
            return False
        if self.hour is None:
            return True
        now, (begin, end) = started.hour + started.minute / 60, self.hour
        return begin <= now < end if begin < end else now >= begin or now < end


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]

    @property
    def has_moments(self) -> bool:
        return any(part.has_moments for part in self.parts)

    def holds(self, view: CallView) -> bool:
        return all(part.holds(view) for part in self.parts)

    def moments(self, view: CallView) -> tuple[Moment, ...]:
        if not self.holds(view):
            return ()
        return next((found for part in self.parts if part.has_moments and (found := part.moments(view))), ())

    def reason(self, view: CallView) -> str:
        return "；".join(part.reason(view) for part in self.parts)

    def calls(self, chunk: Chunk) -> Calls:
        return common(part.calls(chunk) for part in self.parts)

    def lists(self) -> tuple[PhraseList, ...]:
        return tuple(words for part in self.parts for words in part.lists())


@dataclass(frozen=True, slots=True, eq=False)
class CountOf:
    """At least `count` of the parts hold; one of them is `any`."""

    count: int
    parts: tuple[Condition, ...]

    @property
    def has_moments(self) -> bool:
        return any(part.has_moments for part in self.parts)

    def holds(self, view: CallView) -> bool:
        missing = self.count
        for left, part in zip(range(len(self.parts), 0, -1), self.parts, strict=True):
            if missing > left:
                return False
            missing -= part.holds(view)
            if missing == 0:
                return True
        return False

    def moments(self, view: CallView) -> tuple[Moment, ...]:
        if not self.holds(view):
            return ()
        found = (moment for part in self.parts if part.has_moments for moment in part.moments(view))
        return tuple(sorted(found, key=lambda moment: (moment.start_s, moment.end_s)))

    def reason(self, view: CallView) -> str:
        return "；".join(part.reason(view) for part in self.parts if part.holds(view))

    def calls(self, chunk: Chunk) -> Calls:
        return _any_of(part.calls(chunk) for part in self.parts)

    def lists(self) -> tuple[PhraseList, ...]:
        return tuple(words for part in self.parts for words in part.lists())


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """The part does not hold."""

    part: Condition
    has_moments: bool = False

    def holds(self, view: CallView) -> bool:
        return not self.part.holds(view)

    def moments(self, view: CallView) -> tuple[Moment, ...]:  # noqa: ARG002
        return ()

    def reason(self, view: CallView) -> str:  # noqa: ARG002
        name = self.part.name if isinstance(self.part, Named) else ""
        return f"未出现：{name or '所列情形'}"

    def calls(self, chunk: Chunk) -> Calls:  # noqa: ARG002
        return None

    def lists(self) -> tuple[PhraseList, ...]:
        return self.part.lists()


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A condition with a name, worked out once per call however many rules ask."""

    name: str
    target: Condition

    @property
    def has_moments(self) -> bool:
        return self.target.has_moments

    def holds(self, view: CallView) -> bool:
        known = view.memo.get(self)
        if known is None:
            known = view.memo[self] = self.target.holds(view)
        return cast(bool, known)

    def moments(self, view: CallView) -> tuple[Moment, ...]:
        key = (self, "moments")
        if key not in view.memo:
            view.memo[key] = self.target.moments(view)
        return cast(tuple[Moment, ...], view.memo[key])

    def reason(self, view: CallView) -> str:
        return self.target.reason(view) or self.name

    def calls(self, chunk: Chunk) -> Calls:
        return self.target.calls(chunk)

    def lists(self) -> tuple[PhraseList, ...]:
        return self.target.lists()


def weekday_number(name: str) -> int:
    """0 for mon."""
    return WEEKDAYS.index(name)


def _any_of(calls: Iterable[Calls]) -> Calls:
    """Those that any of them has."""
    found: set[int] = set()
    for some in calls:
        if some is None:
            return None
        found |= some
    return frozenset(found)


def _said(turn: SpokenTurn, hit: Hit) -> Moment:
    found = turn.evidence(hit.span)
    return Moment(
        observed(turn, found, hit.confidence(found.confidence)), found.start_s, found.end_s, turn.index, hit.span
    )
