"""Findings and a scorecard make a score; the same facts, findings, topics and card make the same score, bit for bit.

Only `violated` findings cost points: what their rule says (`points`, at most `points_cap` per call), else what the item
says for their severity, never more than the item has. `remedied` and `satisfied` cost nothing; `review` costs nothing
until a person confirms it, and marks its item; `dropped` counts nowhere. An item that cannot be judged is not
applicable and leaves the denominator: total = 100 x points left / points possible over the items that apply.

A call fails by a violated finding whose rule is `fatal`, or whose severity its item calls fatal; the former also when
no item of the card takes its family.

There may be several cards, each for some topics (`for_topics`), and one that is for all other calls. Which one counts
is decided by the topic that the telephone system names, else by the surest topic of the call.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pipeline.config.yaml_source import Node, did_you_mean, parse
from pipeline.errors import ConfigError, RuleError
from pipeline.model import (
    CallFacts,
    CallMetadata,
    Deduction,
    Finding,
    ItemScore,
    ItemStatus,
    Role,
    Score,
    SectionScore,
    Severity,
    TopicHit,
)

OnFatal = Literal["fail", "zero"]

NO_ROLE_REASON = "no_such_role"
NOT_JUDGED_REASON = "not_judged"
OTHER_TOPIC_REASON = "other_topic"
REVIEWER_REASON = "reviewer"
_SEVERITIES: tuple[Severity, ...] = ("info", "minor", "major", "red_line")
_TOTAL_POINTS = 100.0
CARD_KEYS = ("id", "name_zh", "name_en", "for_topics", "pass_mark", "min_points_judged", "on_fatal", "sections")
SECTION_KEYS = ("id", "name_zh", "name_en", "items")
ITEM_KEYS = (
    *("id", "name_zh", "name_en", "points", "families", "deduct", "cap", "fatal"),
    *("needs_measures", "needs_role", "needs_finding", "needs_topic"),
)
Findings = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the card. deduct: points per violated finding, by severity; severities left out cost nothing.

    needs_topic: the item is judged only in calls about one of these; empty: in all.
    """

    item_id: str
    name_zh: str
    name_en: str
    points: float
    families: tuple[str, ...]
    deduct: tuple[tuple[Severity, float], ...]
    cap: float
    fatal_from: Severity | None = None
    needs_measures: tuple[str, ...] = ()
    needs_role: Role | None = None
    needs_finding: bool = False
    needs_topic: frozenset[str] = frozenset()

    def cost(self, finding: Finding) -> float:
        if finding.points is not None:
            return finding.points
        return next((points for name, points in self.deduct if name == finding.severity), 0.0)

    def is_fatal(self, finding: Finding) -> bool:
        if self.fatal_from is None:
            return finding.fatal
        return finding.fatal or _SEVERITIES.index(finding.severity) >= _SEVERITIES.index(self.fatal_from)


@dataclass(frozen=True, slots=True)
class Section:
    section_id: str
    name_zh: str
    name_en: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A form of 100 points. version: digest of its file.

    min_points_judged: a call of which fewer points could be judged gets no total: nothing to hide behind "100 of 100"
    where only a silence was measured. for_topics: the calls that it is for; empty: all that no other card is for.
    """

    scorecard_id: str
    version: str
    name_zh: str
    name_en: str
    pass_mark: float
    min_points_judged: float
    on_fatal: OnFatal
    sections: tuple[Section, ...]
    for_topics: frozenset[str] = frozenset()

    @property
    def families(self) -> frozenset[str]:
        """The families of findings that some item takes."""
        return frozenset(f for section in self.sections for item in section.items for f in item.families)

    def item(self, item_id: str) -> Item | None:
        return next((i for section in self.sections for i in section.items if i.item_id == item_id), None)


@dataclass(frozen=True, slots=True)
class Scorecards:
    """The cards in force: one for all calls, and those for some topics."""

    default: Scorecard
    by_topic: tuple[tuple[str, Scorecard], ...] = ()

    def card_for(self, topics: Sequence[TopicHit], metadata: CallMetadata) -> Scorecard:
        """The card for a call: by the topic that the telephone system names, else by the surest one.

        topics: the surest first; of equally sure ones the first.
        """
        surest = topics[0].topic if topics else None
        wanted = metadata.topic or surest
        return next((card for topic, card in self.by_topic if topic == wanted), self.default)

    def all(self) -> tuple[Scorecard, ...]:
        """Every card, the default one first."""
        return tuple(dict.fromkeys((self.default, *(card for _, card in self.by_topic))))

    def version(self, scorecard_id: str, version: str) -> Scorecard | None:
        """The card that a score was made with, None when it is not among these."""
        return next((c for c in self.all() if (c.scorecard_id, c.version) == (scorecard_id, version)), None)


@dataclass(frozen=True, slots=True)
class Override:
    """A reviewer's word on one item. points: 0..points_max; None: the item does not apply to this call."""

    item_id: str
    points: float | None


