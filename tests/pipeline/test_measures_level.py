"""Levels of signals whose level is known, and P.56 against the Recommendation taken literally."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measures import active_level, clipping_level, clipping_ratio, level, noise_level_dbfs
from tests.pipeline.audio_files import Signal, sine, talk


def noise(duration_s: float, rms: float, rate_hz: int = 8000, seed: int = 0) -> Signal:
    values = np.random.default_rng(seed).standard_normal(round(duration_s * rate_hz))
    return (rms * values / np.sqrt(np.mean(values**2))).astype(np.float32)


def silence(duration_s: float, rate_hz: int = 8000) -> Signal:
    return np.zeros(round(duration_s * rate_hz), np.float32)


def literal_p56(samples: Signal, rate_hz: int) -> tuple[float, float]:
    """P.56 method B sample by sample, as clauses 7.2 and 7.3 word it: active level in dB, activity factor."""
    thresholds = [2.0**-power for power in range(15, 0, -1)]
    activity, hang = [0] * 15, [round(0.2 * rate_hz)] * 15
    g, p, q, squares = np.exp(-1 / (rate_hz * 0.03)), 0.0, 0.0, 0.0
    for x in samples.astype(float):
        squares += x * x
        p = g * p + (1 - g) * abs(x)
        q = g * q + (1 - g) * p
        for j, c in enumerate(thresholds):
            if q >= c:
                activity[j] += 1
                hang[j] = 0
            elif hang[j] < round(0.2 * rate_hz):
                activity[j] += 1
                hang[j] += 1
    a = [10 * np.log10(squares / count) for count in activity if count]
    c = [20 * np.log10(threshold) for threshold in thresholds]
    j = next(j for j in range(len(a)) if a[j] - c[j] <= 15.9)
    x = (a[j - 1] - c[j - 1] - 15.9) / ((a[j - 1] - c[j - 1]) - (a[j] - c[j]))
    active_db = a[j - 1] + x * (a[j] - a[j - 1])
    return active_db, 10 ** ((10 * np.log10(squares / len(samples)) - active_db) / 10)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
@pytest.mark.parametrize("dbfs", [-50.0, -26.0, -20.0, -6.0])
def test_a_sine_of_minus_20_dbfs_is_minus_20(rate_hz: int, dbfs: float) -> None:
    tone = sine(440, 10 ** (dbfs / 20) * np.sqrt(2), 5.0, rate_hz)
    measured = active_level(tone, rate_hz)
    assert measured is not None
    assert measured.level_dbfs == pytest.approx(dbfs, abs=0.05)
    assert measured.activity_ratio == pytest.approx(1.0, abs=0.01)


def test_gated_noise_counts_its_bursts_and_the_hangover() -> None:
    """Bursts of 1 s and pauses of 1 s: 1.2 s of every 2 s are active, and what the envelope needs to fall (< 0.1 s)."""
    bursts = np.concatenate([part for n in range(10) for part in (noise(1.0, 0.1, seed=n), silence(1.0))])
    measured = active_level(bursts, 8000)
    assert measured is not None
    assert 0.60 < measured.activity_ratio < 0.66
    assert measured.level_dbfs == pytest.approx(-23.01 - 10 * np.log10(measured.activity_ratio), abs=0.01)
    assert -21.2 < measured.level_dbfs < -20.8


def test_pauses_shorter_than_the_hangover_are_speech() -> None:
    bursts = np.concatenate([part for n in range(20) for part in (noise(0.3, 0.1, seed=n), silence(0.15))])
    measured = active_level(bursts, 8000)
    assert measured is not None
    assert measured.activity_ratio == pytest.approx(1.0, abs=0.01)


def test_silence_around_speech_does_not_lower_its_level() -> None:
    speech = noise(5.0, 0.1)
    alone = active_level(speech, 8000)
    surrounded = active_level(np.concatenate([silence(20.0), speech, silence(20.0)]), 8000)
    assert alone is not None
    assert surrounded is not None
    assert surrounded.level_dbfs == pytest.approx(alone.level_dbfs, abs=0.25)  # hangover: 0.2 s more of 5 s
    assert surrounded.activity_ratio == pytest.approx(5.25 / 45.0, abs=0.003)


def test_faint_noise_in_the_pauses_does_not_count() -> None:
    bursts = np.concatenate([part for n in range(5) for part in (noise(1.0, 0.1, seed=n), silence(1.0))])
    clean, noisy = active_level(bursts, 8000), active_level(bursts + noise(10.0, 0.001, seed=99), 8000)
    assert clean is not None
    assert noisy is not None
    assert noisy.level_dbfs == pytest.approx(clean.level_dbfs, abs=0.02)


@pytest.mark.parametrize(
    "samples",
    [
        talk(2.0),
        np.concatenate([silence(0.5), talk(1.0, level=0.01), silence(0.5), talk(1.0, level=0.2)]),
        np.concatenate([sine(300, 0.5, 0.4), silence(0.31), noise(0.7, 0.02)]),
    ],
)
def test_it_is_the_recommendation_taken_literally(samples: Signal) -> None:
    measured = active_level(samples, 8000)
    assert measured is not None
    assert (measured.level_dbfs, measured.activity_ratio) == pytest.approx(literal_p56(samples, 8000), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.integers(0, 5))
def test_blocks_leave_no_trace(block: int, seed: int) -> None:
    samples = np.concatenate([silence(0.1), talk(0.9, seed=seed), silence(0.4)])
    whole = active_level(samples, 8000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(level, "_BLOCK", block)
        assert active_level(samples, 8000) == whole


@given(st.integers(-4, 2), st.integers(0, 5))
def test_half_the_amplitude_is_6_db_less(halvings: int, seed: int) -> None:
    speech = talk(2.0, level=0.05, seed=seed)
    one, other = active_level(speech, 8000), active_level(speech * np.float32(2.0**halvings), 8000)
    assert one is not None
    assert other is not None
    assert other.level_dbfs - one.level_dbfs == pytest.approx(20 * np.log10(2.0**halvings), abs=1e-4)


def test_no_level_without_speech() -> None:
    click = silence(2.0)
    click[8000] = 1.0
    for samples in (silence(0.0), silence(2.0), click):
        assert active_level(samples, 8000) is None


def test_noise_is_the_median_of_the_pauses() -> None:
    line = noise(10.0, 0.001)
    line[: 8000 * 2] = sine(440, 0.3, 2.0)  # a ring in a fifth of the pause
    assert noise_level_dbfs(line, 8000, ((0.0, 10.0),)) == pytest.approx(-60.0, abs=0.5)
    assert noise_level_dbfs(silence(1.0), 8000, ((0.0, 1.0),)) == -96.0
    assert noise_level_dbfs(line, 8000, ((3.0, 3.01),)) is None
    assert noise_level_dbfs(line, 8000, ()) is None


def test_clipped_samples_are_those_in_runs_at_full_scale() -> None:
    samples = np.zeros(1000, np.float32)
    samples[10:14], samples[50], samples[100:102] = 1.0, -1.0, -0.99
    assert clipping_ratio(samples, clipping_level(samples)) == pytest.approx(6 / 1000)  # the lone sample is a peak


@pytest.mark.parametrize("full_scale", [1.0, 0.984, 0.98])  # 16 bit, A-law, u-law
def test_an_overdriven_tone_is_clipped(full_scale: float) -> None:
    """sin > 0.5 between 30 and 150 degrees: two thirds of each half wave lie on the stop."""
    tone = sine(100, 2.0, 1.0).clip(-1, 1) * np.float32(full_scale)
    assert clipping_ratio(tone, clipping_level(tone)) == pytest.approx(2 / 3, abs=0.02)


def test_a_plateau_below_full_scale_is_clipping() -> None:
    overdriven = (talk(5.0, level=0.3).clip(-0.2, 0.2)).astype(np.float32)
    assert clipping_ratio(overdriven, clipping_level(overdriven)) > 0.1


@pytest.mark.parametrize("samples", [sine(100, 0.5, 1.0), sine(440, 0.9, 1.0), talk(5.0, level=0.1), silence(1.0)])
def test_what_is_not_overdriven_is_not_clipped(samples: Signal) -> None:
    assert clipping_ratio(samples, clipping_level(samples)) == 0.0


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_U8"])
def test_the_steps_of_a_companded_line_are_no_plateau(tmp_path: Path, subtype: str) -> None:
    import soundfile

    for seed, loud in enumerate((0.02, 0.05, 0.1, 0.15)):
        soundfile.write(tmp_path / "a.wav", talk(5.0, level=loud, seed=seed), 8000, subtype=subtype)
        samples = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
        assert clipping_ratio(samples, clipping_level(samples)) < 0.001
