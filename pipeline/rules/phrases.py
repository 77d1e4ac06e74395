"""Lists of phrases and where they are heard: by characters, by toneless pinyin, by RE2 expression.

Text match: the spoken characters are the phrase's. Commas and pauses may lie inside a phrase of four or more characters
(说了，你也不懂) but not inside a shorter one (不，知道了 is not 不知道); a full stop ends every phrase.

Pinyin match: all syllables are equal, tones aside, though the characters differ: the recogniser hears better than it
spells (不指导 for 不知道). It needs at least `min_syllables` (3 unless a rule lowers it to 2), because two syllables
fit too many words (随便). A reading listed as `sensible` (不清除 for 不清楚) is good Chinese in its own right: such a
hit goes to review. Regular expressions see the spoken characters only. Exceptions are held against the text as the hit
reads it, so that 不指导您方不方便 is excused like 不知道您方不方便.

By the audio: where the recogniser was asked about a phrase (`CallFacts.probes`) and `rules.verified` believes it, the
phrase counts as said though other sounds were written down. A phrase that a rulebook adds later has no probes until the
call is analysed again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import re2

from pipeline.config.yaml_source import Entry, Node, Place
from pipeline.errors import RuleError
from pipeline.model import Probe
from pipeline.rules.spoken import Span, SpokenTurn, flatten, join_sounds
from pipeline.rules.verified import confidence, verdict
from pipeline.text import toneless_pinyin

How = Literal["text", "pinyin", "sensible", "regex", "said", "unsure"]

MIN_SYLLABLES = 3
PINYIN_FACTOR = 0.8  # how much surer a hit by characters is than one by sound alone
_SOFT_STOP_MIN_CHARACTERS = 4
_MAX_PATTERN_CHARACTERS = 500
_SAYING = frozenset("说讲问")


@dataclass(frozen=True)
class Phrase:
    """One phrase. sensible: other spellings of the same sounds that mean something themselves."""

    characters: str
    place: Place
    pinyin: bool = True
    sensible: tuple[str, ...] = ()

    @cached_property
    def syllables_count(self) -> int:
        return len(toneless_pinyin(self.characters))

    @cached_property
    def sounds(self) -> str:
        return join_sounds(toneless_pinyin(self.characters))

    def spans(self, turn: SpokenTurn, min_syllables: int) -> Iterator[tuple[Span, How]]:
        """Every place where the phrase is heard in the turn."""
        length = len(self.characters)
        at = turn.flat.find(self.characters)
        while at >= 0:
            if self._unbroken(turn, span := Span(at, at + length)):
                yield span, "text"
            at = turn.flat.find(self.characters, at + 1)
        if self.pinyin and self.syllables_count >= min_syllables:
            yield from self._by_sound(turn)

    def hidden(self, turn: SpokenTurn) -> Iterator["Hit"]:
        """Every place where the audio was found to hold the phrase behind other characters."""
        for span, probe in turn.hidden(self.characters) if self.pinyin else ():
            how = verdict(probe)
            if how is not None:
                yield Hit(span, how, self.characters, probe)

    def _by_sound(self, turn: SpokenTurn) -> Iterator[tuple[Span, How]]:
        length = self.syllables_count
        at = turn.sounds.find(self.sounds)
        while at >= 0:
            start = turn.flat_index(at)
            span = Span(start, start + length)
            heard = turn.flat[span.start : span.end]
            if heard != self.characters and self._unbroken(turn, span):
                yield span, "sensible" if heard in self.sensible else "pinyin"
            at = turn.sounds.find(self.sounds, at + 1)

    def _unbroken(self, turn: SpokenTurn, span: Span) -> bool:
        stop = turn.stop_within(span)
        return stop is None or (stop == "soft" and len(self.characters) >= _SOFT_STOP_MIN_CHARACTERS)


@dataclass(frozen=True)
class Pattern:
    """One RE2 expression over the spoken characters."""

    source: str
    place: Place
    compiled: Any

    def spans(self, turn: SpokenTurn) -> Iterator[tuple[Span, How]]:
        """Every match that no full stop cuts."""
        for match in self.compiled.finditer(turn.flat):
            span = Span(match.start(), match.end())
            if span.start < span.end and turn.stop_within(span) != "hard":
                yield span, "regex"


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a phrase list was heard. phrase: what was looked for. probe: what the audio said of it."""

    span: Span
    how: How
    phrase: str
    probe: Probe | None = None

    @property
    def factor(self) -> float:
        """What the way of matching leaves of the confidence."""
        return PINYIN_FACTOR if self.how in ("pinyin", "sensible") else 1.0

    def confidence(self, words: float) -> float:
        """How sure the hit is, 0..1; words: how sure the recogniser is of its words, if it was they that matched."""
        return words * self.factor if self.probe is None else confidence(self.probe)

    @property
    def order(self) -> tuple[float, ...]:
        """Of hits that overlap the first in this order stays: characters before sounds before the audio's word."""
        if self.probe is not None:
            return (1, -confidence(self.probe), self.span.start)
        return (0, self.span.start - self.span.end, self.factor != 1.0, self.span.start)


