"""Diarization error on five-line time lines."""

import pytest

from pipeline.engines.der import DiarizationError, Labelled, diarization_error

TWO: Labelled = ((0, 10, "a"), (10, 20, "b"))


def test_names_do_not_matter() -> None:
    assert diarization_error(TWO, ((0, 10, "S2"), (10, 20, "S1")), collar_s=0).rate == 0


def test_a_late_change_of_speaker_is_confusion() -> None:
    error = diarization_error(TWO, ((0, 12, "x"), (12, 20, "y")), collar_s=0)
    assert error == DiarizationError(total_s=20, confusion_s=2)
    assert error.rate == 0.1


def test_missed_and_invented_speech() -> None:
    error = diarization_error(TWO, ((0, 7, "x"), (10, 24, "y")), collar_s=0)
    assert error == DiarizationError(total_s=20, missed_s=3, false_alarm_s=4)


def test_overlap_counts_for_each_speaker() -> None:
    both: Labelled = ((0, 10, "a"), (8, 12, "b"))
    one_at_a_time: Labelled = ((0, 10, "x"), (10, 12, "y"))
    assert diarization_error(both, one_at_a_time, collar_s=0) == DiarizationError(total_s=14, missed_s=2)


def test_the_collar_forgives_on_each_side_of_every_boundary() -> None:
    """0.25 s on both sides of 0, 10 and 20: 1 s of the 20 is not judged, and 0.25 of the 2 s of confusion."""
    error = diarization_error(TWO, ((0, 12, "x"), (12, 20, "y")), collar_s=0.25)
    assert error.total_s == pytest.approx(19)
    assert error.confusion_s == pytest.approx(1.75)
    assert diarization_error(TWO, ((0, 10.2, "x"), (10.2, 20, "y")), collar_s=0.25).rate == 0


def test_all_in_one_voice() -> None:
    assert diarization_error(TWO, ((0, 20, "x"),), collar_s=0).rate == 0.5


def test_errors_add_up_and_nothing_has_no_rate() -> None:
    assert DiarizationError().rate is None
    assert diarization_error((), ((0, 5, "x"),), collar_s=0) == DiarizationError(false_alarm_s=5)
    assert (DiarizationError(10, 1, 0, 0) + DiarizationError(10, 0, 2, 1)).rate == 0.2
