"""Read a rulebook from YAML files: every mistake is a RuleError that names file, line and remedy.

sets:                       # named phrase lists, shared by all files
  remedies: [查一下, 问一下]
rules:
  - id: forbidden-dont-know
    family: forbidden_phrase
    severity: major         # info, minor, major, red_line
    role: agent             # agent (default), patient, any
    name_zh: 直接说不知道
    name_en: Flat "I don't know"
    phrase: {...}           # exactly one operator: phrase, must_say, measure, event, ratio
    examples: {hit: [...], miss: [...], remedied: [...], review: [...]}
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from pipeline.config.yaml_source import Entry, Node, Place, parse
from pipeline.errors import RuleError
from pipeline.model import Role
from pipeline.rules.examples import read_examples
from pipeline.rules.operators import event, measure, must_say, phrase, ratio
from pipeline.rules.operators.base import Operator
from pipeline.rules.phrases import Sets
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.vocabulary import FAMILY_IDS, SEVERITIES

Reader = Callable[[Node, Sets, Role | None], Operator]

OPERATORS: Mapping[str, tuple[Reader, tuple[str, ...]]] = MappingProxyType(
    {
        "phrase": (phrase.read, phrase.KEYS),
        "must_say": (must_say.read, must_say.KEYS),
        "measure": (measure.read, measure.KEYS),
        "event": (event.read, event.KEYS),
        "ratio": (ratio.read, ratio.KEYS),
    }
)
_RULE_KEYS = ("id", "family", "severity", "role", "name_zh", "name_en", "coaching_zh", "coaching_en", "examples")
_ROLES: Mapping[str, Role | None] = MappingProxyType({"agent": "agent", "patient": "patient", "any": None})


def load_rulebook(folder: Path | None = None) -> Rulebook:
    """All `*.yaml` files of the folder (None: the shipped rulebook) as one rulebook.

    Raises RuleError when the folder has no rules or anything in it is not valid; nothing is left out silently.
    """
    return rulebook_of(_read_files(folder))


def rulebook_of(sources: Mapping[str, str]) -> Rulebook:
    """The rulebook that these files (name: content) hold."""
    parsed = [parse(text, name) for name, text in sorted(sources.items())]
    sets = _read_sets(parsed)
    rules: list[Rule] = []
    seen: dict[str, Place] = {}
    for file in parsed:
        for node in file.nodes("rules"):
            rule = _read_rule(node, sets)
            if rule.rule_id in seen:
                raise node.named(f"rule {rule.rule_id}").error(
                    f"id {rule.rule_id!r} is already used at {seen[rule.rule_id]}; choose another", "id"
                )
            seen[rule.rule_id] = rule.place
            rules.append(rule)
    if not rules:
        raise RuleError(
            f"no rules in {', '.join(sorted(sources)) or 'the folder'}; add `rules:` with at least one rule"
        )
    return Rulebook(_digest(sources), tuple(rules))


def _read_files(folder: Path | None) -> dict[str, str]:
    if folder is None:
        shipped = files("pipeline.config").joinpath("rules").iterdir()
        return {f"rules/{f.name}": f.read_text(encoding="utf-8") for f in shipped if f.name.endswith(".yaml")}
    if not folder.is_dir():
        raise RuleError(f"rulebook folder {folder} does not exist; set rules.rules_dir to a folder with *.yaml files")
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise RuleError(f"rulebook folder {folder} has no *.yaml file; copy the shipped rules there and change them")
    try:
        return {str(path): path.read_text(encoding="utf-8") for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"rulebook folder {folder}: {error}; rule files must be readable UTF-8 text") from error


def _digest(sources: Mapping[str, str]) -> str:
    digest = sha256()
    for name, text in sorted((Path(name).name, text) for name, text in sources.items()):
        for part in (name, text):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
    return "r-" + digest.hexdigest()[:16]


def _read_sets(parsed: Iterable[Node]) -> dict[str, tuple[Entry, ...]]:
    sets: dict[str, tuple[Entry, ...]] = {}
    for file in parsed:
        file.allow(("sets", "rules"))
        if "sets" not in file:
            continue
        named = file.node("sets")
        for name in named.names():
            if name in sets:
                raise named.error(f"set {name!r} is defined twice; sets are shared by all files", name)
            sets[name] = named.entries(name)
    return sets


def _read_rule(node: Node, sets: Sets) -> Rule:
    rule_id = node.identifier("id")
    node = node.named(f"rule {rule_id}")
    chosen = [name for name in OPERATORS if name in node]
    if len(chosen) != 1:
        node.allow((*_RULE_KEYS, *OPERATORS, "scope", "unless"))
        raise node.error(f"has {len(chosen)} operators; give exactly one of {', '.join(OPERATORS)}")
    reader, keys = OPERATORS[chosen[0]]
    node.allow((*_RULE_KEYS, *keys))
    role = _ROLES[node.choice("role", tuple(_ROLES), "agent")]
    severity = node.choice("severity", SEVERITIES)
    return Rule(
        rule_id=rule_id,
        family=node.choice("family", FAMILY_IDS),
        name_zh=node.text("name_zh"),
        name_en=node.text("name_en"),
        severity=next(s for s in SEVERITIES if s == severity),
        role=role,
        operator=reader(node, sets, role),
        examples=read_examples(node, role),
        place=node.place,
        coaching_zh=node.text("coaching_zh") if "coaching_zh" in node else None,
        coaching_en=node.text("coaching_en") if "coaching_en" in node else None,
    )
