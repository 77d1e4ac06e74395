"""Where a rule looks, and the moments of a call that places are counted from.

    scope: {first_turns: 1, first_s: 10}                             # either suffices; last_turns, last_s likewise
    scope: {after: {condition: complaint, within_s: 180}}            # given both limits, both must hold
    scope: {before: {condition: reads_results, within_turns: 3}}
    scope: {between: [complaint, {says: {role: agent, any: [再见]}}]}
    scope: {occurrence: first}                                       # every (default), first, last, or 2 for the second

Turns are counted per the rule's role, seconds from the first (to the last) words of the call, or from the anchor.
`after` and `before` look near every moment of their condition, `before` without a limit before the first one; a duty
(`must_say`) begins at the first moment, and the turn of the anchor belongs to it when the same role says it. `between`
runs from a moment of the first condition to the next one of the second. Where the anchor is not found there is nothing
to judge, hence no finding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, Protocol, TypeVar

from pipeline.config.yaml_source import Entry
from pipeline.model import Role
from pipeline.rules.context import Context
from pipeline.rules.operators.base import Observation
from pipeline.rules.phrases import Hit, PhraseList, Sets
from pipeline.rules.spoken import Calls, CallView, Chunk, Span, SpokenTurn, common

SLACK_S = 0.5  # word times of the recogniser may run into what is measured from the audio
EVERY, LAST = 0, -1
_T = TypeVar("_T")


class Moment(NamedTuple):
    """Where a condition held. turn, span: the place in the words, None for what is no text."""

    seen: Observation
    start_s: float
    end_s: float
    turn: int | None = None
    span: Span | None = None


class Condition(Protocol):
    """Something that holds in a call or does not."""

    @property
    def has_moments(self) -> bool:
        """Whether it can be pointed at in time."""
        ...

    def holds(self, view: CallView) -> bool: ...

    def moments(self, view: CallView) -> tuple[Moment, ...]:
        """Where it holds, in time order; () where it does not hold or cannot be pointed at."""
        ...

    def reason(self, view: CallView) -> str:
        """What speaks for it in this call, where it holds."""
        ...

    def lists(self) -> tuple[PhraseList, ...]:
        """Every phrase list that it looks for."""
        ...

    def calls(self, chunk: Chunk) -> Calls:
        """The calls of a chunk, by place, in which it may hold by their words; None: any."""
        ...


class Names(Protocol):
    """What the names in a rulebook stand for while it is read."""

    @property
    def sets(self) -> Sets: ...
    @property
    def context(self) -> Context: ...

    def condition(self, entry: Entry) -> Condition:
        """The condition written here: the name of one, or a mapping."""
        ...

    def same(self, one: Condition, other: Condition) -> bool:
        """Whether both are the same named condition."""
        ...


class Window(NamedTuple):
    """One stretch of a call in which is looked.

    turns: of the role, in order. start_s, end_s: where it lies, for what is no text. after, before: the moments that
    bound it within a turn. hits_from_s, hits_to_s: limits in seconds on words.
    """

    turns: tuple[SpokenTurn, ...]
    start_s: float = -inf
    end_s: float = inf
    after: Moment | None = None
    before: Moment | None = None
    hits_from_s: float = -inf
    hits_to_s: float = inf

    def admits(self, turn: SpokenTurn, span: Span) -> bool:
        """Whether these words of one of its turns lie in it."""
        after, before = self.after, self.before
        if after is not None and after.turn == turn.index and after.span is not None and span.start < after.span.end:
            return False
        if (
            before is not None
            and before.turn == turn.index
            and before.span is not None
            and span.end > before.span.start
        ):
            return False
        if self.hits_from_s == -inf and self.hits_to_s == inf:
            return True
        return self.hits_from_s <= turn.evidence(span).start_s <= self.hits_to_s

    def hits(self, view: CallView, words: PhraseList) -> Iterator["Placed"]:
        """The hits of a list that lie in it, in time order."""
        for turn in view.among(self.turns, words):
            for hit in words.hits(turn):
                if self.admits(turn, hit.span):
                    yield turn, hit

    def admits_s(self, start_s: float) -> bool:
        """Whether something that begins at this second lies in it."""
        return self.start_s <= start_s <= self.end_s


@dataclass(frozen=True, slots=True)
class Reach:
    """How far from a moment. None: no limit."""

    within_turns: int | None = None
    within_s: float | None = None


_UNLIMITED = Reach()


@dataclass(frozen=True, slots=True)
class Anchor:
    """Moments to count from, and how far."""

    condition: Condition
    reach: Reach


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule looks. occurrence: which of its hits counts: EVERY, LAST, or the number of one from 1."""

    first_turns: int | None = None
    last_turns: int | None = None
    first_s: float | None = None
    last_s: float | None = None
    after: Anchor | None = None
    before: Anchor | None = None
    between: tuple[Condition, Condition] | None = None
    occurrence: int = EVERY
    is_whole: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        limits = (self.first_turns, self.last_turns, self.first_s, self.last_s, self.after, self.before, self.between)
        object.__setattr__(self, "is_whole", all(limit is None for limit in limits))

    @property
    def at_end(self) -> bool:
        return self.last_turns is not None or self.last_s is not None

    def lists(self) -> tuple[PhraseList, ...]:
        """Every phrase list that its anchors look for."""
        anchors = [anchor.condition for anchor in (self.after, self.before) if anchor is not None]
        return tuple(words for condition in (*anchors, *(self.between or ())) for words in condition.lists())

    def calls(self, chunk: Chunk) -> Calls:
        """The calls in which its anchors may be found."""
        anchors = [anchor.condition for anchor in (self.after, self.before) if anchor is not None]
        return common(condition.calls(chunk) for condition in (*anchors, *(self.between or ())))

    def chosen(self, hits: Sequence[_T]) -> Sequence[_T]:
        """Those of the hits, in time order, that count."""
        if self.occurrence == EVERY:
            return hits
        if self.occurrence == LAST:
            return hits[-1:]
        return hits[self.occurrence - 1 : self.occurrence]

    def turns(self, view: CallView, role: Role | None) -> tuple[SpokenTurn, ...]:
        """Every turn that one of the windows holds, once, in the order of the windows."""
        return tuple({turn.index: turn for window in self.windows(view, role) for turn in window.turns}.values())

    def windows(self, view: CallView, role: Role | None, *, duty: bool = False) -> tuple[Window, ...]:
        """The stretches to look in, in time order; () when an anchor is not found. duty: from the first moment."""
        turns = view.turns_of(role)
        if self.is_whole:
            return (Window(turns),)
        windows: tuple[Window, ...] = (self._ends(view, turns),)
        if self.between is not None:
            windows = tuple(_between(w, a, b, duty) for w in windows for a, b in self._pairs(view))
        if self.after is not None:
            moments = self.after.condition.moments(view)
            windows = tuple(_after(w, turns, self.after.reach, m, duty) for w in windows for m in _first(moments, duty))
        if self.before is not None:
            moments = _first(self.before.condition.moments(view), duty or self.before.reach == _UNLIMITED)
            windows = tuple(_before(w, turns, self.before.reach, m, duty) for w in windows for m in moments)
        return windows[:1] if duty else windows

    def _pairs(self, view: CallView) -> Iterator[tuple[Moment, Moment]]:
        """Each moment of the first condition with the next one of the second, none of them twice."""
        if self.between is None:
            return
        closing, until_s = self.between[1].moments(view), -inf
        for opening in self.between[0].moments(view):
            later = next((m for m in closing if m.start_s >= opening.end_s - SLACK_S and m is not opening), None)
            if later is not None and opening.start_s >= until_s:
                until_s = later.end_s
                yield opening, later

    def _ends(self, view: CallView, turns: tuple[SpokenTurn, ...]) -> Window:
        """The window at one end of the call; the whole of it when no end is named."""
        if not self.at_end and self.first_turns is None and self.first_s is None:
            return Window(turns)
        chosen: set[int] = set()
        start_s, end_s = inf, -inf
        if self.first_turns is not None:
            chosen |= {t.index for t in turns[: self.first_turns]}
            end_s = max((t.end_s for t in turns[: self.first_turns]), default=-inf)
        if self.first_s is not None:
            chosen |= {t.index for t in turns if t.start_s - view.start_s <= self.first_s}
            end_s = max(end_s, view.start_s + self.first_s)
        if self.last_turns is not None:
            chosen |= {t.index for t in turns[-self.last_turns :]}
            start_s = min((t.start_s for t in turns[-self.last_turns :]), default=inf)
        if self.last_s is not None:
            chosen |= {t.index for t in turns if view.end_s - t.end_s <= self.last_s}
            start_s = min(start_s, view.end_s - self.last_s)
        mine = tuple(t for t in turns if t.index in chosen)
        return Window(mine, start_s if self.at_end else -inf, inf if self.at_end else end_s)


