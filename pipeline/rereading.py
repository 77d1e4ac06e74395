"""What a second, separate reading of a stretch says of a phrase: pure text and arithmetic, no model.

The recogniser reads the stretch again on its own and gives its likeliest readings (`Transcriber.reread`). They are
compared with the phrase by sound only, so that no spelling matters: 逃速就逃速 and 投诉就投诉 differ by two sounds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.alike import nearest
from pipeline.engines import Reading
from pipeline.probe import ways
from pipeline.sounds import encode

FAR = 1.0  # distance of a reading without any stretch as long as the phrase


@dataclass(frozen=True, slots=True)
class Second:
    """A phrase held against second readings.

    text: the likeliest reading. distance: of its nearest stretch to the phrase, 0 (the same sounds) to FAR. share: of
    the readings' probability, 0..1, that of those with the phrase's sounds. said: texts with the phrase, of which the
    audio may choose: the likeliest reading with it, or else the ways to put it into the reading that comes nearest.
    clean: the likeliest reading without the phrase (taken out where all have it).
    """

    text: str
    distance: float
    share: float
    said: tuple[str, ...]
    clean: str


def second(readings: Sequence[Reading], phrase: str) -> Second | None:
    """None where there are no readings."""
    if not readings:
        return None
    ordered = sorted(readings, key=lambda r: -r.logprob)
    sounds = encode(phrase)
    having = [r for r in ordered if sounds in encode(r.text)]
    lacking = [r for r in ordered if r not in having]
    first = ordered[0].text
    said = (having[0].text,) if having else _put_in([r.text for r in ordered], phrase)
    clean = lacking[0].text if lacking else _without(first, phrase)
    return Second(first, round(_distance(first, phrase), 4), round(_share(having, ordered), 4), said, clean)


def _put_in(texts: Sequence[str], phrase: str) -> tuple[str, ...]:
    """The ways to put the phrase into the text that comes nearest to it, the first of these where several do."""
    near = min(texts, key=lambda text: _distance(text, phrase))
    place = nearest(near, phrase)
    return (near,) if place is None else ways(near, place)


def _distance(text: str, phrase: str) -> float:
    place = nearest(text, phrase)
    return FAR if place is None else min(place.distance, FAR)


def _share(having: Sequence[Reading], all_: Sequence[Reading]) -> float:
    best = max(r.logprob for r in all_)
    total = sum(math.exp(r.logprob - best) for r in all_)
    return sum(math.exp(r.logprob - best) for r in having) / total


def _without(text: str, phrase: str) -> str:
    """The reading with the sounds of the phrase left out."""
    place = nearest(text, phrase)
    return text if place is None else text[: place.first] + text[place.last + 1 :]
