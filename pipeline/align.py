"""Words and turns to utterances: who said what, when."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import inf

from pipeline.model import Event, Turn, Utterance, Word
from pipeline.text import count_characters, normalise, normalise_with_offsets

JOIN_GAP_S = 0.8  # pieces of one speaker closer than this, with nobody between, are one utterance
MAX_UTTERANCE_S = 30.0
EARLY_S, LATE_S = 0.05, 0.07  # the segmentation's speech begins and ends so much outside of the sound, on every line
TOUCHING_S = 0.03  # turns this near to each other change in the middle of speech: there is nothing to take away
MIN_REST_S = 0.2  # of a turn of which the rest was given to somebody else
UNTRANSCRIBED_MIN_S = 0.8  # speech this long without a word is reported


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn with the words heard in it."""

    turn: Turn
    words: tuple[Word, ...]


def disjoint(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """One signal's turns cut so that none overlap: in the middle of an overlap, or around a turn inside another.

    A recogniser hears one voice at a time; each stretch of audio is to be decoded once.
    """
    ordered = sorted(turns, key=lambda t: (t.start_s, t.end_s))
    pieces: list[Turn] = []
    for turn in ordered:
        rest: list[Turn] = []
        while pieces and pieces[-1].end_s > turn.start_s:
            last = pieces.pop()
            if last.end_s > turn.end_s:  # `turn` lies inside `last`, or before what an earlier cut left of it
                rest.append(Turn(last.speaker, max(turn.end_s, last.start_s), last.end_s, last.channel))
                if last.start_s < turn.start_s:
                    pieces.append(Turn(last.speaker, last.start_s, turn.start_s, last.channel))
                continue
            middle_s = (max(last.start_s, turn.start_s) + last.end_s) / 2
            if middle_s > last.start_s:
                pieces.append(Turn(last.speaker, last.start_s, middle_s, last.channel))
            turn = Turn(turn.speaker, middle_s, turn.end_s, turn.channel)  # noqa: PLW2901 - shortened on purpose
            break
        pieces += [turn, *rest]
        pieces.sort(key=lambda t: t.start_s)
    return tuple(p for p in pieces if p.end_s > p.start_s)


def tightened(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Turns that begin and end with the sound. One that touches another on its line keeps that edge.

    Only for measuring: the recogniser hears better with the breath before a word (tests/bench/CHOICES.md).
    """
    after = _touching(turns, lambda t: (t.start_s, t.end_s))
    before = _touching(turns, lambda t: (-t.end_s, -t.start_s))  # the same, backwards in time
    found = []
    for index, turn in enumerate(turns):
        start_s, end_s = tightened_span(turn.start_s, turn.end_s, start=index not in after, end=index not in before)
        found.append(replace(turn, start_s=start_s, end_s=end_s))
    return tuple(found)


def tightened_span(start_s: float, end_s: float, *, start: bool = True, end: bool = True) -> tuple[float, float]:
    """A stretch of speech without what the segmentation adds at either side; at most half of it is taken away."""
    share = min(1.0, (end_s - start_s) / 2 / (EARLY_S + LATE_S))
    return start_s + share * EARLY_S * start, end_s - share * LATE_S * end


def _touching(turns: tuple[Turn, ...], span: Callable[[Turn], tuple[float, float]]) -> frozenset[int]:
    """The turns at whose first edge another one on the line goes on or has just ended."""
    reach: dict[int | None, float] = {}
    found = set()
    for index in sorted(range(len(turns)), key=lambda i: span(turns[i])):
        first, last = span(turns[index])
        channel = turns[index].channel
        if reach.get(channel, -inf) >= first - TOUCHING_S:
            found.add(index)
        reach[channel] = max(reach.get(channel, -inf), last)
    return frozenset(found)


def handed_over(
    spoken: tuple[Spoken, ...], turns: tuple[Turn, ...], pieces: Collection[int], speaker: str
) -> tuple[tuple[Spoken, ...], tuple[Turn, ...]]:
    """Pieces (by their index) and what they cover of the turns on their channel, given to another speaker."""
    given = [spoken[i].turn for i in sorted(pieces)]
    moved = tuple(
        replace(one, turn=replace(one.turn, speaker=speaker)) if index in pieces else one
        for index, one in enumerate(spoken)
    )
    rest = [part for turn in turns for part in _outside(turn, given)]
    joined = [*rest, *(replace(turn, speaker=speaker) for turn in given)]
    return moved, tuple(sorted(joined, key=lambda t: (t.start_s, t.end_s)))


def _outside(turn: Turn, others: list[Turn]) -> list[Turn]:
    """What is left of a turn where none of the others on its channel lies; slivers of the cutting are dropped."""
    left = [turn]
    for other in others:
        if other.channel == turn.channel and other.start_s < turn.end_s and other.end_s > turn.start_s:
            before = [replace(part, end_s=min(part.end_s, other.start_s)) for part in left]
            after = [replace(part, start_s=max(part.start_s, other.end_s)) for part in left]
            left = [part for part in (*before, *after) if part.duration_s > 0]
    return [part for part in left if part is turn or part.duration_s >= MIN_REST_S]


def utterances(spoken: tuple[Spoken, ...]) -> tuple[Utterance, ...]:
    """Join each speaker's neighbouring pieces and number them by start. Roles are still unknown; pieces without words
    give no utterance (see `untranscribed`)."""
    groups: list[list[Spoken]] = []
    for piece in sorted((s for s in spoken if _has_text(s)), key=lambda s: s.turn.start_s):
        if groups and _continues(groups[-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return tuple(_utterance(index, group) for index, group in enumerate(groups))


def untranscribed(spoken: tuple[Spoken, ...]) -> tuple[Event, ...]:
    """Speech of at least UNTRANSCRIBED_MIN_S in which no word was recognised. value: seconds."""
    return tuple(
        Event("untranscribed_speech", s.turn.start_s, s.turn.end_s, value=s.turn.duration_s)
        for s in spoken
        if not _has_text(s) and s.turn.duration_s >= UNTRANSCRIBED_MIN_S
    )


def _has_text(spoken: Spoken) -> bool:
    return any(count_characters(word.text) for word in spoken.words)


def _continues(group: list[Spoken], piece: Spoken) -> bool:
    last = group[-1].turn
    return (
        last.speaker == piece.turn.speaker
        and piece.turn.start_s - last.end_s <= JOIN_GAP_S
        and piece.turn.end_s - group[0].turn.start_s <= MAX_UTTERANCE_S
    )


def _utterance(index: int, group: list[Spoken]) -> Utterance:
    words = tuple(word for piece in group for word in piece.words)
    raw = "".join(word.text for word in words)
    counted = [word.probability for word in words if count_characters(word.text)]
    return Utterance(
        index=index,
        role="unknown",
        speaker=group[0].turn.speaker,
        start_s=group[0].turn.start_s,
        end_s=max(piece.turn.end_s for piece in group),
        text=normalise(raw).strip(),
        raw_text=raw,
        words=_plain_words(words, raw),
        confidence=sum(counted) / len(counted),
        channel=group[0].turn.channel,
    )


def _plain_words(words: tuple[Word, ...], raw: str) -> tuple[Word, ...]:
    """The words in simplified characters, converted in the context of the whole utterance."""
    plain = normalise_with_offsets(raw)
    by_offset: dict[int, str] = dict(zip(plain.offsets, plain.text, strict=True))
    result = []
    at = 0
    for word in words:
        text = "".join(by_offset.get(i, "") for i in range(at, at + len(word.text)))
        at += len(word.text)
        if text.strip():
            result.append(Word(text, word.start_s, word.end_s, word.probability))
    return tuple(result)
