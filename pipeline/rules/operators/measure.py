"""`measure`: a measured value against a limit, for the call as a whole or for single utterances.

    measure: {name: agent_speech_rate_cpm, per: call, above: 300}
    measure: {name: speech_rate_cpm, per: utterance, above: 360, min_characters: 10, min_duration_s: 3, max_findings: 3}

A value that is not measurable is no finding. `max_findings` keeps the worst ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node, did_you_mean
from pipeline.model import Role, Utterance
from pipeline.rules.operators.base import Observation, clip, largest
from pipeline.rules.phrases import PhraseList
from pipeline.rules.scope import Names, Scope
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk
from pipeline.rules.vocabulary import CALL_MEASURES, UTTERANCE_MEASURES, unit_of, unit_zh
from pipeline.text import count_characters

KEYS = ("measure", "scope")
OWN_KEYS = ("name", "per", "above", "below", "max_findings", "min_characters", "min_duration_s")
_CALL_CONFIDENCE = 0.95  # over a whole call errors of the recogniser and of the turns even out
_UTTERANCE_CONFIDENCE = 0.85
_UNCALIBRATED = "线路未校准，声压级为估算值"


@dataclass(frozen=True, slots=True)
class MeasureOperator:
    """above / below: a value beyond it is a hit; exactly one of them is given."""

    role: Role | None
    name: str
    per_call: bool
    above: float | None
    below: float | None
    min_characters: int
    min_duration_s: float
    max_findings: int | None
    scope: Scope

    def observe(self, view: CallView) -> Iterator[Observation]:
        found = self._of_call(view) if self.per_call else self._in_scope(view)
        estimated = "spl" in self.name and view.facts.measures.value("spl_offset_db") is None
        for observation in largest(found, self.max_findings):
            yield observation._replace(note=_UNCALIBRATED) if estimated else observation

    def calls(self, chunk: Chunk) -> Calls:
        return self.scope.calls(chunk)

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()

    def all_lists(self) -> tuple[PhraseList, ...]:
        return self.scope.lists()

    def _in_scope(self, view: CallView) -> Iterator[Observation]:
        windows = self.scope.windows(view, self.role)
        found = [o for o in self._of_utterances(view) if any(w.admits_s(o.start_s or 0.0) for w in windows)]
        yield from self.scope.chosen(found)

    def _of_call(self, view: CallView) -> Iterator[Observation]:
        value = view.facts.measures.value(self.name)
        if value is not None and self._beyond(value):
            yield self._observation(value, _CALL_CONFIDENCE, role=self.role or "unknown")

    def _of_utterances(self, view: CallView) -> Iterator[Observation]:
        for utterance in view.facts.utterances:
            if utterance.duration_s < self.min_duration_s or self.role not in (None, utterance.role):
                continue
            value = utterance.measures.value(self.name)
            if (
                value is not None
                and self._beyond(value)
                and (not self.min_characters or _characters(utterance) >= self.min_characters)
            ):
                yield self._observation(
                    value,
                    _UTTERANCE_CONFIDENCE,
                    role=utterance.role,
                    utterance_index=utterance.index,
                    start_s=utterance.start_s,
                    end_s=utterance.end_s,
                    matched_text=clip(utterance.text),
                )

    def _beyond(self, value: float) -> bool:
        return value > self.above if self.above is not None else value < (self.below or 0.0)

    def _observation(
        self,
        value: float,
        confidence: float,
        *,
        role: Role,
        utterance_index: int | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        matched_text: str | None = None,
    ) -> Observation:
        limit = self.above if self.above is not None else self.below or 0.0
        unit = unit_zh(unit_of(self.name))
        what = "全程" if self.per_call else "本句"
        than = "高于" if self.above is not None else "低于"
        return Observation(
            status="violated",
            role=role,
            utterance_index=utterance_index,
            start_s=start_s,
            end_s=end_s,
            evidence=f"{what} {value:.0f} {unit}，{than}限值 {limit:g} {unit}"
            if unit
            else f"{what} {value:.2f}，{than} {limit:g}",
            confidence=confidence,
            matched_text=matched_text,
            value=value,
            limit=limit,
            unit=unit_of(self.name),
        )


def _characters(utterance: Utterance) -> int:
    """字 of the utterance: as many as its sounds, where they are known."""
    return len(utterance.sounds) or count_characters(utterance.text)


def read(node: Node, names: Names, role: Role | None) -> MeasureOperator:
    """Read a rule's `measure`. Raises RuleError for a measure that does not exist or a rule without one limit."""
    inner = node.node("measure")
    per = inner.choice("per", ("call", "utterance"))
    inner.allow(OWN_KEYS)
    name, known = inner.text("name"), CALL_MEASURES if per == "call" else UTTERANCE_MEASURES
    if name not in known:
        raise inner.error(f"no measure {name!r} per {per}; {did_you_mean(name, known)}", "name")
    above, below = (inner.optional_number(key, low=-1000, high=1e6) for key in ("above", "below"))
    if (above is None) == (below is None):
        raise inner.error("needs exactly one of 'above' and 'below'")
    if per == "call" and "scope" in node:
        raise node.error("a measure per call has no scope; leave it out or measure per utterance", "scope")
    return MeasureOperator(
        role=role,
        name=name,
        per_call=per == "call",
        above=above,
        below=below,
        min_characters=inner.whole("min_characters", low=0, high=1000, default=0),
        min_duration_s=inner.number("min_duration_s", low=0, high=600, default=0.0),
        max_findings=inner.whole("max_findings", low=1, high=1000) if "max_findings" in inner else None,
        scope=read_scope(node, names),
    )
