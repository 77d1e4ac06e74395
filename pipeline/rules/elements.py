"""Phrases and expressions, and where a turn of a call holds them.

Text match: the spoken characters are the phrase's. Commas and pauses may lie inside a phrase of four or more characters
(说了，你也不懂) but not inside a shorter one (不，知道了 is not 不知道); a full stop ends every phrase.

Pinyin match: all syllables are equal, tones aside, though the characters differ: the recogniser hears better than it
spells (不指导 for 不知道). It needs at least `min_syllables` (3 unless a rule lowers it to 2), because two syllables
fit too many words (随便). A reading listed as `sensible` (不清除 for 不清楚) is good Chinese in its own right: such a
hit goes to review. Regular expressions see the spoken characters only.

Fuzzy match: as many syllables that sound nearly alike (z/zh, n/l, in/ing: `pipeline.sounds`), `max_distance` in the
mean. It only ever asks a person to listen, the more surely the nearer it sounds.

By the audio: where the recogniser was asked about a phrase (`CallFacts.probes`) and `rules.verified` believes it, the
phrase counts as said though other sounds were written down; about a fuzzy hit its word is the last. A phrase that a
rulebook adds later has no probes until the call is analysed again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from pipeline.config.yaml_source import Place
from pipeline.model import Probe
from pipeline.rules.index import FUZZY, REGEX, TEXT, MatchIndex, Places
from pipeline.rules.spoken import Span, SpokenTurn
from pipeline.sounds import encode

Match = Literal["text", "pinyin", "fuzzy"]
How = Literal["text", "pinyin", "sensible", "fuzzy", "regex", "said", "unsure"]

MAX_DISTANCE = 0.15
PINYIN_FACTOR = 0.8  # how much surer a hit by characters is than one by sound alone


@dataclass(frozen=True)
class Phrase:
    """One phrase, spoken characters only. sensible: other spellings of its sounds that mean something themselves.

    max_distance: for match "fuzzy" the mean cost per syllable up to which it is heard, None otherwise.
    """

    characters: str
    place: Place
    match: Match = "pinyin"
    sensible: tuple[str, ...] = ()
    max_distance: float | None = None

    @property
    def by_sound(self) -> bool:
        """Whether it counts though the characters differ."""
        return self.match != "text"

    @property
    def pinyin(self) -> bool:
        return self.by_sound

    @cached_property
    def codes(self) -> str:
        """Its sounds (`pipeline.sounds`)."""
        return encode(self.characters)

    @property
    def syllables_count(self) -> int:
        return len(self.codes)

    @property
    def content(self) -> tuple[object, ...]:
        """What decides its hits: phrases of the same content hit alike."""
        return self.characters, self.match, self.sensible, self.max_distance


@dataclass(frozen=True)
class Pattern:
    """One RE2 expression over the spoken characters. name: what it stands for, if not for itself."""

    source: str
    place: Place
    compiled: Any
    name: str | None = None

    @property
    def shown(self) -> str:
        return self.name or self.source


class Hit(NamedTuple):
    """One place where a phrase list was heard. phrase: what was looked for. probe: what the audio said of it.

    said: how likely that is by the audio, 0..1 (with a probe). distance: how far the sounds are from the phrase, per
    syllable (0 unless `how` is "fuzzy").
    """

    span: Span
    how: How
    phrase: str
    probe: Probe | None = None
    distance: float = 0.0
    said: float = 0.0

    @property
    def factor(self) -> float:
        """What the way of matching leaves of the confidence: a fuzzy hit loses all of it at a distance of 0.5."""
        if self.how == "fuzzy":
            return PINYIN_FACTOR * max(0.0, 1 - 2 * self.distance)
        return PINYIN_FACTOR if self.how in ("pinyin", "sensible") else 1.0

    @property
    def needs_listening(self) -> bool:
        """Whether a person has to listen before it may count."""
        return self.how in ("sensible", "fuzzy", "unsure")

    @property
    def is_respelt(self) -> bool:
        """Whether other characters than the phrase's were recognised."""
        return self.how in ("pinyin", "sensible", "fuzzy", "said", "unsure")

    @property
    def goes_by_writing(self) -> bool:
        """Whether the recogniser's own words speak for or against it: not where they only spell the same sounds."""
        return not self.is_respelt or self.probe is not None

    def confidence(self, words: float) -> float:
        """How sure the hit is, 0..1; words: how sure the recogniser is of its words, if it was they that matched."""
        return words * self.factor if self.probe is None else self.said

    @property
    def order(self) -> tuple[float, ...]:
        """Of hits that overlap the first in this order stays: characters, sounds, the audio's word, near sounds."""
        if self.probe is not None:
            return (1, -self.said, self.span.start)
        if self.how == "fuzzy":
            return (2, self.distance, self.span.start)
        return (0, self.span.start - self.span.end, self.factor != 1.0, self.span.start)


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Phrases and expressions of which any one counts; phrases by sound from `min_syllables` on."""

    phrases: tuple[Phrase, ...]
    patterns: tuple[Pattern, ...]
    min_syllables: int

    def __bool__(self) -> bool:
        return bool(self.phrases or self.patterns)

    def hits(self, turn: SpokenTurn) -> list[Hit]:
        """Every place, overlapping ones too, in no order."""
        places, offset = self._found_in(turn)
        found = self.hits_at(places, turn.flat, offset) if len(places) else []
        if turn.probes:
            asked = turn.asked()
            found = [hit for hit in found if hit.how != "fuzzy" or not _is_asked(hit, asked)]
            found.extend(self._hidden(turn))
        return found

    def hits_at(self, places: Places, flat: str, offset: int) -> list[Hit]:
        """The hits at these places of a line. offset: of the turn that `flat` is of."""
        columns = (places.starts - offset, places.ends - offset, places.kinds, places.which, places.distances)
        return [
            self.hit(Span(start, end), kind, which, distance, flat)
            for start, end, kind, which, distance in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def hit(self, span: Span, kind: int, which: int, distance: float, flat: str) -> Hit:
        """What was found in a turn as a hit. kind, which, distance: see `rules.index.Places`."""
        if kind == REGEX:
            return Hit(span, "regex", self.patterns[which].shown)
        phrase = self.phrases[which]
        if kind == TEXT:
            return Hit(span, "text", phrase.characters)
        if kind == FUZZY:
            return Hit(span, "fuzzy", phrase.characters, distance=distance)
        heard = flat[span.start : span.end]
        return Hit(span, "sensible" if heard in phrase.sensible else "pinyin", phrase.characters)

    def meant(self, text: str) -> Iterator[Span]:
        """Where the expressions match a text that is no turn's."""
        for pattern in self.patterns:
            for match in pattern.compiled.finditer(text):
                yield Span(match.start(), match.end())

    @cached_property
    def _own_index(self) -> MatchIndex:
        return MatchIndex([self])

    def _found_in(self, turn: SpokenTurn) -> tuple[Places, int]:
        """What the turn's index found, or one of this list's own where that does not know it; where the turn begins."""
        known = turn.places(self)
        if known is None:
            return self._own_index.search_turn(turn.flat, turn.sounds, turn.stops).places(0), 0
        return known

    def _hidden(self, turn: SpokenTurn) -> Iterator[Hit]:
        """Every place where the audio was found to hold a phrase behind other characters."""
        for span, probe in turn.asked():
            how = turn.verification.verdict(probe)
            if how is not None:
                said = turn.verification.probability(probe)
                for phrase in self.phrases:
                    if phrase.by_sound and phrase.characters == probe.phrase:
                        yield Hit(span, how, phrase.characters, probe, said=said)


def _is_asked(hit: Hit, asked: Iterable[tuple[Span, Probe]]) -> bool:
    """Whether the audio was asked about this phrase there: its word is the last."""
    return any(probe.phrase == hit.phrase and span.overlaps(hit.span) for span, probe in asked)
