"""`repeat`: the same thing said again by the same role, told by its sounds.

    repeat: {times: 3, similarity: 0.8, min_characters: 8, within_s: 300, except: [请问还有什么可以帮您]}

Two utterances are the same when their toneless syllables agree to `similarity`, 0..1: 2 × common syllables in order /
syllables of both (0.8 unless said otherwise). Utterances of fewer than `min_characters` (8) do not count, nor those
that hold words of `except`. Each group of `times` (3) or more, the last at most `within_s` seconds after the first, is
one finding, on the utterance that makes it `times`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from rapidfuzz.distance import Indel

from pipeline.config.yaml_source import Node
from pipeline.model import Role, Utterance
from pipeline.rules.operators.base import Observation, clip
from pipeline.rules.operators.remedy import Remedy, read_remedy
from pipeline.rules.phrases import PhraseList, read_phrase_list
from pipeline.rules.scope import Names, Scope
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk
from pipeline.sounds import encode

KEYS = ("repeat", "scope", "unless")
OWN_KEYS = ("times", "similarity", "min_characters", "within_s", "except")
_CONFIDENCE = 0.8


@dataclass(frozen=True, slots=True)
class RepeatOperator:
    role: Role | None
    times: int
    similarity: float
    min_characters: int
    within_s: float
    excepted: PhraseList | None
    scope: Scope
    remedy: Remedy | None

    def observe(self, view: CallView) -> Iterator[Observation]:
        said = self._said(view)
        if len(said) < self.times:
            return
        found = [self._observation(view, group) for group in self._groups(said)]
        yield from self.scope.chosen(sorted(found, key=lambda o: o.start_s or 0.0))

    def calls(self, chunk: Chunk) -> Calls:
        return self.scope.calls(chunk)

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()

    def all_lists(self) -> tuple[PhraseList, ...]:
        own = (self.excepted, self.remedy.words if self.remedy else None)
        return (*(words for words in own if words is not None), *self.scope.lists())

    def _said(self, view: CallView) -> list[tuple[Utterance, str]]:
        """The utterances that count, with their sounds (pipeline.sounds), in time order."""
        said: list[tuple[Utterance, str]] = []
        seen: set[int] = set()
        for window in self.scope.windows(view, self.role):
            for turn in window.turns:
                if len(turn.flat) < self.min_characters:
                    continue
                hits = () if self.excepted is None else self.excepted.hits(turn)
                left_out = {turn.utterance_at(hit.span.start).index for hit in hits} | seen
                for utterance in turn.utterances:
                    sounds = utterance.sounds or encode(utterance.text)
                    if utterance.index not in left_out and len(sounds) >= self.min_characters:
                        seen.add(utterance.index)
                        said.append((utterance, sounds))
        return said

    def _groups(self, said: list[tuple[Utterance, str]]) -> Iterator[tuple[Utterance, ...]]:
        """Utterances that repeat the first of their group; each belongs to one group."""
        used: set[int] = set()
        for number, (first, sounds) in enumerate(said):
            if first.index in used:
                continue
            group = [first]
            for other, heard in said[number + 1 :]:
                if other.start_s - first.start_s > self.within_s:
                    break
                if other.role == first.role and self._same(sounds, heard):
                    group.append(other)
            if len(group) >= self.times:
                used |= {u.index for u in group}
                yield tuple(group)

    def _same(self, one: str, other: str) -> bool:
        return Indel.normalized_similarity(one, other, score_cutoff=self.similarity) > 0

    def _observation(self, view: CallView, group: tuple[Utterance, ...]) -> Observation:
        last = group[self.times - 1]
        when = "、".join(f"{u.start_s:.1f}" for u in group)
        seen = Observation(
            status="violated",
            role=last.role,
            utterance_index=last.index,
            start_s=last.start_s,
            end_s=last.end_s,
            evidence=f"“{clip(last.text)}”说了 {len(group)} 次（{when} 秒）",
            confidence=_CONFIDENCE,
            matched_text=clip(last.text),
            value=float(len(group)),
            limit=float(self.times),
            unit="count",
        )
        return self.remedy.applied(view, seen) if self.remedy is not None else seen


def read(node: Node, names: Names, role: Role | None) -> RepeatOperator:
    """Read a rule's `repeat`, `scope` and `unless`."""
    inner = node.node("repeat")
    inner.allow(OWN_KEYS)
    excepted = inner.without(OWN_KEYS[:-1]) if "except" in inner else None
    return RepeatOperator(
        role=role,
        times=inner.whole("times", low=2, high=100, default=3),
        similarity=inner.number("similarity", low=0.3, high=1, default=0.8),
        min_characters=inner.whole("min_characters", low=2, high=1000, default=8),
        within_s=inner.number("within_s", low=1, high=36000) if "within_s" in inner else inf,
        excepted=read_phrase_list(excepted.renamed("except", "any"), names.sets) if excepted is not None else None,
        scope=read_scope(node, names),
        remedy=read_remedy(node, names.sets),
    )
