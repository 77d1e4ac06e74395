"""A telephone line in numpy: band, level, noise, companding, and the sounds a switch makes. 8 kHz throughout.

Levels are dBFS = 20 log10(RMS), full scale 1.0: a sine with RMS 0.1 is −20 dBFS.
"""

import io
from typing import Literal

import numpy as np
import soundfile
from scipy.signal import butter, oaconvolve, resample_poly, sosfiltfilt

RATE_HZ = 8000
FRAME_S = 0.02
ACTIVE_RANGE_DB = 30.0  # frames further than this below the loudest one are pauses, not speech
EDGE_RANGE_DB = 35.0  # where speech is taken to begin and to end

Law = Literal["mu", "a", "none"]


def level_dbfs(samples: np.ndarray) -> float:
    """RMS level of all samples; −inf for digital silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * np.log10(power) if power > 0 else float("-inf")


def active_level_dbfs(samples: np.ndarray) -> float:
    """RMS level of the 20 ms frames within 30 dB of the loudest one: the level of speech without its pauses."""
    power = _frame_power(samples, FRAME_S)
    if not power.max(initial=0.0) > 0:
        return float("-inf")
    return 10 * float(np.log10(power[power >= power.max() * 10 ** (-ACTIVE_RANGE_DB / 10)].mean()))


def set_level(samples: np.ndarray, target_dbfs: float) -> np.ndarray:
    """Scale so that the active level is `target_dbfs`."""
    return samples * 10 ** ((target_dbfs - active_level_dbfs(samples)) / 20)


def telephone_band(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Resample to 8 kHz and keep 300–3400 Hz, without delay (zero phase), so that times stay true."""
    if rate_hz != RATE_HZ:
        samples = resample_poly(samples, RATE_HZ, rate_hz)
    return np.asarray(sosfiltfilt(butter(3, [300, 3400], "band", fs=RATE_HZ, output="sos"), samples))


def trim(samples: np.ndarray) -> np.ndarray:
    """Cut the silence before and after speech (5 ms frames more than 35 dB below the loudest), with 2 ms fades."""
    return trimmed(samples)[1]


def trimmed(samples: np.ndarray) -> tuple[float, np.ndarray]:
    """`trim`, with the seconds that were cut off before the speech. Raises ValueError where there is none."""
    spans = speech_spans(samples, max_gap_s=len(samples) / RATE_HZ)
    if not spans:
        raise ValueError("there is no speech in these samples")
    start_s, end_s = spans[0]
    cut = samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)].copy()
    fade = np.linspace(0, 1, 16)
    cut[:16] *= fade
    cut[-16:] *= fade[::-1]
    return start_s, cut


def speech_spans(samples: np.ndarray, max_gap_s: float) -> tuple[tuple[float, float], ...]:
    """Where there is energy, as (start_s, end_s) with 5 ms steps; gaps up to `max_gap_s` are bridged."""
    step_s = 0.005
    power = _frame_power(samples, step_s)
    heard = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-EDGE_RANGE_DB / 10))
    if not len(heard):
        return ()
    breaks = np.flatnonzero(np.diff(heard) - 1 > max_gap_s / step_s)
    starts, ends = np.r_[heard[0], heard[breaks + 1]], np.r_[heard[breaks], heard[-1]] + 1
    return tuple((float(a * step_s), float(b * step_s)) for a, b in zip(starts, ends, strict=True))


def noise(count: int, target_dbfs: float, generator: np.random.Generator) -> np.ndarray:
    """White noise in the telephone band with exactly this RMS level."""
    hiss = telephone_band(generator.standard_normal(count), RATE_HZ)
    return hiss * 10 ** ((target_dbfs - level_dbfs(hiss)) / 20)


def compand(samples: np.ndarray, law: Law) -> np.ndarray:
    """Through G.711 and back (libsndfile's tables); "none" leaves the samples as they are."""
    clipped = np.clip(samples, -1.0, 32767 / 32768)
    if law == "none":
        return clipped
    coded = io.BytesIO()
    soundfile.write(coded, clipped, RATE_HZ, format="WAV", subtype={"mu": "ULAW", "a": "ALAW"}[law])
    coded.seek(0)
    decoded, _ = soundfile.read(coded, dtype="float64")
    return np.asarray(decoded)


def ring_tone(seconds: float, target_dbfs: float) -> np.ndarray:
    """Chinese ring-back: 450 Hz, 1 s on and 4 s off (GB/T 3380)."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    amplitude = 10 ** (target_dbfs / 20) * np.sqrt(2)
    return amplitude * np.sin(2 * np.pi * 450 * t) * (t % 5.0 < 1.0)


def keys(digits: str, target_dbfs: float) -> np.ndarray:
    """Keys pressed on a telephone: two tones a digit (ITU-T Q.23), 0.12 s on and 0.1 s off."""
    t = np.arange(round(0.12 * RATE_HZ)) / RATE_HZ
    amplitude = 10 ** (target_dbfs / 20)
    pressed = []
    for digit in digits:
        row, column = divmod("123456789*0#".index(digit), 3)
        low_hz, high_hz = (697, 770, 852, 941)[row], (1209, 1336, 1477)[column]
        pressed += [amplitude * (np.sin(2 * np.pi * low_hz * t) + np.sin(2 * np.pi * high_hz * t))]
        pressed += [np.zeros(round(0.1 * RATE_HZ))]
    return np.concatenate(pressed) if pressed else np.zeros(0)


def room(samples: np.ndarray, rt60_s: float, tail_db: float, generator: np.random.Generator) -> np.ndarray:
    """Speech in a room: the samples themselves and a noise-like tail that dies away by 60 dB in `rt60_s`.

    tail_db: the tail's energy against the direct sound's. Times stay true; what rings on behind the end is cut off.
    """
    t = np.arange(round(rt60_s * RATE_HZ)) / RATE_HZ
    tail = generator.standard_normal(len(t)) * 10 ** (-3 * t / rt60_s) * (t > 0.004)
    tail *= 10 ** (tail_db / 20) / np.sqrt(np.sum(tail**2))
    return np.asarray(samples + oaconvolve(samples, tail)[: len(samples)])


def hold_music(seconds: float, target_dbfs: float, generator: np.random.Generator) -> np.ndarray:
    """A random pentatonic tune of plucked tones, as a switch plays to a caller on hold."""
    count, step = round(seconds * RATE_HZ), round(0.4 * RATE_HZ)
    tune = np.zeros(count + 4 * step)
    t = np.arange(4 * step) / RATE_HZ
    scale_hz = 392.0 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14]) / 12)
    place = 3
    for start in range(0, count, step):
        place = int(np.clip(place + generator.integers(-2, 3), 0, len(scale_hz) - 1))
        tones = sum(np.sin(2 * np.pi * scale_hz[place] * h * t) / h**1.5 for h in (1, 2, 3, 4))
        tune[start : start + 4 * step] += tones * np.exp(-t / 0.35)
    heard = telephone_band(tune[:count], RATE_HZ)
    return heard * 10 ** ((target_dbfs - level_dbfs(heard)) / 20)


def _frame_power(samples: np.ndarray, frame_s: float) -> np.ndarray:
    """Mean power of whole frames; a rest shorter than a frame counts as a frame of its own."""
    size = round(frame_s * RATE_HZ)
    squares = np.square(samples, dtype=np.float64)
    starts = np.arange(0, len(squares), size)
    sizes = np.minimum(size, len(squares) - starts)
    return np.add.reduceat(squares, starts) / sizes if len(squares) else np.zeros(0)
