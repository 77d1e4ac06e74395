"""The schema of scorecards for editors takes what the reader takes, and refuses what it refuses."""

from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from pipeline.config.yaml_source import parse
from pipeline.errors import RuleError
from pipeline.scorecard_schema import schema_text, scorecard_schema
from pipeline.scorecards import scorecard_of

SHIPPED = files("pipeline.config").joinpath("scorecards")
VALIDATOR = jsonschema.Draft202012Validator(scorecard_schema())

CARD = """\
id: plain
name_zh: 平
name_en: Plain
pass_mark: 60
on_fatal: fail
sections:
  - id: all
    name_zh: 全
    name_en: All
    items:
      - {id: one, name_zh: 一, name_en: One, points: 100, families: [empathy], deduct: {minor: 20}}
"""


def plain(text: str) -> Any:
    return parse(text, "card.yaml").plain()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(scorecard_schema())


def test_the_shipped_schema_is_current() -> None:
    shipped = SHIPPED.joinpath("scorecard.schema.json").read_text(encoding="utf-8")
    anew = "callqa rules schema --scorecard > pipeline/config/scorecards/scorecard.schema.json"
    assert shipped == schema_text(), f"write it anew: {anew}"


@pytest.mark.parametrize("name", ["standard.yaml", "complaint.yaml"])
def test_every_shipped_card_is_valid_and_names_the_schema(name: str) -> None:
    text = SHIPPED.joinpath(name).read_text(encoding="utf-8")
    assert [error.message for error in VALIDATOR.iter_errors(plain(text))] == []
    assert text.startswith("# yaml-language-server: $schema=scorecard.schema.json\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pass_mark: 60", "pass_mark: 101"),
        ("pass_mark: 60", "pass_marks: 60"),
        ("on_fatal: fail", "on_fatal: stop"),
        ("minor: 20", "tiny: 20"),
        ("points: 100", "points: 0"),
        (", deduct: {minor: 20}", ""),
        ("families: [empathy]", "families: []"),
        ("families: [empathy]", "families: [empathy], needs_role: doctor"),
        ("families: [empathy]", "families: [empathy], fatal: grave"),
        ("sections:", "rows:"),
    ],
)
def test_schema_and_reader_refuse_the_same(old: str, new: str) -> None:
    assert VALIDATOR.is_valid(plain(CARD))
    scorecard_of(CARD, "card.yaml")
    wrong = CARD.replace(old, new)
    assert not VALIDATOR.is_valid(plain(wrong))
    with pytest.raises(RuleError, match=r"card\.yaml"):
        scorecard_of(wrong, "card.yaml")
