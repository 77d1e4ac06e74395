"""Lists of phrases as rules write them; what they mean is told in `rules.elements` and `rules.words`.

Wherever words are looked for, these keys stand:

    any: [ELEMENT, ...]                        one of them
    all: [[ELEMENT, ...], [ELEMENT, ...]]      and one of each of these lists in the same turn
    at_least: {count: 2, of: [ELEMENT, ...]}   so many different ones in the same turn (instead of any)
    none: [ELEMENT, ...]                       and none of these in the same turn
    except: [ELEMENT, ...]                     a hit inside one of these is none
    near: {any: [...], within_characters: 8}   a hit counts only with one of these beside it in the same turn,
    near: {any: [...], within_s: 3}            at most so far; side: before, after or both (default)
    not_near: {...}                            ... only without; both take a list, too: each of them has to hold
    match: pinyin                              text, pinyin (default) or fuzzy; `none`, `except` and `not_near` go by
    max_distance: 0.15                         sound from two syllables on. max_distance: fuzzy only
    min_syllables: 3                           fewer syllables are matched by characters only

ELEMENT: 文字, {say: 文字, match: text, sensible: [...]}, {regex: expression}, {set: name} or {class: name}. Classes of
things (date, money, department) are in `rules.entities`. `all` without `any`, and `at_least`, give one hit a turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import re2

from pipeline.config.yaml_source import Entry, Node, Place
from pipeline.errors import RuleError
from pipeline.rules import entities
from pipeline.rules.elements import MAX_DISTANCE, Hit, Match, Pattern, Phrase
from pipeline.rules.lines import flatten
from pipeline.rules.words import MIN_SYLLABLES, Near, PhraseList, Side

__all__ = [
    "MIN_SYLLABLES",
    "Hit",
    "Near",
    "Pattern",
    "Phrase",
    "PhraseList",
    "Sets",
    "read_phrase_list",
]

Sets = Mapping[str, tuple[Entry, ...]]

_MATCHES: tuple[Match, ...] = ("text", "pinyin", "fuzzy")
_COMPANY = ("near", "not_near")
_SIDES: tuple[Side, ...] = ("before", "after", "both")
_MAX_PATTERN_CHARACTERS = 500
_MAX_PHRASE_CHARACTERS = 60
_SURELY_APART = 0.4  # per syllable: beyond it every phrase sounds like every other
_DOUBT = 2  # syllables from which on words that excuse somebody are heard by sound


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the phrases of a list are matched."""

    match: Match
    max_distance: float | None
    min_syllables: int


@dataclass(frozen=True, slots=True)
class _Elements:
    phrases: tuple[Phrase, ...] = ()
    patterns: tuple[Pattern, ...] = ()


def read_phrase_list(
    node: Node, sets: Sets, key: str = "any", *, default_min_syllables: int = MIN_SYLLABLES
) -> PhraseList:
    """Read the keys above from a mapping; key: what stands for `any` there.

    Raises RuleError with file, line and remedy for empty phrases, unknown sets and classes, expressions that RE2
    refuses and keys that contradict each other.
    """
    manner = _read_manner(node, default_min_syllables)
    reader = _Reader(sets, manner)
    lists = tuple(reader.words(e, f"each element of {key}: all") for e in node.entries("all")) if "all" in node else ()
    excepted = _Reader(sets, _excusing(manner)).elements(node.entries("except"))
    wanted, also, least = _wanted(node, reader, key, lists)
    return replace(
        wanted,
        excepted_phrases=excepted.phrases,
        excepted_patterns=excepted.patterns,
        also=also,
        none=_none(node, sets, manner),
        near=_read_company(node, sets, manner),
        least=least,
        once=key not in node,
    )


