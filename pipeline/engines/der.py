"""Diarization error rate by pyannote.metrics, the field's reference implementation."""

import warnings
from dataclasses import dataclass

from pipeline.engines import runtime

runtime.prepare()

from pyannote.core import Annotation, Segment  # noqa: E402 - only after prepare()
from pyannote.metrics.diarization import DiarizationErrorRate  # noqa: E402

Labelled = tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Components in seconds; rates are derived. They add up over calls."""

    total_s: float = 0.0
    missed_s: float = 0.0
    false_alarm_s: float = 0.0
    confusion_s: float = 0.0

    @property
    def rate(self) -> float | None:
        """Share of reference speech time, None without any reference speech. May pass 1."""
        return (self.missed_s + self.false_alarm_s + self.confusion_s) / self.total_s if self.total_s > 0 else None

    def __add__(self, other: "DiarizationError") -> "DiarizationError":
        return DiarizationError(
            self.total_s + other.total_s,
            self.missed_s + other.missed_s,
            self.false_alarm_s + other.false_alarm_s,
            self.confusion_s + other.confusion_s,
        )


def diarization_error(reference: Labelled, hypothesis: Labelled, *, collar_s: float) -> DiarizationError:
    """Compare (start_s, end_s, speaker) turns; overlapped speech counts; speakers are matched optimally.

    collar_s: forgiven on each side of every reference boundary (pyannote.metrics' own `collar` is both sides
    together).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces that the evaluated extent is that of the turns
        parts = DiarizationErrorRate(collar=2 * collar_s).compute_components(
            _annotation(reference), _annotation(hypothesis)
        )
    return DiarizationError(parts["total"], parts["missed detection"], parts["false alarm"], parts["confusion"])


def _annotation(turns: Labelled) -> Annotation:
    annotation = Annotation()
    for index, (start_s, end_s, speaker) in enumerate(turns):
        annotation[Segment(start_s, end_s), index] = speaker
    return annotation
