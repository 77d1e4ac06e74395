"""Try a rulebook on stored calls before it counts: what it would make of the same facts, beside the active one.

Only facts are read and no model is loaded; calls are streamed, so that memory does not grow with their number. A hit is
a finding that is not dropped; it is the same hit in both rulebooks when rule and start agree (`Finding.key`). A hit
that only the new rulebook makes is won, one that only the active rulebook makes is lost, one with another status is
changed. Hits on new phrases were not verified against the audio yet: that is done by `callqa recheck`.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, Protocol

from pipeline.model import CallFacts, Finding, FindingStatus, Judgement, Severity
from pipeline.rules import Rulebook

Kind = Literal["won", "lost", "changed"]

CHUNK = 200
EXAMPLES_KEPT = 20  # per rule and kind, at most one a call
CALLS_KEPT = 500  # calls with the largest change
KINDS: tuple[Kind, ...] = ("won", "lost", "changed")


class Judges(Protocol):
    """What is compared: pipeline.judge.Judge."""

    rulebook: Rulebook
    version: str

    def judge_all(self, calls: Sequence[CallFacts]) -> tuple[Judgement, ...]: ...


@dataclass(frozen=True, slots=True)
class Example:
    """One hit that differs. status_before, status_after: None where the hit is not made."""

    kind: Kind
    call_id: str
    start_s: float | None
    words: str
    status_before: FindingStatus | None
    status_after: FindingStatus | None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Hits of one rule in both rulebooks. family, names, severity: of the new rulebook where it has the rule.

    won_for_review: how many of those won a person has to decide, or the audio once `callqa recheck` asks it.
    """

    rule_id: str
    family: str
    name_zh: str
    name_en: str
    severity: Severity
    hits_before: int = 0
    hits_after: int = 0
    won: int = 0
    won_for_review: int = 0
    lost: int = 0
    changed: int = 0
    examples: tuple[Example, ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.won or self.lost or self.changed)


@dataclass(frozen=True, slots=True)
class CallChange:
    """A call whose score, verdict (passed) or fatality differs. Totals 0..100, None: could not be judged."""

    call_id: str
    agent_id: str | None
    total_before: float | None
    total_after: float | None
    passed_before: bool | None
    passed_after: bool | None
    fatal_before: bool
    fatal_after: bool

    @property
    def flipped(self) -> bool:
        """Whether pass or fail differs."""
        return self.passed_before != self.passed_after

    @property
    def weight(self) -> tuple[bool, float]:
        """Flips first, then by points."""
        return self.flipped, abs((self.total_after or 0.0) - (self.total_before or 0.0))


