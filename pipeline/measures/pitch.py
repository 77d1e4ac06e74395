"""Fundamental frequency of speech, with a check that there is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import librosa
import numpy as np
import soxr
from numpy.typing import NDArray

from pipeline.measures.intervals import Interval
from pipeline.measures.level import Samples, cut

_RATE_HZ = 8_000  # enough for a period search up to 400 Hz, and what a telephone line carries
_MIN_HZ, _MAX_HZ = 60.0, 400.0
_FRAME, _HOP = 512, 160  # 64 ms (almost four periods of the lowest voice), 20 ms
_HOP_S = _HOP / _RATE_HZ
_MIN_PERIODICITY = 0.7  # correlation of a frame with itself one period later; noise stays below 0.5
_MAX_BELOW_LOUD_DB = 25.0
_PART_S = 60.0  # librosa.yin keeps the spectra of all its frames; this bounds its memory


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """Voiced frames only. times_s: (m,) centre of each, rising; hz: (m,) fundamental. One frame stands for 20 ms."""

    times_s: NDArray[np.float64]
    hz: NDArray[np.float64]

    def within(self, intervals: Sequence[Interval]) -> NDArray[np.float64]:
        """Frequencies of the frames whose centre lies in one of the (sorted, disjoint) intervals."""
        edges = np.searchsorted(self.times_s, np.asarray(intervals, dtype=np.float64).reshape(-1, 2))
        return np.concatenate([np.zeros(0), *(self.hz[first:last] for first, last in edges)])


def track_pitch(samples: Samples, sample_rate_hz: int, speech: Sequence[Interval]) -> PitchTrack:
    """Fundamental frequency inside speech activity, 60..400 Hz, every 20 ms.

    samples: (n,). Source: YIN (de Cheveigne and Kawahara 2002) as in librosa.yin. YIN answers for every frame, so a
    frame counts only if it is at most 25 dB below the loud frames of its stretch and correlates at least 0.7 with
    itself one period later.
    """
    times, frequencies = [], []
    for start, end in _parts(speech):
        piece = cut(samples, sample_rate_hz, ((start, end),))
        if sample_rate_hz != _RATE_HZ:
            piece = soxr.resample(np.ascontiguousarray(piece), sample_rate_hz, _RATE_HZ, quality="MQ")
        if len(piece) < _FRAME:
            continue
        hz = librosa.yin(
            piece, fmin=_MIN_HZ, fmax=_MAX_HZ, sr=_RATE_HZ, frame_length=_FRAME, hop_length=_HOP, center=False
        ).astype(np.float64)
        frames = np.lib.stride_tricks.sliding_window_view(piece, _FRAME)[::_HOP][: len(hz)]
        voiced = _is_voiced(frames, _RATE_HZ / hz)
        centres = start + (np.arange(len(hz)) * _HOP + _FRAME / 2) / _RATE_HZ
        times.append(centres[voiced])
        frequencies.append(hz[voiced])
    empty = np.zeros(0)
    return PitchTrack(np.concatenate([empty, *times]), np.concatenate([empty, *frequencies]))


def median_and_range(hz: NDArray[np.float64]) -> tuple[float, float]:
    """Median in Hz, and the span between the 10th and the 90th percentile in semitones. hz: (m,), m > 0."""
    low, middle, high = np.percentile(hz, (10, 50, 90))
    return float(middle), float(12.0 * np.log2(high / low))


def voiced_s(hz: NDArray[np.float64]) -> float:
    """Seconds that the frames stand for."""
    return len(hz) * _HOP_S


def _parts(speech: Sequence[Interval]) -> list[Interval]:
    """The stretches of speech, none longer than a minute."""
    parts = []
    for start, end in speech:
        count = max(1, int(np.ceil((end - start) / _PART_S)))
        edges = np.linspace(start, end, count + 1)
        parts += [(float(left), float(right)) for left, right in pairwise(edges)]
    return parts


def _is_voiced(frames: NDArray[np.float32], period: NDArray[np.float64]) -> NDArray[np.bool_]:
    """frames: (m, 512); period: (m,) in samples. Loud enough, and like itself one period later."""
    lags = np.rint(period).astype(np.intp)
    width = _FRAME - int(np.ceil(_RATE_HZ / _MIN_HZ))
    early = frames[:, :width]
    late = np.take_along_axis(frames, lags[:, None] + np.arange(width), axis=1)
    energy_early = np.einsum("ij,ij->i", early, early)
    energy_late = np.einsum("ij,ij->i", late, late)
    product = np.einsum("ij,ij->i", early, late)
    periodic = product >= _MIN_PERIODICITY * np.sqrt(energy_early * energy_late)
    loud = np.percentile(energy_early, 90) * 10.0 ** (-_MAX_BELOW_LOUD_DB / 10.0)
    return np.asarray(periodic & (energy_early >= loud) & (energy_early > 0))
