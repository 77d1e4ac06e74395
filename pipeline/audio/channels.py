"""Which channels matter: one party each, the same signal twice, or nobody."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

from pipeline.audio.warning import warning
from pipeline.config.settings import AudioSettings
from pipeline.errors import AudioError
from pipeline.model import Layout

Samples = NDArray[np.float32]

_FRAME_S = 0.1
_MAX_COPY_GAIN_DB = 12.0  # more is no copy but the echo of one party on the other's line
_MAX_COPY_LAG_S = 0.02
_LAG_WINDOW_S = 4.0
_BLOCK = 1 << 20  # samples summed at once: float32 sums stay exact enough, memory small


@dataclass(frozen=True, slots=True)
class Chosen:
    """rows: the channels to keep, one or two. warnings: what was odd about them."""

    rows: tuple[int, ...]
    layout: Layout
    warnings: tuple[str, ...] = ()


def choose_channels(path: Path, samples: Samples, sample_rate_hz: int, settings: AudioSettings) -> Chosen:
    """Decide how the channels of a file are to be treated.

    samples: (channels, n). One channel: mono. Two: stereo, or dual_mono when they carry the same signal up to gain
    (12 dB), delay (20 ms), offset and codec noise; then the first is kept. A dead channel is kept and warned of. More
    than two: dead channels and copies are left out; if more than two remain, AudioError.
    """
    loudest = [loudest_frame_dbfs(row, sample_rate_hz) for row in samples]
    alive = [index for index, level in enumerate(loudest) if level > settings.dead_channel_dbfs]
    count = len(samples)
    if not alive:
        detail = f"nothing rises above audio.dead_channel_dbfs = {settings.dead_channel_dbfs:g} dBFS"
        return Chosen((0,), "mono" if count == 1 else "dual_mono", (warning("silent", detail),))
    if count == 1:
        return Chosen((0,), "mono")
    distinct: list[int] = []
    for index in alive:
        if not any(_same_signal(samples[kept], samples[index], sample_rate_hz, settings) for kept in distinct):
            distinct.append(index)
    if count == 2:
        return _of_two(alive, distinct, settings)
    if len(distinct) > 2:
        raise AudioError(
            f"{path} has {count} channels of which {len(distinct)} carry different sound; at most 2 (one party each) "
            "can be told apart; extract the two parties: ffmpeg -i IN -af 'pan=stereo|c0=c0|c1=c1' OUT.wav"
        )
    names = ", ".join(str(index) for index in distinct)
    dropped = warning("channels_dropped", f"{count} channels, all but {names} are silent or copies")
    return Chosen(tuple(distinct), "mono" if len(distinct) == 1 else "stereo", (dropped,))


def _of_two(alive: list[int], distinct: list[int], settings: AudioSettings) -> Chosen:
    if len(distinct) == 2:
        return Chosen((0, 1), "stereo")
    if len(alive) == 2:
        detail = "both channels carry the same signal, so the parties must be told apart by voice"
        return Chosen((0,), "dual_mono", (warning("same_signal_twice", detail),))
    dead = 1 - alive[0]
    limit = f"audio.dead_channel_dbfs = {settings.dead_channel_dbfs:g} dBFS"
    return Chosen((0, 1), "stereo", (warning("dead_channel", f"channel {dead} never rises above {limit}"),))


def loudest_frame_dbfs(row: Samples, sample_rate_hz: int) -> float:
    """Highest RMS over frames of 0.1 s in dBFS, after the mean is removed; -inf for digital silence."""
    frame = max(1, min(round(_FRAME_S * sample_rate_hz), len(row)))
    whole = len(row) // frame * frame
    mean = np.float32(row.mean(dtype=np.float64))
    highest = 0.0
    for start in range(0, whole, _BLOCK // frame * frame or frame):
        block = row[start : min(start + (_BLOCK // frame * frame or frame), whole)].reshape(-1, frame) - mean
        highest = max(highest, float(np.einsum("ij,ij->i", block, block).max()) / frame)
    return 10.0 * float(np.log10(highest)) if highest > 0 else float("-inf")


def _same_signal(left: Samples, right: Samples, sample_rate_hz: int, settings: AudioSettings) -> bool:
    """Whether `right` is `left` up to gain, delay and noise below `dual_mono_max_difference_db`.

    The residual of the best fitting gain is 1 - r^2 of the energy, r the correlation coefficient.
    """
    lag = _lag(left, right, sample_rate_hz)
    first, second = (left[: len(left) - lag], right[lag:]) if lag >= 0 else (left[-lag:], right[:lag])
    n = len(first)
    sums = np.zeros(5)
    for start in range(0, n, _BLOCK):
        a, b = first[start : start + _BLOCK], second[start : start + _BLOCK]
        sums += (a.sum(dtype=np.float64), b.sum(dtype=np.float64), np.dot(a, a), np.dot(b, b), np.dot(a, b))
    sum_a, sum_b, aa, bb, ab = sums
    var_a, var_b, covariance = aa - sum_a**2 / n, bb - sum_b**2 / n, ab - sum_a * sum_b / n
    if var_a <= 0 or var_b <= 0 or covariance <= 0:
        return False
    if abs(10.0 * np.log10(var_a / var_b)) > _MAX_COPY_GAIN_DB:
        return False
    residual = max(1.0 - covariance**2 / (var_a * var_b), 1e-12)
    return bool(10.0 * np.log10(residual) <= settings.dual_mono_max_difference_db)


def _lag(left: Samples, right: Samples, sample_rate_hz: int) -> int:
    """Delay of `right` in samples, from the loudest four seconds."""
    window = min(round(_LAG_WINDOW_S * sample_rate_hz), len(left))
    steps = range(0, len(left) - window + 1, window)
    start = max(steps, key=lambda at: float(np.dot(left[at : at + window], left[at : at + window])))
    a, b = left[start : start + window], right[start : start + window]
    reach = min(round(_MAX_COPY_LAG_S * sample_rate_hz), window - 1)
    product = correlate(b - b.mean(), a - a.mean(), mode="full", method="fft")
    middle = window - 1
    return int(np.argmax(product[middle - reach : middle + reach + 1])) - reach
