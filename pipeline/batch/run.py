"""The run: every recording found is analysed once, stored and published, whatever happens to any one of them."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pipeline.batch.inbox import Found, call_stem, digest_of, find_recordings
from pipeline.batch.jobs import EngineFactory, Executor, Failure, Job, Progress, Quiet, Result, Summary, time_limit_s
from pipeline.batch.known import Known, forget, known_calls, merged, relabel
from pipeline.batch.local import LocalExecutor
from pipeline.batch.lock import batch_lock
from pipeline.batch.rejudge import CallJudge, JudgeFactory
from pipeline.batch.stopping import Stop, stop_on_signals
from pipeline.batch.upkeep import adopt_stored, gather, publish_now
from pipeline.config import Settings
from pipeline.errors import ConfigError, EngineError, StoreError
from pipeline.metadata import MetadataReader, caller_key
from pipeline.model import CallMetadata, Recording
from pipeline.store import artefact, days, snapshot
from pipeline.store.check import InvalidReport
from pipeline.store.ledger import Entry, FailureKind, Ledger, Outcome, RunCounts, open_ledger

FAILURE_KINDS: dict[str, FailureKind] = {"audio": "audio", "engine": "engine", "timeout": "timeout", "crash": "crash"}


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    settle_s: files changed less than this ago are left for the next time. retry: failed files are tried again.
    limit_s: no new calls are taken after this many seconds, None: no limit.
    """

    settle_s: float = 0.0
    retry: bool = False
    limit_s: float | None = None


DEFAULT_OPTIONS = Options()


def run(
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress | None = None,
    *,
    fingerprint: str,
    executor: Executor | None = None,
    options: Options = DEFAULT_OPTIONS,
    judge: Callable[[], CallJudge] | None = None,
) -> Summary:
    """Analyse what is new under `paths`, store it, and publish a snapshot.

    fingerprint: of the engines (Analyzer.fingerprint). executor: where the work is done, None: worker processes here.
    judge: makes what judges calls anew of which other metadata came; None: by the rulebook of the settings.
    A stop (SIGTERM, Ctrl-C, the time limit) leaves everything in order and publishes what is done.
    Raises ConfigError (paths, settings), EngineError (models), StoreError (data folder), BusyError (another batch).
    """
    batch_settings = settings.batch
    crew = executor or LocalExecutor(
        EngineFactory(settings), settings.home, batch_settings.workers, batch_settings.calls_per_worker
    )
    with (
        batch_lock(settings.home),
        open_ledger(settings.home) as ledger,
        stop_on_signals(options.limit_s) as stop,
    ):
        batch = _Batch(settings, ledger, progress or Quiet(), stop, fingerprint, judge or JudgeFactory(settings))
        batch.prepare()
        run_id = ledger.start_run(fingerprint)
        outcome: Outcome = "aborted"
        try:
            batch.scan(paths, options)
            batch.work(crew)
            batch.publish()
            outcome = "stopped" if batch.stopped else "complete"
        finally:
            batch.close_run(run_id, outcome)
        return batch.summary()


