"""The rulebook in words: what each rule looks for, what excuses it, what it costs, with its own examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

from dashboards.i18n import Translator
from pipeline.config.settings import Settings
from pipeline.judge import Judge
from pipeline.rulebooks import read_sources
from pipeline.rules.operators.event import EventOperator
from pipeline.rules.operators.measure import MeasureOperator
from pipeline.rules.operators.must_say import MustSayOperator
from pipeline.rules.operators.phrase import PhraseOperator
from pipeline.rules.operators.rate import RateOperator
from pipeline.rules.operators.ratio import RatioOperator
from pipeline.rules.operators.remedy import Remedy
from pipeline.rules.operators.repeat import RepeatOperator
from pipeline.rules.phrases import PhraseList
from pipeline.rules.rulebook import Example, Rule
from pipeline.rules.scope import Scope

EXPECTED = ("violated", "remedied", "review", "satisfied", None)
_UNITS = ("cpm", "dbfs", "lufs", "db", "hz", "s", "ratio", "count", "semitones", "per_minute")


@dataclass(frozen=True, slots=True)
class ShownExample:
    """A dialogue and what the rule makes of it (None: nothing). lines: role and words; a silence has role ""."""

    expect: str | None
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading and what stands under it: phrases, and expressions (RE2) over spoken characters."""

    heading: str
    items: tuple[str, ...]
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(cls, heading: str, *lists: PhraseList) -> "Passage":
        """What these lists look for; expressions apart, which are for those who write rules."""
        every = [one for words in lists for one in _all_of(words)]
        phrases = dict.fromkeys(p.characters for words in every for p in words.phrases)
        named = dict.fromkeys(p.name for words in every for p in words.patterns if p.name)
        written = dict.fromkeys(p.source for words in every for p in words.patterns if not p.name)
        return cls(heading, (*phrases, *named), tuple(written))


@dataclass(frozen=True, slots=True)
class RuleCard:
    """One rule as people read it. what: one sentence. traits: short remarks (fatal, alert, heard twice, off)."""

    rule_id: str
    family: str
    severity: str
    name: str
    what: str
    passages: tuple[Passage, ...]
    traits: tuple[str, ...]
    coaching: str | None
    examples: tuple[ShownExample, ...]
    place: str

    def mentions(self, words: str) -> bool:
        """Whether any of its texts holds these words, capitals aside."""
        texts = [self.rule_id, self.name, self.what, self.coaching or "", *self._texts()]
        return words.strip().casefold() in "\n".join(texts).casefold()

    def _texts(self) -> Iterator[str]:
        for passage in self.passages:
            yield from passage.items
        for example in self.examples:
            yield from (text for _, text in example.lines)


def active_judge(settings: Settings) -> Judge:
    """The judge of the rulebook in force, loaded once for each version. Raises ConfigError when it cannot be read."""
    return _judge(settings.model_dump_json(), read_sources(settings).version)


@lru_cache(maxsize=2)
def _judge(settings_json: str, _version: str) -> Judge:
    return Judge(Settings.model_validate_json(settings_json))


def cards(judge: Judge, t: Translator) -> tuple[RuleCard, ...]:
    """Every rule of a rulebook, in its order."""
    return tuple(_card(rule, dear=rule.rule_id in judge.dear, t=t) for rule in judge.rulebook.rules)


def _card(rule: Rule, *, dear: bool, t: Translator) -> RuleCard:
    chinese = t.language == "zh"
    return RuleCard(
        rule_id=rule.rule_id,
        family=rule.family,
        severity=rule.severity,
        name=rule.name_zh if chinese else rule.name_en,
        what=_what(rule, t),
        passages=tuple(p for p in _passages(rule, t) if p.items or p.patterns),
        traits=tuple(_traits(rule, dear=dear, t=t)),
        coaching=rule.coaching_zh if chinese else rule.coaching_en,
        examples=tuple(_example(e) for e in sorted(rule.examples, key=lambda e: EXPECTED.index(e.expect))),
        place=str(rule.place),
    )


def _what(rule: Rule, t: Translator) -> str:
    operator, who = rule.operator, t.code("role", rule.role) if rule.role else t("rules.anybody")
    kind, values = "holds", dict[str, object]()
    match operator:
        case PhraseOperator():
            kind = "phrase"
        case MustSayOperator():
            kind, values = "must_say", {"need": operator.need}
        case MeasureOperator():
            kind, values = "measure", _measured(operator, t)
        case EventOperator():
            name, above = t.code("rules.event", operator.kind), f"{operator.above:g}"
            kind, values = "event", {"name": name, "above": above, "count": operator.at_least}
        case RatioOperator():
            kind, values = "ratio", {"share": f"{100 * operator.at_least:.0f}", "count": operator.min_count}
        case RateOperator():
            kind, values = "rate", {"rate": f"{operator.above_per_minute:g}", "count": operator.min_count}
        case RepeatOperator():
            inside = f"{operator.within_s:g} {t('unit.s')}" if isfinite(operator.within_s) else t("rules.within_call")
            kind, values = "repeat", {"times": operator.times, "within": inside}
    return t(f"rules.what.{kind}", who=who, **values)


