"""Keys that are pressed are told from voices."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from audio_samples import line
from pipeline.engines import Samples
from pipeline.engines.keys import HIGH_HZ, LOW_HZ, key_presses
from pipeline.evaluate import load_truth
from tests.conftest import RATE_HZ, SAMPLES, tone


def key(low_hz: float, high_hz: float, seconds: float, twist_db: float = 0.0) -> Samples:
    return tone(low_hz, seconds, 0.07) + tone(high_hz, seconds, 0.07 * 10 ** (twist_db / 20))


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def share(samples: Samples, start_s: float = 0.0, end_s: float | None = None) -> float:
    """Share of the time between start and end in which a key is found."""
    return float(key_presses(samples, np.arange(start_s, end_s or len(samples) / RATE_HZ, 0.005)).mean())


@pytest.mark.parametrize("low_hz", LOW_HZ)
@pytest.mark.parametrize("high_hz", HIGH_HZ)
def test_each_key_is_found_where_it_is(low_hz: float, high_hz: float) -> None:
    samples = np.concatenate((silence(0.5), key(low_hz, high_hz, 0.12), silence(0.5)))
    assert share(samples, 0.5, 0.62) == 1
    assert share(samples, 0.0, 0.45) == share(samples, 0.67, 1.1) == 0


@pytest.mark.parametrize("off", [0.985, 1.015])
@pytest.mark.parametrize("twist_db", [-8.0, 4.0])
def test_a_cheap_telephone_is_understood(off: float, twist_db: float) -> None:
    """1.5 % off in pitch, and one tone weaker than the other: what receivers have to take (ITU-T Q.24)."""
    samples = np.concatenate((silence(0.3), key(770 * off, 1477 * off, 0.1, twist_db), silence(0.3)))
    assert share(samples, 0.31, 0.39) == 1


@pytest.mark.parametrize("law", ["mu", "none"])
def test_a_number_in_line_noise_is_one_stretch(law: line.Law) -> None:
    generator = np.random.default_rng(3)
    pressed = line.keys("13800138000", -20.0)
    quiet = np.zeros(line.RATE_HZ // 2)
    noisy = np.concatenate((quiet, pressed, quiet))
    noisy += line.noise(len(noisy), -35.0, generator)
    samples = soxr.resample(line.compand(noisy, law), line.RATE_HZ, RATE_HZ).astype(np.float32)
    assert share(samples, 0.51, 0.5 + len(pressed) / line.RATE_HZ - 0.11) == 1
    assert share(samples, 0.0, 0.44) == 0


def test_what_is_no_key() -> None:
    noise = (0.05 * np.random.default_rng(0).standard_normal(4 * RATE_HZ)).astype(np.float32)
    assert share(silence(1.0)) == share(noise) == share(tone(697, 1.0)) == share(tone(1336, 1.0)) == 0
    assert share(key(697, 1209, 0.03)) == 0  # too short: a click
    assert share(tone(770, 1.0) + tone(941, 1.0)) == 0  # two of one group
    assert key_presses(np.zeros(0, np.float32), np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.flac")), ids=lambda p: p.stem)
def test_no_moment_of_speech_in_the_sample_calls_is_a_key(path: Path) -> None:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    turns = load_truth(path.with_suffix(".truth.json")).turns
    for channel in samples.T:
        resampled = soxr.resample(channel, rate_hz, RATE_HZ)
        assert sum(share(resampled, turn.start_s, turn.end_s) for turn in turns) == 0
