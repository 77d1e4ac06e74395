"""Read a rulebook from YAML files: every mistake is a RuleError that names file, line and remedy.

sets:                       # named phrase lists, shared by all files
  remedies: [查一下, 问一下]
conditions:                 # named conditions, shared by all files
  complaint: {says: {role: patient, any: [投诉]}}
rules:
  - id: forbidden-dont-know
    family: forbidden_phrase
    severity: major         # info, minor, major, red_line
    role: agent             # agent (default), patient, any
    name_zh: 直接说不知道
    name_en: Flat "I don't know"
    phrase: {...}           # exactly one operator: phrase, must_say, measure, event, ratio, rate, repeat, holds
    when: {...}             # a condition: the rule is judged only in calls where it holds
    examples: {hit: [...], miss: [...], remedied: [...], review: [...]}
"""

from collections.abc import Callable, Collection, Mapping
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from pipeline.config import shipped_files
from pipeline.config.yaml_source import Node, Place, parse
from pipeline.errors import RuleError
from pipeline.model import FindingStatus, Role
from pipeline.rules.context import Context, shipped
from pipeline.rules.definitions import Definitions
from pipeline.rules.examples import read_examples
from pipeline.rules.operators import event, holds, measure, must_say, phrase, rate, ratio, repeat
from pipeline.rules.operators.base import Operator
from pipeline.rules.phrases import Sets
from pipeline.rules.rulebook import Floor, Rule, Rulebook
from pipeline.rules.scope import Names
from pipeline.rules.vocabulary import FAMILY_IDS, ROLES, SEVERITIES

Reader = Callable[[Node, Names, Role | None], Operator]

OPERATORS: Mapping[str, tuple[Reader, tuple[str, ...]]] = MappingProxyType(
    {
        "phrase": (phrase.read, phrase.KEYS),
        "must_say": (must_say.read, must_say.KEYS),
        "measure": (measure.read, measure.KEYS),
        "event": (event.read, event.KEYS),
        "ratio": (ratio.read, ratio.KEYS),
        "rate": (rate.read, rate.KEYS),
        "repeat": (repeat.read, repeat.KEYS),
        "holds": (holds.read, holds.KEYS),
    }
)
FILE_KEYS = ("sets", "conditions", "rules")
RULE_KEYS = (
    *("id", "family", "severity", "role", "name_zh", "name_en", "coaching_zh", "coaching_en"),
    *("status", "points", "cap_per_call", "fatal", "alert", "floor", "enabled", "when", "examples"),
)
MAX_RULES = 10_000
_STATUSES: tuple[FindingStatus, ...] = ("violated", "satisfied", "review")
_NO_STATUS = ("must_say",)


def load_rulebook(
    folder: Path | None = None, *, topics: Collection[str] | None = None, zone: tzinfo | None = None
) -> Rulebook:
    """All `*.yaml` files of the folder (None: the shipped rulebook) as one rulebook.

    topics: names that rules may ask for; None: those of the shipped topic lexicon. zone: in which `hour` and `weekday`
    are meant; None: that of the call's own start time.
    Raises RuleError when the folder has no rules or anything in it is not valid; nothing is left out silently.
    """
    return rulebook_of(_read_files(folder), topics=topics, zone=zone)


def rulebook_of(
    sources: Mapping[str, str],
    *,
    topics: Collection[str] | None = None,
    zone: tzinfo | None = None,
    classes: Sets = MappingProxyType({}),
    weights: Context | None = None,
) -> Rulebook:
    """The rulebook that these files (name: content) hold; see `load_rulebook`.

    classes: what {class: …} stands for (`entities.class_sets`); those left out are the shipped ones.
    weights: what rules that weigh the context go by; None: the shipped ones.
    """
    parsed = [parse(text, name) for name, text in sorted(sources.items())]
    for file in parsed:
        file.allow(FILE_KEYS)
    names = Definitions(parsed, _topic_names() if topics is None else topics, zone, classes, weights or shipped())
    rules: list[Rule] = []
    seen: dict[str, Place] = {}
    for file in parsed:
        for node in file.nodes("rules"):
            if len(rules) == MAX_RULES:
                raise node.error(
                    f"is rule {MAX_RULES + 1}; a rulebook has at most {MAX_RULES}: join rules into phrases"
                )
            rule = _read_rule(node, names)
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
    names.read_all()
    return Rulebook(_digest(sources), tuple(rules), names.all())


