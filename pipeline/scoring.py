"""Findings and a scorecard make a score; the same facts, findings, topics and card make the same score, bit for bit.

Only `violated` findings cost points: what their rule says (`points`, at most `points_cap` per call), else what the item
says for their severity, never more than the item has. `remedied` and `satisfied` cost nothing; `review` costs nothing
until a person confirms it, and marks its item; `dropped` counts nowhere. An item that cannot be judged is not
applicable and leaves the denominator: total = 100 x points left / points possible over the items that apply.

A call fails by a violated finding whose rule is `fatal`, or whose severity its item calls fatal; the former also when
no item of the card takes its family.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pipeline.errors import ConfigError
from pipeline.model import (
    CallFacts,
    Deduction,
    Finding,
    ItemScore,
    ItemStatus,
    Role,
    Score,
    SectionScore,
    TopicHit,
)
from pipeline.scorecards import (
    TOTAL_POINTS,
    Item,
    Scorecard,
    Scorecards,
    Section,
    load_scorecard,
    load_scorecards,
    scorecard_of,
    scorecards_of,
)

__all__ = [
    "Override",
    "Scorecard",
    "Scorecards",
    "apply_review",
    "load_scorecard",
    "load_scorecards",
    "score",
    "scorecard_of",
    "scorecards_of",
]

NO_ROLE_REASON = "no_such_role"
NOT_JUDGED_REASON = "not_judged"
OTHER_TOPIC_REASON = "other_topic"
REVIEWER_REASON = "reviewer"
Findings = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Override:
    """A reviewer's word on one item. points: 0..points_max; None: the item does not apply to this call."""

    item_id: str
    points: float | None


def score(
    scorecard: Scorecard,
    findings: Collection[Finding],
    facts: CallFacts,
    topics: Collection[TopicHit] = (),
    before: Score | None = None,
    changed: Collection[str] = (),
) -> Score:
    """Score one call. findings, topics: the judge's, of this call. total None: too little could be judged.

    before: the score by this card of the same call and topics, whose findings differed in the families `changed` alone:
    items of no such family stay as they were.
    """
    heard = frozenset((*(hit.topic for hit in topics), *filter(None, (facts.recording.metadata.topic,))))
    roles = frozenset(u.role for u in facts.utterances if u.text)
    counted = _by_family(findings)
    items = {item.item_id: item for item in before.items} if before is not None else {}
    for section in scorecard.sections:
        for item in section.items:
            if before is None or any(family in changed for family in item.families):
                items[item.item_id] = _judge(item, section, counted, _why_not(item, counted, facts, heard, roles))
    return _total(scorecard, items, _is_fatal_alone(scorecard, findings))


def apply_review(
    score: Score,
    scorecard: Scorecard,
    findings: Collection[Finding],
    rejected_keys: Collection[str] = (),
    confirmed_keys: Collection[str] = (),
    overrides: Collection[Override] = (),
) -> Score:
    """The score after people have looked: rejected findings cost nothing, confirmed ones that were in review count.

    score: the automatic score; what did not apply in it stays so unless an override gives it points. Rejecting wins
    over confirming. An override replaces the item's points, whatever its findings; it cannot lift a fatal finding:
    reject the finding for that. Raises ConfigError when the score was made with another card, or an override does not
    fit.
    """
    if (score.scorecard_id, score.scorecard_version) != (scorecard.scorecard_id, scorecard.version):
        raise ConfigError(
            f"score was made with scorecard {score.scorecard_id} {score.scorecard_version}, not with "
            f"{scorecard.scorecard_id} {scorecard.version}; load the card of that version or recheck the call"
        )
    kept = [_decided(f, confirmed_keys) for f in findings if f.key not in rejected_keys]
    reasons = {i.item_id: i.reason or NOT_JUDGED_REASON for i in score.items if i.status == "not_applicable"}
    counted = _by_family(kept)
    items = {
        item.item_id: _judge(item, section, counted, reasons.get(item.item_id))
        for section in scorecard.sections
        for item in section.items
    }
    for override in overrides:
        items[override.item_id] = _overridden(items.get(override.item_id), override)
    return _total(scorecard, items, _is_fatal_alone(scorecard, kept))


def _decided(finding: Finding, confirmed_keys: Collection[str]) -> Finding:
    confirmed = finding.status == "review" and finding.key in confirmed_keys
    return replace(finding, status="violated") if confirmed else finding


def _overridden(item: ItemScore | None, override: Override) -> ItemScore:
    if item is None:
        raise ConfigError(f"override of item {override.item_id!r}: the scorecard has no such item")
    if override.points is None:
        return replace(item, points=None, status="not_applicable", reason=REVIEWER_REASON, deductions=())
    if not 0 <= override.points <= item.points_max:
        raise ConfigError(f"override of item {override.item_id!r}: {override.points:g} is not 0..{item.points_max:g}")
    status: ItemStatus = "ok" if override.points == item.points_max else "deducted"
    return replace(item, points=override.points, status=status, reason=None)


