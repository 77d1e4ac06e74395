"""Where a phrase may hide behind other spelling, by sounds one can count; and what is asked of the recogniser."""

from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.alike import Candidate
from pipeline.model import Utterance, Word
from pipeline.probe import MAX_PER_UTTERANCE, candidates, settle, ways


def said(text: str, index: int = 0, start_s: float = 10.0) -> Utterance:
    """An utterance whose characters take 0.2 s each."""
    words = tuple(Word(c, start_s + 0.2 * i, start_s + 0.2 * (i + 1), 0.9) for i, c in enumerate(text))
    return Utterance(index, "agent", "A", start_s, start_s + 0.2 * len(text), text, text, words, 0.9)


def found(text: str, *phrases: str) -> list[tuple[str, str]]:
    return [(c.phrase, text[c.first : c.last + 1]) for c in candidates([said(text)], phrases)]


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("提什么，出来了会发短信的。", "提什么"),  # one initial
        ("你迪神墨排队的人多", "迪神墨"),  # an initial and two finals that blur
        ("以及沉默排队的人多", "及沉默"),
        ("你及,神末啊", "及,神末"),  # a comma of the recogniser's own
    ],
)
def test_misspelt_phrases_are_suspected(text: str, heard: str) -> None:
    assert found(text, "急什么") == [("急什么", heard)]


@pytest.mark.parametrize(
    "text",
    [
        "请问有什么可以帮您",  # the first syllable shares nothing
        "那个什么都不用带",  # two syllables of three
        "您着急。什么时候用？",  # a full stop lies between
        "喂",
        "",
    ],
)
def test_other_words_are_not(text: str) -> None:
    assert found(text, "急什么") == []


def test_a_stretch_does_not_run_into_the_next_utterance() -> None:
    assert candidates([said("您着提", 0), said("什么时候", 1)], ["急什么"]) == ()


def test_what_is_heard_anyway_is_left_alone() -> None:
    """By characters and by equal sounds; nor is anything suspected that overlaps it."""
    assert found("急什么呀", "急什么", "嚷什么") == []
    assert found("及什么呀", "急什么", "吵什么") == []


def test_two_syllables_are_searched_for_too() -> None:
    assert found("水便你", "随便", "随便你") == [("随便", "水便"), ("随便你", "水便你")]


@pytest.mark.parametrize(("probability", "expected"), [(0.9, []), (0.5, [("喊什么", "海沉默")])])
def test_more_is_borne_where_the_recogniser_was_unsure(probability: float, expected: list[tuple[str, str]]) -> None:
    text = "迪海沉默我又不是修古界"
    sure = said(text)
    unsure = tuple(replace(w, probability=probability) if w.text == "沉" else w for w in sure.words)
    hidden = candidates([replace(sure, words=unsure)], ["喊什么"])
    assert [(c.phrase, text[c.first : c.last + 1]) for c in hidden] == expected


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("你急什么呀", Candidate("急什么", 0, 1, 3, 0.0), ("你急什么呀",)),
        ("推什么推，医生没来", Candidate("催什么", 0, 0, 2, 0.2), ("催什么推，医生没来", "催什么催，医生没来")),
        (
            "不是我管你下一个",
            Candidate("不是我管的", 0, 0, 3, 0.2),
            ("不是我管的你下一个", "不是我管的下一个"),
        ),
        ("这，问谁去", Candidate("我问谁去", 0, 2, 4, 0.3), ("这，我问谁去", "我问谁去")),
    ],
)
def test_a_phrase_is_put_in_in_every_way_that_makes_sense(
    text: str, place: Candidate, expected: tuple[str, ...]
) -> None:
    assert ways(text, place) == expected


def test_the_distance_is_counted_per_syllable() -> None:
    (near,) = candidates([said("字道了")], ["知道了"])  # z for zh
    (far,) = candidates([said("提什么")], ["急什么"])  # t for j
    assert near.distance == pytest.approx(0.1 / 3)
    assert far.distance == pytest.approx(0.5 / 3)


