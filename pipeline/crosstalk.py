"""One party heard faintly on the other's channel: found, so that nobody's words are counted twice."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

Samples = NDArray[np.float32]

RATE_HZ = 16_000
MIN_LEVEL_DIFFERENCE_DB = 6.0  # an echo is weaker than what it echoes
MIN_CORRELATION = 0.35  # of the echo with its source; two people talking at once stay below 0.1 on 8 kHz speech
MAX_LAG_S = 0.3  # network echo comes up to this late; sidetone comes at once
LONGEST_COMPARED_S = 4.0


def is_leak(samples: Samples, other: Samples, start_s: float, end_s: float) -> bool:
    """Whether what `samples` holds in start_s..end_s is only an echo of the other channel, both (n,) at 16 kHz.

    It is when the other channel is clearly louder there and the two correlate at one lag. Speech of one's own under
    an echo lowers the correlation and is kept.
    """
    first = round(start_s * RATE_HZ)
    last = min(round(end_s * RATE_HZ), first + round(LONGEST_COMPARED_S * RATE_HZ), len(samples))
    reach = round(MAX_LAG_S * RATE_HZ)
    here = samples[first:last].astype(np.float64)
    there = other[max(first - reach, 0) : last].astype(np.float64)
    power_here, power_there = float(np.sum(here**2)), float(np.sum(there[-len(here) :] ** 2)) if len(here) else 0.0
    if power_here <= 0 or power_there <= 0:
        return False
    if 10 * np.log10(power_there / power_here) < MIN_LEVEL_DIFFERENCE_DB:
        return False
    peak = float(np.max(np.abs(correlate(there, here, mode="valid" if len(there) >= len(here) else "full"))))
    return bool(peak / np.sqrt(power_here * power_there) >= MIN_CORRELATION)
