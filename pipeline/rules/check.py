"""Try a rulebook on its own examples: `callqa rules check`."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Place
from pipeline.model import Finding
from pipeline.rules.examples import view_of
from pipeline.rules.rulebook import Example, Rule, Rulebook


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a rule. Its text names file and line."""

    rule_id: str
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: rule {self.rule_id}: {self.message}"


def check_rulebook(rulebook: Rulebook) -> tuple[Problem, ...]:
    """Run every example through the judge and look for phrases written twice. No problem: ()."""
    return (*_examples(rulebook), *_duplicates(rulebook))


def _examples(rulebook: Rulebook) -> Iterator[Problem]:
    for rule in rulebook.rules:
        for example in rule.examples:
            message = _verdict(rule, example)
            if message:
                yield Problem(rule.rule_id, example.place, message)


def _verdict(rule: Rule, example: Example) -> str | None:
    """What is wrong with the outcome of an example, None when it is as expected."""
    findings = tuple(rule.judge(view_of(example), 0.0))
    costly = [f for f in findings if f.status in ("violated", "review", rule.status)]
    if example.expect is None:
        return f"should be clean, but is {_told(costly[0])}" if costly else None
    if any(f.status == example.expect for f in findings):
        others = [f for f in costly if f.status != example.expect]
        return f"should be {example.expect} only, but is also {_told(others[0])}" if others else None
    return f"should be {example.expect}, but is {_told(findings[0]) if findings else 'not found'}"


def _told(finding: Finding) -> str:
    return f"{finding.status} ({finding.matched_text or finding.evidence})"


def _duplicates(rulebook: Rulebook) -> Iterator[Problem]:
    seen: dict[tuple[str, str], tuple[Rule, Place]] = {}
    for rule in rulebook.rules:
        for words in rule.operator.phrase_lists():
            for phrase in words.phrases:
                key = (str(rule.role), phrase.characters)
                if key not in seen:
                    seen[key] = (rule, phrase.place)
                    continue
                other, place = seen[key]
                where = "twice" if other is rule else f"already in rule {other.rule_id}"
                yield Problem(rule.rule_id, phrase.place, f"phrase {phrase.characters} is listed {where} ({place})")
