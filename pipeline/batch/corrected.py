"""Calls that people corrected, judged by the corrected facts before they are published."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import structlog

from pipeline.batch.rejudge import CallJudge
from pipeline.config import Settings
from pipeline.corrections import Corrections, stored_corrections, unfitting
from pipeline.errors import ConfigError
from pipeline.model import CallFacts, Judgement
from pipeline.store import artefact
from pipeline.store.check import InvalidReport, check_judgement


def corrected_calls(settings: Settings) -> list[CallFacts]:
    """The facts, as put right, of every stored call that was ever corrected, each with a judgement of just these facts.

    A call keeps its rulebook version; one that is not kept any more gives way to the version in force. Judgements that
    would be the same are not written again. Raises StoreError, and RuleError when there is nothing to judge by.
    """
    corrections = stored_corrections(settings)
    found = [*_stored(settings, corrections)]
    for version, calls in groupby(sorted(found, key=lambda c: c[1].rulebook_version), lambda c: c[1].rulebook_version):
        _judge_again(settings, version, list(calls))
    return [facts for facts, _ in found]


def _stored(settings: Settings, corrections: Corrections) -> Iterator[tuple[CallFacts, Judgement]]:
    for call_id, changes in corrections.by_call.items():
        heard = artefact.read_facts(settings.home, call_id)
        judgement = artefact.read_judgement(settings.home, call_id)
        if heard is None or judgement is None:
            continue
        lost = unfitting(heard, changes)
        if lost:
            structlog.get_logger().warning("corrections_left_out", call_id=call_id, count=len(lost))
        yield corrections.applied(heard), judgement


def _judge_again(settings: Settings, version: str, calls: list[tuple[CallFacts, Judgement]]) -> None:
    fresh = judge_of(settings, version).judge_all([facts for facts, _ in calls])
    for (facts, old), new in zip(calls, fresh, strict=True):
        if replace(new, judged_at=old.judged_at) == old:
            continue
        try:
            check_judgement(facts, new)
        except InvalidReport as error:
            structlog.get_logger().exception("judgement_kept", call_id=old.call_id, problem=str(error))
            continue
        artefact.write_judgement(settings.home, replace(new, judged_at=max(new.judged_at, facts.analyzed_at)))


def judge_of(settings: Settings, version: str) -> CallJudge:
    """The judge of a version, or of the one in force when that is not kept."""
    from pipeline.judge import Judge  # noqa: PLC0415 - takes a moment
    from pipeline.rulebooks import at_version  # noqa: PLC0415

    try:
        return Judge(at_version(settings, version))
    except ConfigError:
        return Judge(settings)
