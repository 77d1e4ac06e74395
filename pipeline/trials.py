"""One trial of `callqa tune`: recordings analysed by worker processes of their own, timed and watched."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from pipeline.config import Settings
from pipeline.errors import CallQaError, EngineError
from pipeline.evaluate import ErrorCount, text_errors
from pipeline.memory import peak_bytes
from pipeline.truth import SUFFIXES, TRUTH_SUFFIX, load_truth


@dataclass(frozen=True, slots=True)
class Option:
    """One way to use the machine."""

    workers: int
    threads: int
    batch_windows: int
    beam_size: int
    compute_type: str

    @classmethod
    def of(cls, settings: Settings) -> "Option":
        """What the settings say now."""
        return cls(
            settings.batch.workers,
            settings.batch.threads_per_worker,
            settings.transcription.batch_windows,
            settings.transcription.beam_size,
            settings.models.compute_type,
        )

    def applied(self, settings: Settings) -> Settings:
        """The settings with this option in them."""
        batch = {"workers": self.workers, "threads_per_worker": self.threads}
        transcription = {"batch_windows": self.batch_windows, "beam_size": self.beam_size}
        return settings.model_copy(
            update={
                "batch": settings.batch.model_copy(update=batch),
                "transcription": settings.transcription.model_copy(update=transcription),
                "models": settings.models.model_copy(update={"compute_type": self.compute_type}),
            }
        )

    def same_words(self, other: "Option") -> bool:
        """Whether both hear the same words, but for rounding."""
        return (self.beam_size, self.compute_type) == (other.beam_size, other.compute_type)


@dataclass(frozen=True, slots=True)
class Trial:
    """What an option did. audio_s, wall_s: of all calls, models loaded before; cpu_s: of all workers.

    peak_bytes: the highest resident memory of one worker. errors: characters against truth, None without truth files.
    """

    option: Option
    audio_s: float
    wall_s: float
    cpu_s: float
    peak_bytes: int
    errors: ErrorCount | None

    @property
    def audio_hours_per_hour(self) -> float:
        return self.audio_s / self.wall_s

    @property
    def cer(self) -> float | None:
        """Character error rate, 0..1 and above; None without truth files."""
        return None if self.errors is None else self.errors.rate


def measured(option: Option, calls: Sequence[Path], settings: Settings, limit_s: float) -> Trial:
    """Analyse the calls by the option's workers. Raises TimeoutError after limit_s."""
    end_s = time.monotonic() + limit_s
    crew = [_begin(settings) for _ in range(option.workers)]
    try:
        for _, line in crew:
            _answer(line, end_s)  # loaded
        began = time.monotonic()
        results = tuple(_shared_out(calls, [line for _, line in crew], end_s))
        wall_s = time.monotonic() - began
        for _, line in crew:
            line.send(None)
        ends = [_answer(line, end_s) for _, line in crew]
    finally:
        for process, line in crew:
            line.close()
            process.terminate()
            process.join()
    counted = [errors for _, errors in results if errors is not None]
    return Trial(
        option,
        audio_s=sum(seconds for seconds, _ in results),
        wall_s=wall_s,
        cpu_s=sum(cpu_s for cpu_s, _ in ends),
        peak_bytes=max(peak for _, peak in ends),
        errors=sum(counted, ErrorCount()) if len(counted) == len(results) else None,
    )


def _shared_out(calls: Sequence[Path], lines: list[Connection], end_s: float) -> Iterator[Any]:
    """Hand the calls to whoever is free; what they answer."""
    waiting = list(reversed(calls))
    busy = lines[: len(waiting)]
    for line in busy:
        line.send(waiting.pop())
    while busy:
        ready = connection.wait(busy, timeout=max(end_s - time.monotonic(), 0.0))
        if not ready:
            raise TimeoutError
        for line in (one for one in ready if isinstance(one, Connection)):
            yield _answer(line, end_s)
            if waiting:
                line.send(waiting.pop())
            else:
                busy.remove(line)


def _answer(line: Connection, end_s: float) -> Any:
    """What a worker says next. Raises what it raised, TimeoutError, and EngineError when it died."""
    if not line.poll(max(end_s - time.monotonic(), 0.0)):
        raise TimeoutError
    try:
        answer = line.recv()
    except EOFError as error:
        raise EngineError("a worker process died; check free memory, and run: callqa doctor") from error
    if isinstance(answer, CallQaError):
        raise answer
    return answer


def _begin(settings: Settings) -> tuple[SpawnProcess, Connection]:
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, settings), daemon=True)
    process.start()
    theirs.close()
    return process, mine


def _work(line: Connection, settings: Settings) -> None:
    """A worker: load the models, analyse what comes down the line, tell processor time and memory at the end."""
    try:
        from pipeline.analyze import Analyzer  # noqa: PLC0415

        analyzer = Analyzer(settings)
        line.send("loaded")
        began = time.process_time()
        while (path := line.recv()) is not None:
            line.send(_heard(analyzer, path))
        line.send((time.process_time() - began, peak_bytes()))
    except CallQaError as error:
        line.send(error)
    except EOFError:  # the other side has given up
        sys.exit(1)


def _heard(analyzer: Any, path: Path) -> tuple[float, ErrorCount | None]:
    """Seconds of a recording, and its character errors where a truth file lies beside it."""
    report = analyzer.analyze(path)
    truth = truth_beside(path)
    errors = None if truth is None else text_errors(report, load_truth(truth))[0]
    return report.facts.audio.decoded_s, errors


def truth_beside(path: Path) -> Path | None:
    """NAME.truth.json of NAME.flac, NAME.mono.flac or NAME.stereo.flac, None where there is none."""
    if path.suffix not in SUFFIXES:
        return None
    stem = path.stem.removesuffix(".mono").removesuffix(".stereo")
    beside = path.with_name(stem + TRUTH_SUFFIX)
    return beside if beside.is_file() else None
