"""The meaning of phrase lists once more, slowly and plainly: what the index and its arrays are held against."""

from itertools import groupby

from pipeline.model import CallFacts, Utterance
from pipeline.rules.phrases import PhraseList
from pipeline.text import is_content, normalise, toneless_pinyin

HARD = "。？！?!；;"
SOFT = "，、,：:…—"
BACKCHANNEL = set("嗯啊哦噢喔唔诶哎呃对是好行的呢吧嘛")

Found = tuple[int, int, str, str]
"""start, end, how, phrase"""


def letters(text: str) -> str:
    return "".join(c.lower() for c in normalise(text) if is_content(c))


class PlainTurn:
    """flat, syllables and, by flat index, the strongest stop before a character."""

    def __init__(self, utterances: tuple[Utterance, ...]) -> None:
        self.flat = ""
        self.syllables: list[str] = []
        self.stops: dict[int, str] = {}
        for utterance in utterances:
            if self.flat:
                self.stops.setdefault(len(self.flat), "soft")
            for character in normalise(utterance.text):
                if is_content(character):
                    self.flat += character.lower()
                elif character in HARD:
                    self.stops[len(self.flat)] = "hard"
                elif character in SOFT:
                    self.stops.setdefault(len(self.flat), "soft")
            self.syllables += toneless_pinyin(utterance.text)

    def stop(self, start: int, end: int) -> str | None:
        inside = {kind for at, kind in self.stops.items() if start < at < end}
        return "hard" if "hard" in inside else "soft" if inside else None


def turns(facts: CallFacts) -> list[PlainTurn]:
    def says_something(utterance: Utterance) -> bool:
        said = letters(utterance.text)
        return bool(said) and not (len(said) <= 4 and set(said) <= BACKCHANNEL)

    said = sorted(filter(says_something, facts.utterances), key=lambda u: (u.start_s, u.index))
    return [PlainTurn(tuple(run)) for _, run in groupby(said, key=lambda u: (u.role, u.speaker))]


def hits(words: PhraseList, turn: PlainTurn) -> list[Found]:
    """`PhraseList.hits` for lists of phrases (text, pinyin), expressions and exceptions, without probes."""
    found = [f for p in words.phrases for f in _phrase(p, turn, words.min_syllables)]
    for pattern in words.patterns:
        for match in pattern.compiled.finditer(turn.flat):
            if match.end() > match.start() and turn.stop(match.start(), match.end()) != "hard":
                found.append((match.start(), match.end(), "regex", pattern.source))
    left = [f for f in found if not _excepted(words, turn, f)]
    left.sort(key=lambda f: (f[0] - f[1], f[2] in ("pinyin", "sensible"), f[0], f[3]))
    kept: list[Found] = []
    for one in left:
        if not any(one[0] < other[1] and other[0] < one[1] for other in kept):
            kept.append(one)
    return sorted(kept)


def _phrase(phrase, turn: PlainTurn, min_syllables: int) -> list[Found]:  # type: ignore[no-untyped-def]
    wanted, found = list(toneless_pinyin(phrase.characters)), []
    length = len(phrase.characters)
    for start in range(len(turn.flat) - length + 1):
        stop = turn.stop(start, start + length)
        if stop == "hard" or (stop == "soft" and length < 4):
            continue
        heard = turn.flat[start : start + length]
        if heard == phrase.characters:
            found.append((start, start + length, "text", phrase.characters))
        elif phrase.by_sound and length >= min_syllables and turn.syllables[start : start + length] == wanted:
            how = "sensible" if heard in phrase.sensible else "pinyin"
            found.append((start, start + length, how, phrase.characters))
    return found


def _excepted(words: PhraseList, turn: PlainTurn, hit: Found) -> bool:
    spans = [(f[0], f[1]) for p in words.excepted_phrases for f in _phrase(p, turn, 2)]
    meant = turn.flat
    if hit[2] in ("pinyin", "sensible"):
        meant = meant[: hit[0]] + hit[3] + meant[hit[1] :]
    spans += [(m.start(), m.end()) for p in words.excepted_patterns for m in p.compiled.finditer(meant)]
    return any(_covers(turn, start, end, hit) for start, end in spans)


def _covers(turn: PlainTurn, start: int, end: int, hit: Found) -> bool:
    if not (start <= hit[0] and hit[1] <= end) or turn.stop(start, end) == "hard":
        return False
    if end > hit[1] and hit[1] in turn.stops:
        return False
    return start == hit[0] or hit[0] not in turn.stops or turn.flat[hit[0] - 1] in "说讲问"
