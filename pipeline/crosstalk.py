"""One party heard faintly on the other's channel: muted for the engines, so that nobody's words are counted twice.

Neural speech detectors are blind to level: an echo 40 dB down is speech to them. Levels are always measured on the
untouched signal; what is returned here is for finding speech and for transcribing only.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

Samples = NDArray[np.float32 | np.float16]

RATE_HZ = 16_000
HOP = RATE_HZ // 10
WINDOW = 3 * HOP
MIN_LEVEL_DIFFERENCE_DB = 6.0  # an echo is weaker than what it echoes
ABOVE_FLOOR_DB = 3.0  # with the other side this much louder, less than this above one's own noise is no speech
FLOOR_PERCENTILE = 10.0
MIN_CORRELATION = 0.35  # of an echo with its source; two people talking at once stay far below on 8 kHz speech
MAX_LAG = round(0.3 * RATE_HZ)  # network echo comes up to this late, sidetone at once
SILENCE_DB = -100.0
BLOCK_HOPS = 3000  # five minutes at a time


def suppress(samples: Samples, other: Samples) -> Samples:
    """`samples` with the stretches muted in which it holds nothing of its own, both (n,) at 16 kHz.

    A stretch is muted when the other channel is clearly louder and this one either lies at its own noise floor or
    repeats the other at some lag up to 0.3 s. Speech of one's own, also while both talk, is kept.
    """
    hops = len(samples) // HOP
    if hops < WINDOW // HOP:
        return samples
    here, there = _levels_db(samples, hops), _levels_db(other, hops)
    floor_db = float(np.percentile(here, FLOOR_PERCENTILE))
    muted = np.zeros(hops, bool)
    for i in np.flatnonzero(there - here >= MIN_LEVEL_DIFFERENCE_DB):
        muted[i] = here[i] < floor_db + ABOVE_FLOOR_DB or _echoes(samples, other, int(i) * HOP)
    return _muted(samples, muted)


def _levels_db(samples: Samples, hops: int) -> NDArray[np.float64]:
    """Level of the 0.3 s around each hop of 0.1 s, dB re full scale."""
    power = np.zeros(hops)
    for first in range(0, hops, BLOCK_HOPS):
        block = samples[first * HOP : min(first + BLOCK_HOPS, hops) * HOP].reshape(-1, HOP)
        power[first : first + BLOCK_HOPS] = np.square(block, dtype=np.float64).mean(axis=1)
    smooth = np.convolve(power, np.full(3, 1 / 3), mode="same")
    return 10 * np.log10(np.maximum(smooth, 10 ** (SILENCE_DB / 10)))


def _echoes(samples: Samples, other: Samples, at: int) -> bool:
    """Whether the 0.3 s around sample `at` repeat the other channel."""
    first = max(at - HOP, 0)
    here = samples[first : first + WINDOW].astype(np.float64)
    there = other[max(first - MAX_LAG, 0) : first + len(here)].astype(np.float64)
    energy = float(np.sum(here**2))
    if energy <= 0:
        return True
    products = np.abs(correlate(there, here, mode="valid", method="fft"))
    sums = np.concatenate(([0.0], np.cumsum(there**2)))
    energies = sums[len(here) :] - sums[: len(sums) - len(here)]
    return bool(np.max(products / np.sqrt(energy * np.maximum(energies, 1e-9))) >= MIN_CORRELATION)


def _muted(samples: Samples, muted: NDArray[np.bool_]) -> Samples:
    """The samples with gain 1 where a hop is kept, 0 where it is muted, a hop's ramp between."""
    centres = np.arange(len(muted)) * HOP + HOP / 2
    kept = np.where(muted, 0.0, 1.0)
    out = samples.copy()
    for first in range(0, len(out), BLOCK_HOPS * HOP):
        block = out[first : first + BLOCK_HOPS * HOP]
        block *= np.interp(np.arange(first, first + len(block)), centres, kept).astype(block.dtype)
    return out
