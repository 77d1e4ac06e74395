"""The manual of the rule language: its rules work, and it leaves nothing out."""

import re
from importlib.resources import files

import pytest

from pipeline.rules import rulebook_of
from pipeline.rules.check import check_rulebook
from pipeline.rules.entities import CLASSES
from pipeline.rules.examples import EXAMPLE_KEYS, EXAMPLE_METADATA_KEYS, LINE_KEYS, STATUSES
from pipeline.rules.load import FILE_KEYS, OPERATORS, RULE_KEYS
from pipeline.rules.operators import event, measure, must_say, rate, ratio, repeat
from pipeline.rules.vocabulary import (
    ANCHOR_KEYS,
    CONDITION_KEYS,
    EVENT_KINDS,
    METADATA_KEYS,
    REMEDY_KEYS,
    SCOPE_KEYS,
    SEVERITIES,
    TEXT_KEYS,
)

MANUAL = files("pipeline.config").joinpath("rules", "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", MANUAL, re.M | re.S)

OPERATOR_KEYS = (
    *(*measure.OWN_KEYS, *event.OWN_KEYS, *event.EXCUSE_KEYS, *ratio.OWN_KEYS, *rate.OWN_KEYS),
    *(*repeat.OWN_KEYS, *must_say.OWN_KEYS, *must_say.GROUP_KEYS),
)
NAMES = {
    *(*FILE_KEYS, *RULE_KEYS, *OPERATORS, *OPERATOR_KEYS, *TEXT_KEYS, *REMEDY_KEYS, *SCOPE_KEYS, *ANCHOR_KEYS),
    *(*CONDITION_KEYS, *METADATA_KEYS, *EXAMPLE_KEYS, *EXAMPLE_METADATA_KEYS, *LINE_KEYS, *STATUSES),
    *(*EVENT_KINDS, *SEVERITIES, *CLASSES, "scope", "unless"),
} - {"pinyin"}


def test_every_rule_of_the_manual_works() -> None:
    book = rulebook_of({f"{number:02}.yaml": block for number, block in enumerate(BLOCKS)})
    assert [str(problem) for problem in check_rulebook(book)] == []
    assert {rule.operator.__class__.__name__ for rule in book.rules} == {
        *("PhraseOperator", "MustSayOperator", "MeasureOperator", "EventOperator"),
        *("RatioOperator", "RateOperator", "RepeatOperator", "HoldsOperator"),
    }


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_of_the_language_is_explained(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}\b", MANUAL)
