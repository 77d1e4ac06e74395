"""`holds`: a finding at each moment where a condition holds; one of the whole call where it has no moment.

    holds: {all: [{says: {role: patient, any: [投诉]}}, {not: {says: {role: agent, any: [抱歉, 理解]}}}]}
    holds: complaint                          # a named condition

Moments of words that are in doubt do not count (see rules.conditions).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.yaml_source import Node
from pipeline.model import Role
from pipeline.rules.operators.base import Observation, clip
from pipeline.rules.operators.remedy import Remedy, read_remedy
from pipeline.rules.phrases import PhraseList
from pipeline.rules.scope import Condition, Moment, Names, Scope, Window
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.spoken import Calls, CallView, Chunk

KEYS = ("holds", "scope", "unless")
_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True)
class HoldsOperator:
    role: Role | None
    condition: Condition
    scope: Scope
    remedy: Remedy | None

    def observe(self, view: CallView) -> Iterator[Observation]:
        if not self.condition.holds(view):
            return
        moments = self.condition.moments(view)
        if not moments:
            yield self._call_wide(view)
            return
        if not self.scope.is_whole:
            windows = self.scope.windows(view, None)
            moments = tuple(m for m in moments if any(_lies_in(m, view, w) for w in windows))
        for moment in self.scope.chosen(moments):
            seen = moment.seen._replace(status="violated")
            yield seen if self.remedy is None else self.remedy.applied(view, seen)

    def calls(self, chunk: Chunk) -> Calls:
        return self.condition.calls(chunk)

    def phrase_lists(self) -> tuple[PhraseList, ...]:
        return ()

    def all_lists(self) -> tuple[PhraseList, ...]:
        own = (self.remedy.words,) if self.remedy else ()
        return (*self.condition.lists(), *own, *self.scope.lists())

    def _call_wide(self, view: CallView) -> Observation:
        return Observation(
            status="violated",
            role=self.role or "unknown",
            utterance_index=None,
            start_s=None,
            end_s=None,
            evidence=clip(self.condition.reason(view)),
            confidence=_CONFIDENCE,
        )


def _lies_in(moment: Moment, view: CallView, window: Window) -> bool:
    if moment.turn is None or moment.span is None:
        return window.admits_s(moment.start_s)
    turn = view.turns[moment.turn]
    return turn in window.turns and window.admits(turn, moment.span)


def read(node: Node, names: Names, role: Role | None) -> HoldsOperator:
    """Read a rule's `holds`, `scope` and `unless`."""
    condition = names.condition(node.entry("holds"))
    for key in ("scope", "unless"):
        if key in node and not condition.has_moments:
            raise node.error(f"the condition holds for a call as a whole, so {key!r} means nothing; leave it out", key)
    return HoldsOperator(role, condition, read_scope(node, names), read_remedy(node, names.sets))
