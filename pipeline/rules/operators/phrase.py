"""`phrase`: words that must not be said (or are worth marking).

    phrase:
      any: [随便, {say: 不清楚, sensible: [不清除]}, {regex: "爱.{1,4}不.{1,4}"}]
      except: [随便吃, {regex: "您.{0,3}不知道"}]    # a hit inside one of these is none
      echo_turns: 2                                  # the other party said it just before: a person has to listen
      weigh_context: true                            # is it meant? by all words around it (see rules.context)
    unless: {any: [{set: remedies}], next_turns: 2}   # heard from the same role: remedied

Hit: 坐席 “这个我不知道。”  Miss: 患者 “我不知道。”  Remedied: 坐席 “这个我不知道，我帮您问一下。”
A hit by sound of at least three syllables counts like one by characters with 0.8 of its confidence; one whose own
spelling is listed as sensible goes to review. Confidence: mean probability of the matched words. A phrase that only the
audio tells of (see rules.phrases) counts with the probability that it was said, or goes to review.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.config.yaml_source import Node
from pipeline.model import FindingStatus, Role
from pipeline.rules.context import Context
from pipeline.rules.operators.base import Observation, observed
from pipeline.rules.operators.remedy import Remedy, read_remedy
from pipeline.rules.phrases import MIN_SYLLABLES, Hit, PhraseList, read_phrase_list
from pipeline.rules.scope import Names, Scope, hits_in
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk, SpokenTurn, common
from pipeline.rules.vocabulary import TEXT_KEYS
from pipeline.sounds import costs, encode, numbers

KEYS = ("phrase", "scope", "unless")
ECHO_DISTANCE = 0.2  # per syllable: the recogniser spells two voices differently
OWN_KEYS = (*TEXT_KEYS, "echo_turns", "weigh_context")
_HEARD = {
    "pinyin": "按读音匹配“{phrase}”",
    "sensible": "按读音匹配“{phrase}”，识别文字本身也通顺",
    "fuzzy": "读音接近“{phrase}”",
    "said": "识别为“{heard}”，按读音与声学核对为“{phrase}”",
    "unsure": "识别为“{heard}”，按读音与声学核对可能为“{phrase}”，不能确定",
}
_HARDLY_MEANT = "从前后的话看，多半是转述、另有所指或已补救（算违规的把握 {meant:.0%}）"
_PERHAPS_MEANT = "从前后的话看，未必算违规（把握 {meant:.0%}），请试听"


@dataclass(frozen=True, slots=True)
class PhraseOperator:
    """Words of one role in a scope, with the remedy that makes them right.

    echo_turns: see above, 0 for never. context: by what is told whether a hit is meant, None: not.
    """

    role: Role | None
    words: PhraseList
    scope: Scope
    remedy: Remedy | None
    echo_turns: int = 0
    context: Context | None = None

    def observe(self, view: CallView) -> Iterator[Observation]:
        """Every hit. Turns of unknown role are searched too, but can only be marked for review."""
        if not view.may_hit(self.words):
            return
        found = hits_in(view, self.words, self.role, self.scope)
        if self.role is not None:
            found |= hits_in(view, self.words, "unknown", self.scope)
        hits = [found[place] for place in sorted(found)]
        for turn, hit in self.scope.chosen(hits):
            yield self._observation(view, turn, hit)

    def calls(self, chunk: Chunk) -> Calls:
        return common((chunk.calls_with(self.words), self.scope.calls(chunk)))

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return (self.words,)

    def all_lists(self) -> tuple[PhraseList, ...]:
        remedies = (self.remedy.words,) if self.remedy else ()
        return (self.words, *self.scope.lists(), *remedies)

    def _observation(self, view: CallView, turn: SpokenTurn, hit: Hit) -> Observation:
        found = turn.evidence(hit.span)
        status: FindingStatus = "violated"
        notes: list[str] = []
        if hit.how in _HEARD:
            notes.append(_HEARD[hit.how].format(heard=found.matched_text, phrase=hit.phrase))
        if hit.needs_listening:
            status = "review"
            notes.append("请试听")
        if turn.role == "unknown":
            status = "review"
            notes.append("说话人角色不明")
        if self.echo_turns and self._is_echo(view, turn, hit):
            status = "review"
            notes.append("对方刚说过同样的话，可能是复述，请试听")
        remedy = self.remedy.heard(view, turn, found.end_s) if self.remedy else None
        if remedy is not None:
            status = "remedied"
            notes.append(f"已补救：{remedy}")
        elif self.context is not None:
            meant = self.context.probability(turn.sounds, hit.span)
            if meant < self.context.violated_from:
                status = "dropped" if meant < self.context.review_from else "review"
                notes.append((_HARDLY_MEANT if status == "dropped" else _PERHAPS_MEANT).format(meant=meant))
        seen = observed(turn, found, hit.confidence(found.confidence))
        return (
            seen if status == "violated" and not notes else seen._replace(status=status, note="；".join(notes) or None)
        )

    def _is_echo(self, view: CallView, turn: SpokenTurn, hit: Hit) -> bool:
        """Whether somebody else has just said what the hit sounds like, and its speaker had not done so before."""
        said = encode(hit.phrase) if hit.probe else turn.sounds[hit.span.start : hit.span.end]
        before = view.turns[: turn.index]
        others = [t for t in before if t.role != turn.role][-self.echo_turns :]
        first = next((t.index for t in others if _sounds_like(t.sounds, said)), None)
        return first is not None and not any(said in t.sounds for t in before[:first] if t.role == turn.role)


def _sounds_like(heard: str, said: str) -> bool:
    """Whether these sounds, or nearly these, are among those heard."""
    places = len(heard) - len(said) + 1
    if said in heard or places < 1 or len(said) < MIN_SYLLABLES:
        return said in heard
    there, table = numbers(heard), costs()
    cost = sum(table[there[k : k + places], sound] for k, sound in enumerate(numbers(said)))
    return float(np.min(cost)) <= ECHO_DISTANCE * len(said)


def read(node: Node, names: Names, role: Role | None) -> PhraseOperator:
    """Read a rule's `phrase`, `scope` and `unless`."""
    inner = node.node("phrase")
    inner.allow(OWN_KEYS)
    words = read_phrase_list(inner, names.sets)
    echo_turns = inner.whole("echo_turns", low=0, high=100, default=0)
    context = names.context if inner.flag("weigh_context", default=False) else None
    remedy = read_remedy(node, names.sets)
    return PhraseOperator(role, words, read_scope(node, names), remedy, echo_turns, context)
