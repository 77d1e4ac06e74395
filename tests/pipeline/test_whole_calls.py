"""Whole calls in everyday words: families found against what a reviewer finds, and what the calls are about.

The calls were used to mend the rules, so the figures hold what was reached; `whole_calls.yaml` tells the first sight.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.config.yaml_source import Place
from pipeline.model import CallFacts, Measures, Role
from pipeline.rules import load_rulebook
from pipeline.rules.examples import facts_of
from pipeline.rules.rulebook import Example, Line
from pipeline.topics import topics

BOOK = load_rulebook()
CALLS = YAML(typ="safe").load(Path(__file__).with_name("whole_calls.yaml").read_text(encoding="utf-8"))["calls"]
SPEAKERS: dict[str, Role] = {"坐席": "agent", "患者": "patient"}
BY_EAR = {
    *("forbidden_phrase", "speech_rate_fast", "speech_rate_slow", "loudness_low", "loudness_high", "tone"),
    *("silence", "interruption", "response_time"),
}


def facts(call: dict[str, Any]) -> CallFacts:
    told = tuple(Line(SPEAKERS[line[:2]], line[3:]) for line in call["lines"])
    return facts_of(Example(None, told, Measures(), Place("whole calls", 1)))


def violated(call: dict[str, Any]) -> set[str]:
    findings = BOOK.judge(facts(call), 0.7)
    return {f.family for f in findings if f.status == "violated"} - BY_EAR


def counts_of(calls: Iterable[dict[str, Any]], families: Collection[str] | None = None) -> Counter[str]:
    """Over all calls how many families are rightly found, wrongly found, missed. families: which count; None: all."""
    found = Counter[str]()
    for call in calls:
        got, wanted, may = violated(call), set(call["expect"]), set(call.get("may", ()))
        if families is not None:
            got, wanted = got & set(families), wanted & set(families)
        found += Counter(right=len(got & wanted), wrong=len(got - wanted - may), missed=len(wanted - got))
    return found


def test_the_calls_are_many_and_half_of_them_good() -> None:
    good = sum(not call["expect"] for call in CALLS)
    assert len(CALLS) >= 80
    assert 0.4 <= good / len(CALLS) <= 0.6


@pytest.mark.parametrize("call", [c for c in CALLS if not c["expect"]], ids=lambda call: call["id"])
def test_a_good_call_is_left_in_peace(call: dict[str, Any]) -> None:
    assert violated(call) <= set(call.get("may", ()))


def test_what_reviewers_find_is_found_and_little_else() -> None:
    found = counts_of(CALLS)
    assert found["right"] / (found["right"] + found["wrong"]) >= 0.95, found
    assert found["right"] / (found["right"] + found["missed"]) >= 0.95, found


def test_what_the_call_is_about_is_among_its_topics() -> None:
    about = [call for call in CALLS if call["topics"] != ["其他"]]
    heard = sum({hit.topic for hit in topics(facts(call))} >= set(call["topics"]) for call in about)
    assert heard / len(about) >= 0.95
