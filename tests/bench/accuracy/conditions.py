"""Four telephone lines: how a call sounds when it arrives. 8 kHz throughout, no delay, so that times stay true."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import numpy as np

from audio_samples import line

Coding = Literal["none", "mu", "amr"]

AMR_BITS_PER_S = 7950
AMR_FRAME = 160
AMR_DELAY = 40  # samples: what coder and decoder together are late, measured by correlation
QUIETER_DB = 20.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A line. snr_db: the loudest party's level over the noise. one_is_quiet: one party is 20 dB below its level."""

    name: str
    coding: Coding
    snr_db: float
    one_is_quiet: bool = False


CONDITIONS = (
    Condition("clean", "none", 45.0),
    Condition("noise", "mu", 15.0),
    Condition("mobile", "amr", 30.0),
    Condition("quiet", "mu", 36.0, one_is_quiet=True),
)


def condition(name: str) -> Condition:
    """The condition of this name. Raises KeyError."""
    return {c.name: c for c in CONDITIONS}[name]


def transmit(
    samples: np.ndarray, condition: Condition, noise_dbfs: float, generator: np.random.Generator
) -> np.ndarray:
    """One channel, sent down the line: (n,) in −1..1, noise added, coded and decoded."""
    noisy = samples + line.noise(len(samples), noise_dbfs, generator)
    return amr(noisy) if condition.coding == "amr" else line.compand(noisy, condition.coding)


def amr(samples: np.ndarray) -> np.ndarray:
    """Through AMR-NB at 7.95 kbit/s and back (3GPP TS 26.071, the library that PyAV brings), as mobile calls go."""
    encoder = av.CodecContext.create("libopencore_amrnb", "w")
    encoder.sample_rate, encoder.layout, encoder.format = line.RATE_HZ, "mono", "s16"
    encoder.bit_rate, encoder.time_base = AMR_BITS_PER_S, Fraction(1, line.RATE_HZ)
    decoder = av.CodecContext.create("amrnb", "r")
    decoder.sample_rate, decoder.layout = line.RATE_HZ, "mono"
    pcm = np.round(np.clip(samples, -1.0, 32767 / 32768) * 32768).astype(np.int16)
    pcm = np.pad(pcm, (0, AMR_DELAY + -(len(pcm) + AMR_DELAY) % AMR_FRAME))
    decoded = []
    for start in range(0, len(pcm), AMR_FRAME):
        frame = av.AudioFrame.from_ndarray(pcm[None, start : start + AMR_FRAME], format="s16", layout="mono")
        frame.sample_rate, frame.pts = line.RATE_HZ, start
        decoded += [one for packet in encoder.encode(frame) for one in decoder.decode(packet)]
    decoded += [one for packet in encoder.encode(None) for one in decoder.decode(packet)]
    heard = np.concatenate([_as_floats(frame.to_ndarray().ravel()) for frame in decoded])
    return heard[AMR_DELAY : AMR_DELAY + len(samples)]


def _as_floats(samples: np.ndarray) -> np.ndarray:
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float64)
    return samples.astype(np.float64) / 32768
