"""Which settings make the most of this machine: measured on recordings, not guessed.

Each trial is a whole analysis of the same recordings by worker processes of their own, as the nightly run does it:
first the split of cores into workers and threads, then windows decoded together, beam and compute type, each tried on
the best of what came before. Settings that change the text (beam, compute type) are proposed only where truth files
show that it does not get worse.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.config import Settings
from pipeline.errors import ConfigError
from pipeline.memory import KIB
from pipeline.trials import Option, Trial, measured
from pipeline.user_settings import edit_settings, section

BATCHES = (1, 2, 4, 8)
BEAMS = (5, 3, 2)
TRIALS = 9  # about so many fit into the time given
ASSUMED_RTF = 0.3  # of the first trial, loading included
CER_MAY_RISE = 0.002
WORTH_RATIO = 1.03  # a setting that is less than 3 % faster is no reason to change anything
MEMORY_SHARE = 0.8  # of what is free now may be used by all workers together


@dataclass(frozen=True, slots=True)
class Skipped:
    """An option that was not measured, and why."""

    option: Option
    reason: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """trials: in the order they were made, the first with the settings of now. best: what is proposed."""

    trials: tuple[Trial, ...]
    skipped: tuple[Skipped, ...]
    best: Trial

    @property
    def changes(self) -> bool:
        """Whether anything else than the settings of now is proposed."""
        return self.best.option != self.trials[0].option


def tune(
    recordings: Sequence[Path],
    settings: Settings,
    *,
    minutes: float,
    compute_types: Sequence[str],
    on_trial: Callable[[Option], None] = lambda _: None,
) -> Tuning:
    """Measure options on these recordings for about so many minutes, and propose the fastest that hears as well.

    compute_types: what the machine can do, of those that the settings allow. on_trial is told what is tried next.
    Raises ConfigError when there are no recordings or not one trial fits into the time, EngineError when the models
    cannot be loaded, AudioError for a recording that cannot be used.
    """
    if not recordings:
        raise ConfigError("no recordings to measure with; name some: callqa tune RECORDINGS")
    session = _Session(settings, time.monotonic() + minutes * 60, on_trial, [], [])
    splits = _splits(_cores())
    session.calls = _enough(recordings, minutes * 60 / TRIALS / ASSUMED_RTF, max(w for w, _ in splits))
    first = session.attempt(Option.of(settings))
    if first is None:
        raise ConfigError(
            f"{minutes:g} minutes are not enough for one trial on {len(session.calls)} recording(s): "
            f"{session.skipped[0].reason}; give more with --minutes, or shorter recordings"
        )
    base = first.option
    for workers, threads in splits:
        session.attempt(replace(base, workers=workers, threads=threads))
    for batch in BATCHES:
        session.attempt(replace(session.best().option, batch_windows=batch))
    for beam in BEAMS:
        session.attempt(replace(session.best().option, beam_size=beam))
    for kind in compute_types:
        session.attempt(replace(session.best().option, compute_type=kind))
    return Tuning(tuple(session.trials), tuple(session.skipped), session.best())


def save(option: Option, home: Path, config: Path | None) -> Path:
    """Write an option into the user's settings, comments kept, and return the file. Raises as `edit_settings`."""

    def change(values: Any) -> None:
        batch, transcription = section(values, "batch"), section(values, "transcription")
        batch["workers"], batch["threads_per_worker"] = option.workers, option.threads
        transcription["batch_windows"], transcription["beam_size"] = option.batch_windows, option.beam_size
        section(values, "models")["compute_type"] = option.compute_type

    return edit_settings(home, config, change)


@dataclass(slots=True)
class _Session:
    """The trials made so far."""

    settings: Settings
    end_s: float
    on_trial: Callable[[Option], None]
    trials: list[Trial]
    skipped: list[Skipped]
    calls: tuple[Path, ...] = ()
    longest_s: float = 0.0

    def attempt(self, option: Option) -> Trial | None:
        """The trial of an option, None where it was made before or cannot be made."""
        if any(t.option == option for t in self.trials) or any(s.option == option for s in self.skipped):
            return None
        left_s = self.end_s - time.monotonic()
        reason = self._objection(option, left_s)
        if reason is None:
            self.on_trial(option)
            began = time.monotonic()
            try:
                trial = measured(option, self.calls, option.applied(self.settings), left_s)
            except TimeoutError:
                reason = f"not finished within {left_s:.0f} s"
        if reason is not None:
            self.skipped.append(Skipped(option, reason))
            return None
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.trials.append(trial)
        return trial

    def best(self) -> Trial:
        """The fastest trial that hears as well as the first; the first where none is clearly faster."""
        first = best = self.trials[0]
        for trial in self.trials[1:]:
            faster = trial.audio_hours_per_hour > best.audio_hours_per_hour * WORTH_RATIO
            if faster and (trial.option.same_words(first.option) or _hears_as_well(trial, first)):
                best = trial
        return best

    def _objection(self, option: Option, left_s: float) -> str | None:
        """Why an option is not even begun."""
        if left_s < self.longest_s * 1.1:
            return "no time left (--minutes)"
        if self.trials and not _fits(option.workers * max(t.peak_bytes for t in self.trials)):
            return "not enough free memory"
        return None


def _hears_as_well(trial: Trial, first: Trial) -> bool:
    return trial.cer is not None and first.cer is not None and trial.cer <= first.cer + CER_MAY_RISE


def _splits(cores: int) -> tuple[tuple[int, int], ...]:
    """Ways to use all cores: (workers, threads of each)."""
    return tuple(dict.fromkeys((max(cores // threads, 1), threads) for threads in (1, 2, 4, cores) if threads <= cores))


def _enough(recordings: Sequence[Path], seconds: float, least: int) -> tuple[Path, ...]:
    """The shortest recordings of so many seconds in all, `least` of them at least, repeated where they are too few."""
    from pipeline import audio  # noqa: PLC0415 - here and below: heavy
    from pipeline.config import load_settings  # noqa: PLC0415

    limits = load_settings().audio
    lengths = sorted((audio.load(path, limits).facts.decoded_s, str(path), path) for path in recordings)
    chosen: list[Path] = []
    total_s = 0.0
    for length_s, _, path in lengths:
        if chosen and total_s + length_s > seconds:
            break
        chosen.append(path)
        total_s += length_s
    return tuple(chosen[i % len(chosen)] for i in range(max(least, len(chosen))))


def _cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fits(needed_bytes: int) -> bool:
    """Whether so much memory is free; True where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    free = next((int(line.split()[1]) * KIB for line in lines if line.startswith("MemAvailable:")), needed_bytes * 2)
    return needed_bytes <= free * MEMORY_SHARE