@dataclass(frozen=True)
class PhraseList:
    """Phrases and expressions of which any one counts, less those that stand inside an exception."""

    phrases: tuple[Phrase, ...]
    patterns: tuple[Pattern, ...] = ()
    excepted_phrases: tuple[Phrase, ...] = ()
    excepted_patterns: tuple[Pattern, ...] = ()
    min_syllables: int = MIN_SYLLABLES

    def hits(self, turn: SpokenTurn) -> tuple[Hit, ...]:
        """All hits in time order; of hits that overlap the longest stays, by characters before by sound.

        What only the audio tells comes last: of those that overlap the surest stays.
        """
        found = [Hit(s, how, p.characters) for p in self.phrases for s, how in p.spans(turn, self.min_syllables)]
        found += [Hit(span, how, pattern.source) for pattern in self.patterns for span, how in pattern.spans(turn)]
        found += [hit for p in self.phrases for hit in p.hidden(turn)]
        if not found:
            return ()
        left = [hit for hit in found if not self._excepted(turn, hit)]
        left.sort(key=lambda hit: (hit.order, hit.phrase))
        kept: list[Hit] = []
        for hit in left:
            if not any(hit.span.overlaps(other.span) for other in kept):
                kept.append(hit)
        return tuple(sorted(kept, key=lambda hit: hit.span.start))

    def first(self, turn: SpokenTurn) -> Hit | None:
        return next(iter(self.hits(turn)), None)

    def _excepted(self, turn: SpokenTurn, hit: Hit) -> bool:
        """Whether the hit stands inside an exception.

        Phrases are heard by sound from two syllables on: a doubt speaks for the person.
        """
        spans = [s for phrase in self.excepted_phrases for s, _ in phrase.spans(turn, min_syllables=2)]
        spans += [other.span for phrase in self.excepted_phrases for other in phrase.hidden(turn)]
        if any(_covers(turn, span, hit.span) for span in spans):
            return True
        meant = turn.flat
        if hit.how in ("pinyin", "sensible", "said", "unsure"):
            meant = meant[: hit.span.start] + hit.phrase + meant[hit.span.end :]
        matches = (match for pattern in self.excepted_patterns for match in pattern.compiled.finditer(meant))
        return any(_covers(turn, Span(match.start(), match.end()), hit.span) for match in matches)


def _covers(turn: SpokenTurn, exception: Span, hit: Span) -> bool:
    """Whether the exception holds the hit in one breath.

    A full stop inside it, or a pause right beside the hit, parts them: in 不知道，您先说 the polite 不知道您 was not
    said. After a verb of saying the pause only introduces the quotation: 您刚才说，不知道怎么走.
    """
    if not exception.contains(hit) or turn.stop_within(exception) == "hard":
        return False
    if exception.end > hit.end and hit.end in turn.stops:
        return False
    return exception.start == hit.start or hit.start not in turn.stops or turn.flat[hit.start - 1] in _SAYING


