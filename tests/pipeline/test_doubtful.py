"""Which stretches are read once more, and where a phrase of the new reading stands in the words."""

import pytest

from pipeline.doubtful import AROUND_S, MAX_S, UNSURE, held, stretches
from pipeline.engines import Reading
from pipeline.model import Utterance, Word


def said(text: str, unsure: str = "", length_s: float = 0.2) -> Utterance:
    """An utterance from second 10 on; the characters of `unsure` were doubtful, each of length_s."""
    words = tuple(
        Word(c, 10.0 + length_s * i, 10.0 + length_s * (i + 1), UNSURE / 2 if c in unsure else 1.0)
        for i, c in enumerate(text)
    )
    return Utterance(3, "agent", "A", 10.0, 10.0 + length_s * len(text), text, text, words, 0.9)


def parts(utterance: Utterance) -> list[str]:
    return [utterance.text[s.start : s.end] for s in stretches(utterance)]


def test_sure_words_are_not_read_again() -> None:
    assert parts(said("您好请问有什么可以帮您")) == []


def test_one_doubtful_word_among_sure_ones_is_not_enough() -> None:
    assert parts(said("您好请问有什么可以帮您", "问")) == []


def test_a_doubtful_stretch_is_read_with_what_stands_around_it() -> None:
    utterance = said("挨压治未病科后面还有电话呢是不是", "压治未")
    (stretch,) = stretches(utterance)
    assert (stretch.span.start_s, stretch.start) == (10.0, 0)
    last_s = 10.0 + 0.2 * 6  # 病 belongs to a row of three words of which two are doubtful
    assert stretch.span.end_s == pytest.approx(last_s - 0.2 + AROUND_S, abs=0.21)
    assert utterance.text[: stretch.end].startswith("挨压治未病科后面")


def test_an_utterance_of_two_doubtful_words_is_read_again_whole() -> None:
    assert parts(said("一味", "一味", length_s=0.4)) == ["一味"]


def test_no_stretch_is_longer_than_readings_tell_anything_of() -> None:
    utterance = said("零" * 100, "零", length_s=0.3)
    spans = [s.span for s in stretches(utterance)]
    assert len(spans) > 1
    assert max(s.end_s - s.start_s for s in spans) <= MAX_S + 2 * AROUND_S + 0.3


def test_words_that_differ_from_the_text_tell_no_place() -> None:
    utterance = said("压治未", "压治未")
    assert list(stretches(Utterance(0, "agent", "A", 10.0, 11.0, "压治未病", "", utterance.words))) == []


def test_a_phrase_of_another_reading_is_asked_about_at_its_place() -> None:
    (stretch,) = stretches(said("挨压治未病科后面还有电话呢", "压治未病"))
    readings = (Reading("哎呀你又病啊后面还有", -7.0), Reading("哎呀你有病啊后面还有", -8.0))
    (place,) = held(stretch, readings, ["你有病啊", "急什么"])
    assert (place.phrase, place.utterance_index) == ("你有病啊", 3)
    assert "病" in stretch.said.text[place.first : place.last + 1]
    assert place.last <= 5
    assert place.distance > 0.3


def test_readings_without_a_phrase_suspect_nothing() -> None:
    (stretch,) = stretches(said("挨压治未病科后面", "压治未病"))
    assert held(stretch, (Reading("哎呀治未病科后面", -7.0),), ["你有病啊"]) == ()
    assert held(stretch, (), ["你有病啊"]) == ()


def test_what_the_words_hold_anyway_is_left_out() -> None:
    (stretch,) = stretches(said("你又病啊后面", "你又病啊"))
    assert held(stretch, (Reading("你有病啊后面", -2.0),), ["你有病啊"]) == ()
