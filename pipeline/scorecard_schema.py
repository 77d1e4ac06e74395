"""The grammar of scorecard files as a JSON schema (draft 2020-12), for editors: `callqa rules schema --scorecard`.

Made from the names that the reader itself allows (`pipeline.scorecards`). That points add up to 100, ids are used once
and topics are in the lexicon only the reader can tell.
"""

import json

from pipeline.config.yaml_source import ID_PATTERN
from pipeline.rules.schema import Schema, number, object_of, texts
from pipeline.rules.vocabulary import CALL_MEASURES, FAMILIES, SEVERITIES
from pipeline.scorecards import CARD_KEYS, ITEM_KEYS, SECTION_KEYS

_TEXT: Schema = {"type": "string", "minLength": 1}
_NAME: Schema = {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"}
_NAMES: Schema = {"name_zh": _TEXT, "name_en": _TEXT}


def scorecard_schema() -> Schema:
    """The schema of one scorecard file."""
    card: Schema = {
        "id": _NAME,
        **_NAMES,
        "for_topics": texts(),
        "pass_mark": number(0, 100),
        "min_points_judged": number(0, 100),
        "on_fatal": {"enum": ["fail", "zero"]},
        "sections": _list_of({"$ref": "#/$defs/section"}),
    }
    optional = {"for_topics", "min_points_judged"}
    section: Schema = {"id": _NAME, **_NAMES, "items": _list_of({"$ref": "#/$defs/item"})}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "callqa scorecard",
        "description": "A form of 100 points; what the keys mean is told at the top of the shipped cards.",
        **object_of(CARD_KEYS, card, *(key for key in CARD_KEYS if key not in optional)),
        "$defs": {"section": object_of(SECTION_KEYS, section, *SECTION_KEYS), "item": _item()},
    }


def schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(scorecard_schema(), ensure_ascii=False, indent=2) + "\n"


def _item() -> Schema:
    points = number(0, 100)
    values: Schema = {
        "id": _NAME,
        **_NAMES,
        "points": number(0.5, 100),
        "families": _list_of({"enum": [family.family_id for family in FAMILIES]}),
        "deduct": object_of(SEVERITIES, dict.fromkeys(SEVERITIES, points)),
        "cap": points,
        "fatal": {"enum": list(SEVERITIES)},
        "needs_measures": {"type": "array", "items": {"enum": sorted(CALL_MEASURES)}},
        "needs_role": {"enum": ["agent", "patient"]},
        "needs_finding": {"type": "boolean"},
        "needs_topic": texts(),
    }
    return object_of(ITEM_KEYS, values, *ITEM_KEYS[:6])


def _list_of(item: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": item}