Sets = Mapping[str, tuple[Entry, ...]]


def read_phrase_list(
    node: Node, sets: Sets, key: str = "any", *, default_min_syllables: int = MIN_SYLLABLES
) -> PhraseList:
    """Read `any:` (or `key`), `except:`, `pinyin:` and `min_syllables:` of a mapping.

    An element is a phrase, {say: phrase, pinyin: false, sensible: [...]}, {regex: expression} or {set: name}.
    Raises RuleError with the line for empty phrases, unknown sets and expressions that RE2 refuses.
    """
    pinyin = _by_sound(node, default=True)
    entries = node.entries(key)
    if not entries:
        raise node.error(f"{key!r} is missing: list at least one phrase")
    phrases, patterns = _read_entries(entries, sets, pinyin=pinyin)
    excepted_phrases, excepted_patterns = _read_entries(node.entries("except"), sets, pinyin=True)
    least = node.whole("min_syllables", low=2, high=20, default=default_min_syllables)
    return PhraseList(phrases, patterns, excepted_phrases, excepted_patterns, least)


def _read_entries(
    entries: tuple[Entry, ...], sets: Sets, *, pinyin: bool, within: tuple[str, ...] = ()
) -> tuple[tuple[Phrase, ...], tuple[Pattern, ...]]:
    phrases: list[Phrase] = []
    patterns: list[Pattern] = []
    for entry in entries:
        value = entry.value
        if isinstance(value, str):
            phrases.append(_phrase(value, entry.place, pinyin=pinyin))
        elif isinstance(value, Node) and "regex" in value:
            value.allow(("regex",))
            patterns.append(_pattern(value.text("regex"), entry.place))
        elif isinstance(value, Node) and "set" in value:
            value.allow(("set",))
            name = value.text("set")
            if name in within:
                raise value.error(
                    f"set {name!r} contains itself ({' → '.join((*within, name))}); break the circle", "set"
                )
            if name not in sets:
                raise value.error(f"set {name!r} is not defined; known are {', '.join(sorted(sets)) or 'none'}", "set")
            inner = _read_entries(sets[name], sets, pinyin=pinyin, within=(*within, name))
            phrases.extend(inner[0])
            patterns.extend(inner[1])
        elif isinstance(value, Node):
            value.allow(("say", "match", "pinyin", "sensible"))
            own = _by_sound(value, default=pinyin)
            sensible = tuple(map(flatten, value.texts("sensible")))
            phrases.append(_phrase(value.text("say"), entry.place, pinyin=own, sensible=sensible))
        else:
            raise RuleError(
                f"{entry.place}: {value!r} is no phrase; write a text (quote numbers), say:, regex: or set:"
            )
    return tuple(phrases), tuple(patterns)


def _by_sound(node: Node, *, default: bool) -> bool:
    """Whether sounds count: `match: pinyin`, or text only."""
    if "match" in node:
        return node.choice("match", ("text", "pinyin")) == "pinyin"
    return node.flag("pinyin", default=default)


def _phrase(text: str, place: Place, *, pinyin: bool, sensible: tuple[str, ...] = ()) -> Phrase:
    characters = flatten(text)
    if not characters:
        raise RuleError(
            f"{place}: phrase {text!r} has no spoken character; write Chinese characters, letters or digits"
        )
    return Phrase(characters, place, pinyin, sensible)


def _pattern(source: str, place: Place) -> Pattern:
    if len(source) > _MAX_PATTERN_CHARACTERS:
        raise RuleError(f"{place}: expression of {len(source)} characters; at most {_MAX_PATTERN_CHARACTERS}: split it")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    try:
        compiled = re2.compile(source, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else error
        raise RuleError(
            f"{place}: RE2 refuses {source!r}: {reason}; no look-around or back-references there"
        ) from error
    if compiled.search("") is not None:
        raise RuleError(f"{place}: expression {source!r} matches the empty text, so it would match everywhere")
    return Pattern(source, place, compiled)
