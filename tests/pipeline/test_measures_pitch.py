"""Pitch of signals whose pitch is known."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from pipeline.measures.pitch import median_and_range, track_pitch, voiced_s
from tests.pipeline.audio_files import Signal, talk


def harmonic(frequencies: np.ndarray, rate_hz: int = 8000, harmonics: int = 8) -> Signal:
    """A voice-like tone with falling harmonics. frequencies: fundamental of each sample."""
    phase = 2 * np.pi * np.cumsum(frequencies) / rate_hz
    waves = [np.sin(k * phase) / k for k in range(1, harmonics + 1) if k * frequencies.max() < rate_hz / 2]
    return (0.1 * np.sum(waves, axis=0)).astype(np.float32)


@pytest.mark.parametrize("hz", [80.0, 110.0, 150.0, 220.0, 330.0])
@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
def test_a_harmonic_tone_has_its_pitch_and_no_range(hz: float, rate_hz: int) -> None:
    track = track_pitch(harmonic(np.full(2 * rate_hz, hz), rate_hz), rate_hz, ((0.0, 2.0),))
    median_hz, range_semitones = median_and_range(track.hz)
    assert median_hz == pytest.approx(hz, rel=0.01)
    assert range_semitones < 0.2
    assert voiced_s(track.hz) == pytest.approx(2.0, abs=0.1)


def test_a_telephone_band_keeps_the_pitch_without_the_fundamental() -> None:
    band = butter(6, (300, 3400), "bandpass", fs=8000, output="sos")
    voice = sosfilt(band, harmonic(np.full(16000, 120.0), harmonics=25)).astype(np.float32)
    median_hz, _ = median_and_range(track_pitch(voice, 8000, ((0.0, 2.0),)).hz)
    assert median_hz == pytest.approx(120.0, rel=0.01)


def test_an_octave_glide_spans_four_fifths_of_it_between_the_tenth_and_the_ninetieth_percentile() -> None:
    glide = harmonic(150.0 * 2.0 ** np.linspace(0, 1, 32000))
    median_hz, range_semitones = median_and_range(track_pitch(glide, 8000, ((0.0, 4.0),)).hz)
    assert median_hz == pytest.approx(150.0 * 2**0.5, rel=0.01)
    assert range_semitones == pytest.approx(0.8 * 12, abs=0.3)


def test_noise_and_silence_have_no_pitch() -> None:
    white = (0.1 * np.random.default_rng(0).standard_normal(32000)).astype(np.float32)
    for samples in (white, talk(4.0), np.zeros(32000, np.float32)):
        assert voiced_s(track_pitch(samples, 8000, ((0.0, 4.0),)).hz) < 0.1


def test_only_the_named_intervals_are_heard() -> None:
    voice = np.concatenate([harmonic(np.full(8000, hz)) for hz in (100.0, 200.0, 300.0)])
    track = track_pitch(voice, 8000, ((0.0, 0.9), (1.1, 1.9), (2.1, 3.0)))
    for n, hz in enumerate((100.0, 200.0, 300.0)):
        assert np.median(track.within(((n + 0.1, n + 0.9),))) == pytest.approx(hz, rel=0.01)
    assert len(track.within(())) == 0
    assert len(track_pitch(voice, 8000, ()).hz) == 0