def _wanted(
    node: Node, reader: "_Reader", key: str, lists: tuple[PhraseList, ...]
) -> tuple[PhraseList, tuple[PhraseList, ...], int]:
    """What is looked for, what has to be heard besides, and how many different ones there must be."""
    if "at_least" in node:
        if key in node:
            raise node.error(f"{key!r} and 'at_least' contradict each other; keep one of them", "at_least")
        inner = node.node("at_least")
        inner.allow(("count", "of"))
        found = reader.elements(inner.entries("of"))
        known = len(found.phrases) + len(found.patterns)
        if known < 2:
            raise inner.error("'of' must list at least two elements; with one use 'any'")
        return reader.listed(found), lists, inner.whole("count", low=2, high=known)
    if key in node:
        return reader.listed(reader.elements(node.entries(key))), lists, 1
    if lists:
        return lists[0], lists[1:], 1
    raise node.error(f"{key!r} is missing: list at least one phrase")


def _none(node: Node, sets: Sets, manner: _Manner) -> PhraseList | None:
    if "none" not in node:
        return None
    reader = _Reader(sets, _excusing(manner))
    return reader.listed(reader.elements(node.entries("none")))


def _read_manner(node: Node, min_syllables: int) -> _Manner:
    if "pinyin" in node:
        raise node.error("'pinyin' is gone; write match: text for pinyin: false", "pinyin")
    match = _match(node, "pinyin")
    if "max_distance" in node and match != "fuzzy":
        raise node.error("'max_distance' is for match: fuzzy; add it, or leave the distance out", "max_distance")
    far = node.number("max_distance", low=0.01, high=_SURELY_APART, default=MAX_DISTANCE)
    least = node.whole("min_syllables", low=2, high=20, default=min_syllables)
    if match == "text" and "min_syllables" in node:
        raise node.error("'min_syllables' is for sounds; with match: text leave it out", "min_syllables")
    return _Manner(match, far if match == "fuzzy" else None, least)


def _match(node: Node, default: Match) -> Match:
    chosen = node.choice("match", _MATCHES, default)
    return next(match for match in _MATCHES if match == chosen)


def _excusing(manner: _Manner) -> _Manner:
    """Words that excuse are heard by sound, from two syllables on: a doubt speaks for the person."""
    return _Manner("pinyin", None, min(_DOUBT, manner.min_syllables))


def _read_company(node: Node, sets: Sets, manner: _Manner) -> tuple[Near, ...]:
    return tuple(_read_near(one, key, sets, manner) for key in _COMPANY for one in _each(node, key))


def _each(node: Node, key: str) -> tuple[Node, ...]:
    """The mapping below a key, or those of the list there."""
    if key not in node:
        return ()
    return tuple(node.nodes(key)) if isinstance(node.entry(key).value, tuple) else (node.node(key),)


def _read_near(inner: Node, key: str, sets: Sets, manner: _Manner) -> Near:
    inner.allow(("any", "within_characters", "within_s", "side"))
    if ("within_characters" in inner) == ("within_s" in inner):
        raise inner.error(f"{key} needs exactly one of within_characters and within_s")
    reader = _Reader(sets, manner if key == "near" else _excusing(manner))
    side = inner.choice("side", _SIDES, "both")
    if "any" not in inner:
        raise inner.error("'any' is missing: list at least one phrase")
    return Near(
        words=reader.listed(reader.elements(inner.entries("any"))),
        wanted=key == "near",
        characters=inner.whole("within_characters", low=0, high=200) if "within_characters" in inner else None,
        seconds=inner.optional_number("within_s", low=0, high=600),
        side=next(s for s in _SIDES if s == side),
    )


