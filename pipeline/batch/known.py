"""What the stores know of calls: metadata that came late, and how often a caller rang before."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path

from pipeline.batch.rejudge import CallJudge
from pipeline.model import CallMetadata, CallReport
from pipeline.store import artefact, days
from pipeline.store.check import check_report
from pipeline.store.files import FACTS_SUFFIX, is_shared
from pipeline.store.keys import WINDOW


@dataclass(slots=True)
class Known:
    """metadata: of the calls asked for, by call id. times: when callers rang, by caller hash, rising."""

    metadata: dict[str, CallMetadata] = field(default_factory=dict)
    times: dict[str, list[datetime]] = field(default_factory=dict)

    def add(self, calls: Iterable[CallMetadata]) -> None:
        """Count calls that are about to be stored."""
        for call in calls:
            if call.caller_hash and call.started_at:
                self.times.setdefault(call.caller_hash, []).append(call.started_at)
        for times in self.times.values():
            times.sort()

    def counted(self, call: CallMetadata) -> CallMetadata:
        """The call with how often its caller rang in the 30 days before; None where caller or time is unknown."""
        if not call.caller_hash or not call.started_at:
            return replace(call, previous_calls=None)
        times = self.times.get(call.caller_hash, [])
        earlier = bisect_left(times, call.started_at) - bisect_left(times, call.started_at - WINDOW)
        return replace(call, previous_calls=earlier)


def known_calls(home: Path, call_ids: Collection[str], callers: Collection[str]) -> Known:
    """Metadata of these calls, and the times of all calls of these callers. Raises StoreError."""
    known = Known()
    for recording, _ in artefact.iter_recordings(home) if call_ids or callers else ():
        metadata = recording.metadata
        if recording.call_id in call_ids:
            known.metadata[recording.call_id] = metadata
        if metadata.caller_hash and metadata.started_at and metadata.caller_hash in callers:
            known.times.setdefault(metadata.caller_hash, []).append(metadata.started_at)
    known.add(())
    return known


def merged(stored: CallMetadata, told: CallMetadata) -> CallMetadata:
    """What is known now: what is told replaces what was stored, what nobody tells any more stays."""
    values = {f.name: getattr(told, f.name) for f in fields(told)}
    return replace(stored, **{name: value for name, value in values.items() if value is not None})


def relabel(home: Path, call_id: str, stored: CallMetadata, metadata: CallMetadata, judge: CallJudge) -> Path | None:
    """Store other metadata of a call than it has and judge it anew; nothing is heard again.

    Returns the file of many calls of another day that still has a row of it (see `forget`), None when there is none.
    Raises InvalidReport or StoreError.
    """
    day = artefact.day_of(stored)
    before = artefact.place_of(home, call_id, FACTS_SUFFIX, day)
    facts = artefact.read_facts(home, call_id, day)
    if facts is None:
        return None
    facts = replace(facts, recording=replace(facts.recording, metadata=metadata))
    (judgement,) = judge.judge_all((facts,))
    report = CallReport(facts, judgement)
    check_report(report)
    artefact.write_report(home, report)
    moved = before is not None and is_shared(before) and day != artefact.day_of(metadata)
    return before if moved else None


def forget(moved: Iterable[tuple[Path, str]]) -> None:
    """Take calls that moved to another day out of the files of many calls that they were in."""
    by_file: dict[Path, set[str]] = {}
    for path, call_id in moved:
        by_file.setdefault(path, set()).add(call_id)
    for path, call_ids in by_file.items():
        days.drop_rows(path, call_ids, FACTS_SUFFIX)
