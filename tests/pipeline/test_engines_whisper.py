"""The recogniser's packing and cutting by hand, and the real model on short pieces of the sample calls."""

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from pipeline.engines import Samples, Span
from pipeline.engines.doubt import loops
from pipeline.engines.packing import Piece, cut, place
from pipeline.evaluate import _errors
from pipeline.model import Word
from pipeline.text import normalise
from tests.conftest import RATE_HZ, SAMPLES, tone

if TYPE_CHECKING:
    from pipeline.engines.whisper import WhisperTranscriber


@pytest.fixture(scope="module")
def call() -> Samples:
    """The first 45 s of a mono sample call."""
    samples, rate_hz = soundfile.read(SAMPLES / "patient_unsure.flac", dtype="float32", frames=45 * 8000)
    resampled: Samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return resampled


def truth_between(start_s: float, end_s: float) -> str:
    truth = json.loads((SAMPLES / "patient_unsure.truth.json").read_text(encoding="utf-8"))
    return "".join(t["text"] for t in truth["turns"] if start_s <= t["start"] and t["end"] <= end_s)


def test_a_long_span_is_cut_where_it_is_quiet() -> None:
    samples = np.ones(70 * RATE_HZ, np.float32)
    for pause_s in (25.0, 48.0):
        samples[round(pause_s * RATE_HZ) : round((pause_s + 0.2) * RATE_HZ)] = 0
    parts = cut(samples, Span(1.0, 69.0), 29.0)
    assert [round(p.end_s, 1) for p in parts[:2]] == [25.0, 48.0]
    assert (parts[0].start_s, parts[-1].end_s) == (1.0, 69.0)
    assert all(a.end_s == b.start_s for a, b in pairwise(parts))
    assert all(0 < p.duration_s <= 29.0 for p in parts)


def test_a_short_span_is_left_whole() -> None:
    assert cut(np.ones(30 * RATE_HZ, np.float32), Span(0.5, 29.0), 29.0) == (Span(0.5, 29.0),)


@pytest.mark.parametrize("text", ["谢谢" * 4, "好" * 8, "我们来看一下" * 4 + "吧", "啊请您稍等" * 5])
def test_loops_are_seen(text: str) -> None:
    assert loops(text)


@pytest.mark.parametrize("text", ["", "好好好好好好好", "谢谢谢谢谢谢", "一三八一三八一三八零零零", "可以可以可以"])
def test_people_repeat_themselves_too(text: str) -> None:
    assert not loops(text)


def test_a_word_goes_to_the_piece_that_it_lies_in_and_into_the_calls_time() -> None:
    pieces = (Piece(0, Span(10.0, 12.0), 0.0), Piece(1, Span(20.0, 23.0), 2.4))
    assert place(Word("您", 1.0, 1.5, 0.9), pieces) == (0, Word("您", 11.0, 11.5, 0.9))
    assert place(Word("好", 2.4, 3.4, 0.9), pieces) == (1, Word("好", 20.0, 21.0, 0.9))


def test_a_word_that_reaches_out_of_its_piece_is_kept_inside() -> None:
    pieces = (Piece(0, Span(10.0, 12.0), 0.0), Piece(1, Span(20.0, 23.0), 2.4))
    assert place(Word("吗", 1.6, 2.3, 0.9), pieces) == (0, Word("吗", 11.6, 12.0, 0.9))
    span, word = place(Word("呢", 5.5, 6.5, 0.9), pieces)
    assert (span, word.end_s) == (1, 23.0)
    assert word.start_s <= word.end_s


@pytest.mark.models
def test_nothing_asked_nothing_heard(transcriber: "WhisperTranscriber", call: Samples) -> None:
    assert transcriber.transcribe(call, ()).words == ()
    assert transcriber.transcribe(np.zeros(0, np.float32), ()).words == ()


@pytest.mark.models
def test_each_span_gets_its_own_words(transcriber: "WhisperTranscriber", call: Samples) -> None:
    spans = (Span(1.2, 10.0), Span(10.7, 16.1))
    first, second = transcriber.transcribe(call, spans).words
    for span, words in zip(spans, (first, second), strict=True):
        assert words
        assert all(span.start_s - 0.2 <= w.start_s <= w.end_s <= span.end_s + 0.2 for w in words)
        assert [w.start_s for w in words] == sorted(w.start_s for w in words)
        assert all(0 <= w.probability <= 1 for w in words)
    assert "您好" in normalise("".join(w.text for w in first))
    assert "看病" in normalise("".join(w.text for w in second))


@pytest.mark.models
def test_a_span_longer_than_the_models_window_is_heard_to_its_end(
    transcriber: "WhisperTranscriber", call: Samples
) -> None:
    (words,) = transcriber.transcribe(call, (Span(1.0, 40.6),)).words
    characters, _ = _errors([(truth_between(1.0, 40.6), "".join(w.text for w in words))])
    assert characters.rate is not None
    assert characters.rate <= 0.2
    assert words[-1].end_s > 38.0
    assert [w.start_s for w in words] == sorted(w.start_s for w in words)


@pytest.mark.models
def test_the_same_audio_gives_the_same_words(transcriber: "WhisperTranscriber", call: Samples) -> None:
    spans = (Span(10.7, 16.1),)
    assert transcriber.transcribe(call, spans) == transcriber.transcribe(call, spans)


@pytest.mark.models
def test_levels_do_not_matter(transcriber: "WhisperTranscriber", call: Samples) -> None:
    """A caller who is 26 dB quieter is heard as well: turns are levelled before they are transcribed."""
    spans = (Span(16.3, 21.9),)
    (loud,) = transcriber.transcribe(call, spans).words
    (quiet,) = transcriber.transcribe(call * np.float32(0.05), spans).words
    assert "".join(w.text for w in quiet) == "".join(w.text for w in loud)


@pytest.mark.models
@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "short tone"])
def test_sounds_that_are_no_speech_give_no_words_even_when_they_are_called_speech(
    transcriber: "WhisperTranscriber", kind: str
) -> None:
    noise = np.random.default_rng(0).standard_normal(2 * RATE_HZ).astype(np.float32) * np.float32(0.03)
    samples = {"silence": np.zeros_like(noise), "noise": noise, "tone": tone(425, 2.0), "short tone": tone(425, 0.8)}[
        kind
    ]
    heard = transcriber.transcribe(samples, (Span(0.0, len(samples) / RATE_HZ),))
    assert "".join(w.text for w in heard.words[0]) == "", heard
