"""`event`: something on the time line that is no text: a silence, an interruption, an overlap, a loudness jump.

    event:
      kind: silence
      above: 8                       # the event's value: seconds, or dB for loudness_jump
      caused_by: any                 # role of the event: any, agent, patient
      excuse: {any: [{set: hold_announcements}], within_turns: 2, up_to: 60}
      callers_pause: [{set: questions_to_the_caller}]
      at_least: 1                    # how many such events there must be before any counts
      max_findings: 5

excuse: an announcement of the rule's role in one of its last `within_turns` turns before the event (the running turn
is one of them) lifts the limit to `up_to`: the finding is then `remedied`. One announcement excuses one wait: when the
role has spoken again after such an event, a further one needs an announcement of its own.
callers_pause (silence only): whose silence is it? The agent's, unless the agent's last words before it asked the caller
for something and the caller ended it: then the caller was thinking or looking for a card, and it is no finding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node
from pipeline.model import Event, EventKind, Role
from pipeline.rules.operators.base import Observation, clip, largest
from pipeline.rules.phrases import PhraseList, Sets, read_phrase_list
from pipeline.rules.scope import SLACK_S, Names, Scope
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk, SpokenTurn
from pipeline.rules.vocabulary import EVENT_KINDS, TEXT_KEYS, unit_zh

KEYS = ("event", "scope")
OWN_KEYS = ("kind", "above", "caused_by", "excuse", "callers_pause", "at_least", "max_findings")
EXCUSE_KEYS = (*TEXT_KEYS, "within_turns", "up_to")
_NAMES = {
    "silence": "静默",
    "overlap": "双方重叠",
    "interruption": "打断",
    "loudness_jump": "音量突变",
    "untranscribed_speech": "未识别语音",
}
_CONFIDENCE = 0.95
_MONO_CONFIDENCE = 0.75  # who cut in is a matter of diarization there


@dataclass(frozen=True, slots=True)
class Excuse:
    words: PhraseList
    within_turns: int
    up_to: float


@dataclass(frozen=True, slots=True)
class EventOperator:
    role: Role | None
    kind: EventKind
    above: float
    caused_by: Role | None
    excuse: Excuse | None
    callers_pause: PhraseList | None
    at_least: int
    max_findings: int | None
    scope: Scope

    def observe(self, view: CallView) -> Iterator[Observation]:
        events = [e for e in view.facts.events if e.kind == self.kind and self._counts(view, e)]
        if events and not self.scope.is_whole:
            windows = self.scope.windows(view, self.role)
            events = [e for e in events if any(w.admits_s(e.start_s) for w in windows)]
        if len(events) >= self.at_least:
            counted = self.scope.chosen(events)
            yield from largest((self._observation(view, event) for event in counted), self.max_findings)

    def calls(self, chunk: Chunk) -> Calls:
        return self.scope.calls(chunk)

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()

    def all_lists(self) -> tuple[PhraseList, ...]:
        own = (self.excuse.words if self.excuse else None, self.callers_pause)
        return (*(words for words in own if words is not None), *self.scope.lists())

    def _counts(self, view: CallView, event: Event) -> bool:
        if _value(event) <= self.above:
            return False
        if self.caused_by is not None and event.role not in (self.caused_by, "unknown"):
            return False
        return not self._is_callers_pause(view, event)

    def _is_callers_pause(self, view: CallView, event: Event) -> bool:
        before = _turns_before(view, event, None)
        if self.callers_pause is None or event.role != "patient" or not before or before[-1].role != "agent":
            return False
        if self.excuse is not None and self.excuse.words.hits(before[-1]):  # 请稍等好吗？ asks for patience only
            return False
        words = self.callers_pause.hits(before[-1])
        return bool(words) and len(before[-1].flat) - words[-1].span.end <= _TAIL_CHARACTERS

    def _observation(self, view: CallView, event: Event) -> Observation:
        value, unit = _value(event), "db" if event.kind == "loudness_jump" else "s"
        announced = self._announcement(view, event)
        limit = self.excuse.up_to if self.excuse is not None and announced else self.above
        excused = announced is not None and value <= limit
        doubtful = event.role == "unknown" and self.caused_by is not None
        role = self.role or event.role if self.caused_by is None else event.role
        said = next((u.text for u in view.facts.utterances if u.index == event.utterance_index), None)
        notes = [f"已提前告知：{announced}"] if announced else []
        notes += ["由谁引起不明"] if doubtful else []
        return Observation(
            status="remedied" if excused else "review" if doubtful else "violated",
            role=role,
            utterance_index=event.utterance_index,
            start_s=event.start_s,
            end_s=event.end_s,
            evidence=f"{_NAMES[event.kind]} {value:.1f} {unit_zh(unit)}"
            + (f"，限值 {limit:g} {unit_zh(unit)}" if limit else ""),
            confidence=_CONFIDENCE
            if self.kind == "silence" or view.facts.audio.layout == "stereo"
            else _MONO_CONFIDENCE,
            matched_text=clip(said) if said and self.kind != "silence" else None,
            value=value,
            limit=limit,
            unit=unit,
            note="；".join(notes) or None,
        )

    def _announcement(self, view: CallView, event: Event) -> str | None:
        if self.excuse is None:
            return None
        for turn in reversed(_turns_before(view, event, self.role)[-self.excuse.within_turns :]):
            for hit in reversed(self.excuse.words.hits(turn)):
                found = turn.evidence(hit.span)
                if found.start_s < event.start_s + SLACK_S:
                    if self._is_spent(view, event, found.start_s):
                        return None
                    return f"“{found.matched_text}”（{found.start_s:.1f} 秒）"
        return None

    def _is_spent(self, view: CallView, event: Event, announced_s: float) -> bool:
        """Whether an earlier wait after the announcement ended with words of the role that announced it."""
        waits = [
            e
            for e in view.facts.events
            if e.kind == self.kind and _value(e) > self.above and announced_s < e.start_s < event.start_s
        ]
        return any(
            wait.end_s - SLACK_S <= said.start_s < event.start_s
            for wait in waits
            for said in view.facts.utterances
            if self.role is None or said.role == self.role
        )


_TAIL_CHARACTERS = 12  # a question this near to the end of the turn is what the caller is left with


def read(node: Node, names: Names, role: Role | None) -> EventOperator:
    """Read a rule's `event`."""
    inner = node.node("event")
    inner.allow(OWN_KEYS)
    kind = next(k for k in EVENT_KINDS if k == inner.choice("kind", EVENT_KINDS))
    above = inner.number("above", low=0, high=36000)
    if kind != "silence" and "callers_pause" in inner:
        raise inner.error("callers_pause is for silence only", "callers_pause")
    caused: dict[str, Role | None] = {"any": None, "agent": "agent", "patient": "patient"}
    return EventOperator(
        role=role,
        kind=kind,
        above=above,
        caused_by=caused[inner.choice("caused_by", tuple(caused), "any")],
        excuse=_read_excuse(inner, names.sets, above),
        callers_pause=read_phrase_list(inner.without(("at_least",)), names.sets, "callers_pause")
        if "callers_pause" in inner
        else None,
        at_least=inner.whole("at_least", low=1, high=1000, default=1),
        max_findings=inner.whole("max_findings", low=1, high=1000) if "max_findings" in inner else None,
        scope=read_scope(node, names),
    )


def _read_excuse(node: Node, sets: Sets, above: float) -> Excuse | None:
    if "excuse" not in node:
        return None
    inner = node.node("excuse")
    inner.allow(EXCUSE_KEYS)
    up_to = inner.number("up_to", low=above, high=36000)
    within = inner.whole("within_turns", low=1, high=50, default=2)
    return Excuse(read_phrase_list(inner, sets, default_min_syllables=2), within, up_to)


def _turns_before(view: CallView, event: Event, role: Role | None) -> tuple[SpokenTurn, ...]:
    """Turns that had begun when the event began."""
    return tuple(t for t in view.turns_of(role) if t.start_s < event.start_s + SLACK_S)


def _value(event: Event) -> float:
    return event.duration_s if event.value is None else event.value
