"""Calibration: a known tone gives the offset on paper, and the user's settings keep their comments."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.calibrate import Calibration, measure_line, save_line
from pipeline.config import load_settings
from pipeline.errors import AudioError, ConfigError


def tone(path: Path, level_dbfs: float, *, channels: int = 1, silent: int | None = None) -> Path:
    """5 s of 1 kHz at an RMS of `level_dbfs`."""
    time_s = np.arange(8000 * 5) / 8000
    wave = np.sin(2 * np.pi * 1000 * time_s) * np.sqrt(2) * 10 ** (level_dbfs / 20)
    rows = np.stack([np.zeros_like(wave) if c == silent else wave for c in range(channels)], axis=1)
    soundfile.write(path, rows, 8000, subtype="PCM_16")
    return path


def test_a_tone_of_known_loudness(tmp_path: Path) -> None:
    path = tone(tmp_path / "ref.wav", -26.0)
    found = measure_line([path], load_settings(tmp_path), line="trunk-1", reference_db=65.0)
    assert found.level_dbfs == pytest.approx(-26.0, abs=0.1)
    assert found.offset_db == pytest.approx(91.0, abs=0.1)


def test_the_median_of_several_and_the_channel_that_was_named(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    files = [tone(tmp_path / f"{level}.wav", level) for level in (-30.0, -26.0, -10.0)]
    assert measure_line(files, settings, line="a", reference_db=65.0).offset_db == pytest.approx(91.0, abs=0.1)
    left = tone(tmp_path / "left.wav", -26.0, channels=2, silent=1)
    assert measure_line([left], settings, line="a", reference_db=65.0).offset_db == pytest.approx(91.0, abs=0.1)
    with pytest.raises(AudioError, match="holds no speech or tone"):
        measure_line([left], settings, line="a", reference_db=65.0, channel=1)
    with pytest.raises(AudioError, match="no channel 1"):
        measure_line(files[:1], settings, line="a", reference_db=65.0, channel=1)


def test_an_absurd_reference_is_refused(tmp_path: Path) -> None:
    path = tone(tmp_path / "ref.wav", -26.0)
    with pytest.raises(ConfigError, match="check --reference-db"):
        measure_line([path], load_settings(tmp_path), line="a", reference_db=650.0)


def test_settings_keep_their_comments_and_other_lines(tmp_path: Path) -> None:
    path = tmp_path / "callqa.yaml"
    path.write_text('# ours\nmeasures:\n  min_snr_db: 7.0  # noisy hall\n  line_spl_offsets_db: {"trunk-0": 88.5}\n')
    assert save_line(Calibration("中继 1", -26.0, 91.0, (-26.0,)), tmp_path, None) == path
    text = path.read_text(encoding="utf-8")
    assert "# ours" in text
    assert "7.0  # noisy hall" in text
    assert load_settings(tmp_path).measures.line_spl_offsets_db == {"trunk-0": 88.5, "中继 1": 91.0}


def test_settings_are_made_where_there_are_none(tmp_path: Path) -> None:
    save_line(Calibration("trunk-1", -26.0, 91.0, ()), tmp_path / "new", None)
    assert load_settings(tmp_path / "new").measures.line_spl_offsets_db == {"trunk-1": 91.0}


def test_settings_that_do_not_load_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "callqa.yaml"
    path.write_text("measures: {min_snr: 3}\n")
    with pytest.raises(ConfigError, match="min_snr"):
        save_line(Calibration("a", -26.0, 91.0, ()), tmp_path, None)
    assert path.read_text() == "measures: {min_snr: 3}\n"
    path.write_text("measures: [broken")
    with pytest.raises(ConfigError, match="cannot be read"):
        save_line(Calibration("a", -26.0, 91.0, ()), tmp_path, None)
    assert [p.name for p in tmp_path.iterdir()] == ["callqa.yaml"]
