"""What a report must keep to before it is stored: the limits of the snapshot's tables, told in words."""

import math
from collections.abc import Iterator
from itertools import chain

from pipeline.errors import StoreError
from pipeline.model import CallFacts, CallReport, Judgement


class InvalidReport(StoreError):  # noqa: N818 - the report is at fault, not the store
    """A report that contradicts itself; storing it would stop every later publish."""


def check_report(report: CallReport) -> None:
    """Raise InvalidReport naming the call and the first contradiction: times, ratios, scores, names."""
    _check(report.facts, chain(_in_facts(report.facts), _in_judgement(report.facts, report.judgement)))


def check_judgement(facts: CallFacts, judgement: Judgement) -> None:
    """Raise InvalidReport when a judgement contradicts itself or the (stored, hence checked) facts of its call."""
    _check(facts, _in_judgement(facts, judgement))


def _check(facts: CallFacts, problems: Iterator[str]) -> None:
    problem = next(problems, None)
    if problem:
        call_id = facts.recording.call_id
        raise InvalidReport(f"call {call_id}: {problem}; it is not stored. Please report this with the file")


def _in_facts(facts: CallFacts) -> Iterator[str]:
    length_s = facts.audio.decoded_s
    if not (math.isfinite(length_s) and length_s >= 0):
        yield f"decoded_s = {length_s}"
    if not 0 <= facts.role_confidence <= 1:
        yield f"role_confidence = {facts.role_confidence}, allowed is 0..1"
    for position, utterance in enumerate(facts.utterances):
        if utterance.index != position:
            yield f"utterance {position} carries index {utterance.index}"
        if not utterance.start_s <= utterance.end_s:
            yield f"utterance {position} ends at {utterance.end_s} s before it starts at {utterance.start_s} s"
    for name, measures in (
        ("the call", facts.measures),
        *((f"utterance {u.index}", u.measures) for u in facts.utterances),
    ):
        seen = [m.name for m in measures.items]
        if len(seen) != len(set(seen)):
            yield f"{name} has the measure {next(n for n in seen if seen.count(n) > 1)} twice"
        for measure in measures.items:
            if measure.value is not None and not math.isfinite(measure.value):
                yield f"{measure.name} of {name} = {measure.value}"
    for channel in facts.envelope.peaks:
        if channel and not 0 <= min(channel) <= max(channel) <= 255:
            yield f"waveform peaks reach from {min(channel)} to {max(channel)}, allowed is 0..255"


def _in_judgement(facts: CallFacts, judgement: Judgement) -> Iterator[str]:
    if judgement.call_id != facts.recording.call_id:
        yield f"the judgement is of call {judgement.call_id}"
    total = judgement.score.total
    if total is not None and not 0 <= total <= 100:
        yield f"score {total}, allowed is 0..100"
    for finding in judgement.findings:
        if not 0 <= finding.confidence <= 1:
            yield f"finding {finding.key} has confidence {finding.confidence}, allowed is 0..1"
        index = finding.utterance_index
        if index is not None and not 0 <= index < len(facts.utterances):
            yield f"finding {finding.key} names utterance {index} of {len(facts.utterances)}"
