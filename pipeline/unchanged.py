"""What of a rulebook version is the same in another one: rules that find the same in the same facts.

A rule reads its own text, every set, condition and class of words that it names, directly or through another, and what
all rules read (settings that judge, the weights of the audio's word, the generation of the code). Where all of these
are written alike in both versions, it finds the same; where it names topics, the topic lexicon counts too. Whatever is
written otherwise counts as changed, if only a comma: a rule is then judged once too often, never once too seldom.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from pipeline.config.yaml_source import Node, parse
from pipeline.model import Finding
from pipeline.rulebooks import JUDGING_GENERATION, Sources
from pipeline.rules import Rulebook
from pipeline.rules.entities import set_name
from pipeline.rules.index import MatchIndex
from pipeline.rules.matching import index_of
from pipeline.topics import TopicLexicon

_NOT_JUDGING = ("examples", "floor", "coaching_zh", "coaching_en")
_SHARED = ("sets", "conditions")
_CLASS = set_name("")
_CLASSES = ("entities.yaml", "terms.yaml")


@dataclass(frozen=True, slots=True)
class Digests:
    """topics: of all that decides the topics of a call. rules: by rule id in their order, of all that a rule reads.

    cards: of all scorecards.
    """

    topics: str
    rules: Mapping[str, str]
    cards: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be judged of calls that another version has judged.

    kept: ids of the rules whose findings stay. rulebook: the rules to judge. topics: whether to look for them anew.
    index: over the words to look for; None: words need not be looked at. asked: the phrases among them, which the audio
    may be known to hide. stands: whether a judgement stays as it is in whose call no rule to judge finds anything, and
    of whose findings all are kept: topics, scorecards and the order of rules are the same.
    """

    kept: frozenset[str]
    rulebook: Rulebook
    topics: bool
    index: MatchIndex | None
    asked: frozenset[str]
    stands: bool


def digests_of(sources: Sources) -> Digests:
    """The digests of a rulebook. Raises RuleError for a file that is no YAML mapping."""
    lexicons = map(sources.lexicon, ("topics.yaml", "verification.yaml", "context.yaml", *_CLASSES))
    listed, weights, around, *classes = (parse(lexicon.text, lexicon.shown) for lexicon in lexicons)
    context = _digest(around.plain())
    common = _digest(JUDGING_GENERATION, sources.min_role_confidence, sources.timezone, weights.plain())
    topics = _digest(common, listed.plain())
    files = [parse(text, name) for name, text in sources.texts("rules").items()]
    shared = _named([*classes, *(file.node(key) for file in files for key in _SHARED if key in file)])
    names = {name: _words(value) for name, value in shared.items()}
    rules: dict[str, str] = {}
    for node in (rule for file in files for rule in file.nodes("rules")):
        own = node.without(_NOT_JUDGING).plain()
        words = _words(own)
        reached = _reached(words, names)
        asks_topic = any("topic" in some for some in (words, *(names[name] for name in reached)))
        rules[node.text("id")] = _digest(
            common,
            topics if asks_topic else "",
            context if "weigh_context" in words else "",
            own,
            [[name, shared[name]] for name in reached],
        )
    return Digests(topics, rules, _digest(list(sources.texts("scorecards").values())))


def change_of(then: Digests, now: Digests, rulebook: Rulebook, lexicon: TopicLexicon) -> Change | None:
    """What `now`, whose rulebook and topic lexicon these are, asks for beyond `then`; None: everything."""
    kept = frozenset(rule_id for rule_id, digest in now.rules.items() if then.rules.get(rule_id) == digest)
    if not kept:
        return None
    differing = replace(rulebook, rules=tuple(r for r in rulebook.rules if r.enabled and r.rule_id not in kept))
    topics = then.topics != now.topics
    lists = (*differing.lists(), *(lexicon.lists() if topics else ()))
    asked = frozenset(p.characters for words in lists for part in words.alternatives() for p in part.phrases)
    order = [rule_id for rule_id in then.rules if rule_id in kept] == [r for r in _ids(rulebook) if r in kept]
    return Change(
        kept,
        differing,
        topics,
        index_of(lists) if differing.rules or topics else None,
        asked,
        stands=order and not topics and then.cards == now.cards,
    )


def merged(
    stored: tuple[Finding, ...], change: Change, fresh: tuple[Finding, ...], order: Mapping[str, int]
) -> tuple[Finding, ...]:
    """Stored findings of the rules that stay and fresh ones of the others, as `Rulebook.judge_all` orders them.

    order: by rule id, its place in the rulebook.
    """
    kept = (finding for finding in stored if finding.rule_id in change.kept)
    return tuple(sorted((*kept, *fresh), key=lambda f: (-1.0 if f.start_s is None else f.start_s, order[f.rule_id])))


def _ids(rulebook: Rulebook) -> Iterator[str]:
    return (rule.rule_id for rule in rulebook.rules)


def _named(mappings: list[Node]) -> dict[str, list[Any]]:
    """What each name stands for; a set, a condition and a class may share one."""
    found: dict[str, list[Any]] = {}
    for node in mappings:
        for name, value in node.plain().items():
            found.setdefault(name.removeprefix(_CLASS), []).append(value)
    return found


def _reached(words: frozenset[str], names: Mapping[str, frozenset[str]]) -> list[str]:
    """The names among these words, and those that they lead to. A word that only looks like a name does no harm."""
    found: set[str] = set()
    waiting = [words]
    while waiting:
        fresh = (waiting.pop() & names.keys()) - found
        found |= fresh
        waiting += [names[name] for name in fresh]
    return sorted(found)


def _words(value: object) -> frozenset[str]:
    """Every text and key in a value; {class: date} and {set: "class:date"} name the same."""
    return frozenset(_each_word(value))


def _each_word(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value.removeprefix(_CLASS)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _each_word(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _each_word(inner)


def _digest(*parts: object) -> str:
    return sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
