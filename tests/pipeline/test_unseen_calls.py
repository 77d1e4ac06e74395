"""Whole calls that nobody who works on the rules has read: what the rules make of them at first sight.

`unseen_calls.yaml` tells how they were written. Nothing here names a call that comes out wrong, so that nobody tunes on
it in passing; whoever reads one to mend a rule moves it to `whole_calls.yaml`.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.pipeline.test_whole_calls import counts_of, violated

CALLS: list[dict[str, Any]] = YAML(typ="safe").load(
    Path(__file__).with_name("unseen_calls.yaml").read_text(encoding="utf-8")
)["calls"]
MUST_NOT = frozenset(
    {
        *("medical_advice", "cure_promise", "disparagement", "pressure", "brush_off"),
        *("rude_tone", "privacy_leak", "jargon", "verbal_tic", "emergency"),
    }
)
OFF_AS_SHIPPED = {"impersonating_doctor"}


def test_half_of_the_calls_are_good_and_every_family_is_there() -> None:
    good = sum(not call["expect"] for call in CALLS)
    assert len(CALLS) >= 60
    assert 0.4 <= good / len(CALLS) <= 0.6
    assert {family for call in CALLS for family in call["expect"]} == MUST_NOT | OFF_AS_SHIPPED


def test_most_good_calls_are_left_in_peace() -> None:
    good = [call for call in CALLS if not call["expect"]]
    accused = sum(bool(violated(call) - set(call.get("may", ()))) for call in good)
    assert accused <= 0.2 * len(good)


def test_what_must_not_be_said_is_found_more_often_than_not() -> None:
    found: Counter[str] = counts_of(CALLS, MUST_NOT)
    assert found["right"] / (found["right"] + found["missed"]) >= 0.5
    assert found["right"] / (found["right"] + found["wrong"]) >= 0.75
