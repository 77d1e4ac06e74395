"""How a run is shown: a bar with file, stage, speed and time left on a terminal, plain lines elsewhere."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

if TYPE_CHECKING:
    from pipeline.batch.jobs import Result, Summary

PLAIN_SCAN_EVERY_S = 10.0


class RunView:
    """Watches a run (pipeline.batch.jobs.Progress). Use as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._live = self._console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            disable=not self._live,
        )
        self._task: TaskID | None = None
        self._began_s = self._scanned_s = time.monotonic()
        self._calls = self._finished = self._size_bytes = self._worked_bytes = 0
        self._audio_s = 0.0

    def __enter__(self) -> "RunView":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def scanned(self, done: int, total: int) -> None:
        if self._live:
            self._update("reading", total, done, "")
        elif time.monotonic() - self._scanned_s > PLAIN_SCAN_EVERY_S:
            self._scanned_s = time.monotonic()
            self._print(f"read {done} of {total} files")

    def planned(self, calls: int, size_bytes: int) -> None:
        self._calls, self._size_bytes, self._began_s = calls, size_bytes, time.monotonic()
        if self._live:
            self._update("analysing", calls, 0, "")
        elif calls:
            self._print(f"{calls} calls to analyse, {size_bytes / 1e6:.1f} MB")

    def stage(self, path: str, stage: str) -> None:
        if self._live:
            self._update("analysing", self._calls, self._finished, f"{Path(path).name}: {stage}  {self._pace()}")

    def finished(self, result: "Result") -> None:
        self._finished += 1
        self._worked_bytes += result.job.recording.size_bytes
        self._audio_s += result.duration_s
        name = Path(result.job.recording.path).name
        if result.kind != "done":
            self._print(f"[{self._finished}/{self._calls}] {name}: failed ({result.kind}), see below")
        elif not self._live:
            took = f"{result.duration_s:.1f} s of audio in {result.wall_s:.1f} s"
            self._print(f"[{self._finished}/{self._calls}] {name}: {took}  {self._pace()}")
        if self._live:
            self._update("analysing", self._calls, self._finished, f"{name}  {self._pace()}")

    def publishing(self) -> None:
        if self._live:
            self._update("publishing", self._calls, self._calls, "")

    def _pace(self) -> str:
        """Audio hours per hour, and the time left by the bytes that are still to do."""
        took_s = time.monotonic() - self._began_s
        if not self._worked_bytes or not took_s:
            return ""
        left_s = took_s * (self._size_bytes - self._worked_bytes) / self._worked_bytes
        return f"{self._audio_s / took_s:.1f} audio h/h, {_span(left_s)} left"

    def _update(self, what: str, total: int, done: int, note: str) -> None:
        if self._task is None:
            self._task = self._bar.add_task(what, total=total, note=note)
        self._bar.update(self._task, description=what, total=total, completed=done, note=note)

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False)


def show_summary(summary: "Summary", console: Console) -> None:
    """What a run did, in a few plain lines."""
    head = f"{summary.found} files: {summary.done} analysed, {summary.skipped} done before"
    extras = [
        f"{count} {word}"
        for count, word in (
            (summary.relabelled, "judged anew with other metadata"),
            (summary.duplicates, "duplicates"),
            (len(summary.failures), "failed"),
            (summary.failed_before, "failed before (try again with --retry)"),
        )
        if count
    ]
    console.print("; ".join((head, *extras)), markup=False)
    if summary.done:
        pace = summary.audio_s / summary.wall_s if summary.wall_s else 0.0
        console.print(
            f"{summary.audio_s / 3600:.2f} h of audio in {_span(summary.wall_s)} ({pace:.1f} audio h/h)", markup=False
        )
    for failure in summary.failures:
        console.print(f"failed ({failure.kind}): {failure.reason}", markup=False)
    for path in summary.unreadable:
        console.print(f"left out of the snapshot, damaged: {path}; delete it and run again", markup=False)
    if summary.snapshot_id is not None:
        console.print(f"published snapshot {summary.snapshot_id}", markup=False)
    if summary.stopped:
        console.print("stopped early; run again to go on", markup=False)


def _span(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
