"""`must_say`: words that have to be heard, in groups of which each needs one.

    scope: {first_turns: 1, first_s: 10}
    must_say:
      groups:
        - {name_zh: 问候, any: [您好, 早上好]}
        - {name_zh: 自报家门, any: [医院, 工号]}
        - {name_zh: 姓名, any: [我姓], optional: true}     # its absence is noted, and costs nothing
      need: 2            # how many of the groups that are not optional; left out: all

Heard: one finding `satisfied` with the words. Not heard: one finding `violated`, naming the groups that are missing,
where the rule's `when` first held; else on the first (scope at the end of the call: last) turn that was looked at.
Nobody of that role spoke in the scope: no finding, because nothing can be judged. With `scope: {after: …}` the duty
begins at the first moment of the anchor. A recording that is damaged may have lost the words: `review`.
Words are heard by sound from two syllables on: a doubt speaks for the person.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node
from pipeline.model import Role, Utterance
from pipeline.rules.operators.base import Observation, clip
from pipeline.rules.phrases import PhraseList, read_phrase_list
from pipeline.rules.scope import Condition, Names, Scope, Window
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk, Evidence, SpokenTurn
from pipeline.rules.vocabulary import TEXT_KEYS

KEYS = ("must_say", "scope")
OWN_KEYS = ("groups", "need")
GROUP_KEYS = ("name_zh", *TEXT_KEYS, "optional")
_NO_WORDS_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Group:
    """Words of which any one fulfils one duty."""

    name_zh: str
    words: PhraseList
    optional: bool = False

    def heard(self, view: CallView, window: Window) -> tuple[Evidence, float] | None:
        """The first words that fulfil it, with the factor of how they matched."""
        for turn, hit in window.hits(view, self.words):
            return turn.evidence(hit.span), hit.factor
        return None


@dataclass(frozen=True, slots=True)
class MustSayOperator:
    """groups: duties. occasion: what the duty arises from, where a missing one is shown."""

    role: Role | None
    groups: tuple[Group, ...]
    need: int
    scope: Scope
    occasion: Condition | None = None

    def observe(self, view: CallView) -> Iterator[Observation]:
        window = next(iter(self.scope.windows(view, self.role, duty=True)), None)
        if window is None or not window.turns:
            return
        heard = [(group, group.heard(view, window)) for group in self.groups]
        missing = "、".join(group.name_zh for group, found in heard if found is None)
        found = sorted((f for _, f in heard if f is not None), key=lambda pair: pair[0].start_s)
        if sum(f is not None for group, f in heard if not group.optional) >= self.need:
            yield self._satisfied(found, missing)
        else:
            yield self._violated(view, window.turns, missing)

    def calls(self, chunk: Chunk) -> Calls:
        return self.scope.calls(chunk)

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()  # two rules may well ask for the same words

    def all_lists(self) -> tuple[PhraseList, ...]:
        occasion = self.occasion.lists() if self.occasion is not None else ()
        return (*(group.words for group in self.groups), *self.scope.lists(), *occasion)

    def _satisfied(self, found: list[tuple[Evidence, float]], missing: str) -> Observation:
        first = found[0][0]
        return Observation(
            status="satisfied",
            role=first.utterance.role,
            utterance_index=first.utterance.index,
            start_s=first.start_s,
            end_s=first.end_s,
            evidence=clip(first.utterance.text, first.matched_text),
            confidence=min(evidence.confidence * factor for evidence, factor in found),
            matched_text="、".join(evidence.matched_text for evidence, _ in found),
            note=f"未说：{missing}" if missing else None,
        )

    def _violated(self, view: CallView, turns: tuple[SpokenTurn, ...], missing: str) -> Observation:
        cause = self._cause(view)
        utterance = cause or (turns[-1].utterances[-1] if self.scope.at_end else turns[0].utterances[0])
        sure = [u.confidence for t in turns for u in t.utterances if u.confidence is not None]
        damaged = view.facts.audio.damaged
        return Observation(
            status="review" if damaged else "violated",
            role=self.role or utterance.role,
            utterance_index=utterance.index,
            start_s=utterance.start_s,
            end_s=utterance.end_s,
            evidence=f"未听到：{missing}；{'起因' if cause else '实际'}：{clip(utterance.text)}",
            confidence=sum(sure) / len(sure) if sure else _NO_WORDS_CONFIDENCE,
            note="录音有损坏，可能漏听" if damaged else None,
        )

    def _cause(self, view: CallView) -> Utterance | None:
        """The utterance that the duty arises from, where it does not arise from the scope."""
        moments = self.occasion.moments(view) if self.occasion is not None and self.scope.is_whole else ()
        index = moments[0].seen.utterance_index if moments else None
        return None if index is None else next((u for u in view.facts.utterances if u.index == index), None)


def read(node: Node, names: Names, role: Role | None) -> MustSayOperator:
    """Read a rule's `must_say` and `scope`."""
    inner = node.node("must_say")
    inner.allow(OWN_KEYS)
    groups: list[Group] = []
    for entry in inner.nodes("groups"):
        entry.allow(GROUP_KEYS)
        words = read_phrase_list(entry, names.sets, default_min_syllables=2)
        groups.append(Group(entry.text("name_zh"), words, entry.flag("optional", default=False)))
    needed = sum(not group.optional for group in groups)
    if not needed:
        raise inner.error("'groups' is missing or all optional: list at least one group of words that has to be heard")
    need = inner.whole("need", low=1, high=needed, default=needed)
    occasion = names.condition(node.entry("when")) if "when" in node else None
    return MustSayOperator(
        role=role,
        groups=tuple(groups),
        need=need,
        scope=read_scope(node, names, counts_hits=False),
        occasion=occasion if occasion is not None and occasion.has_moments else None,
    )
