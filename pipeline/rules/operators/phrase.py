"""`phrase`: words that must not be said (or are worth marking).

    phrase:
      any: [随便, {say: 不清楚, sensible: [不清除]}, {regex: "爱.{1,4}不.{1,4}"}]
      except: [随便吃, {regex: "您.{0,3}不知道"}]    # a hit inside one of these is none
    unless: {any: [{set: remedies}], next_turns: 2}   # heard from the same role: remedied

Hit: 坐席 “这个我不知道。”  Miss: 患者 “我不知道。”  Remedied: 坐席 “这个我不知道，我帮您问一下。”
A hit by sound of at least three syllables counts like one by characters with 0.8 of its confidence; one whose own
spelling is listed as sensible goes to review. Confidence: mean probability of the matched words. A phrase that only the
audio tells of (see rules.phrases) counts with the probability that it was said, or goes to review.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node
from pipeline.model import FindingStatus, Role
from pipeline.rules.operators.base import Observation, clip
from pipeline.rules.operators.remedy import Remedy, read_remedy
from pipeline.rules.phrases import Hit, PhraseList, read_phrase_list
from pipeline.rules.scope import Names, Scope, read_scope
from pipeline.rules.spoken import CallView, SpokenTurn
from pipeline.rules.vocabulary import TEXT_KEYS

KEYS = ("phrase", "scope", "unless")


@dataclass(frozen=True, slots=True)
class PhraseOperator:
    """Words of one role in a scope, with the remedy that makes them right."""

    role: Role | None
    words: PhraseList
    scope: Scope
    remedy: Remedy | None

    def observe(self, view: CallView) -> Iterator[Observation]:
        """Every hit. Turns of unknown role are searched too, but can only be marked for review."""
        found = self._hits(view, self.role)
        if self.role is not None:
            found |= self._hits(view, "unknown")
        hits = [(turn, hit) for _, (turn, hit) in sorted(found.items(), key=lambda item: item[0])]
        for turn, hit in self.scope.chosen(hits):
            yield self._observation(view, turn, hit)

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return (self.words,)

    def all_lists(self) -> tuple[PhraseList, ...]:
        return (self.words, *self.scope.lists(), *((self.remedy.words,) if self.remedy else ()))

    def _hits(self, view: CallView, role: Role | None) -> dict[tuple[int, int], tuple[SpokenTurn, Hit]]:
        """The hits in all windows, each once, by turn and place."""
        return {
            (turn.index, hit.span.start): (turn, hit)
            for window in self.scope.windows(view, role)
            for turn in window.turns
            for hit in self.words.hits(turn)
            if window.admits(turn, hit.span)
        }

    def _observation(self, view: CallView, turn: SpokenTurn, hit: Hit) -> Observation:
        found = turn.evidence(hit.span)
        status: FindingStatus = "violated"
        notes: list[str] = []
        if hit.how in ("pinyin", "sensible"):
            notes.append(f"按读音匹配“{hit.phrase}”")
        if hit.how == "sensible":
            status = "review"
            notes.append("识别文字本身也通顺，请试听")
        if hit.how in ("said", "unsure"):
            notes.append(f"识别为“{found.matched_text}”，按读音与声学核对为“{hit.phrase}”")
        if hit.how == "unsure":
            status = "review"
            notes.append("不能确定，请试听")
        if turn.role == "unknown":
            status = "review"
            notes.append("说话人角色不明")
        remedy = self.remedy.heard(view, turn, found.end_s) if self.remedy else None
        if remedy is not None:
            status = "remedied"
            notes.append(f"已补救：{remedy}")
        return Observation(
            status=status,
            role=turn.role,
            utterance_index=found.utterance.index,
            start_s=found.start_s,
            end_s=found.end_s,
            evidence=clip(found.utterance.text, found.matched_text),
            confidence=hit.confidence(found.confidence),
            matched_text=found.matched_text,
            note="；".join(notes) or None,
        )


def read(node: Node, names: Names, role: Role | None) -> PhraseOperator:
    """Read a rule's `phrase`, `scope` and `unless`."""
    inner = node.node("phrase")
    inner.allow(TEXT_KEYS)
    words = read_phrase_list(inner, names.sets)
    return PhraseOperator(role, words, read_scope(node, names), read_remedy(node, names.sets))