def _by_family(findings: Collection[Finding]) -> Findings:
    """The findings that count, by family, each family in the order of findings."""
    counted: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.status != "dropped":
            counted.setdefault(finding.family, []).append(finding)
    return counted


def _is_fatal_alone(scorecard: Scorecard, findings: Collection[Finding]) -> bool:
    """Whether a rule fails the call though no item of the card takes its family."""
    fatal = {f.family for f in findings if f.fatal and f.status == "violated"}
    return bool(fatal - scorecard.families) if fatal else False


def _why_not(
    item: Item, findings: Findings, facts: CallFacts, topics: frozenset[str], roles: frozenset[Role]
) -> str | None:
    """Why the item does not apply to this call, None when it does. roles: who says something."""
    if item.needs_topic and not item.needs_topic & topics:
        return OTHER_TOPIC_REASON
    if item.needs_role is not None and item.needs_role not in roles:
        return NO_ROLE_REASON
    unmeasured = [name for name in item.needs_measures if facts.measures.value(name) is None]
    if item.needs_measures and len(unmeasured) == len(item.needs_measures):
        return facts.measures.reason(unmeasured[0]) or NOT_JUDGED_REASON
    if item.needs_finding and not any(family in findings for family in item.families):
        return NOT_JUDGED_REASON
    return None


def _judge(item: Item, section: Section, findings: Findings, why_not: str | None) -> ItemScore:
    mine = [f for family in item.families for f in findings.get(family, ())] if findings else []
    if not mine:
        return _untouched(item, section, why_not)
    violated = [f for f in mine if f.status == "violated"]
    if why_not is not None and not violated:  # a finding is a judgement: then the item applies after all
        return _scored(item, section, None, "not_applicable", reason=why_not)
    deductions = _deductions(item, violated)
    lost = sum(deduction.points for deduction in deductions)
    in_review = any(f.status == "review" for f in mine)
    status: ItemStatus = "review" if in_review else "deducted" if lost else "ok"
    fatal = any(item.is_fatal(f) for f in violated)
    return _scored(item, section, item.points - lost, status, deductions=deductions, fatal=fatal)


@lru_cache(maxsize=10_000)  # most items of most calls
def _untouched(item: Item, section: Section, why_not: str | None) -> ItemScore:
    """Without findings: all points, or not applicable."""
    if why_not is not None:
        return _scored(item, section, None, "not_applicable", reason=why_not)
    return _scored(item, section, item.points, "ok")


def _scored(
    item: Item,
    section: Section,
    points: float | None,
    status: ItemStatus,
    *,
    deductions: tuple[Deduction, ...] = (),
    fatal: bool = False,
    reason: str | None = None,
) -> ItemScore:
    return ItemScore(
        item_id=item.item_id,
        section_id=section.section_id,
        name_zh=item.name_zh,
        name_en=item.name_en,
        points_max=item.points,
        points=points,
        status=status,
        deductions=deductions,
        fatal=fatal,
        reason=reason,
    )


def _deductions(item: Item, violated: Collection[Finding]) -> tuple[Deduction, ...]:
    """Points per finding in time order; what would exceed the cap of its rule or of the item costs nothing more."""
    left, taken = min(item.cap, item.points), []
    left_of_rule: dict[str, float] = {}
    for finding in sorted(violated, key=_begin_s) if len(violated) > 1 else violated:
        points = min(item.cost(finding), left)
        if finding.points_cap is not None:
            points = min(points, left_of_rule.setdefault(finding.rule_id, finding.points_cap))
            left_of_rule[finding.rule_id] -= points
        left -= points
        taken.append(Deduction(finding.key, points))
    return tuple(taken)


def _begin_s(finding: Finding) -> tuple[float, str]:
    return (-1.0 if finding.start_s is None else finding.start_s, finding.rule_id)


def _total(scorecard: Scorecard, items: Mapping[str, ItemScore], fatal_alone: bool) -> Score:
    sections = tuple(_section(section, items) for section in scorecard.sections)
    possible = sum(s.points_max for s in sections)
    total = None
    if possible and possible >= scorecard.min_points_judged:
        total = round(TOTAL_POINTS * sum(s.points for s in sections if s.points is not None) / possible, 2)
    fatal = fatal_alone or any(item.fatal for item in items.values())
    if fatal and scorecard.on_fatal == "zero" and total is not None:
        total = 0.0
    return Score(
        scorecard_id=scorecard.scorecard_id,
        scorecard_version=scorecard.version,
        total=total,
        fatal=fatal,
        passed=None if total is None else total >= scorecard.pass_mark and not fatal,
        sections=sections,
        items=tuple(items[item.item_id] for section in scorecard.sections for item in section.items),
    )


def _section(section: Section, items: Mapping[str, ItemScore]) -> SectionScore:
    applicable = [items[item.item_id] for item in section.items if items[item.item_id].points is not None]
    points_max = sum(item.points_max for item in applicable)
    points = sum(item.points for item in applicable if item.points is not None) if applicable else None
    return SectionScore(section.section_id, section.name_zh, section.name_en, points_max, points)