class _Reader:
    """Elements in one manner."""

    def __init__(self, sets: Sets, manner: _Manner) -> None:
        self._sets = sets
        self._manner = manner

    def words(self, entry: Entry, what: str) -> PhraseList:
        if not isinstance(entry.value, tuple):
            raise RuleError(f"{entry.place}: {what} must be a list of phrases: all: [[这个, 那个], [不知道]]")
        return self.listed(self.elements(entry.value))

    def listed(self, found: _Elements) -> PhraseList:
        return PhraseList(found.phrases, found.patterns, min_syllables=self._manner.min_syllables)

    def elements(self, entries: tuple[Entry, ...], within: tuple[str, ...] = ()) -> _Elements:
        """within: the sets whose elements these are, the outermost first."""
        found = [self._element(entry, within) for entry in entries]
        phrases = tuple(phrase for one in found for phrase in one.phrases)
        return _Elements(phrases, tuple(pattern for one in found for pattern in one.patterns))

    def _element(self, entry: Entry, within: tuple[str, ...]) -> _Elements:
        value = entry.value
        if isinstance(value, str):
            return self._phrase(value, entry.place, self._manner.match)
        if not isinstance(value, Node):
            raise RuleError(
                f"{entry.place}: {value!r} is no phrase; write a text (quote numbers), say:, regex:, set: or class:"
            )
        if "regex" in value:
            value.allow(("regex",))
            return _Elements(patterns=(compiled_pattern(value.text("regex"), entry.place),))
        if "class" in value:
            value.allow(("class",))
            return self._class(value, entry.place)
        if "set" in value:
            value.allow(("set",))
            return self._set(value, within)
        value.allow(("say", "match", "sensible", *(("pinyin",) if "pinyin" in value else ())))
        if "pinyin" in value:
            raise value.error("'pinyin' is gone; write match: text for pinyin: false", "pinyin")
        match = _match(value, self._manner.match)
        if match == "text" and "sensible" in value:
            raise value.error("'sensible' is for sounds; with match: text leave it out", "sensible")
        return self._phrase(value.text("say"), entry.place, match, tuple(map(flatten, value.texts("sensible"))))

    def _set(self, value: Node, within: tuple[str, ...]) -> _Elements:
        name = value.text("set")
        if name in within:
            raise value.error(f"set {name!r} contains itself ({' → '.join((*within, name))}); break the circle", "set")
        if name not in self._sets:
            known = ", ".join(sorted(self._sets)) or "none"
            raise value.error(f"set {name!r} is not defined; known are {known}", "set")
        return self.elements(self._sets[name], (*within, name))

    def _class(self, value: Node, place: Place) -> _Elements:
        name = value.choice("class", tuple(entities.CLASSES))
        key = entities.set_name(name)
        found = self.elements(self._sets.get(key) or entities.shipped_class_sets()[key], (key,))
        named = (replace(pattern, name=entities.CLASSES[name], place=place) for pattern in found.patterns)
        return _Elements(tuple(replace(phrase, place=place) for phrase in found.phrases), tuple(named))

    def _phrase(self, text: str, place: Place, match: Match, sensible: tuple[str, ...] = ()) -> _Elements:
        characters = flatten(text)
        if not characters:
            raise RuleError(
                f"{place}: phrase {text!r} has no spoken character; write Chinese characters, letters or digits"
            )
        if len(characters) > _MAX_PHRASE_CHARACTERS:
            raise RuleError(
                f"{place}: phrase of {len(characters)} characters; at most {_MAX_PHRASE_CHARACTERS}: say less of it"
            )
        far = (self._manner.max_distance or MAX_DISTANCE) if match == "fuzzy" else None
        return _Elements(phrases=(Phrase(characters, place, match, sensible, far),))


def compiled_pattern(source: str, place: Place, name: str | None = None) -> Pattern:
    """An expression ready for use. Raises RuleError for what RE2 refuses or what would match everywhere."""
    if len(source) > _MAX_PATTERN_CHARACTERS:
        raise RuleError(f"{place}: expression of {len(source)} characters; at most {_MAX_PATTERN_CHARACTERS}: split it")
    try:
        compiled = _compiled(source)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else error
        raise RuleError(
            f"{place}: RE2 refuses {source!r}: {reason}; no look-around or back-references there"
        ) from error
    if compiled.search("") is not None:
        raise RuleError(f"{place}: expression {source!r} matches the empty text, so it would match everywhere")
    return Pattern(source, place, compiled, name)


@lru_cache(maxsize=16_384)
def _compiled(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.never_capture = True  # only where it matches is asked, and that is found faster
    return re2.compile(source, options)
