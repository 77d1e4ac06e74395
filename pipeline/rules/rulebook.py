"""Rules and the rulebook: facts in, findings out. Nothing here knows how a rule is written down."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.config.yaml_source import Place
from pipeline.model import CallFacts, CallMetadata, Finding, FindingStatus, Measures, Role, Severity
from pipeline.rules.definitions import Definition
from pipeline.rules.operators.base import Observation, Operator
from pipeline.rules.operators.phrase import PhraseOperator
from pipeline.rules.phrases import PhraseList
from pipeline.rules.scope import Condition
from pipeline.rules.spoken import Calls, CallView, Chunk, common


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an example dialogue: words of a role, or a silence (`silence_s`, no words).

    duration_s None: as long as the words take at 240 字/分. cut_in_s: the line starts that much before the line before
    it ends, and takes the floor. at_s: it begins at this second.
    """

    role: Role
    text: str
    duration_s: float | None = None
    silence_s: float | None = None
    cut_in_s: float = 0.0
    measures: Measures = field(default=Measures())
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A dialogue (and what is known of the call) with what the rule has to make of it. expect None: nothing."""

    expect: FindingStatus | None
    lines: tuple[Line, ...]
    measures: Measures
    place: Place
    metadata: CallMetadata = field(default=CallMetadata())
    topics: tuple[str, ...] = ()
    duration_s: float | None = None


DEAR: frozenset[Severity] = frozenset({"major", "red_line"})


@dataclass(frozen=True, slots=True)
class Floor:
    """What a rule must reach on labelled calls, each 0..1. None: nothing is asked."""

    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. role: whose behaviour it judges, None: anybody's (then role confidence does not matter).

    when: in which calls it is judged at all. status: what a hit means. points, points_cap: what a violation costs, and
    at most per call, instead of what the scorecard says. enabled: whether it judges at all.
    """

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
    when: Condition | None = None
    status: FindingStatus = "violated"
    points: float | None = None
    points_cap: float | None = None
    fatal: bool = False
    alert: bool = False
    enabled: bool = True
    floor: Floor | None = None

    def judge(self, view: CallView, min_role_confidence: float) -> Iterator[Finding]:
        """The findings of this rule in one call, in time order. min_role_confidence: see `Rulebook.judge`."""
        if self.when is not None and not self.when.holds(view):
            return
        for observation in self.operator.observe(view):
            if self.status != "satisfied" or observation.status == "violated":  # praise that is in doubt is none
                yield self._finding(view.facts, observation, min_role_confidence)

    def calls(self, chunk: Chunk) -> Calls:
        """The calls of a chunk, by place, in which it may find anything by their words; None: any."""
        return common((self.operator.calls(chunk), None if self.when is None else self.when.calls(chunk)))

    def lists(self) -> tuple[PhraseList, ...]:
        """Every phrase list that the rule looks for: what an index has to know."""
        return (*self.operator.all_lists(), *(self.when.lists() if self.when is not None else ()))

    def _finding(self, facts: CallFacts, seen: Observation, min_role_confidence: float) -> Finding:
        status, note, confidence = seen.status, seen.note, seen.confidence
        if status == "violated":
            status = self.status
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
            points=self.points,
            points_cap=self.points_cap,
            fatal=self.fatal,
            alert=self.alert,
        )


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules in force. version: digest of the files' content, the same for the same bytes everywhere."""

    version: str
    rules: tuple[Rule, ...]
    definitions: tuple[Definition, ...] = ()

    def judge(self, facts: CallFacts, min_role_confidence: float) -> tuple[Finding, ...]:
        """Every finding in one call whose topics nobody knows; see `judge_all`."""
        return self.judge_all((CallView(facts),), min_role_confidence)[0]

    def judge_all(self, views: Iterable[CallView], min_role_confidence: float) -> tuple[tuple[Finding, ...], ...]:
        """Every finding in each call, by time (call-wide ones first), then by rule.

        min_role_confidence: 0..1; below it violations of rules that look at one role become `review`. Each finding's
        `key` is its own: of two findings of one rule at the same millisecond the first stays.
        """
        return tuple(_judged(self._rules_for(view), view, min_role_confidence) for view in views)

    def _rules_for(self, view: CallView) -> Sequence[tuple[int, Rule]]:
        """The rules that may find anything in a call, by their order; the others' words are not in it."""
        chunk, key = view.chunk, ("rules", id(self))
        by_call: tuple[list[tuple[int, Rule]], ...] | None = chunk.memo.get(key)
        if by_call is None:
            by_call = chunk.memo[key] = tuple([] for _ in chunk.lines.calls)  # the last list is for calls with probes
            for order, rule in enumerate(self.rules):
                calls = rule.calls(chunk) if rule.enabled else frozenset()
                for place in range(len(by_call) - 1) if calls is None else calls:
                    by_call[place].append((order, rule))
                if rule.enabled:
                    by_call[-1].append((order, rule))
        return by_call[-1 if view.has_probes else view.place]

    def lists(self) -> tuple[PhraseList, ...]:
        """Every phrase list that the rules in force look for: what an index has to know."""
        return tuple(words for rule in self.rules if rule.enabled for words in rule.lists())

    def dear(self) -> tuple[Rule, ...]:
        """The phrase rules in force whose hits cost dearly: they are checked in the audio before they count."""
        return tuple(
            r
            for r in self.rules
            if r.enabled and r.status != "satisfied" and r.severity in DEAR and isinstance(r.operator, PhraseOperator)
        )

    def dear_words(self) -> dict[str, PhraseList]:
        """By the ids of `dear` rules what they look for."""
        return {r.rule_id: r.operator.words for r in self.dear() if isinstance(r.operator, PhraseOperator)}

    def phrases_to_verify(self, role: Role) -> frozenset[str]:
        """Phrases that cost a person of this role dearly: looked for in the audio where they are not in the words.

        Those of `phrase` rules from major on that may be heard by sound. Anybody's phrases for an unknown role.
        """
        concerned = (r for r in self.dear() if r.role in (None, role) or role == "unknown")
        lists = (words for rule in concerned for words in rule.operator.phrase_lists())
        return frozenset(p.characters for words in lists for p in words.phrases if p.pinyin)

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.rule_id == rule_id), None)


def _judged(rules: Sequence[tuple[int, Rule]], view: CallView, min_role_confidence: float) -> tuple[Finding, ...]:
    found: dict[str, tuple[float, int, Finding]] = {}
    for order, rule in rules:
        for finding in rule.judge(view, min_role_confidence):
            found.setdefault(finding.key, (-1.0 if finding.start_s is None else finding.start_s, order, finding))
    return tuple(finding for _, _, finding in sorted(found.values(), key=lambda item: item[:2]))
