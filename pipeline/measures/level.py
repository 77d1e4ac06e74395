"""Levels of recorded speech in dBFS = 20 log10(RMS), full scale = 1.0, measured on samples as they were recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from pipeline.measures.intervals import Interval

Samples = NDArray[np.float32]

# ITU-T P.56 (12/2011), method B: time constant, hangover, margin, and the 15 thresholds of a 16-bit system.
_TIME_CONSTANT_S, _HANGOVER_S, _MARGIN_DB = 0.03, 0.2, 15.9
_THRESHOLDS = 2.0 ** np.arange(-15, 0)
_BLOCK = 1 << 18

_NOISE_FRAME_S = 0.02
_NOISE_FLOOR_DBFS = -96.0  # the step of 16 bits: digital silence is not infinitely quiet

# The largest value of u-law is 0.980, of A-law 0.984, of 8 bits 0.992.
_FULL_SCALE = 0.975
_PLATEAU_MIN = 0.05
_PLATEAU_RATIO = 4.0


@dataclass(frozen=True, slots=True)
class ActiveLevel:
    """level_dbfs: mean power while speech is active. activity_ratio: share of the time that it is, 0..1."""

    level_dbfs: float
    activity_ratio: float


def active_level(samples: Samples, sample_rate_hz: int) -> ActiveLevel | None:
    """Active speech level as in ITU-T P.56 (12/2011), method B (clause 7; reference code: G.191 STL, sv-p56).

    samples: (n,). The rectified signal runs through two exponential averages of 0.03 s; for each threshold the samples
    are counted where that envelope reaches it, plus a hangover of 0.2 s; the level is the long-term power spread over
    the active samples, at the threshold that lies 15.9 dB below it (interpolated in dB between two thresholds).
    None for silence, for n = 0 and for clicks (no threshold lies 15.9 dB below).
    """
    n = len(samples)
    power = float(np.dot(samples, samples)) if n else 0.0
    if power == 0.0:
        return None
    active = _active_samples(samples, sample_rate_hz)
    reached = active > 0
    above_db = zip(10.0 * np.log10(power / active[reached]), 20.0 * np.log10(_THRESHOLDS[reached]), strict=True)
    level = _interpolated(above_db)
    if level is None:
        return None
    long_term_db = 10.0 * np.log10(power / n)
    return ActiveLevel(level, min(1.0, float(10.0 ** ((long_term_db - level) / 10.0))))


def _active_samples(samples: Samples, sample_rate_hz: int) -> NDArray[np.int64]:
    """For each threshold, the samples where the envelope reaches it, and up to 0.2 s after each time it falls below.

    Envelope, P.56 eq. (7.2): p = g p + (1 - g) |x|, then q = g q + (1 - g) p. In blocks, so that a call of hours needs
    no more memory than one of minutes; the filter and the hangover carry over.
    """
    g = float(np.exp(-1.0 / (sample_rate_hz * _TIME_CONSTANT_S)))
    hangover = int(_HANGOVER_S * sample_rate_hz + 0.5)
    state = np.zeros(2)
    left = np.zeros(len(_THRESHOLDS), dtype=np.int64)  # hangover still to run; none before the first activity
    counts = np.zeros(len(_THRESHOLDS), dtype=np.int64)
    for start in range(0, len(samples), _BLOCK):
        rectified = np.abs(samples[start : start + _BLOCK]).astype(np.float64)
        envelope, state = lfilter([(1.0 - g) ** 2], [1.0, -2.0 * g, g * g], rectified, zi=state)
        for index, threshold in enumerate(_THRESHOLDS):
            count, left[index] = _count_with_hangover(envelope >= threshold, hangover, int(left[index]))
            counts[index] += count
    return counts


def _count_with_hangover(above: NDArray[np.bool_], hangover: int, left: int) -> tuple[int, int]:
    """True values plus up to `hangover` (at the start: `left`) false ones after each run of them; what is left."""
    bounds = np.concatenate(([0], np.flatnonzero(above[1:] != above[:-1]) + 1, [len(above)]))
    lengths = np.diff(bounds)  # runs of equal values, alternating
    first = 0 if above[0] else 1
    after = lengths[first + 1 :: 2]  # runs below that follow one above
    count = int(lengths[first::2].sum() + np.minimum(after, hangover).sum())
    count += 0 if above[0] else min(int(lengths[0]), left)
    if above[-1]:
        return count, hangover
    known = hangover if len(after) else left
    return count, max(0, known - int(lengths[-1]))


def _interpolated(above_db: Iterable[tuple[float, float]]) -> float | None:
    """The level where (level - threshold) falls to the margin, linear in dB between neighbouring thresholds."""
    before: tuple[float, float] | None = None
    for level, threshold in above_db:
        excess = level - threshold - _MARGIN_DB
        if excess > 0:
            before = (level, excess)
            continue
        if before is None:
            return None  # quieter than 16 bits can tell
        level_before, excess_before = before
        share = excess_before / (excess_before - excess)
        return float(level_before + share * (level - level_before))
    return None


def cut(samples: Samples, sample_rate_hz: int, intervals: Sequence[Interval]) -> Samples:
    """The samples of the intervals, one after the other; what lies outside the recording is left out."""
    pieces = [
        samples[max(0, round(start * sample_rate_hz)) : max(0, round(end * sample_rate_hz))] for start, end in intervals
    ]
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else samples[:0]


def noise_level_dbfs(samples: Samples, sample_rate_hz: int, pauses: Sequence[Interval]) -> float | None:
    """Median power of the 20 ms frames inside the pauses, in dBFS, at least -96. None when no frame fits.

    The median withstands up to half of the frames being something else: a breath, a ring, a muted line.
    """
    frame = round(_NOISE_FRAME_S * sample_rate_hz)
    powers = []
    for start, end in pauses:
        piece = cut(samples, sample_rate_hz, ((start, end),))
        frames = piece[: len(piece) // frame * frame].reshape(-1, frame)
        powers.append(np.einsum("ij,ij->i", frames, frames) / frame)
    every = np.concatenate(powers) if powers else np.zeros(0)
    if len(every) == 0:
        return None
    median = float(np.median(every))
    return max(_NOISE_FLOOR_DBFS, 10.0 * float(np.log10(median))) if median > 0 else _NOISE_FLOOR_DBFS


def clipping_level(samples: Samples) -> float:
    """From which absolute value on samples of this recording are cut off, +inf when nothing is.

    Full scale is 0.975, so that A-law, u-law and 8 bits count. A plateau below it (the line clipped before the
    recorder) is found by its shape: four times as many samples in the top 3 % of the amplitudes as in the 7 % below,
    where speech always has fewer.
    """
    if len(samples) == 0:
        return float("inf")
    highest = max(float(samples.max()), -float(samples.min()))
    if highest >= _FULL_SCALE:
        return _FULL_SCALE
    if highest < _PLATEAU_MIN:
        return float("inf")
    tail = np.abs(samples[(samples >= 0.9 * highest) | (samples <= -0.9 * highest)])
    top = int(np.count_nonzero(tail >= 0.97 * highest))
    return 0.97 * highest if top >= 20 and top > _PLATEAU_RATIO * (len(tail) - top) else float("inf")


def clipping_ratio(samples: Samples, level: float) -> float:
    """Share of the samples, 0..1, that lie at or above `level` in runs of at least two."""
    if len(samples) == 0 or level == float("inf"):
        return 0.0
    cut_off = (samples >= level) | (samples <= -level)
    pairs = cut_off[1:] & cut_off[:-1]
    in_run = np.zeros(len(samples), dtype=bool)
    in_run[1:] |= pairs
    in_run[:-1] |= pairs
    return float(np.count_nonzero(in_run)) / len(samples)
