"""`ratio`: how often one word is used where another one could be: 您 rather than 你.

    ratio: {of: [您], against: [你], except: [你好, 你们], at_least: 0.6, min_count: 5}

value = of / (of + against) over all turns of the role in the scope; fewer than `min_count` in all: no finding.
Words are matched by characters only (您 and 你 differ by one sound that telephone lines blur: set a generous limit).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node
from pipeline.model import Role
from pipeline.rules.operators.base import Observation, observed
from pipeline.rules.phrases import PhraseList, read_phrase_list
from pipeline.rules.scope import Names, Scope
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk, common

KEYS = ("ratio", "scope")
OWN_KEYS = ("of", "against", "except", "at_least", "min_count")
_CONFIDENCE = 0.7


@dataclass(frozen=True, slots=True)
class RatioOperator:
    role: Role | None
    wanted: PhraseList
    unwanted: PhraseList
    at_least: float
    min_count: int
    scope: Scope

    def observe(self, view: CallView) -> Iterator[Observation]:
        if not view.may_hit(self.unwanted):
            return
        turns = self.scope.turns(view, self.role)
        good = sum(len(self.wanted.hits(turn)) for turn in view.among(turns, self.wanted))
        bad = [(turn, hit) for turn in view.among(turns, self.unwanted) for hit in self.unwanted.hits(turn)]
        count = good + len(bad)
        if not bad or count < self.min_count or good / count >= self.at_least:
            return
        turn, hit = bad[0]
        found = turn.evidence(hit.span)
        told = (
            f"{self._name(self.wanted)} {good} 次，{self._name(self.unwanted)} {len(bad)} 次，"
            f"占比 {good / count:.0%}，应不低于 {self.at_least:.0%}"
        )
        yield observed(turn, found, _CONFIDENCE, told)._replace(value=good / count, limit=self.at_least, unit="ratio")

    def calls(self, chunk: Chunk) -> Calls:
        return common((chunk.calls_with(self.unwanted), self.scope.calls(chunk)))

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()

    def all_lists(self) -> tuple[PhraseList, ...]:
        return (self.wanted, self.unwanted, *self.scope.lists())

    @staticmethod
    def _name(words: PhraseList) -> str:
        return "“" + "/".join(phrase.characters for phrase in words.phrases) + "”"


def read(node: Node, names: Names, role: Role | None) -> RatioOperator:
    """Read a rule's `ratio`."""
    inner = node.node("ratio")
    inner.allow(OWN_KEYS)
    return RatioOperator(
        role=role,
        wanted=read_phrase_list(inner.without(("at_least",)), names.sets, "of"),
        unwanted=read_phrase_list(inner.without(("at_least",)), names.sets, "against"),
        at_least=inner.number("at_least", low=0, high=1),
        min_count=inner.whole("min_count", low=1, high=1000, default=1),
        scope=read_scope(node, names, counts_hits=False),
    )
