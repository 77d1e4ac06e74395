"""`rate`: how often words come, per minute that the role itself talks: verbal tics such as 那个, 就是说.

    rate: {any: [那个, 就是说], except: [那个科室], above_per_minute: 6, min_count: 5}

Fewer than `min_count` hits in all: no finding. Talk is the length of the role's turns in the scope. One finding, on the
first hit, with the count.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node
from pipeline.model import Role
from pipeline.rules.operators.base import Observation, observed
from pipeline.rules.phrases import PhraseList, read_phrase_list
from pipeline.rules.scope import Names, Scope
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk, common
from pipeline.rules.vocabulary import TEXT_KEYS

KEYS = ("rate", "scope")
OWN_KEYS = (*TEXT_KEYS, "above_per_minute", "min_count")
_CONFIDENCE = 0.8
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RateOperator:
    role: Role | None
    words: PhraseList
    above_per_minute: float
    min_count: int
    scope: Scope

    def observe(self, view: CallView) -> Iterator[Observation]:
        if not view.may_hit(self.words):
            return
        turns = self.scope.turns(view, self.role)
        hits = [(turn, hit) for turn in view.among(turns, self.words) for hit in self.words.hits(turn)]
        if len(hits) < self.min_count:
            return
        minutes = sum(u.duration_s for turn in turns for u in turn.utterances) / 60
        per_minute = len(hits) / minutes if minutes else 0.0
        if per_minute <= self.above_per_minute:
            return
        turn, hit = hits[0]
        found = turn.evidence(hit.span)
        words = Counter(turn.flat[h.span.start : h.span.end] if h.how == "regex" else h.phrase for turn, h in hits)
        named = "、".join(f"“{word}” {n} 次" for word, n in words.most_common(_NAMED))
        limit = self.above_per_minute
        told = f"共 {len(hits)} 次（{named}），每分钟 {per_minute:.1f} 次，应不超过 {limit:g} 次"
        yield observed(turn, found, _CONFIDENCE, told)._replace(value=per_minute, limit=limit, unit="per_minute")

    def calls(self, chunk: Chunk) -> Calls:
        return common((chunk.calls_with(self.words), self.scope.calls(chunk)))

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()

    def all_lists(self) -> tuple[PhraseList, ...]:
        return (self.words, *self.scope.lists())


def read(node: Node, names: Names, role: Role | None) -> RateOperator:
    """Read a rule's `rate`."""
    inner = node.node("rate")
    inner.allow(OWN_KEYS)
    return RateOperator(
        role=role,
        words=read_phrase_list(inner, names.sets),
        above_per_minute=inner.number("above_per_minute", low=0, high=1000),
        min_count=inner.whole("min_count", low=1, high=1000, default=1),
        scope=read_scope(node, names, counts_hits=False),
    )
