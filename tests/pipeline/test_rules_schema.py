"""The schema for editors takes what the readers take, and refuses what they refuse."""

from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from pipeline.config.yaml_source import parse
from pipeline.errors import RuleError
from pipeline.rules import rulebook_of
from pipeline.rules.load import FILE_KEYS, OPERATORS, RULE_KEYS
from pipeline.rules.schema import rulebook_schema, schema_text
from pipeline.rules.vocabulary import CONDITION_KEYS, METADATA_KEYS, SCOPE_KEYS

SHIPPED = files("pipeline.config").joinpath("rules")
SCHEMA = rulebook_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

RULE = """\
conditions:
  complaint: {says: {role: patient, any: [投诉]}}
rules:
  - id: one
    family: forbidden_phrase
    severity: major
    name_zh: 一
    name_en: One
    phrase: {any: [随便]}
    examples: {hit: [随便], miss: [您好]}
"""


def plain(text: str) -> Any:
    """The file as an editor sees it."""
    return parse(text, "a.yaml").plain()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_shipped_schema_is_current() -> None:
    shipped = SHIPPED.joinpath("rulebook.schema.json").read_text(encoding="utf-8")
    assert shipped == schema_text(), "write it anew: callqa rules schema > pipeline/config/rules/rulebook.schema.json"


@pytest.mark.parametrize("name", sorted(f.name for f in SHIPPED.iterdir() if f.name.endswith(".yaml")))
def test_every_shipped_file_is_valid_and_names_the_schema(name: str) -> None:
    text = SHIPPED.joinpath(name).read_text(encoding="utf-8")
    assert [error.message for error in VALIDATOR.iter_errors(plain(text))] == []
    assert text.startswith("# yaml-language-server: $schema=rulebook.schema.json\n")


def test_the_schema_knows_every_key_of_the_readers() -> None:
    rule, definitions = SCHEMA["$defs"]["rule"], SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == set(FILE_KEYS)
    assert set(rule["properties"]) == {*RULE_KEYS, *OPERATORS, "scope", "unless"}
    assert set(definitions["scope"]["properties"]) == set(SCOPE_KEYS)
    assert set(definitions["metadata"]["properties"]) == set(METADATA_KEYS)
    assert {f"condition_{key}" for key in CONDITION_KEYS} <= set(definitions)


GOOD = [
    "phrase: {all: [[随便], [好]], none: [不], near: {any: [的], within_s: 3}, match: fuzzy, max_distance: 0.2}",
    "phrase: {at_least: {count: 2, of: [随便, {say: 好, match: text}, {regex: a.b}, {class: date}]}}",
    "phrase: {any: [随便]}\n    unless: {any: [抱歉], next_turns: 3, within_s: 9, role: any}",
    "phrase: {any: [随便]}\n    scope: {after: {condition: complaint, within_s: 9}, occurrence: 2}",
    "phrase: {any: [随便]}\n    scope: {between: [complaint, {says: {role: any, any: [一]}}], occurrence: last}",
    "phrase: {any: [随便]}\n    scope: {before: {event: {kind: silence, above: 3}, within_turns: 1}}",
    "phrase: {any: [随便]}\n    when: complaint\n    points: 3\n    cap_per_call: 6\n    fatal: true\n    alert: true",
    "phrase: {any: [随便]}\n    when: {all: [complaint, {not: {topic: 投诉, min_confidence: 0.5}}]}",
    "phrase: {any: [随便]}\n    when: {metadata: {hour: [8, 18], weekday: [mon], queue: [一], repeat_caller: true}}",
    "must_say: {groups: [{name_zh: 一, any: [随便], optional: true}, {name_zh: 二, any: [好]}], need: 1}",
    "measure: {name: speech_rate_cpm, per: utterance, above: 300, min_characters: 3}\n    floor: {recall: 0.5}",
    "event: {kind: silence, above: 8, excuse: {any: [稍等], up_to: 60}, callers_pause: [好吗]}",
    "ratio: {of: [您], against: [你], at_least: 0.5}",
    "rate: {any: [那个], above_per_minute: 6, min_count: 3}",
    "repeat: {times: 3, except: [您好]}\n    status: review",
    "holds: {measure: {name: agent_talk_ratio, per: call, above: 0.8}}",
]


@pytest.mark.parametrize("body", GOOD)
def test_what_the_readers_take_is_valid(body: str) -> None:
    text = RULE.replace("phrase: {any: [随便]}", body)
    rulebook_of({"a.yaml": text})
    assert [error.message for error in VALIDATOR.iter_errors(plain(text))] == []


BAD = [
    ("family: forbidden_phrase", "family: forbiden_phrase"),
    ("severity: major", "severity: grave"),
    ("id: one", "id: One Rule"),
    ("    name_zh: 一\n", ""),
    ("phrase: {any: [随便]}", "phrasee: {any: [随便]}"),
    ("phrase: {any: [随便]}", "phrase: {anny: [随便]}"),
    ("phrase: {any: [随便]}", "phrase: {any: []}"),
    ("phrase: {any: [随便]}", "phrase: {except: [随便]}"),
    ("phrase: {any: [随便]}", "phrase: {any: [{set: a, regex: b}]}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便], match: pinyim}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便], near: {any: [一]}}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便], max_distance: 2}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    holds: complaint"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    scope: {}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    scope: {after: {within_s: 3}}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    scope: {between: [complaint]}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    when: {says: {any: [投诉]}}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    when: {topic: 投诉, metadata: {queue: a}}"),
    ("phrase: {any: [随便]}", "phrase: {any: [随便]}\n    when: {metadata: {weekday: [monday]}}"),
    ("phrase: {any: [随便]}", "measure: {name: agent_rate, per: call, above: 3}"),
    ("phrase: {any: [随便]}", "measure: {name: snr_db, per: call}"),
    ("phrase: {any: [随便]}", "event: {kind: silense, above: 3}"),
    ("phrase: {any: [随便]}", "rate: {any: [那个]}"),
    ("phrase: {any: [随便]}", "repeat: {times: 1}"),
    ("miss: [您好]", "misss: [您好]"),
    ("examples: {hit: [随便], miss: [您好]}", "examples: {hit: [随便]}"),
    ("hit: [随便]", "hit: [{lines: [坐席：随便], measures: {agent_rate_cpm: 3}}]"),
    ("rules:", "rulez:"),
]


@pytest.mark.parametrize(("old", "new"), BAD)
def test_what_the_readers_refuse_is_not_valid(old: str, new: str) -> None:
    text = RULE.replace(old, new)
    with pytest.raises(RuleError):
        rulebook_of({"a.yaml": text})
    assert not VALIDATOR.is_valid(plain(text))
