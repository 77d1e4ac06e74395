"""Reports that contradict themselves are refused before they are stored."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.model import Envelope, Measure, Measures
from pipeline.store.check import InvalidReport, check_report
from tests.builders import make_audio_facts, make_facts, make_finding, make_judgement, make_measures, make_report


def test_a_plausible_report_passes() -> None:
    check_report(make_report())
    check_report(make_report(lines=(), findings=(), total=None))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"audio": make_audio_facts(decoded_s=float("nan"))}, "decoded_s = nan"),
        ({"role_confidence": 1.5}, "role_confidence = 1.5"),
        ({"lines": (("agent", 5.0, 4.0, "您好"),), "findings": ()}, "ends at 4.0 s before it starts at 5.0 s"),
        ({"measures": make_measures(snr_db=float("inf"))}, "snr_db of the call = inf"),
        ({"measures": Measures((Measure("a", 1.0), Measure("a", 2.0)))}, "has the measure a twice"),
        ({"envelope": Envelope(0.05, ((0, 256),))}, "from 0 to 256"),
        ({"total": 101.0}, "score 101.0"),
        ({"findings": (make_finding(confidence=-0.1),)}, "confidence -0.1"),
        ({"findings": (make_finding(utterance_index=99),)}, "names utterance 99 of 9"),
    ],
)
def test_contradictions_are_named(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidReport, match="8023_appointment") as told:
        check_report(make_report(**overrides))
    assert message in str(told.value)


def test_a_judgement_of_another_call_and_wrong_indices() -> None:
    report = make_report()
    with pytest.raises(InvalidReport, match="the judgement is of call other"):
        check_report(replace(report, judgement=make_judgement("other")))
    swapped = tuple(reversed(make_facts().utterances))
    with pytest.raises(InvalidReport, match="utterance 0 carries index 8"):
        check_report(replace(report, facts=replace(report.facts, utterances=swapped)))
