"""`unless`: what makes a hit right when it is heard.

    unless: {any: [{set: remedies}], except: [{set: sent_away}], next_turns: 2}
    unless: {any: [也就是, 意思是], within_s: 20, role: agent}

Words of the same role (or of `role`) in the same turn or one of its next `next_turns` (2 unless said otherwise), begun
within `within_s` seconds after the hit where that is given. The finding is then `remedied`.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

from pipeline.config.yaml_source import Node
from pipeline.model import Role
from pipeline.rules.operators.base import Observation
from pipeline.rules.phrases import PhraseList, Sets, read_phrase_list
from pipeline.rules.spoken import CallView, SpokenTurn
from pipeline.rules.vocabulary import REMEDY_KEYS, ROLES

Whose = Role | Literal["same"] | None


@dataclass(frozen=True, slots=True)
class Remedy:
    """Words that make a hit right. role: whose, None: anybody's, "same": of whoever gave cause."""

    words: PhraseList
    next_turns: int
    within_s: float = inf
    role: Whose = "same"

    def heard(self, view: CallView, turn: SpokenTurn, hit_s: float | None = None) -> str | None:
        """What was said as a remedy, with its second, or None. hit_s: when the hit was over."""
        role = turn.role if self.role == "same" else self.role
        later = [t for t in view.turns_of(role) if t.index > turn.index][: self.next_turns]
        own = () if role not in (None, turn.role) else (turn,)
        until_s = inf if hit_s is None else hit_s + self.within_s
        for candidate in view.among((*own, *later), self.words):
            if candidate.start_s > until_s:
                break
            for hit in self.words.hits(candidate):
                found = candidate.evidence(hit.span)
                if found.start_s <= until_s:
                    return f"“{found.matched_text}”（{found.start_s:.1f} 秒）"
        return None

    def applied(self, view: CallView, seen: Observation) -> Observation:
        """What was observed, remedied if the words came in the turn that was running then or in the next ones."""
        at_s = seen.start_s or 0.0
        begun = [t for t in view.turns if t.start_s <= at_s and seen.role in ("unknown", t.role)]
        said = self.heard(view, begun[-1], seen.end_s) if begun else None
        return seen if said is None else seen._replace(status="remedied", note=remedied_note(seen.note, said))


def remedied_note(note: str | None, said: str) -> str:
    """The note with the words that made it right."""
    return "；".join(part for part in (note, f"已补救：{said}") if part)


def read_remedy(node: Node, sets: Sets) -> Remedy | None:
    """Read `unless:` of a rule."""
    if "unless" not in node:
        return None
    inner = node.node("unless")
    inner.allow(REMEDY_KEYS)
    role: Whose = ROLES[inner.choice("role", tuple(ROLES))] if "role" in inner else "same"
    return Remedy(
        words=read_phrase_list(inner, sets),
        next_turns=inner.whole("next_turns", low=0, high=1000, default=2),
        within_s=inner.number("within_s", low=0.1, high=36000, default=inf) if "within_s" in inner else inf,
        role=role,
    )
