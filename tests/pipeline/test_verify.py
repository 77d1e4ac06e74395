"""Which places are put to the recogniser, what is asked, and what happens where a recording is gone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import load_settings
from pipeline.engines import Reading, Samples, Span, Transcript
from pipeline.errors import AudioError
from pipeline.model import CallFacts, Recording
from pipeline.rules import load_rulebook
from pipeline.verify import AGAIN_FROM, Ear, Verifier, asked, unasked
from tests.builders import Line, make_facts
from tests.pipeline.audio_files import talk, write

BOOK = load_rulebook()
RUDE = "你急什么，出来了会发短信的。"


class Listener:
    """Scores all texts alike but those with `liked` in them, reads `again`, and remembers what it was asked."""

    def __init__(self, liked: str = "急什么", better: float = 3.0, again: str = "你急什么") -> None:
        self.liked, self.better, self.again = liked, better, again
        self.scored: list[tuple[Span, tuple[str, ...]]] = []
        self.reread_spans: list[Span] = []

    def transcribe(self, samples: Samples, spans: tuple[Span, ...]) -> Transcript:
        raise AssertionError("nothing is transcribed twice")

    def score(self, samples: Samples, span: Span, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        self.scored.append((span, texts))
        return tuple(-9.0 + self.better * (self.liked in text) for text in texts)

    def reread(self, samples: Samples, span: Span) -> tuple[Reading, ...]:
        self.reread_spans.append(span)
        return (Reading(self.again, -1.0),)


def call(*lines: Line) -> CallFacts:
    return make_facts(lines=lines, probes=())


def agent(text: str, start_s: float = 10.0) -> Line:
    return ("agent", start_s, start_s + 0.25 * len(text), text)


def listen(facts: CallFacts, listener: Listener) -> CallFacts:
    ear = Ear(listener, (np.zeros(16_000, np.float32), np.zeros(16_000, np.float32)))
    return asked(facts, BOOK, lambda: ear)


def test_a_hit_by_words_is_asked_about_and_read_again_on_its_own() -> None:
    listener = Listener()
    facts = listen(call(agent(RUDE)), listener)
    (probe,) = [p for p in facts.probes if p.phrase == "急什么"]
    assert facts.verified
    assert (probe.hidden, probe.distance, probe.log_ratio) == (False, 0.0, 0.0)
    assert RUDE[probe.text_start : probe.text_end] == "急什么"
    assert (probe.second_text, probe.second_share, probe.second_distance) == ("你急什么", 1.0, 0.0)
    assert (probe.clean_text, probe.second_ratio) == ("你", 3.0)
    assert probe.word_probability == pytest.approx(0.95, abs=0.1)
    (span,) = listener.reread_spans
    assert span.start_s < probe.start_s + 0.01
    assert probe.end_s < span.end_s <= probe.end_s + 0.81


def test_a_hidden_phrase_is_read_again_only_where_it_is_not_refuted_already() -> None:
    text = "你提什么呀，排队。"
    likely, refuted = Listener(), Listener(better=3 * AGAIN_FROM - 1)
    (probe,) = [p for p in listen(call(agent(text)), likely).probes if p.phrase == "急什么"]
    assert (probe.hidden, probe.log_ratio) == (True, 3.0)
    assert probe.second_share == 1.0
    (probe,) = [p for p in listen(call(agent(text)), refuted).probes if p.phrase == "急什么"]
    assert (probe.log_ratio, probe.second_share, probe.second_text) == (3 * AGAIN_FROM - 1, None, "")


def test_words_of_the_patient_and_friendly_words_are_not_asked_about() -> None:
    def never() -> Ear:
        raise AssertionError("nobody is asked")

    facts = call(("patient", 1.0, 3.0, "你急什么呀"), agent("您好，请稍等。"))
    asked_facts = asked(facts, BOOK, never)
    assert (asked_facts.probes, asked_facts.verified) == ((), True)


def test_a_hit_over_two_utterances_is_asked_about_as_one() -> None:
    facts = call(agent("说了你也", 10.0), agent("不懂，别问了。", 11.4))
    listener = Listener(liked="说了你也不懂")
    (probe,) = [p for p in listen(facts, listener).probes if p.phrase == "说了你也不懂"]
    assert (probe.utterance_index, probe.text_start, probe.text_end) == (0, 0, 6)
    assert (probe.start_s, probe.end_s > 11.4) == (10.0, True)
    assert "说了你也不懂，别问了。" in {texts[0] for _, texts in listener.scored}


def test_mended_spelling_is_scored_as_it_was_heard() -> None:
    from pipeline.model import Correction

    facts = call(agent("投诉就投诉，随你。"))
    (said,) = facts.utterances
    mended = replace(said, corrections=(Correction(0, 2, "投足", "投诉", "lexicon", 0.9),))
    listener = Listener(liked="投诉就投诉")
    (probe,) = [p for p in listen(replace(facts, utterances=(mended,)), listener).probes if p.phrase == "投诉就投诉"]
    assert listener.scored[0][1][0] == "投足就投诉，随你。"
    assert probe.log_ratio == 3.0


def test_what_was_asked_once_is_not_asked_again() -> None:
    facts = call(agent(RUDE))
    assert unasked(facts, BOOK)
    once = listen(facts, Listener())
    assert not unasked(once, BOOK)
    listener = Listener()
    assert listen(once, listener) == once
    assert listener.scored == []


# Stored calls


@pytest.fixture
def stored(tmp_path: Path) -> CallFacts:
    from pipeline import audio

    path = write(tmp_path / "call.wav", talk(20))
    recording = Recording("c1", str(path), audio.sha256_of(path), path.stat().st_size)
    return replace(call(agent(RUDE)), recording=recording)


def test_a_stored_call_is_listened_to_again(stored: CallFacts, tmp_path: Path) -> None:
    loaded: list[Listener] = []

    def load() -> Listener:
        loaded.append(Listener())
        return loaded[-1]

    verifier = Verifier(load_settings(tmp_path), BOOK, load)
    facts = verifier.again(stored)
    assert facts.verified
    assert [p.phrase for p in facts.probes if not p.hidden] == ["急什么"]
    assert verifier.again(facts) is facts
    assert verifier.again(replace(stored, recording=replace(stored.recording, call_id="c2"))).verified
    assert len(loaded) == 1  # with the first call that needs it, and once


def test_a_recording_that_is_gone_or_another_one_is_told(stored: CallFacts, tmp_path: Path) -> None:
    verifier = Verifier(load_settings(tmp_path), BOOK, Listener)
    other = replace(stored, recording=replace(stored.recording, sha256="0" * 64))
    with pytest.raises(AudioError, match="another recording"):
        verifier.again(other)
    Path(stored.recording.path).unlink()
    with pytest.raises(AudioError, match="not there any more"):
        verifier.again(stored)
