"""Lists of phrases: exceptions, what has to stand near or must not, which of the hits count.

Exceptions are held against the text as the hit reads it, so that 不指导您方不方便 is excused like 不知道您方不方便.
Where other sounds were recognised, they are held against its words as well: 跟胃没关系 is not suspected of 跟我没关系.
How single phrases and expressions are matched is told in `rules.elements`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from pipeline.rules.elements import Alternatives, Hit, Pattern, Phrase
from pipeline.rules.spoken import Chunk, Span, SpokenTurn
from pipeline.rules.tables import SAYING, HitTable

Side = Literal["before", "after", "both"]

MIN_SYLLABLES = 3


@dataclass(frozen=True)
class Near:
    """What must (or must not: `wanted` False) stand near a hit, beside it in the same turn.

    characters: at most so many between the two, and no full stop. seconds: at most so long between the two.
    """

    words: "PhraseList"
    wanted: bool
    characters: int | None = None
    seconds: float | None = None
    side: Side = "both"

    def admits(self, turn: SpokenTurn, hit: Hit) -> bool:
        return self.wanted == any(self._is_near(turn, hit.span, other.span) for other in self.words.hits(turn))

    def _is_near(self, turn: SpokenTurn, hit: Span, other: Span) -> bool:
        if hit.overlaps(other) or self.side == ("after" if other.start < hit.start else "before"):
            return False
        first, last = (other, hit) if other.start < hit.start else (hit, other)
        if self.characters is not None:
            parted = turn.stop_within(Span(first.end - 1, last.start + 1)) == "hard"
            return last.start - first.end <= self.characters and not parted
        return turn.evidence(last).start_s - turn.evidence(first).end_s <= (self.seconds or 0.0)


@dataclass(frozen=True)
class PhraseList:
    """Phrases and expressions of which any one counts, less those that stand inside an exception.

    also: lists of which each must be heard in the same turn; none: a list that must not. least: so many different ones
    must be heard in the turn. once: only the first hit of a turn counts, because it is the company that is looked for.
    """

    phrases: tuple[Phrase, ...]
    patterns: tuple[Pattern, ...] = ()
    excepted_phrases: tuple[Phrase, ...] = ()
    excepted_patterns: tuple[Pattern, ...] = ()
    min_syllables: int = MIN_SYLLABLES
    also: tuple["PhraseList", ...] = ()
    none: "PhraseList | None" = None
    near: tuple[Near, ...] = ()
    least: int = 1
    once: bool = False

    def hits(self, turn: SpokenTurn) -> tuple[Hit, ...]:
        """All hits in time order; of hits that overlap the longest stays, by characters before by sound.

        What only the audio tells comes last: of those that overlap the surest stays.
        """
        table = self.table(turn.chunk)
        if table is not None and not (turn.probes and self._is_asked(turn)):
            return table.hits(turn)
        found: tuple[Hit, ...] | None = turn.memo.get(self.token)
        if found is None:
            found = turn.memo[self.token] = self._hits(turn)
        return found

    def table(self, chunk: Chunk) -> "HitTable | None":
        """All hits in a chunk, made when the first turn of it asks; None: its index does not know the list."""
        table: HitTable | None
        try:
            table = chunk.memo[self.token]
        except KeyError:
            known = chunk.number_of(self.wanted) is not None
            table = chunk.memo[self.token] = HitTable(self, chunk) if known else None
        return table

    def _is_asked(self, turn: SpokenTurn) -> bool:
        """Whether the audio was asked about one of its phrases, or of its exceptions, in this turn."""
        return any(probe.phrase in self._phrases_heard for probe in turn.probes)

    @cached_property
    def _phrases_heard(self) -> frozenset[str]:
        return frozenset(p.characters for p in (*self.phrases, *self.excepted_phrases))

    @cached_property
    def token(self) -> object:
        """The same object for lists of the same content: many rules ask for the same set, which is searched once."""
        return _token(
            (
                *(tuple(p.content for p in phrases) for phrases in (self.phrases, self.excepted_phrases)),
                *(tuple(p.shown + p.source for p in found) for found in (self.patterns, self.excepted_patterns)),
                *(self.min_syllables, self.least, self.once),
                *(tuple(words.token for words in self.also), self.none and self.none.token),
                *(tuple((n.words.token, n.wanted, n.characters, n.seconds, n.side) for n in self.near),),
            )
        )

    def first(self, turn: SpokenTurn) -> Hit | None:
        return next(iter(self.hits(turn)), None)

    def alternatives(self) -> Iterator[Alternatives]:
        """All that an index has to know to serve this list."""
        yield self.wanted
        if self.has_exceptions:
            yield self.excepted
        for words in (*self.also, *([self.none] if self.none else []), *(near.words for near in self.near)):
            yield from words.alternatives()

    @cached_property
    def wanted(self) -> Alternatives:
        return Alternatives(self.phrases, self.patterns, self.min_syllables)

    @cached_property
    def excepted(self) -> Alternatives:
        """Heard by sound from two syllables on: a doubt speaks for the person."""
        return Alternatives(self.excepted_phrases, self.excepted_patterns, 2)

    def _hits(self, turn: SpokenTurn) -> tuple[Hit, ...]:
        found = self.wanted.hits(turn)
        if not found:
            return ()
        # What was respelt is held against the text as it reads then: the index has only seen what was written.
        if self.has_exceptions:
            found = self._not_excepted(turn, found)
        return self.in_company(turn, _apart(found))

    @cached_property
    def has_exceptions(self) -> bool:
        return bool(self.excepted_phrases or self.excepted_patterns)

    @cached_property
    def _wants_company(self) -> bool:
        return bool(self.near or self.also or self.none or self.once or self.least > 1)

    def in_company(self, turn: SpokenTurn, hits: list[Hit]) -> tuple[Hit, ...]:
        """Those of the hits for which the rest of the turn is as the list asks."""
        if not self._wants_company:
            return tuple(hits)
        if self.near:
            hits = [hit for hit in hits if all(near.admits(turn, hit) for near in self.near)]
        if (
            len(hits) < self.least
            or len({hit.phrase for hit in hits}) < self.least
            or not all(words.hits(turn) for words in self.also)
            or (self.none is not None and self.none.hits(turn))
        ):
            return ()
        return tuple(hits[:1] if self.once else hits)

    def _not_excepted(self, turn: SpokenTurn, hits: list[Hit]) -> list[Hit]:
        """The hits that stand inside no exception.

        Expressions are held against the text as the hit reads it; where other sounds were recognised, as written too.
        """
        exceptions = self.excepted.hits(turn)
        heard = [other.span for other in exceptions if other.how != "regex"]
        written = [other.span for other in exceptions if other.how == "regex"]
        return [
            hit
            for hit in hits
            if not any(_covers(turn, span, hit.span) for span in heard)
            and not (hit.is_respelt and self.is_meant(turn, hit))
            and not (hit.goes_by_writing and any(_covers(turn, span, hit.span) for span in written))
        ]

    def is_meant(self, turn: SpokenTurn, hit: Hit) -> bool:
        """Whether excepted expressions cover the hit in the text as it reads it."""
        text = turn.flat[: hit.span.start] + hit.phrase + turn.flat[hit.span.end :]
        return any(_covers(turn, span, hit.span) for span in self.excepted.meant(text))


@dataclass(frozen=True, slots=True, eq=False)
class _Token:
    """Equal to itself only, and quick to look up."""

    content: tuple[object, ...]


@cache
def _token(content: tuple[object, ...]) -> _Token:
    """One token for each content."""
    return _Token(content)


def _apart(hits: list[Hit]) -> list[Hit]:
    """Of hits that overlap the first in their order, in time order."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.order, hit.phrase)):
        if not any(hit.span.overlaps(other.span) for other in kept):
            kept.append(hit)
    kept.sort(key=lambda hit: hit.span)
    return kept


def _covers(turn: SpokenTurn, exception: Span, hit: Span) -> bool:
    """Whether the exception holds the hit in one breath.

    A full stop inside it, or a pause right beside the hit, parts them: in 不知道，您先说 the polite 不知道您 was not
    said. After a verb of saying the pause only introduces the quotation: 您刚才说，不知道怎么走.
    """
    if not exception.contains(hit) or turn.stop_within(exception) == "hard":
        return False
    if exception.end > hit.end and turn.has_stop(hit.end):
        return False
    return exception.start == hit.start or not turn.has_stop(hit.start) or turn.flat[hit.start - 1] in SAYING
