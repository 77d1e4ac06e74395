"""Call-progress tones (ring-back, busy, congestion) that a neural speech detector takes for speech.

A tone is a line in the spectrum that does not move: exchanges keep its frequency to less than 1 Hz (ITU-T Q.35, E.180;
450 Hz in China), a voice holds no pitch for a third of a second and has more than one harmonic.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, maximum_filter1d, minimum_filter1d

from pipeline.engines import Samples

RATE_HZ = 16_000
FRAME = 2048  # 128 ms: bins of 7.8 Hz
HOP = 512
LINE_BINS = 3  # a Hann window spreads a line over two bins on each side
MIN_LINE_RATIO = 0.9  # of the frame's power lies in the line
MAX_DRIFT_HZ = 2.0
MIN_FRAMES = 7  # 0.32 s: a Chinese busy tone sounds for 0.35 s
BLOCK = 4096  # frames at a time: hours of audio need no more memory than minutes


def tonal(samples: Samples, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a steady tone sounds at each of these times; samples (n,) at 16 kHz."""
    count = max(0, (len(samples) - FRAME) // HOP + 1)
    if count < MIN_FRAMES:
        return np.zeros(len(times_s), bool)
    line_hz, ratio = _lines(samples, count)
    # A run of MIN_FRAMES in which the line stays where it is; each frame in such a run counts, and so does its extent.
    steady = (ratio >= MIN_LINE_RATIO).astype(np.int8)
    drift_hz = maximum_filter1d(line_hz, MIN_FRAMES) - minimum_filter1d(line_hz, MIN_FRAMES)
    middles = (minimum_filter1d(steady, MIN_FRAMES) == 1) & (drift_hz <= MAX_DRIFT_HZ)
    middles[: MIN_FRAMES // 2] = middles[-(MIN_FRAMES // 2) :] = False  # where the filters had to guess
    reach = MIN_FRAMES // 2 + FRAME // HOP // 2
    mask = binary_dilation(middles, iterations=reach)
    mask |= binary_closing(mask, iterations=2)
    nearest = np.clip(np.round((times_s * RATE_HZ - FRAME / 2) / HOP).astype(int), 0, count - 1)
    found: NDArray[np.bool_] = mask[nearest]
    return found


def _lines(samples: Samples, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequency of the strongest line of each frame, and its share of the frame's power."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP][:count]
    window = np.hanning(FRAME).astype(np.float32)
    line_hz, ratio = np.zeros(count), np.zeros(count)
    for start in range(0, count, BLOCK):
        power = np.square(np.abs(np.fft.rfft(frames[start : start + BLOCK] * window, axis=1)))
        peak = np.clip(power.argmax(axis=1), LINE_BINS, power.shape[1] - LINE_BINS - 1)
        rows = np.arange(len(power))
        around = power[rows[:, None], peak[:, None] + np.arange(-LINE_BINS, LINE_BINS + 1)]
        left, middle, right = np.log(around[:, LINE_BINS - 1 : LINE_BINS + 2].T + 1e-20)
        bend = left - 2 * middle + right  # a parabola through three points finds the line between bins
        shift = np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
        line_hz[start : start + BLOCK] = (peak + np.clip(shift, -1, 1)) * RATE_HZ / FRAME
        ratio[start : start + BLOCK] = around.sum(axis=1) / np.maximum(power.sum(axis=1), 1e-12)
    return line_hz, ratio
