"""Second readings held against a phrase: by sound, with shares one can add up."""

import math

import pytest

from pipeline.alike import nearest
from pipeline.engines import Reading
from pipeline.rereading import FAR, second


def test_readings_count_by_sound_and_by_probability() -> None:
    readings = (Reading("逃速就逃速,又不是", math.log(0.6)), Reading("头诉就头诉又不是", math.log(0.2)))
    found = second(readings, "投诉就投诉")
    assert found is not None
    assert found.share == pytest.approx(0.25)
    assert (found.text, found.clean, found.said) == (readings[0].text, readings[0].text, (readings[1].text,))
    assert 0 < found.distance < 0.2


def test_where_no_reading_has_it_the_phrase_is_put_into_its_place() -> None:
    found = second((Reading("你提什么呀", -1.0),), "急什么")
    assert found is not None
    assert (found.said, found.clean, found.share) == (("你急什么呀",), "你提什么呀", 0.0)


def test_where_all_have_it_the_clean_one_goes_without() -> None:
    found = second((Reading("你急什么呀", -1.0), Reading("你及什么呀", -2.0)), "急什么")
    assert found is not None
    assert (found.said, found.clean, found.share, found.distance) == (("你急什么呀",), "你呀", 1.0, 0.0)


def test_the_order_of_readings_does_not_matter() -> None:
    readings = (Reading("你提什么呀", -1.0), Reading("你急什么呀", -3.0))
    assert second(readings, "急什么") == second(readings[::-1], "急什么")


def test_where_nothing_was_read_there_is_nothing_to_compare() -> None:
    assert second((), "急什么") is None
    found = second((Reading("嗯", -1.0),), "投诉就投诉")
    assert found is not None
    assert (found.distance, found.share) == (FAR, 0.0)


def test_the_nearest_stretch_stays_within_a_sentence() -> None:
    place = nearest("好的。提什么呀", "急什么")
    assert place is not None
    assert (place.first, place.last) == (3, 5)
    assert nearest("", "急什么") is None


def test_the_phrase_is_put_into_the_reading_that_comes_nearest_in_every_way() -> None:
    found = second((Reading("推什么推", -1.0), Reading("吹什么吹", -2.0)), "催什么")
    assert found is not None
    assert (found.text, found.said) == ("推什么推", ("催什么吹", "催什么催"))
