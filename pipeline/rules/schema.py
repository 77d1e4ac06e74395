"""The grammar of rule files as a JSON schema (draft 2020-12), for editors: `callqa rules schema` prints it.

Made from the names that the readers themselves allow (rules.vocabulary and the operators' keys), so the two cannot
drift apart unnoticed. The schema knows keys, types, ranges and names; what only the readers can tell (unknown sets and
conditions, expressions that RE2 refuses, examples that fail) stays with `callqa rules check`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pipeline.config.yaml_source import ID_PATTERN
from pipeline.model import Direction
from pipeline.rules import entities
from pipeline.rules.examples import EXAMPLE_KEYS, EXAMPLE_METADATA_KEYS, LINE_KEYS, STATUSES
from pipeline.rules.load import FILE_KEYS, OPERATORS, RULE_KEYS
from pipeline.rules.operators import event, measure, must_say, phrase, rate, ratio, repeat
from pipeline.rules.vocabulary import (
    ANCHOR_KEYS,
    CALL_MEASURES,
    CONDITION_KEYS,
    EVENT_KINDS,
    FAMILIES,
    METADATA_KEYS,
    REMEDY_KEYS,
    ROLES,
    SCOPE_KEYS,
    SEVERITIES,
    TEXT_KEYS,
    UTTERANCE_MEASURES,
    WEEKDAYS,
)

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_NAME: Schema = {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"}


def rulebook_schema() -> Schema:
    """The schema of one rule file."""
    conditions = _map_of(_ref("condition"), "Named conditions, shared by all files.")
    sets = _map_of(_ref("elements"), "Named phrase lists, shared by all files.")
    rules = {"type": "array", "minItems": 1, "items": _ref("rule")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "callqa rules",
        "description": "Rules for calls; the manual is README.md beside the shipped rules.",
        **object_of(FILE_KEYS, {"sets": sets, "conditions": conditions, "rules": rules}),
        "$defs": {**_text_defs(), **_place_defs(), **_rule_defs(), **_example_defs()},
    }


def schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(rulebook_schema(), ensure_ascii=False, indent=2) + "\n"


def _text_defs() -> Schema:
    """Wherever words are looked for."""
    special = {
        "say": object_of(
            ("say", "match", "sensible"), {"say": _TEXT, "match": _ref("match"), "sensible": texts()}, "say"
        ),
        "regex": object_of(("regex",), {"regex": {**_TEXT, "maxLength": 500}}, "regex"),
        "set": object_of(("set",), {"set": _TEXT}, "set"),
        "class": object_of(("class",), {"class": {"enum": sorted(entities.CLASSES)}}, "class"),
    }
    near = {
        "any": _ref("elements"),
        "within_characters": _whole(0, 200),
        "within_s": number(0, 600),
        "side": {"enum": ["before", "after", "both"]},
    }
    remedy = {**_text_values(), "next_turns": _whole(0, 1000), "within_s": number(0.1, 36000), "role": _ref("role")}
    return {
        "role": {"enum": list(ROLES)},
        "match": {"enum": ["text", "pinyin", "fuzzy"]},
        "element": {"anyOf": [_TEXT, *special.values()]},
        "elements": {"type": "array", "minItems": 1, "items": _ref("element")},
        "near": {**object_of(tuple(near), near, "any"), "oneOf": _one_of("within_characters", "within_s")},
        "unless": _text(REMEDY_KEYS, remedy),
    }


def _text_values() -> Schema:
    """What stands wherever words are looked for."""
    some = object_of(("count", "of"), {"count": _whole(2, 1000), "of": _ref("elements")}, "count", "of")
    return {
        "any": _ref("elements"),
        "all": {"type": "array", "minItems": 1, "items": _ref("elements")},
        "at_least": some,
        "none": _ref("elements"),
        "except": _ref("elements"),
        "near": _one_or_more("near"),
        "not_near": _one_or_more("near"),
        "match": _ref("match"),
        "max_distance": number(0.01, 0.4),
        "min_syllables": _whole(2, 20),
    }


def _text(keys: tuple[str, ...], values: Schema) -> Schema:
    return {**object_of(_written(keys), values), "anyOf": _one_of("any", "all", "at_least")}


def _place_defs() -> Schema:
    """Scopes and conditions."""
    seconds, turns = number(0.1, 36000), _whole(1, 1000)
    reach = dict(zip(ANCHOR_KEYS, (turns, seconds), strict=True))
    inline = {key: _ref(f"condition_{key}") for key in CONDITION_KEYS}
    anchor = {
        **object_of((*CONDITION_KEYS, *ANCHOR_KEYS, "min_confidence"), {**inline, **reach, "min_confidence": _ratio()}),
        "oneOf": _one_of(*CONDITION_KEYS),
    }
    anchor["properties"]["condition"] = _ref("condition")
    scope = {
        "first_turns": turns,
        "last_turns": turns,
        "first_s": seconds,
        "last_s": seconds,
        "after": _ref("anchor"),
        "before": _ref("anchor"),
        "between": {"type": "array", "minItems": 2, "maxItems": 2, "items": _ref("condition")},
        "occurrence": {"anyOf": [{"enum": ["every", "first", "last"]}, turns]},
    }
    written = object_of((*CONDITION_KEYS, "min_confidence"), {**inline, "min_confidence": _ratio()})
    return {
        "scope": {**object_of(SCOPE_KEYS, scope), "minProperties": 1},
        "anchor": anchor,
        "condition": {"anyOf": [_TEXT, {**written, "oneOf": _one_of(*CONDITION_KEYS)}]},
        "metadata": {**object_of(METADATA_KEYS, _metadata_values()), "minProperties": 1},
        **{f"condition_{key}": value for key, value in _condition_values().items()},
    }


def _condition_values() -> Schema:
    listed = {"type": "array", "minItems": 1, "items": _ref("condition")}
    operators = _operator_values()
    placed = {"role": _ref("role"), "scope": _ref("scope")}
    says = {**_text((*TEXT_KEYS, *placed), {**_text_values(), **placed}), "required": ["role"]}
    return {
        "condition": _TEXT,
        "all": listed,
        "any": listed,
        "not": _ref("condition"),
        "at_least": object_of(("count", "of"), {"count": _whole(1, 1000), "of": listed}, "count", "of"),
        "says": says,
        "measure": _with(operators["measure"], placed),
        "event": _with(operators["event"], placed),
        "repeat": {**_with(operators["repeat"], placed), "required": ["role"]},
        "topic": {"anyOf": [_TEXT, texts()]},
        "metadata": _ref("metadata"),
    }


def _metadata_values() -> Schema:
    one_or_more = {"anyOf": [_TEXT, texts()]}
    directions = {"enum": list(get_args(Direction))}
    length = {"above": number(0, 360_000), "below": number(0, 360_000)}
    return {
        **dict.fromkeys(METADATA_KEYS[:4], one_or_more),
        "direction": {"anyOf": [directions, {"type": "array", "minItems": 1, "items": directions}]},
        "hour": {"type": "array", "minItems": 2, "maxItems": 2, "items": number(0, 24)},
        "weekday": {"type": "array", "minItems": 1, "items": {"enum": list(WEEKDAYS)}},
        "repeat_caller": _FLAG,
        "duration_s": {**object_of(("above", "below"), length), "minProperties": 1},
    }


def _operator_values() -> Schema:
    text = _text_values()
    findings = _whole(1, 1000)
    limits = {"above": number(-1000, 1e6), "below": number(-1000, 1e6)}
    group = {"name_zh": _TEXT, **text, "optional": _FLAG}
    groups = {"type": "array", "minItems": 1, "items": object_of(_written(must_say.GROUP_KEYS), group, "name_zh")}
    excuse = {**text, "within_turns": _whole(1, 50), "up_to": number(0, 36000)}
    measures = {
        "name": {"enum": sorted(CALL_MEASURES | UTTERANCE_MEASURES)},
        "per": {"enum": ["call", "utterance"]},
        **limits,
        "max_findings": findings,
        "min_characters": _whole(0, 1000),
        "min_duration_s": number(0, 600),
    }
    events = {
        "kind": {"enum": list(EVENT_KINDS)},
        "above": number(0, 36000),
        "caused_by": _ref("role"),
        "excuse": object_of(_written(event.EXCUSE_KEYS), excuse, "up_to"),
        "callers_pause": _ref("elements"),
        "at_least": findings,
        "max_findings": findings,
    }
    words = _ref("elements")
    shares = {"of": words, "against": words, "except": words, "at_least": _ratio(), "min_count": findings}
    rates = {**text, "above_per_minute": number(0, 1000), "min_count": findings}
    repeats = {
        "times": _whole(2, 100),
        "similarity": number(0.3, 1),
        "min_characters": _whole(2, 1000),
        "within_s": number(1, 36000),
        "except": words,
    }
    said = {"groups": groups, "need": _whole(1, 100)}
    return {
        "phrase": _text(phrase.OWN_KEYS, {**text, "echo_turns": _whole(0, 100), "weigh_context": _FLAG}),
        "must_say": object_of(must_say.OWN_KEYS, said, "groups"),
        "measure": {**object_of(measure.OWN_KEYS, measures, "name", "per"), "oneOf": _one_of(*limits)},
        "event": object_of(event.OWN_KEYS, events, "kind", "above"),
        "ratio": object_of(ratio.OWN_KEYS, shares, "of", "against", "at_least"),
        "rate": object_of(_written(rate.OWN_KEYS), rates, "above_per_minute"),
        "repeat": object_of(repeat.OWN_KEYS, repeats),
        "holds": _ref("condition"),
    }


def _rule_defs() -> Schema:
    families = [{"const": f.family_id, "description": f"{f.name_zh} {f.name_en}"} for f in FAMILIES]
    values = {
        "id": _NAME,
        "family": {"oneOf": families},
        "severity": {"enum": list(SEVERITIES)},
        "role": _ref("role"),
        "name_zh": _TEXT,
        "name_en": _TEXT,
        "coaching_zh": _TEXT,
        "coaching_en": _TEXT,
        "status": {"enum": ["violated", "satisfied", "review"]},
        "points": number(0, 100),
        "cap_per_call": number(0, 100),
        "fatal": _FLAG,
        "alert": _FLAG,
        "floor": {
            **object_of(("precision", "recall"), {"precision": _ratio(), "recall": _ratio()}),
            "minProperties": 1,
        },
        "enabled": _FLAG,
        "when": _ref("condition"),
        "examples": _ref("examples"),
        "scope": _ref("scope"),
        "unless": _ref("unless"),
        **_operator_values(),
    }
    keys = (*RULE_KEYS, "scope", "unless", *OPERATORS)
    required = ("id", "family", "severity", "name_zh", "name_en", "examples")
    return {"rule": {**object_of(keys, values, *required), "oneOf": _one_of(*OPERATORS)}}


def _example_defs() -> Schema:
    numbers = {"type": "object", "additionalProperties": {"type": "number"}}
    seconds = number(0, 36000)
    line = {
        **dict.fromkeys(("agent", "patient", "unknown"), _TEXT),
        "duration_s": seconds,
        "cut_in_s": seconds,
        "at_s": seconds,
        "silence_s": seconds,
        "measures": {**numbers, "propertyNames": {"enum": sorted(UTTERANCE_MEASURES)}},
    }
    known: Schema = {
        **dict.fromkeys(METADATA_KEYS[:4], _TEXT),
        "direction": {"enum": list(get_args(Direction))},
        "hour": number(0, 23.99),
        "weekday": {"enum": list(WEEKDAYS)},
        "previous_calls": _whole(0, 1000),
        "duration_s": number(0.1, 360_000),
    }
    lines = {"type": "array", "minItems": 1, "items": {"anyOf": [_TEXT, object_of(LINE_KEYS, line)]}}
    full: Schema = {
        "lines": lines,
        "measures": {**numbers, "propertyNames": {"enum": sorted(CALL_MEASURES)}},
        "metadata": object_of(EXAMPLE_METADATA_KEYS, known),
        "topics": texts(),
    }
    example = {"anyOf": [_TEXT, lines, object_of(EXAMPLE_KEYS, full, "lines")]}
    listed: Schema = {"type": "array", "minItems": 1, "items": _ref("example")}
    by_status: Schema = dict.fromkeys(STATUSES, listed)
    return {"example": example, "examples": object_of(STATUSES, by_status, "hit", "miss")}


def _written(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys without one that is only known to be refused with a hint."""
    return tuple(key for key in keys if key != "pinyin")


def object_of(keys: tuple[str, ...], values: Mapping[str, Schema], *required: str) -> Schema:
    """A mapping of these keys and no other. Raises KeyError for a key of the readers that has no value here."""
    made: Schema = {"type": "object", "additionalProperties": False, "properties": {key: values[key] for key in keys}}
    return {**made, "required": list(required)} if required else made


def _with(schema: Schema, more: Schema) -> Schema:
    return {**schema, "properties": {**schema["properties"], **more}}


def _map_of(value: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "additionalProperties": value}


def _one_of(*keys: str) -> list[Schema]:
    return [{"required": [key]} for key in keys]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one_or_more(name: str) -> Schema:
    return {"anyOf": [_ref(name), {"type": "array", "minItems": 1, "items": _ref(name)}]}


def texts() -> Schema:
    return {"type": "array", "minItems": 1, "items": _TEXT}


def number(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _ratio() -> Schema:
    return number(0, 1)
