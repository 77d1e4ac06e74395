"""Why text that the recogniser gives is not believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pipeline.config import TranscriptionSettings, shipped_files
from pipeline.model import Word
from pipeline.text import count_characters, for_scoring

LOOP_REPEATS = 4  # the same 2 to 12 characters this many times in a row: a decoding loop
MIN_MEAN_PROBABILITY = 0.1  # words heard in tones lie below 0.08, garbled speech well above
MIN_CHARACTERS_PER_S = 0.5  # slower than anybody speaks: something was passed over


@dataclass(frozen=True, slots=True)
class Heard:
    """A decoded stretch: its words in window time and the recogniser's own figures.

    cut_off: decoding ended here because it had said all that anybody can say in the time.
    """

    words: tuple[Word, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    cut_off: bool


def disbelief(heard: Heard, settings: TranscriptionSettings) -> str | None:
    """Why a segment is not believed (a short English code), None when it is."""
    plain = for_scoring(heard.text)
    seconds = heard.words[-1].end_s - heard.words[0].start_s if heard.words else 0.0
    unsure = heard.avg_logprob < settings.min_avg_logprob
    reasons = {
        "no_characters": not plain,
        "known_hallucination": any(phrase in plain for phrase in _hallucinations()),
        "loop": loops(plain) or heard.cut_off,
        "compression_ratio": heard.compression_ratio > settings.max_compression_ratio,
        "improbable_words": mean_probability(heard.words) < MIN_MEAN_PROBABILITY,
        "no_speech": unsure and heard.no_speech_prob > settings.max_no_speech_prob / 2,
        "characters_per_second": count_characters(heard.text) > max(1.0, seconds) * settings.max_characters_per_s,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def looks_wrong(heard: Heard, speech_s: float, settings: TranscriptionSettings) -> bool:
    """Whether a window of several stretches is better decoded once more, in another way.

    speech_s: seconds of speech in it.
    """
    characters = count_characters(heard.text)
    return (
        heard.avg_logprob < settings.min_avg_logprob
        or heard.compression_ratio > settings.max_compression_ratio
        or heard.cut_off
        or loops(for_scoring(heard.text))
        or characters < speech_s * MIN_CHARACTERS_PER_S
        or characters > max(1.0, speech_s) * settings.max_characters_per_s
    )


def mean_probability(words: Iterable[Word]) -> float:
    """0..1, 0 without words."""
    values = [word.probability for word in words]
    return sum(values) / len(values) if values else 0.0


def loops(text: str) -> bool:
    """True when 2 to 12 characters come LOOP_REPEATS times in a row, or one character twice as often."""
    return any(
        text[i : i + size] * repeats == text[i : i + size * repeats]
        for size in range(1, 13)
        for repeats in (LOOP_REPEATS if size > 1 else LOOP_REPEATS * 2,)
        for i in range(len(text) - size * repeats + 1)
    )


@cache
def _hallucinations() -> tuple[str, ...]:
    return tuple(shipped_files.values("lexicon/hallucinations.yaml")["phrases"])
