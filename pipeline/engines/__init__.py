"""The engines: the only place that imports the heavy models, behind two small protocols."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Turn, Word

Samples = NDArray[np.float32 | np.float16]
"""One signal at 16 kHz, full scale 1.0. float16 for calls of hours, to be widened piece by piece."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one signal in seconds from its start."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class DroppedText:
    """Text that the recogniser gave and that was not believed. reason: short English code."""

    start_s: float
    end_s: float
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """words: for each span asked for, its words in order (empty: nothing was recognised). dropped: disbelieved text."""

    words: tuple[tuple[Word, ...], ...]
    dropped: tuple[DroppedText, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a stretch. logprob: summed natural log-probability, at most 0."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Diarization:
    """turns: sorted by start, different speakers may overlap. speech: where anybody speaks, sorted and disjoint."""

    turns: tuple[Turn, ...]
    speech: tuple[Span, ...]


class Transcriber(Protocol):
    """Turns stretches of speech into words."""

    def transcribe(self, samples: Samples, spans: tuple[Span, ...]) -> Transcript:
        """Words of each span. samples: (n,) at 16 kHz. spans: sorted, disjoint, of any length."""
        ...

    def score(self, samples: Samples, span: Span, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        """Summed natural log-probability of each text given the audio of the span, at most 0.

        None for a text that cannot be scored: it is empty or too long, or the span is (28 s).
        """
        ...

    def reread(self, samples: Samples, span: Span) -> tuple[Reading, ...]:
        """Different readings of the span heard on its own, likeliest first: no neighbours, a wider beam.

        () where the span is too long (28 s) or nobody speaks. The same audio gives the same readings.
        """
        ...


class Diarizer(Protocol):
    """Finds speech, and who speaks."""

    def speech(self, samples: Samples) -> tuple[Span, ...]:
        """Where anybody speaks. samples: (n,) at 16 kHz."""
        ...

    def diarize(self, samples: Samples, *, expect_two: bool = True) -> Diarization:
        """Who speaks when. samples: (n,) at 16 kHz. expect_two: a call with two parties, so doubt means two voices;
        False: doubt means one."""
        ...