def _first(moments: tuple[Moment, ...], only: bool) -> tuple[Moment, ...]:
    return moments[:1] if only else moments


def _between(window: Window, opening: Moment, closing: Moment, duty: bool) -> Window:
    later = _after(window, window.turns, _UNLIMITED, opening, duty)
    return _before(later, later.turns, _UNLIMITED, closing, duty)


def _after(window: Window, turns: tuple[SpokenTurn, ...], reach: Reach, moment: Moment, duty: bool) -> Window:
    later = [t for t in turns if _is_later(t, moment)]
    allowed = {t.index for t in (later if reach.within_turns is None else later[: reach.within_turns])}
    allowed |= {t.index for t in turns if _holds(t, moment)}
    until_s = inf if reach.within_s is None else moment.end_s + reach.within_s
    last_s = max((t.end_s for t in turns if t.index in allowed), default=-inf) if reach.within_turns else inf
    return Window(
        turns=tuple(t for t in window.turns if t.index in allowed and t.start_s <= until_s),
        start_s=max(window.start_s, moment.end_s - SLACK_S if moment.turn is None else moment.end_s),
        end_s=min(window.end_s, until_s, last_s),
        after=window.after if duty else moment,
        before=window.before,
        hits_from_s=window.hits_from_s if duty or moment.turn is not None else moment.end_s - SLACK_S,
        hits_to_s=min(window.hits_to_s, until_s),
    )


