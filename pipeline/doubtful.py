"""Stretches that the recogniser was unsure of, read once more on their own: which phrases those readings hold.

Among its neighbours in a packed window 你有病啊 came out as 治未病科, alone and with a wider beam as 你又病啊. Words so
unlike the phrase would never be suspected of it; the readings show it. A phrase that one of them holds, or
nearly, is asked about at the words that stand at the same place. Whether it was said is settled there, not here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipeline.alike import Candidate, nearest, within
from pipeline.engines import Reading, Span
from pipeline.model import Utterance
from pipeline.sounds import encode
from pipeline.text import is_content

UNSURE = 0.6  # mean probability of WORDS in a row below which a stretch is read again: a sixth of an agent's speech
WORDS = 3
AROUND_S = 0.8  # of the speech on both sides that is read with it
MIN_S, MAX_S = 0.4, 12.0  # longer stretches are cut: readings of much text differ in a few places only
NEAR = 0.15  # distance per syllable up to which a reading holds a phrase


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of an utterance to read again. start, end: their characters in its text, end excluded."""

    said: Utterance
    start: int
    end: int
    span: Span


def stretches(said: Utterance) -> Iterator[Stretch]:
    """The doubtful stretches of an utterance, widened by AROUND_S, in order; none where words and text differ."""
    words = said.words
    spoken = list(accumulate(sum(map(is_content, w.text)) for w in words))
    places = [at for at, c in enumerate(said.text) if is_content(c)]
    if not spoken or spoken[-1] != len(places):
        return
    ends = [places[count - 1] + 1 if count else 0 for count in spoken]
    for first, last in _runs(said):
        start_s = max(words[first].start_s - AROUND_S, said.start_s)
        end_s = min(words[last].end_s + AROUND_S, said.end_s)
        inside = [i for i, w in enumerate(words) if w.end_s > start_s and w.start_s < end_s]
        begin = ends[inside[0] - 1] if inside[0] else 0
        if end_s - start_s >= MIN_S:
            yield Stretch(said, begin, ends[inside[-1]], Span(start_s, end_s))


def held(stretch: Stretch, readings: Sequence[Reading], phrases: Iterable[str]) -> tuple[Candidate, ...]:
    """The phrases that a reading of the stretch holds, at the words where they may stand; each phrase once.

    Phrases that the words themselves hold there are left out: those are found without this.
    """
    part = stretch.said.text[stretch.start : stretch.end]
    sounds = encode(part)
    found: dict[str, Candidate] = {}
    wanted = tuple(phrases)
    for reading in readings:
        for place in within(reading.text, wanted, NEAR):
            if place.phrase in found or encode(place.phrase) in sounds:
                continue
            behind = len(encode(reading.text[place.last + 1 :]))
            here = nearest(part, place.phrase, behind)
            if here is not None:
                found[place.phrase] = Candidate(
                    place.phrase,
                    stretch.said.index,
                    stretch.start + here.first,
                    stretch.start + here.last,
                    here.distance,
                )
    return tuple(found.values())


def _runs(said: Utterance) -> Iterator[tuple[int, int]]:
    """First and last word of the doubtful stretches; those that would be read together are one, up to MAX_S."""
    words = said.words
    count = min(WORDS, len(words))
    doubtful: list[tuple[int, int]] = []
    for first in range(len(words) - count + 1 if count else 0):
        last = first + count - 1
        if sum(w.probability for w in words[first : last + 1]) / count >= UNSURE:
            continue
        if doubtful and words[first].start_s - words[doubtful[-1][1]].end_s <= 2 * AROUND_S:
            begun = doubtful[-1][0]
            if words[last].end_s - words[begun].start_s <= MAX_S:
                doubtful[-1] = (begun, last)
                continue
        doubtful.append((first, last))
    yield from doubtful
