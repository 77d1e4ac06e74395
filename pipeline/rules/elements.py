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

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from pipeline.config.yaml_source import Place
from pipeline.model import Probe
from pipeline.rules.index import SOUND, TEXT, MatchIndex, Plan, Raw
from pipeline.rules.lines import HARD
from pipeline.rules.spoken import Span, SpokenTurn
from pipeline.sounds import distance, encode

Match = Literal["text", "pinyin", "fuzzy"]
How = Literal["text", "pinyin", "sensible", "fuzzy", "regex", "said", "unsure"]

MAX_DISTANCE = 0.15
PINYIN_FACTOR = 0.8  # how much surer a hit by characters is than one by sound alone
_SOFT_STOP_MIN_CHARACTERS = 4
_SAME = 1e-6


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
        raw, plan = self._found_in(turn)
        found: list[Hit] = []
        stops = turn.stops
        for needle in plan.uses.keys() & raw.places.keys():
            for kind, which in plan.uses[needle]:
                phrase = self.phrases[which]
                length = len(phrase.characters)
                for start in raw.places[needle]:
                    inside = max(stops[start + 1 : start + length], default=0)
                    if inside == HARD or (inside and length < _SOFT_STOP_MIN_CHARACTERS):
                        continue
                    span = Span(start, start + length)
                    if kind == TEXT:
                        found.append(Hit(span, "text", phrase.characters))
                    elif (hit := _by_sound(phrase, turn, span, exactly=kind == SOUND)) is not None:
                        found.append(hit)
        left = raw.expressions & plan.tried
        while left:
            lowest = left & -left
            left ^= lowest
            found.extend(_matches(self.patterns[plan.expressions[lowest.bit_length() - 1]], turn))
        if turn.probes:
            found.extend(self._hidden(turn))
        return found

    def meant(self, text: str) -> Iterator[Span]:
        """Where the expressions match a text that is no turn's."""
        for pattern in self.patterns:
            for match in pattern.compiled.finditer(text):
                yield Span(match.start(), match.end())

    def may_hit(self, turn: SpokenTurn) -> bool:
        """False: `hits` would find nothing. Cheap."""
        number = turn.numbers.get(id(self))
        return number is None or bool(turn.mask >> number & 1)

    @cached_property
    def _own_index(self) -> MatchIndex:
        return MatchIndex([self])

    def _found_in(self, turn: SpokenTurn) -> tuple[Raw, Plan]:
        """What the turn's index found, or one of this list's own where that does not know it."""
        number = turn.numbers.get(id(self))
        if number is not None:
            return turn.raw, turn.plans[number]
        return self._own_index.search_turn(turn.flat, turn.sounds), self._own_index.plans[0]

    def _hidden(self, turn: SpokenTurn) -> Iterator[Hit]:
        """Every place where the audio was found to hold a phrase behind other characters."""
        for span, probe in turn.asked():
            how = turn.verification.verdict(probe)
            if how is not None:
                said = turn.verification.probability(probe)
                for phrase in self.phrases:
                    if phrase.by_sound and phrase.characters == probe.phrase:
                        yield Hit(span, how, phrase.characters, probe, said=said)


def _by_sound(phrase: Phrase, turn: SpokenTurn, span: Span, *, exactly: bool) -> Hit | None:
    """The hit where other characters were recognised that sound the same (exactly), or nearly the same."""
    heard = turn.flat[span.start : span.end]
    if heard == phrase.characters:
        return None
    if exactly:
        return Hit(span, "sensible" if heard in phrase.sensible else "pinyin", phrase.characters)
    far = distance(phrase.codes, turn.sounds[span.start : span.end])
    if far < _SAME or any(p.phrase == phrase.characters and s.overlaps(span) for s, p in turn.asked()):
        return None
    return Hit(span, "fuzzy", phrase.characters, distance=far)


def _matches(pattern: Pattern, turn: SpokenTurn) -> Iterator[Hit]:
    """Every match that no full stop cuts."""
    key = ("matches", pattern.source)
    spans = turn.memo.get(key)
    if spans is None:  # many lists share expressions
        spans = turn.memo[key] = [s for s in _spans(pattern, turn) if turn.stop_within(s) != "hard" and s.start < s.end]
    for span in spans:
        yield Hit(span, "regex", pattern.shown)


def _spans(pattern: Pattern, turn: SpokenTurn) -> Iterator[Span]:
    """Every match. Bytes are searched: they spare the library a conversion for each expression."""
    data = turn.flat_bytes
    for match in pattern.compiled.finditer(data):
        start = len(data[: match.start()].decode())
        yield Span(start, start + len(data[match.start() : match.end()].decode()))
