"""Rules and the rulebook: facts in, findings out. Nothing here knows how a rule is written down."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.config.yaml_source import Place
from pipeline.model import CallFacts, Finding, FindingStatus, Measures, Role, Severity
from pipeline.rules.operators.base import Observation, Operator
from pipeline.rules.operators.phrase import PhraseOperator
from pipeline.rules.spoken import CallView


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an example dialogue: words of a role, or a silence (`silence_s`, no words).

    duration_s None: as long as the words take at 240 字/分. cut_in_s: the line starts that much before the line before
    it ends, and takes the floor.
    """

    role: Role
    text: str
    duration_s: float | None = None
    silence_s: float | None = None
    cut_in_s: float = 0.0
    measures: Measures = field(default=Measures())


@dataclass(frozen=True, slots=True)
class Example:
    """A dialogue (and call measures) with what the rule has to make of it."""

    expect: FindingStatus | None
    lines: tuple[Line, ...]
    measures: Measures
    place: Place


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. role: whose behaviour it judges, None: anybody's (then role confidence does not matter)."""

    rule_id: str
    family: str
    name_zh: str
    name_en: str
    severity: Severity
    role: Role | None
    operator: Operator
    examples: tuple[Example, ...]
    place: Place
    coaching_zh: str | None = None
    coaching_en: str | None = None

    def judge(self, view: CallView, min_role_confidence: float) -> Iterator[Finding]:
        """The findings of this rule in one call, in time order."""
        for observation in self.operator.observe(view):
            yield self._finding(view.facts, observation, min_role_confidence)

    def _finding(self, facts: CallFacts, seen: Observation, min_role_confidence: float) -> Finding:
        status, note, confidence = seen.status, seen.note, seen.confidence
        if self.role is not None:
            confidence *= facts.role_confidence
            # Only what could cost the agent points needs a second look; a remedy or a greeting costs nobody anything.
            if facts.role_confidence < min_role_confidence and status == "violated":
                status = "review"
                doubt = f"角色置信度 {facts.role_confidence:.2f}，低于 {min_role_confidence:.2f}"
                note = f"{note}；{doubt}" if note else doubt
        return Finding(
            rule_id=self.rule_id,
            family=self.family,
            severity=self.severity,
            status=status,
            utterance_index=seen.utterance_index,
            start_s=seen.start_s,
            end_s=seen.end_s,
            evidence=seen.evidence,
            confidence=round(min(max(confidence, 0.0), 1.0), 4),
            role=seen.role,
            matched_text=seen.matched_text,
            value=seen.value,
            limit=seen.limit,
            unit=seen.unit,
            note=note,
        )


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules in force. version: digest of the files' content, the same for the same bytes everywhere."""

    version: str
    rules: tuple[Rule, ...]

    def judge(self, facts: CallFacts, min_role_confidence: float) -> tuple[Finding, ...]:
        """Every finding in one call, by time (call-wide ones first), then by rule.

        min_role_confidence: 0..1; below it violations of rules that look at one role become `review`. Each finding's
        `key` is its own: of two findings of one rule at the same millisecond the first stays.
        """
        view = CallView(facts)
        found: dict[str, Finding] = {}
        for rule in self.rules:
            for finding in rule.judge(view, min_role_confidence):
                found.setdefault(finding.key, finding)
        order = {rule.rule_id: index for index, rule in enumerate(self.rules)}
        return tuple(sorted(found.values(), key=lambda f: (-1.0 if f.start_s is None else f.start_s, order[f.rule_id])))

    def phrases_to_verify(self, role: Role) -> frozenset[str]:
        """Phrases that cost a person of this role dearly: looked for in the audio where they are not in the words.

        Those of `phrase` rules from major on that may be heard by sound. Anybody's phrases for an unknown role.
        """
        dear = (r for r in self.rules if r.severity in ("major", "red_line") and isinstance(r.operator, PhraseOperator))
        concerned = (r for r in dear if r.role in (None, role) or role == "unknown")
        lists = (words for rule in concerned for words in rule.operator.phrase_lists())
        return frozenset(p.characters for words in lists for p in words.phrases if p.pinyin)

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.rule_id == rule_id), None)
