"""What the rules make of the audio's word: limits, overlaps, exceptions, remedies, texts that have changed since."""

import math
from dataclasses import replace

import pytest

from pipeline.model import CallFacts, Finding, Probe
from pipeline.rules import load_rulebook
from pipeline.rules.verified import REVIEW_FROM, SAID_FROM, confidence, evidence, strongest, verdict
from pipeline.text import toneless_pinyin
from tests.builders import Line, make_facts

BOOK = load_rulebook()


def probe(text: str, heard: str, phrase: str, ratio: float, index: int = 0) -> Probe:
    at = text.index(heard)
    return Probe(phrase, index, at, at + len(heard), 10.0, 11.0, 0.17, -5.0 + ratio, -5.0, ratio)


def call(*lines: Line, probes: tuple[Probe, ...]) -> CallFacts:
    return make_facts(lines=lines, probes=probes)


def agent(text: str, start_s: float = 10.0) -> Line:
    return ("agent", start_s, start_s + 0.25 * len(text), text)


def judged(facts: CallFacts) -> tuple[Finding, ...]:
    return tuple(f for f in BOOK.judge(facts, 0.7) if f.family == "forbidden_phrase")


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(SAID_FROM, "said"), (SAID_FROM - 0.01, "unsure"), (REVIEW_FROM, "unsure"), (REVIEW_FROM - 0.01, None)],
)
def test_the_limits(ratio: float, expected: str | None) -> None:
    assert verdict(probe("提什么", "提什么", "急什么", ratio)) == expected


def test_what_sounds_too_far_away_is_not_worth_anybodys_ear() -> None:
    """Not in doubt; when the audio is sure it still counts."""
    far = replace(probe("不要紧", "不要紧", "不了解", -4.5), distance=0.33)
    assert verdict(far) is None
    assert verdict(replace(far, log_ratio=SAID_FROM)) == "said"
    assert verdict(replace(far, distance=0.25)) == "unsure"


def test_a_longer_phrase_needs_less() -> None:
    text = "没看见我正盟折麻"
    assert evidence(probe(text, text, "没看见我正忙着吗", 0.0)) == 3.0
    assert evidence(probe("投诉就头书", "投诉就头书", "投诉就投诉", 0.0)) == 3.0
    assert evidence(probe("跟我没系", "跟我没系", "跟我没关", 0.0)) == 1.5


def test_confidence_rises_with_the_evidence() -> None:
    assert confidence(probe("提什么", "提什么", "急什么", 0.0)) == pytest.approx(1 / (1 + math.exp(-2.2)))
    ratios = [REVIEW_FROM, SAID_FROM, 4.0, 30.0]
    sure = [confidence(probe("提什么", "提什么", "急什么", r)) for r in ratios]
    assert sure == sorted(sure)
    assert all(0 < s <= 1 for s in sure)


def test_of_overlapping_readings_one_stays() -> None:
    text = "你迪神墨，烦四了"
    two = (probe(text, "你迪神墨", "你懂什么", -3.0), probe(text, "迪神墨", "急什么", 2.0))
    other = probe(text, "烦四了", "烦死了", -4.0)
    assert strongest((*two, other)) == (two[1], other)
    assert strongest(()) == ()


def test_a_phrase_that_the_audio_holds_counts_as_said() -> None:
    text = "你提什么，出来了会发短信的。"
    (finding,) = judged(call(agent(text), probes=(probe(text, "提什么", "急什么", 2.0),)))
    assert (finding.rule_id, finding.status, finding.matched_text) == ("forbidden-impatience", "violated", "提什么")
    assert finding.note == "识别为“提什么”，按读音与声学核对为“急什么”"
    assert finding.confidence == pytest.approx(confidence(probe(text, "提什么", "急什么", 2.0)) * 0.95, abs=1e-4)
    assert 10.0 < (finding.start_s or 0) < (finding.end_s or 0) < 12.0


def test_in_between_somebody_has_to_listen() -> None:
    text = "请问您想提什么意见？"
    (finding,) = judged(call(agent(text), probes=(probe(text, "提什么", "急什么", -0.1),)))
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
    assert "随便" not in wanted  # by characters only: its sounds fit too many words
    assert all(toneless_pinyin(phrase) for phrase in wanted)
    assert "急什么" not in BOOK.phrases_to_verify("patient")
    assert BOOK.phrases_to_verify("unknown") >= wanted
