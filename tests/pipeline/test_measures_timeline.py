"""Short timelines with exact answers: A is the agent, P the patient."""

from pathlib import Path

import pytest

from pipeline.config.settings import MeasureSettings, load_settings
from pipeline.measures.timeline import (
    Stretch,
    interruptions,
    is_backchannel,
    overlap_events,
    overlapping_turns,
    replies,
    silences,
    stretches_of,
)
from pipeline.model import Role, Turn, Utterance, Word

SETTINGS: MeasureSettings = load_settings(Path("nowhere")).measures
ROLES: dict[str, Role] = {"A": "agent", "B": "agent", "P": "patient", "?": "unknown"}
Line = tuple[str, float, float, str]


def utterance(index: int, line: Line) -> Utterance:
    speaker, start_s, end_s, text = line
    return Utterance(index, ROLES[speaker], speaker, start_s, end_s, text, text)


def timeline(*lines: Line) -> tuple[tuple[Stretch, ...], tuple[Utterance, ...]]:
    utterances = tuple(utterance(index, line) for index, line in enumerate(lines) if line[3])
    return stretches_of((Turn(line[0], line[1], line[2]) for line in lines), utterances), utterances


def cut_ins(*lines: Line) -> list[tuple[Role, float, float]]:
    return [(e.role, e.start_s, e.value or 0.0) for e in interruptions(*timeline(*lines), SETTINGS)]


def latencies(*lines: Line) -> list[tuple[Role, float]]:
    return [(s.role, round(latency_s, 6)) for s, latency_s in replies(timeline(*lines)[0], SETTINGS)]


def test_who_starts_well_before_the_other_ends_and_goes_on_interrupts() -> None:
    assert cut_ins(("P", 0, 5, "我昨天来过你们医院"), ("A", 4, 8, "您先听我说完")) == [("agent", 4, 1.0)]
    assert cut_ins(("A", 0, 5, "您需要带好身份证"), ("P", 3.5, 8, "我都说了三遍了")) == [("patient", 3.5, 1.5)]


def test_half_a_second_is_the_limit() -> None:
    assert cut_ins(("P", 0, 5, "我昨天来过"), ("A", 4.5, 8, "您先听我说")) == [("agent", 4.5, 0.5)]
    assert cut_ins(("P", 0, 5, "我昨天来过"), ("A", 4.6, 8, "您先听我说")) == []


def test_who_stops_first_has_not_taken_the_floor() -> None:
    assert cut_ins(("P", 0, 5, "我昨天来过"), ("A", 2, 4, "您先听我说")) == []


@pytest.mark.parametrize(
    ("text", "length_s", "counts"),
    [
        ("嗯，嗯", 0.9, False),
        ("好的好的", 0.9, False),
        ("哦，是的。", 0.9, False),
        ("", 0.9, False),
        ("不对", 0.9, True),
        ("嗯嗯嗯嗯", 1.2, True),
    ],
)
def test_a_short_backchannel_is_no_interruption(text: str, length_s: float, counts: bool) -> None:
    assert bool(cut_ins(("P", 0, 5, "我昨天来过"), ("A", 4.4, 4.4 + length_s, text))) == counts


def test_two_who_start_together_collide() -> None:
    assert cut_ins(("P", 0, 2, "我想问一下"), ("A", 0.2, 3, "您请说")) == []


def test_an_agent_who_takes_over_from_another_does_not_interrupt() -> None:
    assert cut_ins(("A", 0, 5, "我帮您转接"), ("B", 4, 8, "您好这里是药房")) == []


def test_an_interruption_names_its_utterance_and_spans_the_overlap() -> None:
    stretches, utterances = timeline(("P", 0, 5, "我昨天来过"), ("A", 4, 8, "您先听我说"))
    (event,) = interruptions(stretches, utterances, SETTINGS)
    assert (event.kind, event.utterance_index, event.start_s, event.end_s) == ("interruption", 1, 4, 5)


def test_silences_lie_between_speech_and_name_who_ends_them() -> None:
    """speech  AAA....PP.AA........P  and nothing counts before the first or after the last."""
    _, utterances = timeline(
        ("A", 1, 4, "请稍等"), ("P", 8, 10, "好的"), ("A", 10.4, 12, "查到了"), ("P", 20, 21, "嗯")
    )
    events = silences(((1, 4), (8, 10), (10.4, 12), (20, 21)), utterances, min_silence_s=0.5)
    assert [(e.start_s, e.end_s, e.role, e.utterance_index, e.value) for e in events] == [
        (4, 8, "patient", 1, 4),
        (12, 20, "patient", 3, 8),
    ]


def test_a_silence_that_nobody_understood_ends_is_nobodys() -> None:
    (event,) = silences(((0, 1), (9, 10)), (), 0.5)
    assert (event.role, event.utterance_index, event.duration_s) == ("unknown", None, 8)


def test_overlaps_of_turns_and_who_joined() -> None:
    stretches, utterances = timeline(("P", 0, 5, "我昨天来过"), ("A", 4, 8, "您先"), ("P", 7.95, 9, "可是"))
    overlaps = overlapping_turns(stretches)
    assert overlaps == ((4, 5), (7.95, 8))
    events = overlap_events(overlaps, stretches, utterances)  # 0.05 s is no event
    assert [(e.start_s, e.end_s, e.role, e.utterance_index, e.value) for e in events] == [(4, 5, "agent", 1, 1)]


def test_replies_where_the_floor_passes() -> None:
    assert latencies(("P", 0, 2, "在吗"), ("A", 3.5, 5, "您好"), ("A", 6, 7, "请说"), ("P", 7.2, 9, "挂号")) == [
        ("agent", 1.5),
        ("patient", 0.2),
    ]


def test_an_overlapping_reply_has_no_negative_latency() -> None:
    assert latencies(("P", 0, 5, "我昨天来过"), ("A", 4, 8, "您先听我说")) == [("agent", 0.0)]


def test_backchannels_and_turns_inside_others_do_not_reply() -> None:
    """P speaks to 4, A says 嗯, P goes on to 8, A laughs inside, and only then replies."""
    assert latencies(
        ("P", 0, 4, "我昨天来过"),
        ("A", 4.1, 4.6, "嗯"),
        ("P", 5, 8, "没挂上"),
        ("A", 6, 7.5, "您说您说"),
        ("A", 9, 11, "我查"),
    ) == [("agent", 1.0)]


def test_unknown_speakers_neither_interrupt_nor_reply() -> None:
    lines: tuple[Line, ...] = (("P", 0, 5, "我昨天来过"), ("?", 4, 8, "您先听我说"))
    assert cut_ins(*lines) == []
    assert latencies(*lines) == []


def test_a_turn_hears_the_words_inside_it() -> None:
    words = (Word("嗯，", 4.0, 4.4, 0.9), Word("我", 7.0, 7.2, 0.9), Word("查", 7.2, 7.5, 0.9))
    said = Utterance(0, "agent", "A", 4.0, 7.5, "嗯，我查", "嗯，我查", words)
    short, long = stretches_of((Turn("A", 4.0, 4.5), Turn("A", 7.0, 7.5)), (said,))
    assert (short.text, long.text) == ("嗯", "我查")
    assert is_backchannel(short, 1.0)
    assert not is_backchannel(long, 1.0)
