"""Muting what leaks over from the other party: synthetic signals of known level."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from pipeline import crosstalk
from pipeline.crosstalk import suppress

RATE_HZ = 16_000
Signal = NDArray[np.float32]


def voice(seed: int, *bursts_s: tuple[float, float], total_s: float = 6.0, level: float = 0.1) -> Signal:
    """Noise with the tilt of speech, at this RMS inside the bursts, zero outside."""
    white = np.random.default_rng(seed).standard_normal(round(total_s * RATE_HZ))
    tilted = lfilter([1.0], [1.0, -0.8], white)
    gate = np.zeros(len(tilted))
    for start_s, end_s in bursts_s:
        gate[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 1
    return (level * tilted / tilted.std() * gate).astype(np.float32)


def line_noise(seed: int, total_s: float = 6.0) -> Signal:
    return (10 ** (-65 / 20) * np.random.default_rng(seed).standard_normal(round(total_s * RATE_HZ))).astype(np.float32)


def level_db(signal: Signal, start_s: float, end_s: float) -> float:
    part = signal[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)].astype(np.float64)
    return float(10 * np.log10(np.mean(part**2) + 1e-20))


def late(signal: Signal, seconds: float) -> Signal:
    return np.roll(signal, round(seconds * RATE_HZ))


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("leak_db", [-20.0, -40.0])
def test_a_leak_is_muted_however_late_it_comes(leak_db: float, delay_s: float) -> None:
    other = voice(1, (3.0, 5.0))
    leak = late(other, delay_s) * np.float32(10 ** (leak_db / 20))
    heard = suppress(voice(2, (0.5, 2.0)) + leak + line_noise(3), other)
    assert level_db(heard, 3.3, 4.7) < -80
    assert level_db(heard, 0.7, 1.8) == pytest.approx(-20, abs=0.5)


def test_speech_of_ones_own_is_kept_when_both_talk_at_once() -> None:
    own, other = voice(4, (1.0, 4.0), level=0.05), voice(5, (2.0, 5.0), level=0.2)
    heard = suppress(own + np.float32(0.01) * other + line_noise(6), other)
    assert level_db(heard, 2.3, 3.7) == pytest.approx(level_db(own, 2.3, 3.7), abs=0.5)
    assert level_db(heard, 4.4, 4.8) < -80  # alone again, the leak goes


def test_nothing_changes_while_the_other_side_is_silent() -> None:
    own = voice(7, (1.0, 3.0)) + line_noise(8)
    assert np.array_equal(suppress(own, line_noise(9)), own)
    assert np.array_equal(suppress(own, np.zeros_like(own)), own)


def test_the_louder_side_is_never_muted_by_its_own_echo() -> None:
    own = voice(10, (1.0, 4.0))
    assert np.array_equal(suppress(own, own * np.float32(0.05)), own)


def test_digital_silence_stays_silent() -> None:
    silence = np.zeros(6 * RATE_HZ, np.float32)
    heard = suppress(silence, voice(11, (1.0, 4.0)))
    assert not heard.any()
    assert not suppress(silence, silence).any()


@pytest.mark.parametrize("samples", [0, 1, 1600, 4799, 4801])
def test_short_signals(samples: int) -> None:
    own = voice(12, (0.0, 1.0))[:samples]
    heard = suppress(own, own * np.float32(0.01))
    assert heard.shape == own.shape
    assert np.array_equal(heard, own)


def test_the_length_is_kept_and_muting_ramps() -> None:
    other = voice(13, (2.0, 4.0))
    own = line_noise(14)[: len(other) - 123]
    heard = suppress(own, other[: len(own)])
    assert heard.shape == own.shape
    gain = np.divide(heard, own, out=np.ones_like(own), where=own != 0)
    assert np.max(np.abs(np.diff(gain))) < 0.01  # no clicks
    assert heard.dtype == np.float32


def test_blocks_and_narrow_samples_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    other = voice(1, (3.0, 5.0))
    mixed = voice(2, (0.5, 2.0)) + late(other, 0.02) * np.float32(0.05) + line_noise(3)
    whole = suppress(mixed, other)
    monkeypatch.setattr(crosstalk, "BLOCK_HOPS", 7)
    assert np.allclose(suppress(mixed, other), whole, atol=1e-7)
    narrow = suppress(mixed.astype(np.float16), other.astype(np.float16))
    assert narrow.dtype == np.float16
    assert level_db(narrow.astype(np.float32), 3.3, 4.7) < -80
    assert np.allclose(narrow, whole, atol=1e-3)