def _before(window: Window, turns: tuple[SpokenTurn, ...], reach: Reach, moment: Moment, duty: bool) -> Window:
    earlier = [t for t in turns if _is_earlier(t, moment)]
    allowed = {t.index for t in (earlier if reach.within_turns is None else earlier[-reach.within_turns :])}
    allowed |= {t.index for t in turns if _holds(t, moment)}
    from_s = -inf if reach.within_s is None else moment.start_s - reach.within_s
    first_s = min((t.start_s for t in turns if t.index in allowed), default=inf) if reach.within_turns else -inf
    return Window(
        turns=tuple(t for t in window.turns if t.index in allowed and t.end_s >= from_s),
        start_s=max(window.start_s, from_s, first_s),
        end_s=min(window.end_s, moment.start_s + (SLACK_S if moment.turn is None else 0.0)),
        after=window.after,
        before=window.before if duty else moment,
        hits_from_s=max(window.hits_from_s, from_s),
        hits_to_s=window.hits_to_s
        if duty or moment.turn is not None
        else min(window.hits_to_s, moment.start_s + SLACK_S),
    )


def _is_later(turn: SpokenTurn, moment: Moment) -> bool:
    if moment.turn is not None:
        return turn.index > moment.turn
    return turn.start_s >= moment.end_s - SLACK_S


def _is_earlier(turn: SpokenTurn, moment: Moment) -> bool:
    if moment.turn is not None:
        return turn.index < moment.turn
    return turn.end_s <= moment.start_s + SLACK_S


def _holds(turn: SpokenTurn, moment: Moment) -> bool:
    """Whether the moment falls into the turn."""
    if moment.turn is not None:
        return turn.index == moment.turn
    return turn.start_s < moment.end_s - SLACK_S and turn.end_s > moment.start_s + SLACK_S


Placed = tuple[SpokenTurn, Hit]


def hits_in(view: CallView, words: PhraseList, role: Role | None, scope: Scope) -> dict[tuple[int, int], Placed]:
    """The hits of a list in a scope, each once, by turn and place. Cheap where the call has none of the words."""
    if not view.may_hit(words):
        return {}
    if scope.is_whole:
        turns = view.turns_with(words, role)
        return {(turn.index, hit.span.start): (turn, hit) for turn in turns for hit in words.hits(turn)}
    return {
        (turn.index, hit.span.start): (turn, hit)
        for window in scope.windows(view, role)
        for turn, hit in window.hits(view, words)
    }
