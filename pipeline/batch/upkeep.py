"""What keeps the stores true without hearing a call again: gather, judge anew, publish, rebuild."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from pipeline.batch import rejudge
from pipeline.batch.corrected import corrected_calls
from pipeline.batch.lock import batch_lock
from pipeline.batch.rejudge import CallJudge, Crew, Day, Done, Piece
from pipeline.config import MeasureSettings, Settings
from pipeline.store import amend, artefact, days, keys, snapshot
from pipeline.store.files import CALL_ID, UNDATED
from pipeline.store.ledger import Ledger, open_ledger

GATHER_FROM_FILES = 20  # a day before today with so many calls in own files is gathered after a run
GATHER_TODAY_FROM_FILES = 200


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What a recheck did. problems: calls whose new judgement could not be stored, with the reason."""

    calls: int
    published: snapshot.Published
    problems: tuple[str, ...] = ()


def publish(settings: Settings) -> snapshot.Published:
    """Publish what is stored. Raises BusyError or StoreError."""
    with batch_lock(settings.home), open_ledger(settings.home) as ledger:
        return publish_now(settings, ledger)


def rebuild(settings: Settings) -> snapshot.Published:
    """Publish from the artefacts; a ledger that was lost learns of the calls again. Raises BusyError or StoreError."""
    with batch_lock(settings.home), open_ledger(settings.home) as ledger:
        days.remove_hidden(settings.home)
        gather(settings.home)
        adopt_stored(settings.home, ledger)
        return publish_now(settings, ledger, anew=True)


def recheck(
    settings: Settings,
    make: Callable[[], CallJudge],
    on_call: Callable[[int], None] = lambda _: None,
    *,
    since: date | None = None,
    processes: int | None = None,
    anew: bool = False,
) -> Rejudged:
    """Judge all stored facts again, with levels by the present calibration, and publish. No model is loaded.

    Rules that are the same as in the version that judged a call before, of the same facts, are not run again; their
    findings stay (`Judge.judge_again`). anew: every rule is run, as after a change of code.

    make: pipeline.batch.rejudge.JudgeFactory; it must make the same judge in every process, whatever is edited
    meanwhile. on_call is told how many calls are done. since: calls of earlier days keep their judgements. processes:
    None: as many as there are cores and work for. A call whose judgement contradicts itself keeps the old one. Raises
    BusyError, StoreError, and RuleError before anything is changed.
    """
    home = settings.home
    with batch_lock(home), open_ledger(home) as ledger:
        days.remove_hidden(home)
        folders = [f for f in days.days(home) if since is None or f.name == UNDATED or f.name >= since.isoformat()]
        calls = sum(days.count(folder) for folder in folders)
        with rejudge.crew(make, processes or rejudge.usable_processes(calls)) as crew:
            problems = _prepared(home, folders, settings.measures, crew)
            done = _judged(home, folders, crew, on_call, anew)
        problems += [problem for one in done for problem in one.problems]
        return Rejudged(sum(one.calls for one in done), publish_now(settings, ledger), tuple(problems))


def gather(home: Path) -> None:
    """Gather the files of days that hold many single calls. Only with the batch lock held."""
    today = datetime.now(UTC).date().isoformat()
    for folder in days.days(home):
        own = len(days.own_files(folder, artefact.FACTS_SUFFIX))
        if own >= (GATHER_FROM_FILES if folder.name < today else GATHER_TODAY_FROM_FILES):
            for path in days.compact(folder):
                structlog.get_logger().warning("artefact_unreadable", file=str(path))


def publish_now(settings: Settings, ledger: Ledger, *, anew: bool = False) -> snapshot.Published:
    """Publish with the batch lock held. anew: build all of it, even what the snapshot before holds already."""
    right = corrected_calls(settings)
    kept = settings.batch.snapshots_kept
    return snapshot.publish(settings.home, ledger.file_states(), keep=kept, anew=anew, corrected=right)


def adopt_stored(home: Path, ledger: Ledger) -> None:
    """Let the ledger know every call that has an artefact."""
    for recording, fingerprint in artefact.iter_recordings(home):
        ledger.adopt(recording, fingerprint)


def _prepared(home: Path, folders: Sequence[Path], measures: MeasureSettings, crew: Crew) -> list[str]:
    """Gather each day's files and bring levels and numbers of earlier calls up to date. Returns what went wrong."""
    offsets = amend.Offsets(measures.spl_offset_db, measures.line_spl_offsets_db)
    loose = [Day(f, offsets) for f in folders if days.is_loose(f)]
    problems = [p for _, found in crew.each(rejudge.gathered, loose) for p in found]
    changed = _changed_numbers(home)
    whole = [
        Day(f, offsets, {i: changed[i] for i in days.call_ids(f) if i in changed} if changed else {})
        for f in folders
        if (f / days.DAY_FACTS).is_file()
    ]
    return problems + [p for _, found in crew.each(rejudge.amended, whole) for p in found]


def _changed_numbers(home: Path) -> dict[str, int | None]:
    """By call: how often its caller rang before, where that is not what is stored."""
    known = keys.stored(home, artefact.FACTS_SUFFIX)
    tables = (keys.callers(path, known.skip(path)) for path in known.files)
    changed = keys.previous_calls(tables)
    return dict(zip(changed[CALL_ID].to_pylist(), changed["previous_calls"].to_pylist(), strict=True))


def _judged(home: Path, folders: Sequence[Path], crew: Crew, on_call: Callable[[int], None], anew: bool) -> list[Done]:
    known = keys.stored(home, artefact.FACTS_SUFFIX)
    pieces = [
        Piece(home, part, known.skip(path), anew)
        for folder in folders
        if (path := folder / days.DAY_FACTS) in known.files
        for part in days.parts(path, rejudge.GROUPS_PER_PART)
    ]
    done: dict[Piece, Done] = {}
    calls = 0
    for piece, one in crew.judged(pieces):
        done[piece] = one
        calls += one.calls
        on_call(calls)
    for path in {piece.part.path for piece in pieces}:
        mine = [p for p in pieces if p.part.path == path]
        if all(done[p].whole for p in mine):
            days.keep_judgements(path.parent, {p.part.judgement_path for p in mine})
    return list(done.values())
