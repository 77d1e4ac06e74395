"""What goes to a worker and what comes back, and how whoever watches hears of it. Executors only carry these."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pipeline.config import AudioSettings, BatchSettings, Settings
from pipeline.model import CallReport, Recording

# startup: the engines cannot be loaded; store: artefacts cannot be written; stopped: given back, nobody's fault.
ResultKind = Literal["done", "audio", "engine", "timeout", "crash", "startup", "store", "stopped"]
LOWEST_BYTES_PER_S = 600  # AMR at 4.75 kbit/s; nothing common is smaller


class CallAnalyzer(Protocol):
    """What a worker needs: pipeline.analyze.Analyzer, or a small stand-in in tests."""

    def analyze(self, path: Path, recording: Recording, on_stage: Callable[[str], None]) -> CallReport: ...


@dataclass(frozen=True, slots=True)
class EngineFactory:
    """Makes the real analyzer in the worker process; picklable, and cheap until it is called."""

    settings: Settings

    def __call__(self) -> CallAnalyzer:
        from pipeline.analyze import Analyzer  # noqa: PLC0415 - models are loaded in workers only

        return Analyzer(self.settings)


@dataclass(frozen=True, slots=True)
class Job:
    """One call to analyse and store below `home`, within `timeout_s`."""

    recording: Recording
    home: Path
    timeout_s: float

    @property
    def sha256(self) -> str:
        return self.recording.sha256


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended. duration_s: of the audio; wall_s: of the work; rulebook_version: when done."""

    job: Job
    kind: ResultKind
    reason: str | None = None
    duration_s: float = 0.0
    wall_s: float = 0.0
    rulebook_version: str | None = None


class Executor(Protocol):
    """Runs jobs somewhere; one call that dies takes no other with it."""

    def run(
        self,
        next_job: Callable[[], Job | None],
        should_stop: Callable[[], bool],
        on_stage: Callable[[Job, str], None],
    ) -> Iterator[Result]:
        """Take a job whenever a worker is free, until there is none and none runs; every job taken gives a Result.

        next_job may give None and a job again later, after a result. should_stop: running jobs are ended at once
        and come back as "stopped".
        """
        ...


class Progress(Protocol):
    """Who watches a run. All methods are called in the driver's process."""

    def scanned(self, done: int, total: int) -> None: ...
    def planned(self, calls: int, size_bytes: int) -> None: ...
    def stage(self, path: str, stage: str) -> None: ...
    def finished(self, result: Result) -> None: ...
    def publishing(self) -> None: ...


class Quiet:
    """Nobody watches."""

    def scanned(self, done: int, total: int) -> None: ...
    def planned(self, calls: int, size_bytes: int) -> None: ...
    def stage(self, path: str, stage: str) -> None: ...
    def finished(self, result: Result) -> None: ...
    def publishing(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that gave no call, and why. final: it will not be tried again as it is."""

    path: str
    kind: str
    reason: str
    final: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    skipped: done before. relabelled: done before, and judged anew because other metadata came. failed_before: failed
    before and not tried again.
    """

    found: int = 0
    done: int = 0
    skipped: int = 0
    relabelled: int = 0
    duplicates: int = 0
    failed_before: int = 0
    failures: tuple[Failure, ...] = ()
    audio_s: float = 0.0
    wall_s: float = 0.0
    stopped: bool = False
    snapshot_id: int | None = None
    unreadable: tuple[Path, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 all is well, 1 some calls failed (or nothing but old failures was found), 75 stopped early: run again."""
        if self.stopped:
            return 75
        nothing_good = self.failed_before and not (self.done or self.skipped or self.relabelled)
        return 1 if self.failures or self.unreadable or nothing_good else 0


def time_limit_s(path: Path, size_bytes: int, audio: AudioSettings, batch: BatchSettings) -> float:
    """How long the analysis of a file may take, from the longest call it can hold. Nothing is decoded."""
    rate = _wav_bytes_per_s(path) or LOWEST_BYTES_PER_S
    longest_s = min(size_bytes / rate, audio.max_duration_s)
    return batch.call_timeout_floor_s + batch.call_timeout_factor * longest_s


def _wav_bytes_per_s(path: Path) -> int | None:
    """Bytes per second as a plain WAV header declares them, None for other files and absurd values."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError:
        return None
    if len(head) < 32 or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt ":
        return None
    (rate,) = struct.unpack_from("<I", head, 28)
    return rate if LOWEST_BYTES_PER_S <= rate <= 1_000_000 else None
