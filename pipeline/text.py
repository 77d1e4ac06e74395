"""What was said, made comparable: simplified characters, toneless pinyin, counted 字, spoken numbers.

Word times must survive every step, so each change of text that a caller may point back through gives offsets:
`normalise_with_offsets` and `syllables` name, for every character or syllable, the character that it came from.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import opencc
from pypinyin import lazy_pinyin

from pipeline.numerals import spoken

_KEPT_SYMBOLS = frozenset("%+-/=@#&*~<>$")  # full-width forms of these become half-width; ，。？！：；（） stay Chinese
_NOT_IN_OPENCC = str.maketrans({"妳": "你", "祂": "他", "牠": "它"})  # forms that t2s leaves as they are
_ASPECT_MARKER = re.compile(r"(?<![显名土专论编原巨拙合昭遗译])著(?![名作者称述])")  # t2s keeps 看著, we read 看着
_DIGIT_SYLLABLES = dict(
    zip("0123456789", ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"), strict=True)
)
_SAME_WHEN_SCORED = str.maketrans({"两": "二", "幺": "一", "〇": "零"})


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text. offsets: one source index per character of `text`, strictly rising."""

    text: str
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Syllable:
    """One toneless syllable ("zhi"), digit syllable or lower-case Latin letter. index: its character in the text."""

    sound: str
    index: int


def normalise(text: str) -> str:
    """Simplified characters, half-width letters and digits, no control or direction characters.

    Chinese punctuation stays Chinese, line breaks and wide spaces become one space each. Characters are replaced
    one by one or dropped, never joined or expanded, and normalising twice changes nothing.
    """
    return normalise_with_offsets(text).text


def normalise_with_offsets(text: str) -> Normalised:
    """`normalise`, with the index in `text` that each remaining character came from."""
    kept: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        plain = _plain(character)
        if plain:
            kept.append(plain)
            offsets.append(index)
    return Normalised(_simplified("".join(kept)), tuple(offsets))


def is_han(character: str) -> bool:
    """Whether the character is a Chinese ideograph (〇 is one, punctuation is not)."""
    code = ord(character)
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or code == 0x3007
        or 0x20000 <= code <= 0x323AF
        or 0xF900 <= code <= 0xFAFF
    )


@lru_cache(maxsize=65_536)
def is_content(character: str) -> bool:
    """Whether the character is spoken: Han, an ASCII digit or a Latin letter."""
    return is_han(character) or ("0" <= character <= "9") or _is_latin(character)


def count_characters(text: str) -> int:
    """字 as spoken: each Han character, Arabic digit and Latin letter counts one (CT is two); nothing else counts."""
    return sum(map(is_content, normalise(text)))


@lru_cache(maxsize=1024)  # rules and topics read the same utterances one after the other
def syllables(text: str) -> tuple[Syllable, ...]:
    """The sounds of a normalised text, one per spoken character, without tones; ü is written v.

    Polyphones follow the longest known phrase around them (重庆 chong qing, 行长 hang zhang). Digits sound one by one,
    Latin letters stay letters in lower case; punctuation and spaces have no sound.
    """
    sounds: list[Syllable] = []
    # One item per Han character, and one per other character through `errors`: so items and characters keep step.
    items = lazy_pinyin(text, errors=list)  # type: ignore[arg-type]  # pypinyin takes a list too, its stub does not
    for position, (character, item) in enumerate(zip(text, items, strict=True)):
        if is_han(character):
            sounds.append(Syllable(item, position))
        elif is_content(character):
            sounds.append(Syllable(_DIGIT_SYLLABLES.get(character, character.lower()), position))
    return tuple(sounds)


def toneless_pinyin(text: str) -> tuple[str, ...]:
    """The sounds of any text after normalising: ("bu", "zhi", "dao")."""
    return tuple(syllable.sound for syllable in syllables(normalise(text)))


def digits_to_characters(text: str) -> str:
    """Arabic numbers as a speaker of Mandarin reads them: 15 号 → 十五号, 工号 2085 → 工号二零八五, 85% → 百分之八十五.

    The reading rules are in `pipeline.numerals`. For comparing transcripts only: offsets are lost.
    """
    return spoken(text)


def for_scoring(text: str) -> str:
    """The form in which two transcripts are compared: normalised, numbers read out, spoken characters only.

    Lower-case Latin; 两 and 二, 幺 and 一, 〇 and 零 count as the same: the choice lies in the writing of numbers.
    """
    read = digits_to_characters(normalise(text))
    return "".join(filter(is_content, read)).lower().translate(_SAME_WHEN_SCORED)


@lru_cache(maxsize=65_536)
def _plain(character: str) -> str:
    """The character itself, its half-width or unified form, a space for any white space, or "" to drop it."""
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character in "\t\n\r\v\f":
        return " "
    if category in ("Cc", "Cf", "Cs", "Co", "Cn") and not is_han(character):
        return ""
    folded = unicodedata.normalize("NFKC", character)
    if len(folded) == 1 and (folded.isalnum() or folded in _KEPT_SYMBOLS):
        return folded
    return character


def _simplified(text: str) -> str:
    converted: str = _converter().convert(text)
    if len(converted) != len(text):  # a phrase table that changes lengths would move every word time
        converted = "".join(_one_simplified(character) for character in text)
    return _ASPECT_MARKER.sub("着", converted.translate(_NOT_IN_OPENCC))


def _one_simplified(character: str) -> str:
    converted: str = _converter().convert(character)
    return converted if len(converted) == 1 else character


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _is_latin(character: str) -> bool:
    """Of those a few have a small letter far away (Ⱥ) or of two characters (İ): nobody says them on the telephone."""
    small = character.lower()
    return character.isalpha() and ord(character) < 0x250 and len(small) == 1 and ord(small) < 0x250
