"""Try a rulebook on its own examples and look for rules that can never hit: `callqa rules check`.

Problems have to be mended before a rulebook is put in force; `rules.advice` tells what is merely odd.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

from pipeline.config.yaml_source import Place
from pipeline.model import Finding, Measures
from pipeline.rules.examples import facts_of, topics_of, view_of
from pipeline.rules.matching import index_of, views_of
from pipeline.rules.phrases import Pattern, PhraseList
from pipeline.rules.rulebook import Example, Line, Rule, Rulebook
from pipeline.rules.scope import Scope
from pipeline.rules.spoken import CallView
from pipeline.text import is_content, normalise


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a rule (or a set or condition: `kind`). Its text names file and line."""

    rule_id: str
    place: Place
    message: str
    kind: str = "rule"

    def __str__(self) -> str:
        return f"{self.place}: {self.kind} {self.rule_id}: {self.message}"


def check_rulebook(rulebook: Rulebook) -> tuple[Problem, ...]:
    """Run every example through the judge; find phrases written twice or never heard. No problem: ()."""
    return (*_examples(rulebook), *_duplicates(rulebook), *_never_heard(rulebook))


def example_views(rulebook: Rulebook) -> Iterator[tuple[Rule, tuple[tuple[Example, CallView], ...]]]:
    """Each rule with its examples as rules read them, all searched in one go."""
    written = [example for rule in rulebook.rules for example in rule.examples]
    index = index_of(words for rule in rulebook.rules for words in rule.lists())
    read = iter(views_of([facts_of(example) for example in written], index))
    for rule in rulebook.rules:
        views = tuple(islice(read, len(rule.examples)))
        for example, view in zip(rule.examples, views, strict=True):
            view.topics = topics_of(example)
        yield rule, tuple(zip(rule.examples, views, strict=True))


def _examples(rulebook: Rulebook) -> Iterator[Problem]:
    for rule, examples in example_views(rulebook):
        if _never_asked(rule, examples):
            yield Problem(rule.rule_id, rule.place, "`when` holds in none of its hit examples; widen it or mend them")
            continue
        for example, view in examples:
            message = _verdict(rule, example, view)
            if message:
                yield Problem(rule.rule_id, example.place, message)


def _never_asked(rule: Rule, examples: tuple[tuple[Example, CallView], ...]) -> bool:
    hits = [view for example, view in examples if example.expect == rule.status]
    return rule.when is not None and bool(hits) and not any(map(rule.when.holds, hits))


def _verdict(rule: Rule, example: Example, view: CallView) -> str | None:
    """What is wrong with the outcome of an example, None when it is as expected."""
    findings = tuple(rule.judge(view, 0.0))
    telling = [f for f in findings if f.status in ("violated", "review", rule.status)]
    if example.expect is None:
        return f"should be clean, but is {_told(telling[0])}" if telling else None
    if any(f.status == example.expect for f in findings):
        others = [f for f in telling if f.status != example.expect]
        return f"should be {example.expect} only, but is also {_told(others[0])}" if others else None
    if findings:
        return f"should be {example.expect}, but is {_told(findings[0])}"
    return f"should be {example.expect}, but is not found" + _why_not(rule, view)


def _why_not(rule: Rule, view: CallView) -> str:
    """The gate that shut an example out, where one did."""
    if rule.when is not None and not rule.when.holds(view):
        return ": its `when` does not hold here"
    scope = getattr(rule.operator, "scope", None)
    if isinstance(scope, Scope) and not scope.is_whole:
        anywhere: Any = replace(rule.operator, scope=Scope())  # type: ignore[type-var]  # operators are dataclasses
        if any(True for _ in anywhere.observe(view)):
            return ": its scope leaves the place out"
    return ""


def _told(finding: Finding) -> str:
    return f"{finding.status} ({finding.matched_text or finding.evidence})"


def _duplicates(rulebook: Rulebook) -> Iterator[Problem]:
    seen: dict[tuple[str, str], tuple[Rule, Place]] = {}
    for rule in rulebook.rules:
        for words in rule.operator.phrase_lists():
            for phrase in words.phrases:
                if _has_company(words):  # the same word may count in other company
                    continue
                key = (str(rule.role), phrase.characters)
                if key not in seen:
                    seen[key] = (rule, phrase.place)
                    continue
                other, place = seen[key]
                if other is not rule and (other.when or rule.when):
                    continue
                where = "twice" if other is rule else f"already in rule {other.rule_id}"
                yield Problem(rule.rule_id, phrase.place, f"phrase {phrase.characters} is listed {where} ({place})")


def _has_company(words: PhraseList) -> bool:
    return bool(words.also or words.none or words.near)


def _never_heard(rulebook: Rulebook) -> Iterator[Problem]:
    told: set[tuple[Place, str]] = set()
    for rule in rulebook.rules:
        for words in rule.lists():
            for place, message in (*_impossible(words), *_excepted(words)):
                if (place, message) not in told:
                    told.add((place, message))
                    yield Problem(rule.rule_id, place, message)


def _excepted(words: PhraseList) -> Iterator[tuple[Place, str]]:
    """Phrases that stand inside an exception wherever they are said."""
    for phrase in words.phrases if words.excepted else ():
        like = [p for p in words.excepted_phrases if p.characters in phrase.characters]
        if not like and not any(p.compiled.search(phrase.characters) for p in words.excepted_patterns):
            continue
        alone = replace(words, phrases=(phrase,), patterns=(), also=(), none=None, near=(), least=1, once=False)
        turns = _alone(phrase.characters).turns
        if turns and not alone.hits(turns[0]):
            yield phrase.place, f"phrase {phrase.characters} is always inside an exception; take one of them out"


@cache
def _alone(characters: str) -> CallView:
    """A call in which only this is said."""
    return view_of(Example(None, (Line("agent", characters),), Measures(), Place("", 0)))


def _impossible(words: PhraseList) -> Iterator[tuple[Place, str]]:
    """Expressions that need what no text holds."""
    patterns: tuple[Pattern, ...] = (*words.patterns, *words.excepted_patterns)
    for pattern in patterns:
        for character in _missing(pattern.source):
            plain = normalise(character)
            remedy = f"write {plain}" if plain != character and is_content(plain) else "take it out"
            yield (
                pattern.place,
                f"expression {pattern.source!r} needs {character!r}, which is never there: expressions see spoken "
                f"characters only, simplified and without punctuation; {remedy}",
            )


@cache
def _missing(source: str) -> tuple[str, ...]:
    """Characters that the expression (or one of its alternatives) needs and that no spoken text has."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = sre_parser.parse(source)
    except (re.error, RecursionError, OverflowError):
        return ()  # RE2 reads it, Python does not: nothing can be said
    return tuple(dict.fromkeys(_needs(parsed)))


def _needs(items: Iterable[Any]) -> Iterator[str]:
    for kind, value in items:
        if kind is sre.LITERAL:
            yield from () if _is_spoken(chr(value)) else (chr(value),)
        elif kind is sre.IN:
            only = [chr(v) for k, v in value if k is sre.LITERAL]
            if len(only) == len(value) and not any(map(_is_spoken, only)):
                yield only[0]
        elif kind is sre.SUBPATTERN:
            yield from _needs(value[3])
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from _needs(branch)
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] > 0:
            yield from _needs(value[2])


def _is_spoken(character: str) -> bool:
    return is_content(character) and normalise(character) == character