def _read_files(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return shipped_files.texts("rules")
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


def _topic_names() -> tuple[str, ...]:
    """The topics of the shipped lexicon."""
    name = "lexicon/topics.yaml"
    lexicon = parse(shipped_files.text(name), name)
    return (*(topic.text("name_zh") for topic in lexicon.nodes("topics")), lexicon.text("fallback_zh"))


def _read_rule(node: Node, names: Names) -> Rule:
    rule_id = node.identifier("id")
    node = node.named(f"rule {rule_id}")
    chosen = [name for name in OPERATORS if name in node]
    if len(chosen) != 1:
        node.allow((*RULE_KEYS, *OPERATORS, "scope", "unless"))
        raise node.error(f"has {len(chosen)} operators; give exactly one of {', '.join(OPERATORS)}")
    reader, keys = OPERATORS[chosen[0]]
    _only_for(node, chosen[0], keys)
    role = ROLES[node.choice("role", tuple(ROLES), "agent")]
    severity = node.choice("severity", SEVERITIES)
    status = _read_status(node, chosen[0])
    return Rule(
        rule_id=rule_id,
        family=node.choice("family", FAMILY_IDS),
        name_zh=node.text("name_zh"),
        name_en=node.text("name_en"),
        severity=next(s for s in SEVERITIES if s == severity),
        role=role,
        operator=reader(node, names, role),
        examples=read_examples(node, role, status),
        place=node.place,
        coaching_zh=node.text("coaching_zh") if "coaching_zh" in node else None,
        coaching_en=node.text("coaching_en") if "coaching_en" in node else None,
        when=names.condition(node.entry("when")) if "when" in node else None,
        status=status,
        points=node.optional_number("points", low=0, high=100),
        points_cap=node.optional_number("cap_per_call", low=0, high=100),
        fatal=node.flag("fatal", default=False),
        alert=node.flag("alert", default=False),
        enabled=node.flag("enabled", default=True),
        floor=_read_floor(node),
    )


def _only_for(node: Node, operator: str, keys: tuple[str, ...]) -> None:
    """Refuse keys that this operator does not take, naming those that do."""
    for key in ("scope", "unless"):
        if key in node and key not in keys:
            takers = ", ".join(name for name, (_, known) in OPERATORS.items() if key in known)
            raise node.error(f"{key!r} means nothing with {operator}; it goes with {takers}", key)
    node.allow((*RULE_KEYS, *keys))


def _read_status(node: Node, operator: str) -> FindingStatus:
    status = node.choice("status", _STATUSES, "violated")
    if status != "violated" and operator in _NO_STATUS:
        raise node.error(f"status means nothing with {operator}: it is satisfied or violated by itself", "status")
    if status == "satisfied":
        for key in ("unless", "points", "cap_per_call", "fatal", "alert"):
            if key in node:
                raise node.error(f"{key!r} contradicts status: satisfied; what is right costs nothing", key)
    return next(s for s in _STATUSES if s == status)


def _read_floor(node: Node) -> Floor | None:
    if "floor" not in node:
        return None
    inner = node.node("floor")
    inner.allow(("precision", "recall"))
    if not inner.names():
        raise inner.error("needs precision, recall or both, each from 0 to 1")
    precision, recall = (inner.optional_number(key, low=0, high=1) for key in ("precision", "recall"))
    return Floor(precision, recall)
