"""How well a text fits the audio, by the real model on sample calls."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from pipeline.engines import Samples, Span
from tests.conftest import RATE_HZ, SAMPLES

if TYPE_CHECKING:
    from pipeline.engines.whisper import WhisperTranscriber

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def call() -> Samples:
    """The first 36 s of a mono sample call; from 10.7 to 16.1 s: 姑娘你好，我想看病，可是我不知道该挂哪个科。"""
    samples, rate_hz = soundfile.read(SAMPLES / "patient_unsure.flac", dtype="float32", frames=36 * 8000)
    resampled: Samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return resampled


SAID = "姑娘你好，我想看病，可是我不知道该挂哪个科。"
SPAN = Span(10.7, 16.1)


def score(transcriber: "WhisperTranscriber", call: Samples, *texts: str) -> list[float]:
    scores = transcriber.score(call, SPAN, texts)
    assert all(s is not None for s in scores)
    return [s for s in scores if s is not None]


def test_what_was_said_fits_better_than_what_was_not(transcriber: "WhisperTranscriber", call: Samples) -> None:
    others = [SAID.replace("不知道", other) for other in ("不归我管", "投诉就投诉", "很高兴")]
    said, *readings = score(transcriber, call, SAID, *others)
    assert said < 0
    assert all(reading < said - 5 for reading in readings)


def test_another_spelling_of_the_sounds_lies_nearer_than_other_sounds(
    transcriber: "WhisperTranscriber", call: Samples
) -> None:
    homophone, other = score(transcriber, call, *(SAID.replace("不知道", w) for w in ("不指导", "随便你")))
    assert homophone > other + 5


def test_each_text_is_scored_by_itself_and_each_time_alike(transcriber: "WhisperTranscriber", call: Samples) -> None:
    both = transcriber.score(call, SPAN, (SAID, "您好"))
    assert both == transcriber.score(call, SPAN, (SAID,)) + transcriber.score(call, SPAN, ("您好",))


def test_levels_do_not_matter(transcriber: "WhisperTranscriber", call: Samples) -> None:
    (loud,) = score(transcriber, call, SAID)
    (quiet,) = score(transcriber, call * np.float32(0.05), SAID)
    assert quiet == pytest.approx(loud, abs=0.5)


def test_what_cannot_be_scored_has_no_score(transcriber: "WhisperTranscriber", call: Samples) -> None:
    assert transcriber.score(call, SPAN, ()) == ()
    assert transcriber.score(call, SPAN, ("", "好" * 500)) == (None, None)
    assert transcriber.score(call, Span(1.0, 35.0), (SAID,)) == (None,)  # longer than the model's window


def test_silence_can_be_scored(transcriber: "WhisperTranscriber") -> None:
    (silent,) = transcriber.score(np.zeros(3 * RATE_HZ, np.float32), Span(0.0, 3.0), (SAID,))
    assert silent is not None
    assert silent < -10


def test_a_stretch_is_read_again_in_several_ways(transcriber: "WhisperTranscriber", call: Samples) -> None:
    readings = transcriber.reread(call, SPAN)
    texts = [r.text for r in readings]
    assert len(texts) == len(set(texts)) >= 4
    assert "不知道" in texts[0]
    assert readings[0].logprob == max(r.logprob for r in readings)
    assert all(r.logprob <= 0 for r in readings)


def test_reading_again_gives_the_same_readings_each_time(transcriber: "WhisperTranscriber", call: Samples) -> None:
    assert transcriber.reread(call, SPAN) == transcriber.reread(call, SPAN)
    assert transcriber.reread(call, Span(1.0, 35.0)) == ()
