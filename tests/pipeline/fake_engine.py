"""A stand-in for the engines where the batch is the point: the file's text says what happens to the call."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import AudioError, EngineError
from pipeline.model import CallReport, Recording
from tests.builders import make_engine, make_report


@dataclass(frozen=True)
class FakeFactory:
    """Picklable. trace: a folder in which every analysis leaves a file. broken: how loading fails, "" for not."""

    trace: Path
    broken: str = ""

    def __call__(self) -> "FakeAnalyzer":
        if self.broken == "missing":
            raise EngineError("weights of packaged-base are missing; run callqa models install")
        if self.broken == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        return FakeAnalyzer(self.trace)


@dataclass(frozen=True)
class FakeAnalyzer:
    trace: Path

    def analyze(self, path: Path, recording: Recording, on_stage: Callable[[str], None]) -> CallReport:
        (self.trace / f"{time.time_ns()}-{os.getpid()}").write_text(recording.call_id)
        text = path.read_text(encoding="utf-8")
        on_stage("decode")
        if text.startswith("bad"):
            raise AudioError(f"{path} is no recording; convert it")
        if text.startswith("bug"):
            raise ZeroDivisionError("division by zero")
        if text.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("hang"):
            time.sleep(600)
        if text.startswith("once") and len(list(self.trace.iterdir())) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        on_stage("judge")
        report = make_report(recording.call_id)
        if text.startswith("absurd"):
            report = replace(report, facts=replace(report.facts, role_confidence=7.0))
        return replace(report, facts=replace(report.facts, recording=recording, engine=make_engine(fingerprint="f1")))
