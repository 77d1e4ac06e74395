"""What the rules make of the audio's word: one probability, its limits, overlaps, exceptions, remedies, old texts."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from pipeline.errors import RuleError
from pipeline.model import CallFacts, Finding, Probe
from pipeline.rules import load_rulebook
from pipeline.rules.settle import settled
from pipeline.rules.verified import (
    LARGEST,
    Verification,
    confidence,
    features,
    shipped,
    strongest,
    verdict,
    verification_of,
)
from pipeline.text import toneless_pinyin
from tests.builders import Line, make_facts

BOOK = load_rulebook()
DEAR = BOOK.dear_words()
SURE = {"second_share": 0.9, "second_distance": 0.0, "second_ratio": 5.0, "second_text": "急什么"}
REFUTED = {"second_share": 0.0, "second_distance": 0.6, "second_ratio": -9.0, "second_text": "计划时间"}


def probe(
    text: str, heard: str, phrase: str, ratio: float, index: int = 0, at_s: float = 10.0, **second: float | str
) -> Probe:
    """Of characters that take 0.25 s each from at_s on, as `agent` says them."""
    at = text.index(heard)
    before = sum(1 for c in text[:at] if c not in "，。？！")
    start_s, end_s = at_s + 0.25 * before, at_s + 0.25 * (before + len(heard))
    distance = 0.0 if heard == phrase or toneless_pinyin(heard) == toneless_pinyin(phrase) else 0.17
    given = replace(Probe(phrase, index, at, at + len(heard), start_s, end_s, distance, -5.0 + ratio, -5.0, ratio))
    return replace(given, word_probability=0.9, **second)  # type: ignore[arg-type]


def call(*lines: Line, probes: tuple[Probe, ...]) -> CallFacts:
    return make_facts(lines=lines, probes=probes)


def agent(text: str, start_s: float = 10.0) -> Line:
    return ("agent", start_s, start_s + 0.25 * len(text), text)


def judged(facts: CallFacts, by: Verification | None = None) -> tuple[Finding, ...]:
    found = settled(BOOK.judge(facts, 0.7), facts, DEAR, by or shipped())
    return tuple(f for f in found if f.family == "forbidden_phrase")


def simple(violated_from: float = 0.6, review_from: float = 0.15) -> Verification:
    """Nothing but the log ratio counts: at 0 as likely as not."""
    weights: Mapping[str, float] = dict.fromkeys(
        (*features(probe("急什么", "急什么", "急什么", 0.0)), "intercept"), 0.0
    )
    return Verification({**weights, "log_ratio": 1.0}, violated_from, review_from)


# The probability


def test_the_probability_is_logistic() -> None:
    assert simple().probability(probe("提什么", "提什么", "急什么", 0.0)) == 0.5
    assert simple().probability(probe("提什么", "提什么", "急什么", 2.0)) == pytest.approx(1 / (1 + math.exp(-2.0)))


def test_a_place_that_was_not_read_again_was_not_heard_there() -> None:
    unread = features(probe("提什么呀", "提什么", "急什么", -30.0))
    assert unread["log_ratio"] == unread["second_ratio"] == -LARGEST
    assert (unread["second_share"], unread["second_distance"]) == (0.0, 1.0)
    assert unread["cost"] == pytest.approx(0.17 * 3)
    assert (unread["hidden"], unread["syllables"], unread["word_probability"]) == (1.0, 3.0, -0.9)
    read = features(probe("急什么呀", "急什么", "急什么", 0.0, **SURE))
    assert (read["second_share"], read["second_distance"], read["second_ratio"]) == (0.9, 0.0, 5.0)
    assert (read["hidden"], read["cost"], read["word_probability"]) == (0.0, 0.0, 0.9)


def test_every_fact_pulls_the_way_it_should() -> None:
    """With the shipped weights, from a place in the middle."""
    middle = probe("提什么呀", "提什么", "急什么", -1.0, second_share=0.3, second_distance=0.2, second_ratio=0.0)
    for better in (
        replace(middle, log_ratio=1.0),
        replace(middle, distance=0.05),
        replace(middle, second_share=0.9),
        replace(middle, second_distance=0.0),
        replace(middle, second_ratio=4.0),
        probe("你懂神墨呀", "你懂神墨", "你懂什么", -1.0, second_share=0.3, second_distance=0.2, second_ratio=0.0),
    ):
        assert confidence(better) > confidence(middle)


def test_the_limits_part_said_unsure_and_neither() -> None:
    sure = probe("没看见我正盟折麻", "没看见我正盟折麻", "没看见我正忙着吗", 2.0, second_share=1.0, second_distance=0.0)
    assert verdict(sure) == "said"
    assert verdict(probe("提什么呀", "提什么", "急什么", -11.0)) is None
    between = [p for r in range(-12, 12) if verdict(p := probe("提什么呀", "提什么", "急什么", r / 2)) == "unsure"]
    assert between
    assert all(shipped().review_from <= confidence(p) < shipped().violated_from for p in between)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("  hidden:", "  hiden:"), "hiden"),
        (("review_from: 0.2", "review_from: 0.9"), "lies above"),
        (("violated_from: 0.3", "violated_from: high"), "must be a number"),
        (("  syllables: 0.45\n", ""), "syllables"),
    ],
)
def test_a_bad_file_of_weights_is_told_by_line(change: tuple[str, str], told: str) -> None:
    from importlib.resources import files

    text = files("pipeline.config").joinpath("lexicon/verification.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises(RuleError, match=told) as raised:
        verification_of(text.replace(*change), "verification.yaml")
    assert "verification.yaml" in str(raised.value)


# Hits by words


def test_a_hit_that_the_audio_bears_out_counts() -> None:
    text = "你急什么，出来了会发短信的。"
    facts = replace(call(agent(text), probes=(probe(text, "急什么", "急什么", 0.0, **SURE),)), verified=True)
    (finding,) = judged(facts)
    assert (finding.status, finding.note) == ("violated", None)
    assert finding.confidence == pytest.approx(confidence(facts.probes[0]) * facts.role_confidence, abs=1e-4)


def test_a_hit_that_the_audio_refutes_is_dropped_with_the_reason() -> None:
    text = "你几什么，出来了会发短信的。"
    facts = replace(call(agent(text), probes=(probe(text, "几什么", "急什么", -12.0, **REFUTED),)), verified=True)
    (finding,) = judged(facts)
    assert finding.status == "dropped"
    assert "计划时间" in (finding.note or "")
    assert finding.confidence < shipped().review_from


def test_a_hit_in_between_is_for_review() -> None:
    text = "你急什么，出来了会发短信的。"
    facts = replace(call(agent(text), probes=(probe(text, "急什么", "急什么", -0.5),)), verified=True)
    assert [f.status for f in judged(facts, simple())] == ["review"]
    assert [f.status for f in judged(facts, simple(0.3))] == ["violated"]
    assert [f.status for f in judged(facts, simple(0.9, 0.5))] == ["dropped"]


def test_a_doubtful_role_sends_a_sure_hit_to_review_and_drops_none() -> None:
    text = "你急什么，出来了会发短信的。"
    facts = replace(call(agent(text), probes=(probe(text, "急什么", "急什么", 1.0),)), verified=True)
    assert [f.status for f in judged(replace(facts, role_confidence=0.95), simple())] == ["violated"]
    assert [f.status for f in judged(replace(facts, role_confidence=0.75), simple())] == ["review"]
    assert [f.status for f in judged(replace(facts, role_confidence=0.1), simple())] == ["review"]


def test_a_hit_that_nobody_listened_to_waits_where_others_were_verified() -> None:
    text = "你急什么，出来了会发短信的。"
    old = call(agent(text), probes=())
    assert [f.status for f in judged(old)] == ["violated"]
    (finding,) = judged(replace(old, verified=True))
    assert (finding.status, "尚未听音核对" in (finding.note or "")) == ("review", True)


@pytest.mark.parametrize(
    ("second_text", "status"),
    [
        ("刚才同事要是不耐烦了我也", "review"),
        ("刚才同事要事不耐烦了我也", "violated"),  # garbled there, too
        ("我不耐烦了", "violated"),
        ("刚才同事要是不在乎了", "violated"),  # the phrase is not in it: the probability has weighed that
    ],
)
def test_a_second_reading_may_show_that_the_words_are_excused(second_text: str, status: str) -> None:
    text = "刚才同事要事不耐烦了我也没法"
    second = {"second_share": 0.9, "second_distance": 0.0, "second_ratio": 5.0, "second_text": second_text}
    facts = call(agent(text), probes=(probe(text, "不耐烦了", "不耐烦了", 4.0, **second),))
    assert [f.status for f in judged(facts)] == [status]


def test_rules_that_cost_little_are_taken_at_their_word() -> None:
    text = "你急什么，出来了会发短信的。"
    facts = replace(call(agent(text), probes=()), verified=True)
    found = settled(BOOK.judge(facts, 0.7), facts, {}, shipped())
    assert [f.status for f in found if f.family == "forbidden_phrase"] == ["violated"]


# Hidden phrases


def test_of_overlapping_readings_one_stays() -> None:
    text = "你迪神墨，烦是了"
    two = (probe(text, "你迪神墨", "你懂什么", -3.0), probe(text, "迪神墨", "急什么", 6.0))
    other = probe(text, "烦是了", "烦死了", -4.0)
    by_words = replace(other, distance=0.0)
    assert strongest((*two, other, by_words)) == (two[1], other)  # hits by words are no hidden phrases
    assert strongest(()) == ()


def test_a_phrase_that_the_audio_holds_counts_as_said() -> None:
    text = "你提什么，出来了会发短信的。"
    heard = probe(text, "提什么", "急什么", 3.0, **SURE)
    (finding,) = judged(replace(call(agent(text), probes=(heard,)), verified=True))
    assert (finding.rule_id, finding.status, finding.matched_text) == ("forbidden-impatience", "violated", "提什么")
    assert finding.note == "识别为“提什么”，按读音与声学核对为“急什么”"
    assert finding.confidence == pytest.approx(confidence(heard) * 0.95, abs=1e-4)
    assert 10.0 < (finding.start_s or 0) < (finding.end_s or 0) < 12.0


def test_in_between_somebody_has_to_listen() -> None:
    text = "你提什么呀？"
    (finding,) = judged(call(agent(text), probes=(probe(text, "提什么", "急什么", -2.0),)))
    assert finding.status == "review"
    assert "请试听" in (finding.note or "")


def test_below_nothing_is_made_of_it() -> None:
    text = "您今天来看什么科？"
    assert judged(call(agent(text), probes=(probe(text, "看什么", "喊什么", -10.0),))) == ()


def test_the_patient_may_say_it() -> None:
    text = "你提什么呀"
    assert judged(call(("patient", 10.0, 12.0, text), probes=(probe(text, "提什么", "急什么", 5.0),))) == ()


def test_an_unknown_speaker_is_reviewed() -> None:
    text = "你提什么呀"
    (finding,) = judged(call(("unknown", 10.0, 12.0, text), probes=(probe(text, "提什么", "急什么", 5.0),)))
    assert finding.status == "review"


def test_exceptions_hold_as_the_audio_reads_it() -> None:
    """您急什么时候用 is polite, however it is spelt."""
    text = "您提什么时候用，我帮您登记。"
    assert judged(call(agent(text), probes=(probe(text, "提什么", "急什么", 5.0),))) == ()


@pytest.mark.parametrize(
    ("text", "heard", "phrase"),
    [
        ("这个病跟胃没关系。", "跟胃没关系", "跟我没关系"),
        ("鼻子有问题挂耳鼻喉科。", "子有问题", "脑子有问题"),
        ("到了窗口等着办。", "等着办", "等着吧"),
        ("您在这里一直等着拿报告。", "等着拿", "等着吧"),
    ],
)
def test_where_other_sounds_were_recognised_exceptions_hold_as_written(text: str, heard: str, phrase: str) -> None:
    """Those that need not know which phrase is suspected."""
    sure = probe(text, heard, phrase, 5.0, **SURE)
    assert judged(call(agent(text), probes=(sure,))) == ()


def test_the_spelling_of_the_same_sounds_excuses_nobody() -> None:
    """反锁了 is a door's; 反死了 has the very sounds of 烦死了, so its characters tell nothing."""
    for text, found in (("门反锁了。", False), ("反死了又是你。", True)):
        heard = text[text.index("反") : text.index("了") + 1]
        said = probe(text, heard, "烦死了", 5.0, **SURE)
        assert bool(judged(call(agent(text), probes=(said,)))) is found