def load_scorecards(path: Path | None = None) -> Scorecards:
    """The cards in this folder, or the one in this file; None: those shipped. Raises RuleError with file and line."""
    if path is None:
        shipped = files("pipeline.config").joinpath("scorecards").iterdir()
        texts = {f"scorecards/{f.name}": f.read_text(encoding="utf-8") for f in shipped if f.name.endswith(".yaml")}
        return scorecards_of(texts)
    paths = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not paths:
        raise RuleError(f"scorecard folder {path} has no *.yaml file; copy the shipped cards there and change them")
    try:
        return scorecards_of({str(p): p.read_text(encoding="utf-8") for p in paths})
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(
            f"scorecard {path} cannot be read: {error}; rules.scorecard must name a UTF-8 file or a folder of them"
        ) from error


def load_scorecard(path: Path | None = None) -> Scorecard:
    """The card for calls of no special topic: see `load_scorecards`."""
    return load_scorecards(path).default


def scorecards_of(sources: Mapping[str, str], topics: Collection[str] | None = None) -> Scorecards:
    """The cards that these files (name: content) hold.

    topics: names that a card may be for; None: any. Raises RuleError unless exactly one card is for all other calls.
    """
    named = {name: scorecard_of(text, name, topics) for name, text in sorted(sources.items())}
    ids: dict[str, str] = {}
    by_topic: dict[str, tuple[str, Scorecard]] = {}
    for name, card in named.items():
        if card.scorecard_id in ids:
            raise RuleError(f"{name}: id {card.scorecard_id!r} is used in {ids[card.scorecard_id]} too; choose another")
        ids[card.scorecard_id] = name
        for topic in sorted(card.for_topics):
            if topic in by_topic:
                raise RuleError(f"{name}: for_topics: {topic} has a card already in {by_topic[topic][0]}; keep one")
            by_topic[topic] = (name, card)
    default = [(name, card) for name, card in named.items() if not card.for_topics]
    if len(default) != 1:
        listed = ", ".join(name for name, _ in default) or f"none of {', '.join(named) or 'no file'}"
        raise RuleError(
            f"scorecards without for_topics: {listed}; exactly one card must be without it, for all other calls"
        )
    return Scorecards(default[0][1], tuple((topic, card) for topic, (_, card) in sorted(by_topic.items())))


def scorecard_of(text: str, name: str, topics: Collection[str] | None = None) -> Scorecard:
    """The scorecard that this YAML text holds; `name` stands in its errors. topics: see `scorecards_of`."""
    node = parse(text, name).named("scorecard")
    node.allow(CARD_KEYS)
    sections = tuple(_read_section(section, topics) for section in node.nodes("sections"))
    ids = [item.item_id for section in sections for item in section.items] + [s.section_id for s in sections]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise node.error(f"id {twice[0]!r} is used twice; items and sections need their own", "sections")
    total = sum(item.points for section in sections for item in section.items)
    if abs(total - _TOTAL_POINTS) > 1e-6:
        raise node.error(f"points add up to {total:g}; they must add up to {_TOTAL_POINTS:g}", "sections")
    return Scorecard(
        scorecard_id=node.identifier("id"),
        version="s-" + sha256(text.encode()).hexdigest()[:16],
        name_zh=node.text("name_zh"),
        name_en=node.text("name_en"),
        pass_mark=node.number("pass_mark", low=0, high=100),
        min_points_judged=node.number("min_points_judged", low=0, high=100, default=0),
        on_fatal="zero" if node.choice("on_fatal", ("fail", "zero")) == "zero" else "fail",
        sections=sections,
        for_topics=_read_topics(node, "for_topics", topics),
    )


