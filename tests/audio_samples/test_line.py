"""The line simulation: a known level in gives a known level out, noise is as loud as was asked for, times stay true."""

import numpy as np
import pytest

from audio_samples import line

SECONDS = 4


def sine(level_dbfs: float, frequency_hz: float = 1000.0, rate_hz: int = line.RATE_HZ) -> np.ndarray:
    t = np.arange(SECONDS * rate_hz) / rate_hz
    return 10 ** (level_dbfs / 20) * np.sqrt(2) * np.sin(2 * np.pi * frequency_hz * t)


def test_a_sine_of_minus_20_dbfs_is_minus_20_dbfs() -> None:
    assert line.level_dbfs(sine(-20)) == pytest.approx(-20, abs=0.01)
    assert line.active_level_dbfs(sine(-20)) == pytest.approx(-20, abs=0.01)


def test_pauses_do_not_lower_the_active_level() -> None:
    half_silent = np.concatenate([sine(-20), np.zeros(SECONDS * line.RATE_HZ)])
    assert line.level_dbfs(half_silent) == pytest.approx(-23.01, abs=0.01)
    assert line.active_level_dbfs(half_silent) == pytest.approx(-20, abs=0.01)


def test_silence_has_no_level() -> None:
    assert line.level_dbfs(np.zeros(800)) == float("-inf")
    assert line.active_level_dbfs(np.zeros(800)) == float("-inf")
    assert line.active_level_dbfs(np.zeros(0)) == float("-inf")


@pytest.mark.parametrize("law", ["mu", "a", "none"])
@pytest.mark.parametrize("level_dbfs", [-12.0, -23.0, -42.0])
def test_a_level_comes_out_of_the_whole_line_as_it_was_set(law: line.Law, level_dbfs: float) -> None:
    heard = line.compand(line.set_level(line.telephone_band(sine(-3, rate_hz=24000), 24000), level_dbfs), law)
    assert line.active_level_dbfs(heard) == pytest.approx(level_dbfs, abs=0.5)


def test_g711_distorts_as_much_as_g711_does() -> None:
    clean = sine(-20)
    for law in ("mu", "a"):
        error_db = line.level_dbfs(line.compand(clean, law) - clean) - line.level_dbfs(clean)
        assert -45 < error_db < -33  # ITU-T G.712 asks for 33 dB or more; the codes themselves reach about 38


def test_loud_samples_are_clipped_not_wrapped() -> None:
    assert np.abs(line.compand(sine(3), "none")).max() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("frequency_hz", "least_db", "most_db"), [(50, -200, -40), (1000, -0.1, 0.1), (3900, -200, -12)]
)
def test_only_the_telephone_band_passes(frequency_hz: float, least_db: float, most_db: float) -> None:
    inner = line.telephone_band(sine(-20, frequency_hz), line.RATE_HZ)[line.RATE_HZ : -line.RATE_HZ]
    assert least_db < line.level_dbfs(inner) + 20 < most_db


def test_noise_has_exactly_the_level_asked_for() -> None:
    assert line.level_dbfs(line.noise(80000, -50, np.random.default_rng(1))) == pytest.approx(-50, abs=0.01)


def test_trim_keeps_the_speech_and_nothing_else() -> None:
    padded = np.concatenate([np.zeros(4000), sine(-20), np.zeros(2400)])
    assert len(line.trim(padded)) == SECONDS * line.RATE_HZ
    with pytest.raises(ValueError, match="no speech"):
        line.trim(np.zeros(8000))


def test_spans_bridge_short_gaps_only() -> None:
    gap = np.zeros(round(0.3 * line.RATE_HZ))
    twice = np.concatenate([sine(-20), gap, sine(-20)])
    assert np.array(line.speech_spans(twice, max_gap_s=0.2)) == pytest.approx(np.array([(0.0, 4.0), (4.3, 8.3)]))
    assert np.array(line.speech_spans(twice, max_gap_s=0.4)) == pytest.approx(np.array([(0.0, 8.3)]))
    assert line.speech_spans(np.zeros(800), max_gap_s=0.2) == ()


def test_ring_back_is_one_second_in_five() -> None:
    ring = line.ring_tone(10, -20)
    assert np.array(line.speech_spans(ring, max_gap_s=0.1)) == pytest.approx(np.array([(0.0, 1.0), (5.0, 6.0)]))
    assert line.active_level_dbfs(ring) == pytest.approx(-20, abs=0.1)


def test_hold_music_lasts_and_sounds_as_asked() -> None:
    music = line.hold_music(6.0, -30, np.random.default_rng(1))
    assert len(music) == 6 * line.RATE_HZ
    assert line.level_dbfs(music) == pytest.approx(-30, abs=0.01)