def test_remedies_hold_too() -> None:
    lines = (agent("这个我不直到。"), agent("请您稍等，我帮您问一下。", 13.0))
    text = "这个我普知到。"
    facts = call(agent(text), lines[1], probes=(probe(text, "普知到", "不知道", 3.0),))
    (finding,) = judged(facts)
    assert finding.status == "remedied"
    assert "识别为“普知到”" in (finding.note or "")
    assert "已补救" in (finding.note or "")


def test_what_characters_show_is_not_counted_twice() -> None:
    text = "急什么呀"
    (finding,) = judged(call(agent(text), probes=(probe(text, "急什么", "催什么", 5.0),)))
    assert (finding.matched_text, finding.note) == ("急什么", None)


def test_two_places_of_one_turn_are_two_findings() -> None:
    text = "提什么提什么，烦四了"
    probes = (probe(text, "提什么", "急什么", 3.0), probe(text, "烦四了", "烦死了", 3.0))
    assert [f.matched_text for f in judged(call(agent(text), probes=probes))] == ["提什么", "烦四了"]


def test_the_place_is_found_in_the_second_utterance_of_a_turn() -> None:
    text = "你提什么呀。"
    facts = call(agent("报告没有出来，"), agent(text, 12.5), probes=(probe(text, "提什么", "急什么", 3.0, index=1),))
    (finding,) = judged(facts)
    assert (finding.matched_text, finding.utterance_index) == ("提什么", 1)


def test_a_probe_of_a_text_that_is_no_longer_there_is_passed_over() -> None:
    assert judged(call(agent("好的。"), probes=(Probe("急什么", 0, 4, 7, 10.0, 11.0, 0.17, -3.0, -5.0, 2.0),))) == ()
    assert judged(call(agent("好的。"), probes=(Probe("急什么", 9, 0, 2, 10.0, 11.0, 0.17, -3.0, -5.0, 2.0),))) == ()


def test_the_phrases_worth_asking_about_are_dear_heard_by_sound_and_of_that_role() -> None:
    wanted = BOOK.phrases_to_verify("agent")
    assert {"急什么", "不知道", "投诉就投诉"} <= wanted
    assert "停药吧" not in wanted  # by characters only
    assert all(toneless_pinyin(phrase) for phrase in wanted)
    assert "急什么" not in BOOK.phrases_to_verify("patient")
    assert BOOK.phrases_to_verify("unknown") >= wanted