def score(
    scorecard: Scorecard, findings: Collection[Finding], facts: CallFacts, topics: Collection[TopicHit] = ()
) -> Score:
    """Score one call. findings, topics: the judge's, of this call. total None: too little could be judged."""
    heard = frozenset((*(hit.topic for hit in topics), *filter(None, (facts.recording.metadata.topic,))))
    counted = _by_family(findings)
    items = {
        item.item_id: _judge(item, section, counted, _why_not(item, counted, facts, heard))
        for section in scorecard.sections
        for item in section.items
    }
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


def _why_not(item: Item, findings: Findings, facts: CallFacts, topics: frozenset[str]) -> str | None:
    """Why the item does not apply to this call, None when it does."""
    if item.needs_topic and not item.needs_topic & topics:
        return OTHER_TOPIC_REASON
    if item.needs_role is not None and not any(u.role == item.needs_role and u.text for u in facts.utterances):
        return NO_ROLE_REASON
    unmeasured = [name for name in item.needs_measures if facts.measures.value(name) is None]
    if item.needs_measures and len(unmeasured) == len(item.needs_measures):
        return facts.measures.reason(unmeasured[0]) or NOT_JUDGED_REASON
    if item.needs_finding and not any(family in findings for family in item.families):
        return NOT_JUDGED_REASON
    return None


def _judge(item: Item, section: Section, findings: Findings, why_not: str | None) -> ItemScore:
    mine = [f for family in item.families for f in findings.get(family, ())] if findings else []
    violated = [f for f in mine if f.status == "violated"]
    if why_not is not None and not violated:  # a finding is a judgement: then the item applies after all
        return _scored(item, section, None, "not_applicable", reason=why_not)
    deductions = _deductions(item, violated)
    lost = sum(deduction.points for deduction in deductions)
    in_review = any(f.status == "review" for f in mine)
    status: ItemStatus = "review" if in_review else "deducted" if lost else "ok"
    fatal = any(item.is_fatal(f) for f in violated)
    return _scored(item, section, item.points - lost, status, deductions=deductions, fatal=fatal)


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
        total = round(_TOTAL_POINTS * sum(s.points for s in sections if s.points is not None) / possible, 2)
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


def _read_topics(node: Node, key: str, known: Collection[str] | None) -> frozenset[str]:
    named = node.texts(key)
    for topic in named if known is not None else ():
        if topic not in (known or ()):
            raise node.error(f"{key}: topic {topic!r} is not in the lexicon; {did_you_mean(topic, known or ())}", key)
    return frozenset(named)


def _read_section(node: Node, topics: Collection[str] | None) -> Section:
    section_id = node.identifier("id")
    node = node.named(f"section {section_id}")
    node.allow(SECTION_KEYS)
    items = tuple(_read_item(item, topics) for item in node.nodes("items"))
    if not items:
        raise node.error("'items' is missing: leave the section out or give it an item")
    return Section(section_id, node.text("name_zh"), node.text("name_en"), items)


def _read_item(node: Node, topics: Collection[str] | None) -> Item:
    item_id = node.identifier("id")
    node = node.named(f"item {item_id}")
    node.allow(ITEM_KEYS)
    points = node.number("points", low=0.5, high=100)
    deduct = node.node("deduct")
    deduct.allow(_SEVERITIES)
    families = node.texts("families")
    if not families:
        raise node.error("'families' is missing: name at least one family of findings")
    fatal = node.choice("fatal", _SEVERITIES) if "fatal" in node else None
    roles: tuple[Role, ...] = ("agent", "patient")
    needs_role = node.choice("needs_role", roles) if "needs_role" in node else None
    return Item(
        item_id=item_id,
        name_zh=node.text("name_zh"),
        name_en=node.text("name_en"),
        points=points,
        families=families,
        deduct=tuple((s, deduct.number(s, low=0, high=100)) for s in _SEVERITIES if s in deduct),
        cap=node.number("cap", low=0, high=points, default=points),
        fatal_from=next((s for s in _SEVERITIES if s == fatal), None),
        needs_measures=node.texts("needs_measures"),
        needs_role=next((r for r in roles if r == needs_role), None),
        needs_finding=node.flag("needs_finding", default=False),
        needs_topic=_read_topics(node, "needs_topic", topics),
    )
