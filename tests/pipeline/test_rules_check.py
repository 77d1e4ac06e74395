"""What `callqa rules check` finds in a rulebook: rules that cannot hit, and what is odd."""

import pytest

from pipeline.rules import Rulebook, load_rulebook, rulebook_of
from pipeline.rules.advice import advise
from pipeline.rules.check import check_rulebook

RULE = """\
  - id: {id}
    family: forbidden_phrase
    severity: major
    name_zh: 一
    name_en: One
    {body}
    examples: {{hit: [{hit}], miss: [您好]}}
"""


def book(*rules: tuple[str, str, str], head: str = "") -> Rulebook:
    """rules: (id, what it looks for, its hit)."""
    return rulebook_of({"a.yaml": head + "rules:\n" + "".join(RULE.format(id=i, body=b, hit=h) for i, b, h in rules)})


def problems(*rules: tuple[str, str, str], head: str = "") -> list[str]:
    return [str(problem) for problem in check_rulebook(book(*rules, head=head))]


def advice(*rules: tuple[str, str, str], head: str = "") -> list[str]:
    return [str(problem) for problem in advise(book(*rules, head=head))]


def test_a_sound_rulebook_has_no_problem_and_needs_no_advice() -> None:
    rule = ("one", "phrase: {any: [随便你], except: [随便你选]}", "随便你")
    assert problems(rule) == []
    assert advice(rule) == []


@pytest.mark.parametrize(
    ("body", "hit", "message"),
    [
        ("phrase: {any: [随便, 别急], except: [别急]}", "随便", "phrase 别急 is always inside an exception"),
        (
            "phrase: {any: [随便, 你别急], except: [{regex: '你?别急'}]}",
            "随便",
            "phrase 你别急 is always inside an exception",
        ),
        ("phrase: {any: [随便, {regex: '不，知道'}]}", "随便", "needs '，', which is never there"),
        ("phrase: {any: [随便, {regex: '(好|不 知道)吗'}]}", "随便", "needs ' ', which is never there"),
        ("phrase: {any: [随便, {regex: '沒人'}]}", "随便", "needs '沒', which is never there"),
        ("phrase: {any: [随便, {regex: '[，。]+好'}]}", "随便", "needs '，', which is never there"),
        ("phrase: {any: [随便], except: [{regex: '随便。'}]}", "随便", "needs '。', which is never there"),
    ],
)
def test_what_can_never_be_heard(body: str, hit: str, message: str) -> None:
    (problem,) = problems(("one", body, hit))
    assert problem.startswith("a.yaml:7: rule one: ")
    assert message in problem


def test_the_remedy_for_traditional_characters_is_the_simplified_one() -> None:
    (problem,) = problems(("one", "phrase: {any: [随便, {regex: '沒人'}]}", "随便"))
    assert problem.endswith("simplified and without punctuation; write 没")


@pytest.mark.parametrize("source", ["不[，,]?知道", "不(，)?知道", "(?i:ct)检查", "[零一二三0-9]{2,5}号", "好吗$"])
def test_expressions_that_need_nothing_odd_are_left_alone(source: str) -> None:
    assert problems(("one", f"phrase: {{any: [随便, {{regex: '{source}'}}]}}", "随便")) == []


def test_an_example_that_its_scope_or_its_condition_leaves_out_is_told_so() -> None:
    two = "随便, [坐席：您好您好, 患者：喂喂喂, 坐席：随便]"
    (problem,) = problems(("one", "scope: {first_turns: 1}\n    phrase: {any: [随便]}", two))
    assert problem == "a.yaml:9: rule one: should be violated, but is not found: its scope leaves the place out"
    when = "when: {says: {role: patient, any: [喂喂喂]}}\n    phrase: {any: [随便]}"
    (problem,) = problems(("one", when, two))
    assert problem == "a.yaml:9: rule one: should be violated, but is not found: its `when` does not hold here"


def test_a_condition_that_holds_in_no_hit_example() -> None:
    when = "when: {topic: 投诉}\n    phrase: {any: [随便]}"
    assert problems(("one", when, "随便, 你随便")) == [
        "a.yaml:2: rule one: `when` holds in none of its hit examples; widen it or mend them"
    ]
    stated = "{lines: [坐席：随便], topics: [投诉]}"
    assert problems(("one", when, stated)) == []