@dataclass(slots=True)
class _Batch:
    """One run under way: what was found, what is queued, what came of it."""

    settings: Settings
    ledger: Ledger
    progress: Progress
    stop: Stop
    fingerprint: str
    make_judge: Callable[[], CallJudge]
    began_s: float = field(default_factory=time.monotonic)
    queue: deque[Job] = field(default_factory=deque)
    failures: list[Failure] = field(default_factory=list)
    found: int = 0
    done: int = 0
    skipped: int = 0
    relabelled: int = 0
    duplicates: int = 0
    failed_before: int = 0
    audio_s: float = 0.0
    stopped: bool = False
    rulebook_version: str | None = None
    published: snapshot.Published | None = None
    states_before: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Put in order what a killed batch left, and learn of stored calls when the ledger was lost."""
        recovered = self.ledger.recover(self.settings.batch.max_attempts)
        if recovered:
            structlog.get_logger().warning("recovered", calls=recovered)
        days.remove_hidden(self.settings.home)
        self.states_before = self.ledger.counts()
        if not self.states_before and artefact.has_facts(self.settings.home):
            adopt_stored(self.settings.home, self.ledger)

    def scan(self, paths: Sequence[Path], options: Options) -> None:
        """Find, read and register recordings; queue the new ones."""
        found = find_recordings(paths, settle_s=options.settle_s)
        key = caller_key(self.settings.home, self.settings.metadata)
        reader = MetadataReader(self.settings.metadata, [Path(p).absolute() for p in paths], key)
        entries: dict[str, Entry] = {}
        for index, one in enumerate(found):
            if self.stop.now():
                self.stopped = True
                break
            self.progress.scanned(index, len(found))
            entry = self._register(one, options)
            if entry and entry.sha256 in entries:
                self.duplicates += 1
            elif entry:
                entries[entry.sha256] = entry
        self.found = len(found)
        told = [(e, m) for e in entries.values() if (m := self._metadata(e, reader)) is not None]
        callers = {m.caller_hash for _, m in told if m.caller_hash}
        known = known_calls(self.settings.home, {e.call_id for e, _ in told if e.state == "done"}, callers)
        fresh = self._take_up(told, known)
        known.add(m for _, m in fresh)
        for entry, metadata in fresh:
            self._enqueue(entry, known.counted(metadata))
        self.progress.scanned(len(found), len(found))
        self.progress.planned(len(self.queue), sum(job.recording.size_bytes for job in self.queue))

    def work(self, executor: Executor) -> None:
        """Run the queue. A store or engines that fail end the run, a call that fails does not.

        Raises EngineError or StoreError after everything running was given back.
        """
        fatal: list[Result] = []
        for result in executor.run(self._next_job, lambda: self.stop.now() or bool(fatal), self._tell_stage):
            if result.kind in ("startup", "store"):
                self.ledger.release(result.job.sha256)
                fatal.append(result)
            else:
                self._note(result)
        if fatal:
            raise (EngineError if fatal[0].kind == "startup" else StoreError)(fatal[0].reason)
        self.stopped = self.stopped or bool(self.queue)

    def publish(self) -> None:
        """Publish when anything changed, or when there is no snapshot yet."""
        home = self.settings.home
        changed = self.done or self.relabelled or self.failures or self.ledger.counts() != self.states_before
        if not changed and snapshot.current_snapshot(home):
            return
        self.progress.publishing()
        gather(home)
        self.published = publish_now(self.settings, self.ledger)

    def close_run(self, run_id: int, outcome: Outcome) -> None:
        """Note in the ledger how the run ended."""
        counts = RunCounts(self.found, self.done, len(self.failures), self.audio_s, time.monotonic() - self.began_s)
        snapshot_id = self.published.snapshot_id if self.published else None
        self.ledger.finish_run(run_id, outcome, counts, rulebook_version=self.rulebook_version, snapshot_id=snapshot_id)
        structlog.get_logger().info("run_ended", run_id=run_id, outcome=outcome, done=counts.done, failed=counts.failed)

    def summary(self) -> Summary:
        return Summary(
            found=self.found,
            done=self.done,
            skipped=self.skipped,
            relabelled=self.relabelled,
            duplicates=self.duplicates,
            failed_before=self.failed_before,
            failures=tuple(self.failures),
            audio_s=self.audio_s,
            wall_s=time.monotonic() - self.began_s,
            stopped=self.stopped,
            snapshot_id=self.published.snapshot_id if self.published else None,
            unreadable=self.published.unreadable if self.published else (),
        )

    def _register(self, one: Found, options: Options) -> Entry | None:
        path = _shown(one.path)
        if one.stamp is None:
            self._unreadable(path, one.problem or f"{path} cannot be read")
            return None
        digest = self.ledger.known_digest(path, one.stamp)
        if digest is None:
            try:
                digest = digest_of(one.path)
            except OSError as error:
                self._unreadable(path, f"{path} cannot be read: {error.strerror}; check the file and its permissions")
                return None
        return self.ledger.register(
            path, digest, one.stamp, stem=call_stem(one.path), fingerprint=self.fingerprint, retry=options.retry
        )

    def _unreadable(self, path: str, reason: str) -> None:
        self.ledger.note_unreadable(path, reason)
        self.failures.append(Failure(path, "audio", reason))

    def _metadata(self, entry: Entry, reader: MetadataReader) -> CallMetadata | None:
        """What is told of a call that is done or to be done, None where there is nothing to do."""
        if entry.state not in ("done", "pending"):
            self.failed_before += 1
            return None
        try:
            return reader.read(Path(entry.path))
        except ConfigError as error:
            if entry.state == "pending":
                self._fail(entry.sha256, entry.path, "metadata", str(error))
            else:
                self.failures.append(Failure(entry.path, "metadata", f"{error}; what was known before stays"))
            return None

    def _take_up(self, told: Sequence[tuple[Entry, CallMetadata]], known: Known) -> list[tuple[Entry, CallMetadata]]:
        """Store metadata that came after a call was done. Returns the calls that are to be heard."""
        fresh: list[tuple[Entry, CallMetadata]] = []
        moved: list[tuple[Path, str]] = []
        judge: CallJudge | None = None
        for entry, metadata in told:
            stored = known.metadata.get(entry.call_id)
            if entry.state == "pending":
                fresh.append((entry, metadata))
                continue
            now = merged(stored, metadata) if stored else None
            if stored is None or now is None or now == stored:
                self.skipped += 1
            elif now.agent_channel != stored.agent_channel:  # another side was the agent: all roles change
                fresh.append((self.ledger.again(entry), now))
            else:
                judge = judge or self.make_judge()
                try:
                    old = relabel(self.settings.home, entry.call_id, stored, known.counted(now), judge)
                except InvalidReport as error:
                    self.failures.append(Failure(entry.path, "engine", str(error)))
                    continue
                moved += [(old, entry.call_id)] if old else []
                self.relabelled += 1
        forget(moved)
        return fresh

    def _enqueue(self, entry: Entry, metadata: CallMetadata) -> None:
        recording = Recording(entry.call_id, entry.path, entry.sha256, entry.size_bytes, metadata)
        limit_s = time_limit_s(Path(entry.path), entry.size_bytes, self.settings.audio, self.settings.batch)
        self.queue.append(Job(recording, self.settings.home, limit_s))

    def _next_job(self) -> Job | None:
        if self.stop.soon() or not self.queue:
            return None
        job = self.queue.popleft()
        self.ledger.lease(job.sha256)
        return job

    def _tell_stage(self, job: Job, stage: str) -> None:
        self.progress.stage(job.recording.path, stage)

    def _note(self, result: Result) -> None:
        job = result.job
        if result.kind == "stopped":
            self.ledger.release(job.sha256)
            self.stopped = True
            return
        if result.kind == "done":
            self.ledger.done(job.sha256, duration_s=result.duration_s, wall_s=result.wall_s)
            self.done += 1
            self.audio_s += result.duration_s
            self.rulebook_version = result.rulebook_version
        elif not self._fail(job.sha256, job.recording.path, FAILURE_KINDS[result.kind], result.reason or "unknown"):
            self.queue.append(job)
            return
        self.progress.finished(result)

    def _fail(self, sha256: str, path: str, kind: FailureKind, reason: str) -> bool:
        """Note a failure; False when the call is to be tried again."""
        entry = self.ledger.fail(sha256, kind, reason, max_attempts=self.settings.batch.max_attempts)
        structlog.get_logger().warning("call_failed", call_id=entry.call_id, kind=kind, state=entry.state)
        if entry.state == "pending":
            return False
        self.failures.append(Failure(path, kind, reason))
        return True


def _shown(path: Path) -> str:
    """The path as text that every store takes (a name that is no UTF-8 gets escapes)."""
    return str(path).encode("utf-8", "backslashreplace").decode()
