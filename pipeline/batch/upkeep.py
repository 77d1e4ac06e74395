"""What keeps the stores true without hearing a call again: judge anew, publish, rebuild."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.batch.lock import batch_lock
from pipeline.config import MeasureSettings, Settings
from pipeline.model import CallFacts, CallReport, Judgement, Measure, Measures
from pipeline.store import artefact, snapshot
from pipeline.store.check import InvalidReport, check_report
from pipeline.store.durable import TEMPORARY_SUFFIX
from pipeline.store.ledger import Ledger, open_ledger

LEVEL, SPL, OFFSET = "active_level_dbfs", "estimated_spl_db", "spl_offset_db"
UNCALIBRATED = "uncalibrated_line"


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
        remove_litter(settings.home)
        adopt_stored(settings.home, ledger)
        return publish_now(settings, ledger)


def recheck(
    settings: Settings,
    judge: Callable[[CallFacts], Judgement],
    on_call: Callable[[int], None] = lambda _: None,
    *,
    since: date | None = None,
) -> Rejudged:
    """Judge all stored facts again, with levels by the present calibration, and publish. No model is loaded.

    judge: pipeline.analyze.Judge.judge. on_call is told how many calls are done. since: calls of earlier days keep
    their judgements. A call whose judgement contradicts itself keeps the old one. Raises BusyError or StoreError.
    """
    home = settings.home
    problems: list[str] = []
    with batch_lock(home), open_ledger(home) as ledger:
        calls = 0
        for stored in artefact.iter_facts(home, since):
            facts = recalibrated(stored, settings.measures)
            report = CallReport(facts, judge(facts))
            try:
                check_report(report)
            except InvalidReport as error:
                problems.append(str(error))
                continue
            if facts != stored:
                artefact.write_facts(home, facts)
            artefact.write_judgement(home, report.judgement)
            calls += 1
            on_call(calls)
        return Rejudged(calls, publish_now(settings, ledger), tuple(problems))


def recalibrated(facts: CallFacts, settings: MeasureSettings) -> CallFacts:
    """The facts with every estimated SPL made anew from its active level and the present offset of its line."""
    line = facts.recording.metadata.line or ""
    offset_db = settings.line_spl_offsets_db.get(line, settings.spl_offset_db)
    known = Measure(OFFSET, offset_db) if line in settings.line_spl_offsets_db else Measure(OFFSET, None, UNCALIBRATED)
    shifted = _shifted(facts.measures, offset_db)
    return replace(
        facts,
        measures=Measures(tuple(known if m.name == OFFSET else m for m in shifted.items)),
        utterances=tuple(replace(u, measures=_shifted(u.measures, offset_db)) for u in facts.utterances),
    )


def publish_now(settings: Settings, ledger: Ledger) -> snapshot.Published:
    """Publish with the batch lock held."""
    return snapshot.publish(settings.home, ledger.file_states(), keep=settings.batch.snapshots_kept)


def adopt_stored(home: Path, ledger: Ledger) -> None:
    """Let the ledger know every call that has an artefact."""
    for recording, fingerprint in artefact.iter_recordings(home):
        ledger.adopt(recording, fingerprint)


def remove_litter(home: Path) -> None:
    """Remove files that a killed process had not finished writing. Only with the batch lock held."""
    for litter in artefact.artefacts_folder(home).glob(f"*/.*{TEMPORARY_SUFFIX}"):
        litter.unlink(missing_ok=True)


def _shifted(measures: Measures, offset_db: float) -> Measures:
    return Measures(tuple(_shifted_one(m, measures, offset_db) for m in measures.items))


def _shifted_one(measure: Measure, measures: Measures, offset_db: float) -> Measure:
    level = measures.value(measure.name.removesuffix(SPL) + LEVEL) if measure.name.endswith(SPL) else None
    return measure if measure.value is None or level is None else replace(measure, value=level + offset_db)
