"""After a recheck: hits of phrases that are newer than a call's analysis are put to the recogniser, then judged again.

Only calls are touched in which a dear rule hits words that nobody has listened to (`pipeline.verify`); the recogniser
is loaded with the first of them. Each call is stored by itself, so that a run that is stopped loses nothing. Where the
recording is gone, the hit stays for review and the call is told. What was heard is asked about and stored; it is judged
with the words and roles that people put right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from pipeline.analyze import load_transcriber
from pipeline.batch.lock import batch_lock
from pipeline.config import Settings
from pipeline.corrections import stored_corrections
from pipeline.errors import AudioError
from pipeline.judge import Judge
from pipeline.model import CallReport
from pipeline.store import artefact
from pipeline.store.check import InvalidReport, check_report
from pipeline.store.snapshot import open_snapshot
from pipeline.store.statements import statement
from pipeline.verify import Verifier, unasked


@dataclass(frozen=True, slots=True)
class Relistened:
    """calls: listened to again and judged anew. problems: calls whose hits stay for review, with the reason."""

    calls: int = 0
    problems: tuple[str, ...] = ()


def waiting(settings: Settings, judge: Judge, since: date | None = None) -> tuple[str, ...]:
    """The published calls with a hit that nobody has listened to. Raises StoreError."""
    rule_ids = [rule.rule_id for rule in judge.rulebook.dear()]
    connection = open_snapshot(settings.home)
    if connection is None:
        return ()
    with connection:
        values = {"rule_ids": rule_ids, "since": since}
        found = connection.execute(statement("read", "calls_for_review"), values).fetchall()
    return tuple(call_id for (call_id,) in found if _is_unasked(settings, judge, call_id))


def relisten(
    settings: Settings, judge: Judge, call_ids: tuple[str, ...], on_call: Callable[[str], None] = lambda _: None
) -> Relistened:
    """Listen to these calls again, store what was heard and the new judgement. Publish afterwards.

    on_call is told each call before it is listened to. Raises BusyError, StoreError, EngineError.
    """
    verifier = Verifier(settings, judge.rulebook, lambda: load_transcriber(settings))
    calls, problems = 0, []
    with batch_lock(settings.home):
        for call_id in call_ids:
            on_call(call_id)
            try:
                calls += _again(settings, judge, verifier, call_id)
            except (AudioError, InvalidReport) as error:
                problems.append(f"{call_id}: {error}")
    return Relistened(calls, tuple(problems))


def _is_unasked(settings: Settings, judge: Judge, call_id: str) -> bool:
    facts = artefact.read_facts(settings.home, call_id)
    return facts is not None and unasked(facts, judge.rulebook)


def _again(settings: Settings, judge: Judge, verifier: Verifier, call_id: str) -> int:
    stored = artefact.read_facts(settings.home, call_id)
    facts = stored and verifier.again(stored)
    if facts is None or facts == stored:
        return 0
    put_right = stored_corrections(settings).applied(facts)
    report = CallReport(facts, judge.judge(put_right))
    check_report(CallReport(put_right, report.judgement))
    artefact.write_report(settings.home, report)
    return 1
