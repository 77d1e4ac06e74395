"""The worker process: loads the engines once, then analyses and stores one call after another."""

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from pipeline import logs
from pipeline.batch.jobs import CallAnalyzer, Job, Result
from pipeline.errors import AudioError, CallQaError, EngineError, RuleError, StoreError
from pipeline.model import CallReport
from pipeline.store import artefact
from pipeline.store.check import InvalidReport, check_report

LOADING = "load models"
WATCH_EVERY_S = 1.0
ORPHANED = 70  # exit code of a worker whose driver is gone


class _Process:
    """What this worker process keeps between calls; set up once by `start`."""

    make: Callable[[], CallAnalyzer]
    stages: Connection
    analyzer: CallAnalyzer | None = None


def start(make: Callable[[], CallAnalyzer], stages: Connection, home: Path) -> None:
    """Run once when the process begins. The engines are loaded with the first call, so that a crash is noticed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides what Ctrl-C means
    logs.swallow_output(home)
    _Process.make = make
    _Process.stages = stages
    threading.Thread(target=end_with_driver, args=(os.getppid(),), daemon=True).start()


def end_with_driver(driver: int) -> None:
    """A killed driver must not leave workers behind that hold memory and models."""
    while os.getppid() == driver:
        time.sleep(WATCH_EVERY_S)
    os._exit(ORPHANED)


class _StartError(EngineError):
    """The engines cannot be loaded: no call can be analysed."""


def work(job: Job) -> Result:
    """Analyse and store one call. Never raises: whatever happens is a Result."""
    began = time.monotonic()
    path = job.recording.path
    try:
        return _done(job, _report(job), began)
    except AudioError as error:
        return Result(job, "audio", str(error))
    except _StartError as error:
        return Result(job, "startup", str(error))
    except (EngineError, RuleError, InvalidReport) as error:
        return Result(job, "engine", f"{path}: {error}")
    except StoreError as error:
        return Result(job, "store", str(error))
    except Exception as error:  # noqa: BLE001 - the per-call boundary: one bad file never stops the night
        _log(job).exception("call_failed")
        return Result(job, "engine", f"{path}: unexpected {type(error).__name__}: {error}; see logs/workers-*.log")


def _report(job: Job) -> CallReport:
    analyzer = _analyzer(job)
    report = analyzer.analyze(Path(job.recording.path), job.recording, lambda stage: _tell(job, stage))
    check_report(report)
    return report


def _analyzer(job: Job) -> CallAnalyzer:
    if _Process.analyzer is None:
        _tell(job, LOADING)
        try:
            _Process.analyzer = _Process.make()
        except (CallQaError, ImportError, OSError, RuntimeError) as error:
            raise _StartError(str(error)) from error
    return _Process.analyzer


def _done(job: Job, report: CallReport, began: float) -> Result:
    _tell(job, "store")
    artefact.write_report(job.home, report)
    wall_s = time.monotonic() - began
    length_s = report.facts.audio.decoded_s
    _log(job).info("call_done", audio_s=round(length_s, 1), wall_s=round(wall_s, 1))
    return Result(job, "done", None, length_s, wall_s, report.judgement.rulebook_version)


def _log(job: Job) -> Any:
    return structlog.get_logger().bind(call_id=job.recording.call_id)


def _tell(job: Job, stage: str) -> None:
    """Say which stage begins. One short write to a pipe is atomic, so workers share it without a lock."""
    try:
        _Process.stages.send((job.sha256, stage[:100]))
    except OSError:
        os._exit(ORPHANED)
