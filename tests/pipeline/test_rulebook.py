"""The shipped rulebook: every example comes out as written, and the check finds what is wrong with a rule."""

from collections import Counter
from pathlib import Path

import pytest

from pipeline.rules import load_rulebook, rulebook_of
from pipeline.rules.check import check_rulebook
from pipeline.rules.vocabulary import FAMILIES, FAMILY_IDS

BOOK = load_rulebook()


def test_every_example_of_the_shipped_rulebook_comes_out_as_written() -> None:
    assert [str(problem) for problem in check_rulebook(BOOK)] == []


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.rule_id)
def test_every_rule_has_six_hits_and_six_misses(rule) -> None:
    counts = Counter(example.expect for example in rule.examples)
    assert counts[rule.status] >= 6
    assert counts[None] >= 6


def test_every_family_is_judged() -> None:
    assert {rule.family for rule in BOOK.rules} == FAMILY_IDS
    assert len(FAMILY_IDS) == len(FAMILIES)


def test_every_rule_that_costs_points_says_what_to_do_better() -> None:
    costly = [rule for rule in BOOK.rules if rule.severity != "info"]
    assert [r.rule_id for r in costly if not (r.coaching_zh and r.coaching_en)] == []


def test_an_emergency_alerts_and_its_mild_form_is_for_people() -> None:
    advised, possible = BOOK.rule("emergency-advised"), BOOK.rule("emergency-possible")
    assert advised is not None and possible is not None
    assert (advised.severity, advised.alert, advised.status) == ("red_line", True, "violated")
    assert (possible.alert, possible.status) == (True, "review")


@pytest.mark.parametrize(
    "phrase",
    [
        *("不知道", "随便", "不认识", "不归我管", "不清楚别问我", "你自己看着办", "投诉就投诉", "说了你也不懂"),
        *("没看见我正忙着吗", "急什么", "烦死了", "你问我我问谁"),
    ],
)
def test_every_phrase_of_the_domain_list_is_a_hit(phrase: str) -> None:
    hits = [e for rule in BOOK.rules for e in rule.examples if e.expect == "violated" and phrase in e.lines[-1].text]
    assert hits


RULE = """\
rules:
  - id: one
    family: forbidden_phrase
    severity: major
    name_zh: 一
    name_en: One
    phrase: {any: [随便, 不知道]}
    unless: {any: [查一下]}
    examples:
      hit: [随便]
      miss: [您好]
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("hit: [随便]", "hit: [您好]", "a.yaml:10: rule one: should be violated, but is not found"),
        ("miss: [您好]", "miss: [随便吧]", "a.yaml:11: rule one: should be clean, but is violated (随便)"),
        ("hit: [随便]", "hit: [随便，我查一下]", "a.yaml:10: rule one: should be violated, but is remedied (随便)"),
        ("any: [随便, 不知道]", "any: [随便, 随便]", "a.yaml:7: rule one: phrase 随便 is listed twice (a.yaml:7)"),
    ],
)
def test_the_check_finds(old: str, new: str, problem: str) -> None:
    assert [str(p) for p in check_rulebook(rulebook_of({"a.yaml": RULE.replace(old, new)}))] == [problem]


def test_a_phrase_in_two_rules_is_a_problem() -> None:
    other = RULE.replace("id: one", "id: two").replace("随便, 不知道", "随便")
    (problem,) = check_rulebook(rulebook_of({"a.yaml": RULE, "b.yaml": other}))
    assert str(problem) == "b.yaml:7: rule two: phrase 随便 is listed already in rule one (a.yaml:7)"


def test_a_copied_rulebook_is_the_same_rulebook(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "pipeline" / "config" / "rules"
    for path in source.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert load_rulebook(tmp_path).version == BOOK.version
