"""Duties of the agent on whole calls, and emergencies by the sentence: what is found and what is left in peace."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.config.yaml_source import Place
from pipeline.model import Finding, Measures, Role
from pipeline.rules import load_rulebook
from pipeline.rules.examples import facts_of
from pipeline.rules.rulebook import Example, Line
from pipeline.rules.spoken import CallView

BOOK = load_rulebook()
HERE = Path(__file__).parent
CALLS = YAML(typ="safe").load((HERE / "duty_calls.yaml").read_text(encoding="utf-8"))["calls"]
SENTENCES = YAML(typ="safe").load((HERE / "emergency_sentences.yaml").read_text(encoding="utf-8"))
SPEAKERS: dict[str, Role] = {"坐席": "agent", "患者": "patient"}
DUTIES = {
    *("greeting", "closing", "addressing", "verification", "restating", "alternatives", "ticket_type"),
    *("fee_explained", "report_channel", "handover", "caring_reminder", "empathy", "soothing_four_steps"),
    *("complaint_deadline", "emergency", "satisfaction", "repeat_explanation"),
}


def found(lines: list[str]) -> tuple[Finding, ...]:
    """Every duty finding that costs or is to be looked at, in a call of these lines."""
    told = tuple(Line(SPEAKERS[line[:2]], line[3:]) for line in lines)
    view = CallView(facts_of(Example(None, told, Measures(), Place("duties", 1))))
    findings = (f for rule in BOOK.rules for f in rule.judge(view, 0.7))
    return tuple(f for f in findings if f.family in DUTIES and f.status in ("violated", "review"))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["id"])
def test_exactly_the_neglected_duties_are_found(call: dict[str, Any]) -> None:
    findings = found(call["lines"])
    assert {f.family for f in findings if f.status == "violated"} == set(call["expect"]), findings


def test_most_emergencies_are_heard_and_nothing_else_raises_the_alarm() -> None:
    def alarms(sentence: str) -> bool:
        lines = ["坐席：您好，请讲。", f"患者：{sentence}。", "坐席：好的，请问您挂哪个科？"]
        return any(f.rule_id == "emergency-advised" for f in found(lines))

    missed = [s for s in SENTENCES["emergencies"] if not alarms(s)]
    assert len(missed) <= 0.05 * len(SENTENCES["emergencies"]), missed
    assert [s for s in SENTENCES["none"] if alarms(s)] == []


def test_there_is_something_to_count() -> None:
    assert sum(not call["expect"] for call in CALLS) >= 15
    assert sum(bool(call["expect"]) for call in CALLS) >= 12
    assert min(len(SENTENCES["emergencies"]), len(SENTENCES["none"])) >= 60
