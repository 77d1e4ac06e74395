"""Classes of things that rules may look for wherever words stand: {class: date}, {class: department}.

What is written in a way of its own (dates, times, amounts, telephone numbers) is in `config/lexicon/entities.yaml`;
what is a list of names (departments, drugs) in `config/lexicon/terms.yaml`, the corrector's lexicon too. A class is
read as a set of the rulebook under a name that no other set can have, so that a rulebook and its classes can be handed
over together: `{**sets, **class_sets(…)}`. A rulebook that is read without them gets the shipped ones.
"""

from collections.abc import Mapping
from functools import cache

from pipeline.config import shipped_files
from pipeline.config.yaml_source import Entry, Node, parse

CLASSES: Mapping[str, str] = {
    "date": "日期",
    "time": "时间",
    "money": "金额",
    "phone": "电话号码",
    "number": "数字",
    "id_number": "证件号",
    "department": "科室",
    "drug": "药品",
    "procedure": "检查与手术",
    "insurance": "医保",
    "person_title": "称谓",
}
_BY_EXPRESSION = ("date", "time", "money", "phone", "number", "id_number")
_BY_NAME = ("department", "drug", "procedure", "insurance", "person_title")


def set_name(class_name: str) -> str:
    """The name of the set that a class is read as."""
    return f"class:{class_name}"


def class_sets(expressions: str, names: str, shown: tuple[str, str]) -> dict[str, tuple[Entry, ...]]:
    """The classes that these two YAML texts (entities.yaml, terms.yaml) hold, as sets; shown: their names in errors.

    Raises RuleError with file and line.
    """
    written, listed = parse(expressions, shown[0]).named("entities"), parse(names, shown[1]).named("terms")
    written.allow(_BY_EXPRESSION)
    found = {set_name(name): _entries(written, name) for name in _BY_EXPRESSION}
    return found | {set_name(name): _terms(listed, name) for name in _BY_NAME}


@cache
def shipped_class_sets() -> Mapping[str, tuple[Entry, ...]]:
    names = ("lexicon/entities.yaml", "lexicon/terms.yaml")
    return class_sets(shipped_files.text(names[0]), shipped_files.text(names[1]), names)


def _entries(node: Node, name: str) -> tuple[Entry, ...]:
    entries = node.entries(name)
    if not entries:
        raise node.error(f"class {name!r} is missing: list its expressions or words")
    return entries


def _terms(node: Node, name: str) -> tuple[Entry, ...]:
    """Terms as entries; several may share a line."""
    return tuple(
        Entry(term, entry.place)
        for entry in _entries(node, name)
        for term in (entry.value.split() if isinstance(entry.value, str) else (entry.value,))
    )
