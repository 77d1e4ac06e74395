"""Judging stored calls anew: what one process does with a day, or with a part of one, and the crew that shares it out.

Facts are read a row group at a time and judgements are written as they are made: memory does not grow with the store.
Judgements that a change of the rulebook does not touch go from the old file to the new one as columns.
"""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from pebble import ProcessExpired, ProcessPool

from pipeline.batch.worker import end_with_driver
from pipeline.config import Settings
from pipeline.errors import StoreError
from pipeline.model import CallFacts, Judgement
from pipeline.store import amend, artefact, days
from pipeline.store.check import InvalidReport, check_judgement
from pipeline.store.columns import to_table
from pipeline.store.files import CALL_ID, judgement_schema, row_groups
from pipeline.store.rows import from_table

if TYPE_CHECKING:  # whose import takes a moment
    from pipeline.judge import Standing, Views

GROUPS_PER_PART = 4  # row groups that one process judges before it asks for more
CALLS_WORTH_A_PROCESS = 2_000  # to start a process takes as long as to judge some thousand calls
GARBAGE_THRESHOLD = 200_000  # new objects between collections; calls are made of tuples that never form cycles

T = TypeVar("T")
R = TypeVar("R")


class CallJudge(Protocol):
    """What judging needs: pipeline.judge.Judge, or a small stand-in in tests."""

    def judge_all(self, calls: Sequence[CallFacts]) -> Sequence[Judgement]: ...

    def judge_again(
        self, calls: Sequence[CallFacts], stored: Mapping[str, Judgement], views: "Views" = ...
    ) -> Sequence[Judgement]: ...

    def standing(self, calls: Sequence[CallFacts], version: str) -> "Standing | None": ...


@dataclass(frozen=True, slots=True)
class JudgeFactory:
    """Makes the real judge in each process; picklable. Pin the settings' rulebook first (pipeline.rulebooks.pinned)."""

    settings: Settings

    def __call__(self) -> CallJudge:
        from pipeline.judge import Judge  # noqa: PLC0415 - takes a moment

        return Judge(self.settings)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's folder to be gathered. offsets: of the present calibration; previous_calls: numbers that changed."""

    folder: Path
    offsets: amend.Offsets
    previous_calls: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a day to judge. skip: ids of rows that do not count. anew: by every rule, whatever stayed the same."""

    home: Path
    part: days.Part
    skip: frozenset[str] = frozenset()
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """calls: judged anew. problems: calls that kept the old judgement, or files that cannot be read."""

    calls: int = 0
    problems: tuple[str, ...] = ()
    whole: bool = True  # False: the part could not be read, its old judgements stay


def gathered(day: Day) -> tuple[str, ...]:
    """Gather a day's files. Returns what cannot be read."""
    return tuple(f"{path} cannot be read; delete it and run callqa run again" for path in days.compact(day.folder))


def amended(day: Day) -> tuple[str, ...]:
    """Bring levels and numbers of earlier calls of a gathered day up to date. Returns what cannot be read."""
    path = day.folder / days.DAY_FACTS
    try:
        current = all(amend.has_offsets(group, day.offsets) for group in row_groups(path))
        if not current or day.previous_calls:
            days.amend(
                day.folder,
                lambda facts: amend.with_previous_calls(
                    facts if current else amend.with_offsets(facts, day.offsets), day.previous_calls
                ),
            )
    except StoreError as error:
        return (str(error),)
    return ()


def judged(piece: Piece, judge: CallJudge) -> Done:
    """Judge a part of a day and store the judgements. A call whose judgement contradicts itself keeps the old one."""
    problems: list[str] = []
    counts: list[int] = []
    heard: list[str] = []

    def tables() -> Iterator[pa.Table]:
        for number, group in enumerate(row_groups(piece.part.path)[piece.part.first : piece.part.last]):
            heard.append(group.digest())
            calls = artefact.facts_of_group(group, piece.skip)
            before = (
                judgement_schema().empty_table() if piece.anew else days.judged_before(piece.part, number, heard[-1])
            )
            standing = _standing(before, calls, judge)
            stands = before.slice(0, 0) if standing is None else _stands(before, calls, standing)
            known = frozenset(stands[CALL_ID].to_pylist())
            others = [facts for facts in calls if facts.recording.call_id not in known]
            old = before.filter(pc.invert(pc.is_in(before[CALL_ID], stands[CALL_ID].combine_chunks())))
            stored = {judgement.call_id: judgement for judgement in from_table(Judgement, old)}
            views = {} if standing is None else standing.views
            fresh, kept = _sound(piece.home, others, judge.judge_again(others, stored, views), problems)
            counts.append(len(known) + len(fresh))
            yield pa.concat_tables([stands, to_table(Judgement, [*fresh, *kept])])

    try:  # a judgement that was kept may be of other facts: then nobody vouches for the part
        days.write_judgements(piece.part, tables(), lambda: () if problems else heard)
    except StoreError as error:
        return Done(problems=(str(error),), whole=False)
    return Done(sum(counts), tuple(problems))


