"""Worker processes on this machine (pebble, spawn): a call that hangs, or kills its worker, takes no other with it."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from pipeline.batch import worker
from pipeline.batch.jobs import CallAnalyzer, Job, Result

POLL_S = 0.2
STOP_GRACE_S = 1.0  # a signal to the whole group may reach a worker before it reaches the driver
STARTUP_REMEDY = "the worker process died while it loaded the models; run callqa doctor, and check free memory"


@dataclass(slots=True)
class _Running:
    job: Job
    began_s: float
    stage: str = ""


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Runs jobs in `workers` processes, each replaced after `calls_per_worker` calls.

    make: builds the engines in the worker. home: the data folder, for the workers' log.
    """

    make: Callable[[], CallAnalyzer]
    home: Path
    workers: int
    calls_per_worker: int

    def run(
        self,
        next_job: Callable[[], Job | None],
        should_stop: Callable[[], bool],
        on_stage: Callable[[Job, str], None],
    ) -> Iterator[Result]:
        """See pipeline.batch.jobs.Executor."""
        crew = _Crew(self)
        try:
            while not should_stop():
                while len(crew.running) < self.workers and (job := next_job()):
                    crew.begin(job)
                if not crew.running:
                    return
                crew.listen(on_stage)
                yield from crew.collect(should_stop)
            yield from crew.stop()
        finally:
            crew.close()


@dataclass(slots=True)
class _Crew:
    """The pool, the pipe on which workers tell their stage, and what runs."""

    executor: LocalExecutor
    running: dict["Future[Result]", _Running] = field(default_factory=dict)
    pool: ProcessPool | None = None
    stages: Connection | None = None
    told: Connection | None = None

    def begin(self, job: Job) -> None:
        if self.pool is None:
            self._open()
        assert self.pool is not None
        future = self.pool.schedule(worker.work, args=(job,), timeout=job.timeout_s)
        self.running[future] = _Running(job, time.monotonic())

    def listen(self, on_stage: Callable[[Job, str], None]) -> None:
        """Wait a moment for results; meanwhile pass on which stages began."""
        assert self.stages is not None
        wait(self.running, timeout=POLL_S, return_when=FIRST_COMPLETED)
        by_digest = {running.job.sha256: running for running in self.running.values()}
        while self.stages.poll():
            digest, stage = self.stages.recv()
            if digest in by_digest:
                by_digest[digest].stage = stage
                on_stage(by_digest[digest].job, stage)

    def collect(self, should_stop: Callable[[], bool]) -> Iterator[Result]:
        broken = False
        for future in [f for f in self.running if f.done()]:
            running = self.running.pop(future)
            result = _outcome(future, running)
            broken = broken or isinstance(future.exception(), BrokenProcessPool)
            if result.kind in ("crash", "startup") and _stops_soon(should_stop):
                result = Result(running.job, "stopped")
            yield result
        if broken:
            self.close()

    def stop(self) -> Iterator[Result]:
        """End everything at once; what was not finished comes back as stopped."""
        finished = {f: _outcome(f, r) for f, r in self.running.items() if f.done()}
        self.close()
        for future, running in self.running.items():
            yield finished.get(future, Result(running.job, "stopped"))
        self.running.clear()

    def close(self) -> None:
        if self.pool is not None:
            self.pool.stop()  # type: ignore[no-untyped-call]
            self.pool.join()
            self.pool = None
        for end in (self.stages, self.told):
            if end is not None:
                end.close()
        self.stages = self.told = None

    def _open(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.stages, self.told = context.Pipe(duplex=False)
        self.pool = ProcessPool(
            max_workers=self.executor.workers,
            max_tasks=self.executor.calls_per_worker,
            initializer=worker.start,
            initargs=(self.executor.make, self.told, self.executor.home),
            context=context,
        )


def _outcome(future: "Future[Result]", running: _Running) -> Result:
    job, path = running.job, running.job.recording.path
    wall_s = time.monotonic() - running.began_s
    stage = running.stage or "start"
    try:
        return future.result()
    except TimeoutError:
        reason = (
            f"{path}: not finished after {job.timeout_s:.0f} s (stage: {stage}); check the file, or raise "
            "batch.call_timeout_factor or batch.call_timeout_floor_s"
        )
        return Result(job, "timeout", reason, wall_s=wall_s)
    except ProcessExpired as error:
        if stage == worker.LOADING:
            return Result(job, "startup", f"{STARTUP_REMEDY} ({_death(error.exitcode)})", wall_s=wall_s)
        reason = f"{path}: the worker process died (stage: {stage}, {_death(error.exitcode)}); check free memory"
        return Result(job, "crash", reason, wall_s=wall_s)
    except (BrokenProcessPool, CancelledError) as error:
        return Result(
            job, "crash", f"{path}: the worker processes broke down ({error}); check free memory", wall_s=wall_s
        )


def _death(exitcode: int) -> str:
    if exitcode < 0 and -exitcode in {int(s) for s in signal.Signals}:
        return f"signal {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"


def _stops_soon(should_stop: Callable[[], bool]) -> bool:
    """Whether the worker died of the signal that also ends this run."""
    end_s = time.monotonic() + STOP_GRACE_S
    while time.monotonic() < end_s:
        if should_stop():
            return True
        time.sleep(0.05)
    return False
