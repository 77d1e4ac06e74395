"""Tones of the exchange are told from voices."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import lfilter

from pipeline.engines import Samples
from pipeline.engines.tones import tonal
from pipeline.evaluate import load_truth
from tests.conftest import RATE_HZ, SAMPLES, tone


def share(samples: Samples, start_s: float = 0.0, end_s: float | None = None) -> float:
    """Share of the time between start and end in which a tone is found."""
    times_s = np.arange(start_s, end_s or len(samples) / RATE_HZ, 0.017)
    return float(tonal(samples, times_s).mean())


def gated(samples: Samples, on_s: float, off_s: float) -> Samples:
    gate = (np.arange(len(samples)) / RATE_HZ) % (on_s + off_s) < on_s
    return samples * gate.astype(np.float32)


def noise(seconds: float, level: float = 0.01) -> Samples:
    samples = np.random.default_rng(0).standard_normal(round(seconds * RATE_HZ)) * level
    return samples.astype(np.float32)


@pytest.mark.parametrize("frequency_hz", [350, 425, 450, 620, 1004])
def test_a_steady_tone_is_found(frequency_hz: float) -> None:
    assert share(tone(frequency_hz, 2.0)) == 1
    assert share(tone(frequency_hz, 2.0) + noise(2.0)) == 1


def test_ringing_is_found_and_the_pauses_are_not() -> None:
    ringing = gated(tone(450, 11.0), 1.0, 4.0)
    assert share(ringing, 0.1, 0.9) == share(ringing, 5.1, 5.9) == 1
    assert share(ringing, 1.3, 4.7) == 0


def test_a_busy_tone_is_found() -> None:
    busy = gated(tone(450, 7.0), 0.35, 0.35)
    assert share(busy, 0.1, 0.25) == share(busy, 4.3, 4.45) == 1


def test_silence_noise_and_short_signals_hold_no_tone() -> None:
    assert share(np.zeros(2 * RATE_HZ, np.float32)) == 0
    assert share(noise(4.0)) == 0
    assert share(tone(450, 0.2)) == 0
    assert tonal(np.zeros(0, np.float32), np.zeros(0)).shape == (0,)


def test_a_voice_like_tone_with_harmonics_or_a_moving_pitch_is_none() -> None:
    buzz = np.zeros(2 * RATE_HZ, np.float32)
    buzz[::80] = 1.0  # 200 Hz pulses
    assert share(lfilter([1.0], [1.0, -0.9], buzz).astype(np.float32)) == 0
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    glide = (0.1 * np.sin(2 * np.pi * (250 * t + 10 * t**2))).astype(np.float32)  # 20 Hz higher each second
    assert share(glide) == 0


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.flac")), ids=lambda p: p.stem)
def test_no_moment_of_speech_in_the_sample_calls_is_a_tone(path: Path) -> None:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    turns = load_truth(path.with_suffix(".truth.json")).turns
    for channel in samples.T:
        resampled = soxr.resample(channel, rate_hz, RATE_HZ)
        assert sum(share(resampled, turn.start_s, turn.end_s) for turn in turns) == 0


def test_the_ringing_before_a_sample_call_is_found() -> None:
    samples, rate_hz = soundfile.read(SAMPLES / "booking_eye.flac", dtype="float32", always_2d=True)
    assert share(soxr.resample(samples[:, 0], rate_hz, RATE_HZ), 0.2, 1.0) == 1