def test_examples_of_rules_that_review_or_praise() -> None:
    for status in ("review", "satisfied"):
        assert problems(("one", f"status: {status}\n    phrase: {{any: [随便]}}", "随便")) == []
    (problem,) = problems(("one", "status: satisfied\n    phrase: {any: [您好]}", "您好"))
    assert problem == "a.yaml:9: rule one: should be clean, but is satisfied (您好)"


def test_rules_that_are_switched_off_are_checked_too() -> None:
    (problem,) = problems(("one", "enabled: false\n    phrase: {any: [随便]}", "不管"))
    assert "should be violated, but is not found" in problem


def test_the_same_phrase_may_stand_in_two_rules_where_its_company_differs() -> None:
    far = "phrase: {any: [随便], near: {any: [吃点], within_characters: 3}}"
    assert problems(("one", "phrase: {any: [随便]}", "随便"), ("two", far, "随便吃点")) == []
    plain = ("two", "phrase: {any: [随便]}", "随便")
    assert problems(("one", "phrase: {any: [随便]}", "随便"), plain) == [
        "a.yaml:14: rule two: phrase 随便 is listed already in rule one (a.yaml:7)"
    ]


def test_a_phrase_within_a_phrase_is_needless_unless_only_the_longer_is_heard_by_sound() -> None:
    (one,) = advice(("one", "phrase: {any: [不知道, 我不知道]}", "不知道"))
    assert one.startswith("a.yaml:7: rule one: phrase 我不知道 holds 不知道 (a.yaml:7), which is heard there anyway")
    assert advice(("one", "phrase: {any: [随便, 随便你]}", "随便")) == []
    assert advice(("one", "phrase: {any: [{say: 不知道, match: text}, 我不知道]}", "不知道")) == []


def test_rules_that_always_speak_together_overlap() -> None:
    one = ("one", "phrase: {any: [随便, 不管你]}", "你随便不管你")
    two = ("two", "phrase: {any: [你随便, 都行]}", "你随便不管你")
    assert advice(one, two) == [
        "a.yaml:9: rule two: hits in every hit example of rule one (a.yaml:2), and the other way round; join them"
    ]
    assert advice(one, ("two", "phrase: {any: [你随便, 都行]}", "都行")) == []
    other_family = RULE.format(id="two", body=two[1], hit=two[2]).replace("forbidden_phrase", "rude_tone")
    joined = "rules:\n" + RULE.format(id="one", body=one[1], hit=one[2]) + other_family
    assert advise(rulebook_of({"a.yaml": joined})) == ()


def test_a_phrase_that_looks_mistyped() -> None:
    typed = ("one", "phrase: {any: [别来烦我, 别来凡我]}", "别来烦我")
    assert advice(typed) == [
        "a.yaml:7: rule one: phrase 别来凡我 differs from 别来烦我 (a.yaml:7) by one character of the same sound; "
        "is it a typing error?"
    ]
    (lexicon,) = advice(("one", "phrase: {any: [皮夫科]}", "皮夫科"))
    assert "differs from 皮肤科 (lexicon) by one character" in lexicon
    assert advice(("one", "phrase: {any: [他们不管, 她们不管]}", "他们不管")) == []


def test_sets_and_conditions_that_nobody_asks_for() -> None:
    head = "sets:\n  idle: [一二三]\n  busy: [随便]\nconditions:\n  never: {says: {role: agent, any: [好]}}\n"
    assert advice(("one", "phrase: {any: [{set: busy}]}", "随便"), head=head) == [
        "a.yaml:2: set idle: no rule asks for it; use it or take it out",
        "a.yaml:5: condition never: no rule asks for it; use it or take it out",
    ]


def test_the_shipped_rulebook_looks_mistyped_nowhere_and_defines_nothing_in_vain() -> None:
    told = [str(problem) for problem in advise(load_rulebook())]
    assert [text for text in told if "typing error" in text or "no rule asks for it" in text] == []