def _standing(before: pa.Table, calls: Sequence[CallFacts], judge: CallJudge) -> "Standing | None":
    """Of the judgements that were made of these calls, those that need not be made again; None: there are none."""
    versions = pc.unique(before["rulebook_version"]).to_pylist()
    return judge.standing(calls, versions[0]) if len(versions) == 1 else None


def _stands(before: pa.Table, calls: Sequence[CallFacts], standing: "Standing") -> pa.Table:
    """These judgements as if they had been made now: no object is made."""
    rows = days.standing(before, standing.calls, standing.rules)
    now = datetime.now(UTC)
    analyzed = {facts.recording.call_id: facts.analyzed_at for facts in calls}
    times = [max(now, analyzed[call_id]) for call_id in rows[CALL_ID].to_pylist()]
    return days.judged_anew(rows, standing.version, times)


def _sound(
    home: Path, calls: Sequence[CallFacts], judgements: Iterable[Judgement], problems: list[str]
) -> tuple[list[Judgement], list[Judgement]]:
    """New judgements that can be stored, and the old ones of the other calls."""
    fresh: list[Judgement] = []
    kept: list[Judgement] = []
    for facts, judgement in zip(calls, judgements, strict=True):
        try:
            check_judgement(facts, judgement)
        except InvalidReport as error:
            problems.append(str(error))
            old = artefact.read_judgement(home, facts.recording.call_id)
            kept += [old] if old else []
            continue
        # a clock that was set back must not make the judgement older than its facts
        late = judgement.judged_at < facts.analyzed_at
        fresh.append(replace(judgement, judged_at=facts.analyzed_at) if late else judgement)
    return fresh, kept


class Crew:
    """Runs pieces of work here or in processes; each process makes its judge once."""

    def __init__(self, judge: CallJudge, pool: ProcessPool | None) -> None:
        self._judge, self._pool = judge, pool

    def each(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        """The results of work(item), in whichever order they come. Raises StoreError when a process dies."""
        if self._pool is None or len(items) < 2:
            yield from ((item, work(item)) for item in items)
            return
        yield from self._shared(work, items)

    def judged(self, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, Done]]:
        """Judge pieces, in whichever order they are done."""
        if self._pool is not None:
            yield from self._shared(_judged_there, pieces)
            return
        yield from ((piece, judged(piece, self._judge)) for piece in pieces)

    def _shared(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        assert self._pool is not None
        futures: dict[Future[R], T] = {self._pool.schedule(work, args=(item,)): item for item in items}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except ProcessExpired as error:
                raise StoreError(
                    f"a process that judged stored calls died (exit code {error.exitcode}); the snapshot in use stays. "
                    "Check free memory, then run callqa recheck again"
                ) from error


@contextmanager
def crew(make: Callable[[], CallJudge], processes: int) -> Iterator[Crew]:
    """A crew of so many processes; of none, when one would do. Raises RuleError when there is nothing to judge by."""
    judge = make()
    if processes < 2:
        yield Crew(judge, None)
        return
    pool = ProcessPool(processes, initializer=_start, initargs=(make,), context=get_context("spawn"))
    try:
        yield Crew(judge, pool)
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def usable_processes(calls: int) -> int:
    """How many processes to judge so many calls with: one per core that this process may use."""
    return max(1, min(len(os.sched_getaffinity(0)), calls // CALLS_WORTH_A_PROCESS))


class _Process:
    """What a process of the crew keeps between pieces."""

    make: Callable[[], CallJudge]
    judge: CallJudge | None = None


def _start(make: Callable[[], CallJudge]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides what Ctrl-C means
    threading.Thread(target=end_with_driver, args=(os.getppid(),), daemon=True).start()
    gc.set_threshold(GARBAGE_THRESHOLD)
    _Process.make = make


def _judged_there(piece: Piece) -> Done:
    if _Process.judge is None:
        _Process.judge = _Process.make()
        gc.freeze()
    return judged(piece, _Process.judge)
