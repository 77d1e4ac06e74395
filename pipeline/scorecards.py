"""Scorecards: forms of 100 points, and which one counts for a call.

There may be several cards, each for some topics (`for_topics`), and one that is for all other calls. Which one counts
is decided by the topic that the telephone system names, else by the surest topic of the call.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pipeline.config import shipped_files
from pipeline.config.yaml_source import Node, did_you_mean, parse
from pipeline.errors import RuleError
from pipeline.model import CallMetadata, Finding, Role, Severity, TopicHit

OnFatal = Literal["fail", "zero"]

TOTAL_POINTS = 100.0
_SEVERITIES: tuple[Severity, ...] = ("info", "minor", "major", "red_line")
CARD_KEYS = ("id", "name_zh", "name_en", "for_topics", "pass_mark", "min_points_judged", "on_fatal", "sections")
SECTION_KEYS = ("id", "name_zh", "name_en", "items")
ITEM_KEYS = (
    *("id", "name_zh", "name_en", "points", "families", "deduct", "cap", "fatal"),
    *("needs_measures", "needs_role", "needs_finding", "needs_topic"),
)


@dataclass(frozen=True, slots=True, eq=False)  # told apart as objects: to compare fields takes longer than to score
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


@dataclass(frozen=True, slots=True, eq=False)
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


def load_scorecards(path: Path | None = None) -> Scorecards:
    """The cards in this folder, or the one in this file; None: those shipped. Raises RuleError with file and line."""
    if path is None:
        return scorecards_of(shipped_files.texts("scorecards"))
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
    if abs(total - TOTAL_POINTS) > 1e-6:
        raise node.error(f"points add up to {total:g}; they must add up to {TOTAL_POINTS:g}", "sections")
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
