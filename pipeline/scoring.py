"""Findings and a scorecard make a score; the same three make the same score, bit for bit.

Only `violated` findings cost points. `remedied` and `satisfied` cost nothing; `review` costs nothing until a person
confirms it, and marks its item. An item that cannot be judged is not applicable and leaves the denominator:
total = 100 x points left / points possible over the items that apply.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pipeline.config.yaml_source import Node, parse
from pipeline.errors import ConfigError, RuleError
from pipeline.model import (
    CallFacts,
    Deduction,
    Finding,
    ItemScore,
    ItemStatus,
    Role,
    Score,
    SectionScore,
    Severity,
)

OnFatal = Literal["fail", "zero"]

NO_ROLE_REASON = "no_such_role"
NOT_JUDGED_REASON = "not_judged"
REVIEWER_REASON = "reviewer"
_SEVERITIES: tuple[Severity, ...] = ("info", "minor", "major", "red_line")
_TOTAL_POINTS = 100.0


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the card. deduct: points per violated finding, by severity; severities left out cost nothing."""

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

    def cost(self, severity: Severity) -> float:
        return next((points for name, points in self.deduct if name == severity), 0.0)

    def is_fatal(self, severity: Severity) -> bool:
        return self.fatal_from is not None and _SEVERITIES.index(severity) >= _SEVERITIES.index(self.fatal_from)


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
    where only a silence was measured.
    """

    scorecard_id: str
    version: str
    name_zh: str
    name_en: str
    pass_mark: float
    min_points_judged: float
    on_fatal: OnFatal
    sections: tuple[Section, ...]

    def item(self, item_id: str) -> Item | None:
        return next((i for section in self.sections for i in section.items if i.item_id == item_id), None)


@dataclass(frozen=True, slots=True)
class Override:
    """A reviewer's word on one item. points: 0..points_max; None: the item does not apply to this call."""

    item_id: str
    points: float | None


def load_scorecard(path: Path | None = None) -> Scorecard:
    """The scorecard in this file; None: the shipped standard card. Raises RuleError with file and line."""
    if path is None:
        source = files("pipeline.config").joinpath("scorecards", "standard.yaml")
        return scorecard_of(source.read_text(encoding="utf-8"), "scorecards/standard.yaml")
    try:
        return scorecard_of(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"scorecard {path} cannot be read: {error}; rules.scorecard must name a UTF-8 file") from error


def scorecard_of(text: str, name: str) -> Scorecard:
    """The scorecard that this YAML text holds; `name` stands in its errors."""
    node = parse(text, name).named("scorecard")
    node.allow(("id", "name_zh", "name_en", "pass_mark", "min_points_judged", "on_fatal", "sections"))
    sections = tuple(_read_section(section) for section in node.nodes("sections"))
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
    )


def score(scorecard: Scorecard, findings: Collection[Finding], facts: CallFacts) -> Score:
    """Score one call. findings: the judge's, of this call. total None: too little could be judged."""
    items = {
        item.item_id: _judge(item, section, findings, _why_not(item, findings, facts))
        for section in scorecard.sections
        for item in section.items
    }
    return _total(scorecard, items)


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
    items = {
        item.item_id: _judge(item, section, kept, reasons.get(item.item_id))
        for section in scorecard.sections
        for item in section.items
    }
    for override in overrides:
        items[override.item_id] = _overridden(items.get(override.item_id), override)
    return _total(scorecard, items)


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


def _why_not(item: Item, findings: Collection[Finding], facts: CallFacts) -> str | None:
    """Why the item does not apply to this call, None when it does."""
    if item.needs_role is not None and not any(u.role == item.needs_role and u.text for u in facts.utterances):
        return NO_ROLE_REASON
    unmeasured = [name for name in item.needs_measures if facts.measures.value(name) is None]
    if item.needs_measures and len(unmeasured) == len(item.needs_measures):
        return facts.measures.reason(unmeasured[0]) or NOT_JUDGED_REASON
    if item.needs_finding and not any(f.family in item.families for f in findings):
        return NOT_JUDGED_REASON
    return None


def _judge(item: Item, section: Section, findings: Collection[Finding], why_not: str | None) -> ItemScore:
    blank = ItemScore(item.item_id, section.section_id, item.name_zh, item.name_en, item.points, None, "not_applicable")
    mine = [f for f in findings if f.family in item.families]
    violated = [f for f in mine if f.status == "violated"]
    if why_not is not None and not violated:  # a finding is a judgement: then the item applies after all
        return replace(blank, reason=why_not)
    deductions = _deductions(item, violated)
    lost = sum(deduction.points for deduction in deductions)
    in_review = any(f.status == "review" for f in mine)
    status: ItemStatus = "review" if in_review else "deducted" if lost else "ok"
    fatal = any(item.is_fatal(f.severity) for f in violated)
    return replace(blank, points=item.points - lost, status=status, deductions=deductions, fatal=fatal)


def _deductions(item: Item, violated: Collection[Finding]) -> tuple[Deduction, ...]:
    """Points per finding in the order of findings; what would exceed the cap costs nothing more."""
    left, taken = min(item.cap, item.points), []
    for finding in violated:
        points = min(item.cost(finding.severity), left)
        left -= points
        taken.append(Deduction(finding.key, points))
    return tuple(taken)


def _total(scorecard: Scorecard, items: Mapping[str, ItemScore]) -> Score:
    sections = tuple(_section(section, items) for section in scorecard.sections)
    possible = sum(s.points_max for s in sections)
    total = None
    if possible and possible >= scorecard.min_points_judged:
        total = round(_TOTAL_POINTS * sum(s.points for s in sections if s.points is not None) / possible, 2)
    fatal = any(item.fatal for item in items.values())
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


def _read_section(node: Node) -> Section:
    section_id = node.identifier("id")
    node = node.named(f"section {section_id}")
    node.allow(("id", "name_zh", "name_en", "items"))
    items = tuple(_read_item(item) for item in node.nodes("items"))
    if not items:
        raise node.error("'items' is missing: leave the section out or give it an item")
    return Section(section_id, node.text("name_zh"), node.text("name_en"), items)


def _read_item(node: Node) -> Item:
    item_id = node.identifier("id")
    node = node.named(f"item {item_id}")
    node.allow(
        (
            *("id", "name_zh", "name_en", "points", "families", "deduct", "cap", "fatal"),
            *("needs_measures", "needs_role", "needs_finding"),
        )
    )
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
    )
