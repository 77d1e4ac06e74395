"""Keys pressed on a telephone (DTMF, ITU-T Q.23): two tones at a time, which a neural speech detector takes for speech.

A key is known by its pair of tones, nearly all of the power lying in them (Q.24 asks receivers to take 40 ms and a
level difference of 4 to 8 dB). Between the keys of a number nobody speaks, so short gaps belong to it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, binary_opening

from pipeline.engines import Samples

RATE_HZ = 16_000
LOW_HZ = (697.0, 770.0, 852.0, 941.0)
HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
FRAME, HOP = 640, 160  # 40 ms every 10 ms
MIN_LINE_RATIO = 0.75  # of the frame's power lies in the two tones; 15 dB of noise leave 0.95
OFF = (-0.012, 0.0, 0.012)  # keys may sound 1.5 % too low or too high
MAX_TWIST_DB = 10.0
MIN_FRAMES = 3  # 60 ms with the same pair: vowels come near one for a frame, and move on
EDGE_FRAMES = 3  # frames at the edge of a key hold too little of it to be told
MAX_GAP_S = 0.3  # between keys of one number
BLOCK = 8192  # frames at a time


def key_presses(samples: Samples, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a key sounds at each of these times, or the gap between two; samples (n,) at 16 kHz."""
    count = max(0, (len(samples) - FRAME) // HOP + 1)
    if count < MIN_FRAMES:
        return np.zeros(len(times_s), bool)
    pair = _pairs(samples, count)
    mask = np.zeros(count, bool)
    for which in np.unique(pair[pair >= 0]):
        mask |= binary_opening(pair == which, np.ones(MIN_FRAMES, bool))
    mask = binary_dilation(mask, iterations=EDGE_FRAMES)
    reach = round(MAX_GAP_S * RATE_HZ / HOP)
    padded = np.pad(mask, reach)
    mask = binary_closing(padded, np.ones(reach, bool))[reach:-reach]
    nearest = np.clip(np.round((times_s * RATE_HZ - FRAME / 2) / HOP).astype(int), 0, count - 1)
    found: NDArray[np.bool_] = mask[nearest]
    return found


def _pairs(samples: Samples, count: int) -> NDArray[np.int64]:
    """Which of the sixteen pairs each frame holds, -1 for none: (count,)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP][:count]
    window = np.hanning(FRAME).astype(np.float32)
    tones_hz = np.outer(1 + np.array(OFF), np.array(LOW_HZ + HIGH_HZ)).ravel()
    turns = np.outer(np.arange(FRAME), tones_hz) / RATE_HZ
    waves = np.exp(-2j * np.pi * turns).astype(np.complex64)
    share = 2 * float(np.sum(window**2)) / float(np.sum(window)) ** 2  # a steady tone's power from its peak
    pair = np.full(count, -1, np.int64)
    for start in range(0, count, BLOCK):
        block = frames[start : start + BLOCK] * window
        power = (np.square(np.abs(block @ waves)) * share).reshape(len(block), len(OFF), -1).max(axis=1)
        low, high = power[:, :4].max(axis=1), power[:, 4:].max(axis=1)
        total = np.sum(np.square(block, dtype=np.float64), axis=1)
        twist_db = 10 * np.abs(np.log10(np.maximum(low, 1e-12) / np.maximum(high, 1e-12)))
        is_key = (low + high >= MIN_LINE_RATIO * total) & (twist_db <= MAX_TWIST_DB) & (total > 1e-9)
        names = power[:, :4].argmax(axis=1) * 4 + power[:, 4:].argmax(axis=1)
        pair[start : start + BLOCK] = np.where(is_key, names, -1)
    return pair