@dataclass(frozen=True, slots=True)
class AgentChange:
    """An agent whose scores differ. Means over all of the agent's calls that have a score in both rulebooks."""

    agent_id: str
    agent_name: str | None
    calls: int
    calls_changed: int
    mean_before: float | None
    mean_after: float | None
    now_failing: int
    now_passing: int

    @property
    def change(self) -> float:
        """Points on average, 0 where nothing could be scored."""
        return (self.mean_after or 0.0) - (self.mean_before or 0.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs. calls_changed: the calls with the largest change, CALLS_KEPT at most; flips first."""

    version_before: str
    version_after: str
    calls: int
    rules: tuple[RuleChange, ...]
    scores_changed: int
    now_failing: int
    now_passing: int
    calls_changed: tuple[CallChange, ...]
    agents: tuple[AgentChange, ...]


Watcher = Callable[[CallFacts, Judgement, Judgement], None]


def compare(calls: Iterable[CallFacts], before: Judges, after: Judges, watchers: Sequence[Watcher] = ()) -> Comparison:
    """Judge every call with both rulebooks. watchers are told each call with both judgements."""
    tally = _Tally(before, after)
    for chunk in _chunks(calls):
        pairs = zip(chunk, before.judge_all(chunk), after.judge_all(chunk), strict=True)
        for facts, old, new in pairs:
            tally.add(facts, old, new)
            for watch in watchers:
                watch(facts, old, new)
    return tally.result()


def _chunks(calls: Iterable[CallFacts]) -> Iterator[tuple[CallFacts, ...]]:
    stream = iter(calls)
    while chunk := tuple(islice(stream, CHUNK)):
        yield chunk


@dataclass(slots=True)
class _RuleTally:
    before: int = 0
    after: int = 0
    won_for_review: int = 0
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    examples: dict[Kind, list[Example]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def note(self, example: Example) -> None:
        self.counts[example.kind] += 1
        self.won_for_review += example.kind == "won" and example.status_after == "review"
        kept = self.examples[example.kind]
        if len(kept) < EXAMPLES_KEPT and not (kept and kept[-1].call_id == example.call_id):
            kept.append(example)


@dataclass(slots=True)
class _AgentTally:
    name: str | None = None
    calls: int = 0
    changed: int = 0
    scored: int = 0
    sum_before: float = 0.0
    sum_after: float = 0.0
    now_failing: int = 0
    now_passing: int = 0

    def add(self, call: CallChange) -> None:
        self.calls += 1
        self.changed += call.weight[1] > 0 or call.flipped
        self.now_failing += bool(call.passed_before) and call.passed_after is False
        self.now_passing += bool(call.passed_after) and call.passed_before is False
        if call.total_before is not None and call.total_after is not None:
            self.scored += 1
            self.sum_before += call.total_before
            self.sum_after += call.total_after


@dataclass(slots=True)
class _Tally:
    """What adds up over the calls: per rule and per agent, never per call."""

    judge_before: Judges
    judge_after: Judges
    calls: int = 0
    scores_changed: int = 0
    rules: dict[str, _RuleTally] = field(default_factory=dict)
    agents: dict[str, _AgentTally] = field(default_factory=dict)
    largest: list[tuple[tuple[bool, float], int, CallChange]] = field(default_factory=list)

    def add(self, facts: CallFacts, old: Judgement, new: Judgement) -> None:
        self.calls += 1
        self._add_hits(old, new)
        metadata = facts.recording.metadata
        call = _call_change(old, new, metadata.agent_id)
        agent = self.agents.setdefault(metadata.agent_id or "", _AgentTally())
        agent.name = metadata.agent_name or agent.name
        agent.add(call)
        if (call.total_before, call.passed_before) != (call.total_after, call.passed_after):
            self.scores_changed += 1
            entry = (call.weight, -self.calls, call)  # of equal changes the earlier call is kept
            keep = heapq.heappush if len(self.largest) < CALLS_KEPT else heapq.heappushpop
            keep(self.largest, entry)

    def result(self) -> Comparison:
        rules = tuple(self._rule(rule_id) for rule_id in self._rule_ids())
        agents = tuple(_agent(agent_id, tally) for agent_id, tally in self.agents.items() if tally.changed)
        return Comparison(
            version_before=self.judge_before.version,
            version_after=self.judge_after.version,
            calls=self.calls,
            rules=rules,
            scores_changed=self.scores_changed,
            now_failing=sum(t.now_failing for t in self.agents.values()),
            now_passing=sum(t.now_passing for t in self.agents.values()),
            calls_changed=tuple(call for _, _, call in sorted(self.largest, reverse=True)),
            agents=tuple(sorted(agents, key=lambda a: (a.change, a.agent_id))),
        )

    def _add_hits(self, old: Judgement, new: Judgement) -> None:
        hits_old, hits_new = _hits(old), _hits(new)
        for finding in hits_old.values():
            self._of(finding.rule_id).before += 1
        for finding in hits_new.values():
            self._of(finding.rule_id).after += 1
        for key in sorted({*hits_old, *hits_new}):
            was, now = hits_old.get(key), hits_new.get(key)
            shown = now or was
            if shown and (was is None or now is None or was.status != now.status):
                self._of(shown.rule_id).note(_example(new.call_id, was, now))

    def _of(self, rule_id: str) -> _RuleTally:
        return self.rules.setdefault(rule_id, _RuleTally())

    def _rule_ids(self) -> tuple[str, ...]:
        """The rules of both, in the order of the new rulebook, those that it lacks last."""
        both = (*self.judge_after.rulebook.rules, *self.judge_before.rulebook.rules)
        return tuple(dict.fromkeys(rule.rule_id for rule in both))

    def _rule(self, rule_id: str) -> RuleChange:
        rule = self.judge_after.rulebook.rule(rule_id) or self.judge_before.rulebook.rule(rule_id)
        assert rule is not None
        tally = self._of(rule_id)
        return RuleChange(
            rule_id=rule_id,
            family=rule.family,
            name_zh=rule.name_zh,
            name_en=rule.name_en,
            severity=rule.severity,
            hits_before=tally.before,
            hits_after=tally.after,
            won=tally.counts["won"],
            won_for_review=tally.won_for_review,
            lost=tally.counts["lost"],
            changed=tally.counts["changed"],
            examples=tuple(example for kind in KINDS for example in tally.examples[kind]),
        )


def _hits(judgement: Judgement) -> dict[str, Finding]:
    return {f.key: f for f in judgement.findings if f.status != "dropped"}


def _example(call_id: str, was: Finding | None, now: Finding | None) -> Example:
    shown = now or was
    assert shown is not None
    kind: Kind = "won" if was is None else "lost" if now is None else "changed"
    return Example(
        kind=kind,
        call_id=call_id,
        start_s=shown.start_s,
        words=shown.evidence,
        status_before=was.status if was else None,
        status_after=now.status if now else None,
    )


def _call_change(old: Judgement, new: Judgement, agent_id: str | None) -> CallChange:
    return CallChange(
        call_id=new.call_id,
        agent_id=agent_id,
        total_before=old.score.total,
        total_after=new.score.total,
        passed_before=old.score.passed,
        passed_after=new.score.passed,
        fatal_before=old.score.fatal,
        fatal_after=new.score.fatal,
    )


def _agent(agent_id: str, tally: _AgentTally) -> AgentChange:
    return AgentChange(
        agent_id=agent_id,
        agent_name=tally.name,
        calls=tally.calls,
        calls_changed=tally.changed,
        mean_before=tally.sum_before / tally.scored if tally.scored else None,
        mean_after=tally.sum_after / tally.scored if tally.scored else None,
        now_failing=tally.now_failing,
        now_passing=tally.now_passing,
    )
