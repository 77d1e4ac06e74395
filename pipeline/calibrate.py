"""From a recording of known loudness to the offset of a telephone line, written into the user's settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from pipeline import audio, measures
from pipeline.config import Settings
from pipeline.errors import AudioError, ConfigError
from pipeline.user_settings import edit_settings, section

PLAUSIBLE_OFFSET_DB = (40.0, 140.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found on a line. level_dbfs: active speech level, median of the files."""

    line: str
    level_dbfs: float
    offset_db: float
    levels_dbfs: tuple[float, ...]


def measure_line(
    files: Sequence[Path], settings: Settings, *, line: str, reference_db: float, channel: int | None = None
) -> Calibration:
    """The offset that makes the active level of these recordings read `reference_db` dB SPL.

    channel: which channel carries the reference, None: the louder one. Raises AudioError for a file without speech or
    tone, ConfigError for an offset that no telephone line has (the reference is probably wrong).
    """
    levels = tuple(_level(path, settings, channel) for path in files)
    level_dbfs = median(levels)
    offset_db = round(reference_db - level_dbfs, 1)
    low, high = PLAUSIBLE_OFFSET_DB
    if not low <= offset_db <= high:
        raise ConfigError(
            f"line {line}: {reference_db} dB at {level_dbfs:.1f} dBFS is an offset of {offset_db} dB, "
            f"outside {low:.0f}..{high:.0f}; check --reference-db and that the file is the reference recording"
        )
    return Calibration(line, level_dbfs, offset_db, levels)


def save_line(calibration: Calibration, home: Path, config: Path | None) -> Path:
    """Write the offset into the user's settings, comments kept, and return the file.

    Raises ConfigError when the file cannot be read or the result is not valid, StoreError when it cannot be written.
    """

    def change(values: Any) -> None:
        lines = section(section(values, "measures"), "line_spl_offsets_db")
        lines[calibration.line] = calibration.offset_db

    return edit_settings(home, config, change)


def _level(path: Path, settings: Settings, channel: int | None) -> float:
    sound = audio.load(path, settings.audio)
    rows = sound.samples
    if channel is not None and channel >= len(rows):
        raise AudioError(f"{path} has {len(rows)} channel(s), so there is no channel {channel}; leave out --channel")
    chosen = rows[channel] if channel is not None else max(rows, key=lambda row: float(np.mean(np.square(row))))
    level = measures.active_level(chosen, sound.sample_rate_hz)
    if level is None:
        raise AudioError(f"{path} holds no speech or tone to measure; record the reference again")
    return level.level_dbfs