def _measured(operator: MeasureOperator, t: Translator) -> dict[str, object]:
    limits = [(k, v) for k, v in (("above", operator.above), ("below", operator.below)) if v is not None]
    unit = _unit(operator.name, t)
    return {
        "name": t.code("rules.measure", operator.name),
        "limit": t("rules.or").join(t(f"rules.{k}", value=f"{v:g}", unit=unit) for k, v in limits),
        "where": t("rules.per_call" if operator.per_call else "rules.per_turn"),
    }


def _unit(measure: str, t: Translator) -> str:
    found = next((unit for unit in _UNITS if measure.endswith(f"_{unit}")), None)
    return t(f"unit.{found}") if found else ""


def _passages(rule: Rule, t: Translator) -> Iterator[Passage]:
    operator = rule.operator
    if isinstance(operator, MustSayOperator):
        for group in operator.groups:
            name = f"{group.name_zh}{t('rules.optional') if group.optional else ''}"
            yield Passage.of(name, group.words)
    elif isinstance(operator, RatioOperator):
        yield Passage.of(t("rules.wanted"), operator.wanted)
        yield Passage.of(t("rules.unwanted"), operator.unwanted)
    elif isinstance(operator, PhraseOperator | RateOperator):
        yield Passage.of(t("rules.phrases"), operator.words)
        yield _exceptions(t("rules.exceptions"), operator.words)
        for near in operator.words.near:
            yield Passage.of(t("rules.near" if near.wanted else "rules.not_near"), near.words)
    else:
        yield Passage.of(t("rules.words_too"), *operator.all_lists())
    remedy = getattr(operator, "remedy", None)
    if isinstance(remedy, Remedy):
        yield Passage.of(t("rules.remedy", turns=remedy.next_turns), remedy.words)
    scope = getattr(operator, "scope", None)
    if isinstance(scope, Scope) and not scope.is_whole:
        yield Passage(t("rules.scope"), tuple(_scope(scope, t)))
    if rule.when is not None:
        yield Passage.of(t("rules.when"), *rule.when.lists())


def _scope(scope: Scope, t: Translator) -> Iterator[str]:
    for name in ("first_turns", "last_turns", "first_s", "last_s"):
        value = getattr(scope, name)
        if value is not None:
            yield t(f"rules.scope.{name}", value=f"{value:g}")
    if scope.after or scope.before or scope.between:
        yield t("rules.scope.moment")


def _traits(rule: Rule, *, dear: bool, t: Translator) -> Iterator[str]:
    if not rule.enabled:
        yield t("rules.trait.off")
    if rule.status != "violated":
        yield t("rules.trait.status", status=t.code("status", rule.status))
    if rule.points is not None:
        yield t("rules.trait.points", points=f"{rule.points:g}")
    if rule.points_cap is not None:
        yield t("rules.trait.cap", points=f"{rule.points_cap:g}")
    if rule.fatal:
        yield t("rules.trait.fatal")
    if rule.alert:
        yield t("rules.trait.alert")
    if dear:
        yield t("rules.trait.dear")
    if isinstance(rule.operator, PhraseOperator) and rule.operator.echo_turns:
        yield t("rules.trait.echo", turns=rule.operator.echo_turns)
    if isinstance(rule.operator, PhraseOperator) and rule.operator.context is not None:
        yield t("rules.trait.context")


def _all_of(words: PhraseList) -> Iterator[PhraseList]:
    """The list and those of which one must be heard with it."""
    yield words
    for more in words.also:
        yield from _all_of(more)


def _exceptions(heading: str, words: PhraseList) -> Passage:
    phrases = tuple(dict.fromkeys(p.characters for p in words.excepted_phrases))
    return Passage(heading, phrases, tuple(dict.fromkeys(p.shown for p in words.excepted_patterns)))


def _example(example: Example) -> ShownExample:
    lines = tuple(
        ("", f"{line.silence_s:g}") if line.silence_s is not None else (str(line.role), line.text)
        for line in example.lines
    )
    return ShownExample(example.expect, lines)