def test_a_syllable_may_be_missing_or_too_many_in_a_longer_phrase() -> None:
    assert found("那你看这办法", "你看着办") == []  # 这 is zhe: that is how it is heard anyway
    assert found("跟我没系", "跟我没关系") == [("跟我没关系", "跟我没系")]
    assert found("跟我也没关系", "跟我没关系") == [("跟我没关系", "跟我也没关系")]
    assert found("什么", "急什么") == []


def test_places_are_in_characters_of_the_text() -> None:
    text = "ok，15号，提什么。"
    (candidate,) = candidates([said(text, index=7)], ["急什么"])
    assert (candidate.utterance_index, text[candidate.first : candidate.last + 1]) == (7, "提什么")


def test_the_nearest_of_overlapping_stretches_and_only_so_many() -> None:
    assert found("提什么什么", "急什么") == [("急什么", "提什么")]
    many = candidates([said("提什么，" * 20)], ["急什么"])
    assert len(many) == MAX_PER_UTTERANCE
    assert all(a.last < b.first for a, b in pairwise(many))


def test_nothing_to_search_or_to_search_for() -> None:
    assert candidates([], ["急什么"]) == ()
    assert candidates([said("提什么")], []) == ()


def test_the_whole_sentence_is_put_to_the_recogniser() -> None:
    utterance = said("你提什么，出来了。", index=3)
    asked: list[tuple[str, ...]] = []

    def score(_: Utterance, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        asked.append(texts)
        return (-6.0, -4.5)

    (probe,) = settle(utterance, candidates([utterance], ["急什么"]), score)
    assert asked == [("你提什么，出来了。", "你急什么，出来了。")]
    assert (probe.phrase, probe.utterance_index, probe.text_start, probe.text_end) == ("急什么", 3, 1, 4)
    assert (probe.decoded_logprob, probe.phrase_logprob, probe.log_ratio) == (-6.0, -4.5, 1.5)
    assert (probe.start_s, probe.end_s) == (pytest.approx(10.2), pytest.approx(10.8))


def test_what_cannot_be_scored_gives_no_probe() -> None:
    utterance = said("你提什么")
    hidden = (Candidate("急什么", 0, 1, 3, 0.17), Candidate("催什么", 0, 1, 3, 0.3))
    assert [p.phrase for p in settle(utterance, hidden, lambda _, __: (-6.0, None, -9.0))] == ["催什么"]
    assert settle(utterance, hidden, lambda _, __: (None, -5.0, -9.0)) == ()


def test_times_are_the_utterances_where_words_and_text_differ() -> None:
    text = "你提什么"
    utterance = Utterance(0, "agent", "A", 5.0, 6.0, text, text, (Word("你", 5.0, 5.2, 0.9),), 0.9)
    (probe,) = settle(utterance, candidates([utterance], ["急什么"]), lambda _, texts: (-1.0,) * len(texts))
    assert (probe.start_s, probe.end_s) == (5.0, 6.0)


def test_of_a_long_utterance_the_words_around_are_asked_about() -> None:
    text = "好" * 120 + "你提什么呀" + "的" * 120  # 49 s, the place at 24 s
    utterance = said(text, start_s=0.0)
    heard: list[Utterance] = []

    def score(part: Utterance, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        heard.append(part)
        assert texts[1] == texts[0].replace("提什么", "急什么") == part.text.replace("提什么", "急什么")
        return (-6.0, -5.0)

    (probe,) = settle(utterance, candidates([utterance], ["急什么"]), score)
    assert heard[0].text == "".join(w.text for w in heard[0].words)
    assert heard[0].start_s == pytest.approx(24.2 - 8.0, abs=0.21)
    assert heard[0].end_s == pytest.approx(24.8 + 8.0, abs=0.21)
    assert (probe.text_start, probe.text_end) == (121, 124)
    assert (probe.start_s, probe.end_s) == (pytest.approx(24.2), pytest.approx(24.8))


def test_words_are_found_by_what_is_spoken_whatever_blanks_the_text_has() -> None:
    spoken = said("哎呀我哪里知道后面")
    text = "哎呀 我哪里知道 后面"
    (probe,) = settle(
        replace(spoken, text=text), [Candidate("我哪里知道", 0, 3, 7, 0.0)], lambda _, texts: (-1.0,) * len(texts)
    )
    assert (probe.start_s, probe.end_s) == (pytest.approx(10.4), pytest.approx(11.4))
