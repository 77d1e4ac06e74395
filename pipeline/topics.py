"""What a call is about, by the words of a lexicon, with the words as evidence.

Every word of a topic that is heard adds its weight once, half of it when only the agent says it (the agent lists what
the house offers, the caller says what he wants) and half as much again when the caller says it in the first quarter of
the call, where callers say why they ring. confidence = 1 - exp(-sum / 2): one plain word of the caller 0.39,
two 0.63, four 0.86. Every topic from `min_confidence` up is given, the surest first; none: the fallback topic. A topic
of the lexicon that the telephone system names is certain.
"""

from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path

from pipeline.config import shipped_files
from pipeline.config.yaml_source import Node, parse
from pipeline.errors import RuleError
from pipeline.model import CallFacts, TopicHit
from pipeline.rules.phrases import PhraseList, Sets, read_phrase_list
from pipeline.rules.spoken import CallView, Span, SpokenTurn
from pipeline.rules.vocabulary import TEXT_KEYS

SHIPPED = "lexicon/topics.yaml"
_AGENT_FACTOR = 0.5
_OPENING_FACTOR = 1.5
_OPENING_SHARE = 0.25
_MAX_EVIDENCE = 5


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one weight."""

    weight: float
    words: PhraseList


@dataclass(frozen=True, slots=True)
class Topic:
    name_zh: str
    name_en: str
    groups: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class TopicLexicon:
    """min_confidence: 0..1, below it a topic is not given. fallback_zh: the topic of calls without any."""

    topics: tuple[Topic, ...]
    min_confidence: float
    fallback_zh: str
    fallback_en: str

    @property
    def names(self) -> frozenset[str]:
        """The topics that a call can have."""
        return frozenset((*(topic.name_zh for topic in self.topics), self.fallback_zh))

    def lists(self) -> tuple[PhraseList, ...]:
        """Every phrase list that it looks for: what an index has to know."""
        return tuple(group.words for topic in self.topics for group in topic.groups)


def load_topics(path: Path | None = None) -> TopicLexicon:
    """The lexicon in this file; None: the shipped one. Raises RuleError with file and line."""
    if path is None:
        return topics_of(shipped_files.text(SHIPPED), SHIPPED)
    try:
        return topics_of(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"topic lexicon {path} cannot be read: {error}; it must be a UTF-8 file") from error


def topics_of(text: str, name: str) -> TopicLexicon:
    """The lexicon that this YAML text holds; `name` stands in its errors."""
    node = parse(text, name).named("topics")
    node.allow(("topics", "min_confidence", "fallback_zh", "fallback_en"))
    read = tuple(_read_topic(topic) for topic in node.nodes("topics"))
    if not read:
        raise node.error("'topics' is missing: list at least one topic")
    names = [topic.name_zh for topic in read]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise node.error(f"topic {twice[0]} is listed twice; join its words", "topics")
    low = node.number("min_confidence", low=0, high=1)
    return TopicLexicon(read, low, node.text("fallback_zh"), node.text("fallback_en"))


def topics(facts: CallFacts, lexicon: TopicLexicon | None = None) -> tuple[TopicHit, ...]:
    """The topics of a call, the surest first. lexicon None: the shipped one."""
    return topics_in(CallView(facts), lexicon or _shipped())


def topics_in(view: CallView, lexicon: TopicLexicon) -> tuple[TopicHit, ...]:
    """The topics of a call that is being read, the surest first; one that the telephone system names is certain."""
    found = [hit for topic in lexicon.topics if (hit := _heard(topic, view)).confidence >= lexicon.min_confidence]
    told = view.facts.recording.metadata.topic
    if told in lexicon.names:
        heard = next((hit for hit in found if hit.topic == told), None)
        certain = TopicHit(told, 1.0, heard.evidence if heard else ())
        found = [certain, *(hit for hit in found if hit is not heard)]
    if not found:
        return (TopicHit(lexicon.fallback_zh, 1.0),) if view.turns else ()
    return tuple(sorted(found, key=lambda hit: -hit.confidence))


def _heard(topic: Topic, view: CallView) -> TopicHit:
    opening_s = view.start_s + _OPENING_SHARE * (view.end_s - view.start_s)
    best: dict[str, tuple[float, SpokenTurn, Span]] = {}
    for group in topic.groups:
        for turn in view.turns_with(group.words):
            factor = _factor(turn, opening_s)
            for hit in group.words.hits(turn):
                if hit.how == "sensible":  # 一包药 is no 医保
                    continue
                weight = group.weight * factor * hit.factor
                if hit.phrase not in best or best[hit.phrase][0] < weight:
                    best[hit.phrase] = (weight, turn, hit.span)
    ranked = sorted(best.values(), key=lambda found: (-found[0], found[1].index, found[2].start))
    confidence = 1 - exp(-sum(weight for weight, _, _ in ranked) / 2)
    evidence = dict.fromkeys(turn.text(span) for _, turn, span in ranked[:_MAX_EVIDENCE])
    return TopicHit(topic.name_zh, round(confidence, 4), tuple(evidence))


def _factor(turn: SpokenTurn, opening_s: float) -> float:
    if turn.role == "agent":
        return _AGENT_FACTOR
    return _OPENING_FACTOR if turn.start_s <= opening_s else 1.0


def _read_topic(node: Node) -> Topic:
    node = node.named(f"topic {node.text('name_zh')}")
    node.allow(("name_zh", "name_en", "words"))
    groups = tuple(_read_words(group) for group in node.nodes("words"))
    if not groups:
        raise node.error("'words' is missing: list at least one group of words")
    return Topic(node.text("name_zh"), node.text("name_en"), groups)


def _read_words(node: Node) -> Words:
    node.allow(("weight", *TEXT_KEYS))
    no_sets: Sets = {}
    return Words(
        node.number("weight", low=0.1, high=10, default=1.0),
        read_phrase_list(node, no_sets),
    )


@cache
def _shipped() -> TopicLexicon:
    return load_topics()
