"""Who is the agent: short talks in which a person would be sure."""

from dataclasses import replace

import pytest

from pipeline.model import Utterance
from pipeline.roles import decide
from tests.builders import make_utterance


def talk(*lines: tuple[str, str]) -> tuple[Utterance, ...]:
    """(speaker, text) lines, two seconds each."""
    return tuple(
        make_utterance(i, "unknown", 2.0 * i, 2.0 * i + 1.8, text, speaker=speaker)
        for i, (speaker, text) in enumerate(lines)
    )


GREETED = (
    ("S1", "您好，市中心医院，工号零二三为您服务。"),
    ("S2", "你好，我想挂一个眼科的号。"),
    ("S1", "请稍等，我帮您查一下。"),
)


def test_a_greeting_makes_the_agent() -> None:
    decision = decide(talk(*GREETED))
    assert decision.roles == {"S1": "agent", "S2": "patient"}
    assert decision.confidence > 0.95


def test_roles_are_no_surer_than_garbled_words() -> None:
    """Below 0.6 the words' own confidence is the most; above it says nothing."""
    said = talk(*GREETED)
    assert decide(tuple(replace(u, confidence=0.45) for u in said)).confidence == pytest.approx(0.45)
    assert decide(tuple(replace(u, confidence=0.65) for u in said)).confidence > 0.95
    assert decide(tuple(replace(u, confidence=None) for u in said)).confidence > 0.95


def test_the_names_of_the_speakers_do_not_matter() -> None:
    swapped = decide(talk(*[({"S1": "S2", "S2": "S1"}[s], text) for s, text in GREETED]))
    assert swapped.roles == {"S2": "agent", "S1": "patient"}
    assert swapped.confidence == pytest.approx(decide(talk(*GREETED)).confidence)


def test_the_patient_may_speak_first() -> None:
    decision = decide(
        talk(
            ("S1", "喂，你好，我想问一下我的报告出来了没有？"),
            ("S2", "您好，请问您贵姓？我帮您查一下。"),
            ("S1", "我叫王建国。"),
        )
    )
    assert decision.roles == {"S1": "patient", "S2": "agent"}
    assert decision.confidence > 0.9


def test_a_cold_agent_is_still_the_agent() -> None:
    decision = decide(
        talk(
            ("S1", "喂，什么事？"),
            ("S2", "你好，我上个礼拜做的检查，请问报告出来了没有？"),
            ("S1", "不归我管，你打放射科的电话。"),
            ("S2", "你这是什么态度？我要投诉你。"),
            ("S1", "投诉就投诉。"),
        )
    )
    assert decision.roles == {"S1": "agent", "S2": "patient"}
    assert decision.confidence > 0.9


def test_a_greeting_heard_in_homophones_counts_too() -> None:
    """伪您伏务 is no word, but it sounds like 为您服务."""
    lines = (("S1", "嗯。"), ("S2", "市中医院伪您伏务。"), ("S1", "嗯。"))
    heard = decide(talk(*lines))
    assert heard.roles == {"S1": "patient", "S2": "agent"}
    assert heard.confidence > decide(talk(("S1", "嗯。"), ("S2", "市中医院。"), ("S1", "嗯。"))).confidence


def test_a_second_agent_after_a_transfer_is_an_agent_too() -> None:
    decision = decide(
        talk(
            *GREETED,
            ("S1", "这个问题我帮您转接到药房，请稍等。"),
            ("S3", "您好，药房，请问有什么可以帮您？"),
            ("S2", "我想问一下这个药怎么吃。"),
            ("S3", "请您看一下说明书，祝您早日康复。"),
        )
    )
    assert decision.roles == {"S1": "agent", "S2": "patient", "S3": "agent"}


def test_a_relative_who_joins_is_on_the_patients_side() -> None:
    decision = decide(talk(*GREETED, ("S3", "我爸昨天做的检查，你们医院到底几点上班？"), ("S1", "我帮您核实一下。")))
    assert decision.roles == {"S1": "agent", "S2": "patient", "S3": "patient"}


def test_a_single_speaker_is_judged_by_what_is_said() -> None:
    assert decide(talk(("S1", "您好，市中心医院，很高兴为您服务。"))).roles == {"S1": "agent"}
    assert decide(talk(("S1", "喂？我想问一下，我妈的报告，你们医院几点上班？"))).roles == {"S1": "patient"}


def test_nobody_spoke() -> None:
    decision = decide(())
    assert (decision.roles, decision.confidence) == ({}, 0.0)


def test_without_evidence_the_first_speaker_is_a_weak_guess() -> None:
    decision = decide(talk(("S1", "嗯。"), ("S2", "对。"), ("S1", "是。")))
    assert decision.roles == {"S1": "agent", "S2": "patient"}
    assert 0.5 < decision.confidence < 0.7  # below roles.min_confidence: its findings go to review


def test_the_confidence_is_a_probability_that_grows_with_the_evidence() -> None:
    lines = (
        ("S1", "嗯。"),
        ("S2", "我想挂号。"),
        ("S1", "请您稍等。"),
        ("S1", "您好，很高兴为您服务。"),
        ("S2", "谢谢。"),
    )
    sure = [decide(talk(*lines[:count])).confidence for count in range(2, 6)]
    assert sure == sorted(sure)
    assert 0.5 <= sure[0] < sure[-1] <= 0.995


def test_no_evidence_is_even_chances_and_none_is_certain() -> None:
    assert decide(talk(("S1", "嗯。"))).confidence == pytest.approx(0.68, abs=0.02)  # who speaks first is the agent
    assert decide(talk(("S2", "嗯。"), ("S1", "嗯。"))).confidence < 0.7  # of settings: roles.min_confidence
    everything = list(GREETED) * 5
    assert decide(talk(*everything)).confidence < 1
