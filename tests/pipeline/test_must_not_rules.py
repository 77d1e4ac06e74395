"""The must-not families on sentences that are no examples: what good agents say, and violations said freely."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config.yaml_source import Place
from pipeline.model import Finding, Measures
from pipeline.rules import load_rulebook
from pipeline.rules.examples import facts_of
from pipeline.rules.rulebook import Example, Line, Rule
from pipeline.rules.spoken import CallView

HERE = Path(__file__).parent
FAMILIES = (
    *("forbidden_phrase", "verbal_tic", "medical_advice", "impersonating_doctor", "cure_promise", "disparagement"),
    *("pressure", "brush_off", "jargon", "rude_tone", "privacy_leak"),
)
ROLES = {"坐席": "agent", "患者": "patient"}
PUNCTUATION = re.compile("[，。？！、；：…]")
BOOK = load_rulebook()
RULES = tuple(rule for rule in BOOK.rules if rule.family in FAMILIES)


def lines_of(spoken: str | Sequence[str]) -> tuple[Line, ...]:
    """One agent's utterance, or the lines 坐席：… and 患者：… of a dialogue."""
    if isinstance(spoken, str):
        return (Line("agent", spoken),)
    parted = (line.partition("：") for line in spoken)
    return tuple(Line(ROLES[speaker], text) for speaker, _, text in parted)


def findings(lines: tuple[Line, ...], rules: Sequence[Rule] = RULES) -> list[Finding]:
    view = CallView(facts_of(Example(None, lines, Measures(), Place("sentence", 1))))
    return [finding for rule in rules for finding in rule.judge(view, 0.0)]


def bare(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The same as a recogniser without punctuation writes it."""
    return tuple(Line(line.role, PUNCTUATION.sub("", line.text)) for line in lines)


def read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


def clean() -> list[tuple[Line, ...]]:
    return [lines_of(spoken) for group in read("clean_sentences.yaml").values() for spoken in group]


def violations(part: str) -> Iterator[tuple[str, tuple[Line, ...]]]:
    named: Mapping[str, Sequence[Any]] = read("violations.yaml")[part]
    return ((family, lines_of(spoken)) for family, group in named.items() for spoken in group)


def caught(part: str) -> float:
    """The share of violations that a rule of their own family finds."""
    cases = list(violations(part))
    found = [family in {f.family for f in findings(lines) if f.status == "violated"} for family, lines in cases]
    return sum(found) / len(cases)


def told(lines: tuple[Line, ...], found: Sequence[Finding]) -> list[str]:
    text = " / ".join(line.text for line in lines)
    return [f"{f.rule_id} ({f.matched_text}): {text}" for f in found if f.status in ("violated", "review")]


def test_every_family_has_rules_and_those_of_the_house_only_are_off() -> None:
    assert {rule.family for rule in RULES} == set(FAMILIES)
    assert [rule.rule_id for rule in RULES if not rule.enabled] == ["impersonating-doctor"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_coaches_in_both_languages(family: str) -> None:
    for rule in (rule for rule in RULES if rule.family == family):
        assert rule.coaching_zh
        assert rule.coaching_en


def test_nothing_that_a_good_agent_says_is_taken_for_a_violation() -> None:
    cases = clean()
    assert len(cases) >= 600
    assert [text for lines in cases for text in told(lines, findings(lines))] == []


def test_nor_is_it_without_punctuation() -> None:
    assert [text for lines in map(bare, clean()) for text in told(lines, findings(lines))] == []


def test_nor_are_three_sentences_in_one_breath() -> None:
    said = [lines[0] for lines in map(bare, clean()) if len(lines) == 1]
    turns = [(Line("agent", "".join(line.text for line in said[at::200])),) for at in range(200)]
    assert [text for lines in turns for text in told(lines, findings(lines))] == []


def test_the_patient_may_say_all_of_it() -> None:
    said = [tuple(Line("patient", line.text) for line in lines) for _, lines in violations("learnt")]
    assert [text for lines in said for text in told(lines, findings(lines))] == []


def test_violations_that_the_rules_were_widened_for_are_caught() -> None:
    assert caught("learnt") >= 0.95


def test_more_than_half_of_the_violations_in_words_that_no_rule_knows_are_caught() -> None:
    """24 of 40 when they were written (see the file's head); the rules are not to be changed for them."""
    assert caught("unseen") >= 0.55


@pytest.mark.parametrize(
    ("family", "phrase"),
    [
        *(("forbidden_phrase", p) for p in ("不知道", "随便", "不认识", "不归我管", "不清楚别问我", "你自己看着办")),
        *(("forbidden_phrase", p) for p in ("投诉就投诉", "说了你也不懂", "没看见我正忙着吗", "急什么", "烦死了")),
        ("forbidden_phrase", "你问我我问谁"),
        *(("medical_advice", p) for p in ("你这个就是胃病", "吃消炎药就行", "每天吃两片", "停药没事", "不用做检查")),
        ("impersonating_doctor", "我是张医生"),
        *(("cure_promise", p) for p in ("百分之百能治好", "保证治好", "包好", "绝对没问题", "能根治")),
        *(("disparagement", p) for p in ("他们医院不行", "那家医院骗钱的", "他们水平差")),
        *(("pressure", p) for p in ("再不治就晚了", "后果很严重", "你想长痛还是短痛", "看病花钱天经地义")),
        ("pressure", "不来就没号了"),
        *(("brush_off", p) for p in ("你去问别人", "不归我们管", "你打别的电话", "我没办法", "规定就这样")),
        *(("rude_tone", p) for p in ("喂什么事", "快说", "说话啊", "听不懂吗")),
    ],
)
def test_every_phrase_of_the_domain_list_is_found(family: str, phrase: str) -> None:
    for text in (f"{phrase}。", f"嗯，{phrase}，好吧。"):
        if (family, phrase) in {("rude_tone", "喂什么事"), ("rude_tone", "快说")} and text.startswith("嗯"):
            continue  # openings: nothing stands before them
        assert family in {f.family for f in findings((Line("agent", text),)) if f.status == "violated"}, text
