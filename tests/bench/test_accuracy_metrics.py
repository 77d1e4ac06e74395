"""Figures of the accuracy bench on calls that one works out by hand."""

from typing import Any

import pytest

from tests.bench.accuracy.figures import Row, chosen, figure, shown
from tests.bench.accuracy.heard import Happening, Heard, HeardTurn, HeardWord, Said, read, write
from tests.bench.accuracy.metrics import Form, Known, known, lost_texts, made_up, measure, merged
from tests.bench.accuracy.stacks import joined
from tests.bench.accuracy.targets import Target, _row


def turn(role: str, start_s: float, end_s: float, text: str, **more: Any) -> dict[str, Any]:
    """A turn whose characters sound evenly from its start to its end."""
    step_s = (end_s - start_s) / len(text)
    times = [[c, start_s + i * step_s, start_s + (i + 1) * step_s] for i, c in enumerate(text)]
    values = {"start": start_s, "end": end_s, "role": role, "speaker": role, "text": text, "characters": times}
    return {**values, "speech": [[start_s, end_s]], "level_dbfs": -23.0, **more}


def truth(*turns: dict[str, Any], form: Form = "mono", duration_s: float = 20.0, **more: Any) -> Known:
    values = {"id": "a", "duration": duration_s, "turns": list(turns), "prompts": [], "plan": {"condition": "clean"}}
    return known({**values, **more}, form)


def words(text: str, start_s: float, step_s: float, channel: int | None = None) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(channel, c, start_s + i * step_s, start_s + (i + 1) * step_s) for i, c in enumerate(text))


def said(speaker: str, start_s: float, end_s: float, text: str, channel: int | None = None, **more: float) -> Said:
    return Said(channel, speaker, start_s, end_s, text, **more)


CALL = truth(turn("agent", 1.0, 5.0, "您好请问什么事"), turn("patient", 6.0, 8.0, "我要挂号"))
RIGHT = Heard(
    words=words("您好请问什么事", 1.0, 4 / 7) + words("我要挂号", 6.0, 0.5),
    turns=(HeardTurn("S0", 1.0, 5.0), HeardTurn("S1", 6.0, 8.0)),
    said=(said("S0", 1.0, 5.0, "您好请问什么事", level_dbfs=-23.0), said("S1", 6.0, 8.0, "我要挂号")),
    roles=(("S0", "agent"), ("S1", "patient")),
    happenings=(Happening("silence", 5.0, 6.0),),
)


def test_what_was_heard_right_has_no_errors() -> None:
    figures = measure(CALL, RIGHT, stated=True)
    wrong = {name: pair for name, pair in figures.items() if pair[0] != 0 and not name.endswith("_near")}
    assert {k: v for k, v in wrong.items() if v[0] > 1e-9} == {}
    assert figures["cer"] == (0, 11)
    assert figures["lost_turns"] == (0, 2)
    assert figures["silence_missed"] == (0, 1)


def test_a_homophone_is_a_wrong_character_and_a_right_sound() -> None:
    heard = Heard(words=words("我要挂好", 6.0, 0.5), said=(said("S1", 6.0, 8.0, "我要挂好"),))
    figures = measure(truth(turn("patient", 6.0, 8.0, "我要挂号")), heard, stated=False)
    assert figures["cer"] == (1, 4)
    assert figures["pinyin"] == (0, 4)


def test_traditional_characters_count_only_as_written() -> None:
    heard = Heard(words=words("掛號", 6.0, 0.5), said=(said("S1", 6.0, 7.0, "掛號"),))
    figures = measure(truth(turn("patient", 6.0, 7.0, "挂号")), heard, stated=False)
    assert (figures["cer"], figures["cer_as_written"]) == ((0, 2), (2, 2))


def test_a_turn_without_an_answer_is_lost_and_a_told_one_is_told() -> None:
    first = Heard(words=words("您好请问什么事", 1.0, 4 / 7), said=(said("S0", 1.0, 5.0, "您好请问什么事"),))
    figures = measure(CALL, first, stated=True)
    assert (figures["lost_turns"], figures["lost_untold"]) == ((1, 2), (1, 2))
    assert lost_texts(CALL, first) == ((6.0, "我要挂号"),)
    told = Heard(first.words, said=first.said, happenings=(Happening("untranscribed_speech", 6.1, 7.9),))
    assert measure(CALL, told, stated=True)["lost_untold"] == (0, 2)


def test_text_where_nobody_speaks_was_made_up() -> None:
    heard = Heard(words=(*RIGHT.words, *words("谢谢观看", 12.0, 0.2)), said=RIGHT.said, roles=RIGHT.roles)
    count, minutes = measure(CALL, heard, stated=False)["hallucinated_per_min"]
    assert count == 4
    assert next((w.start_s, w.text) for w in made_up(CALL, heard)) == (12.0, "谢")
    assert minutes == pytest.approx((20 - 4.6 - 2.6) / 60)  # 0.3 s around each turn is no non-speech


def test_what_was_said_and_timed_badly_was_not_made_up() -> None:
    late = Heard(words=(*words("您好请问什么事", 1.0, 4 / 7), *words("我要挂号", 12.0, 0.5)), said=RIGHT.said)
    assert made_up(CALL, late) == ()


def test_a_call_without_speech_is_measured_too() -> None:
    heard = Heard(words=words("嗯", 3.0, 0.2), said=(said("S0", 3.0, 3.2, "嗯"),))
    assert measure(truth(duration_s=30.0), heard, stated=False)["hallucinated_per_min"] == (1, 0.5)


def test_word_times_are_those_of_the_same_sound() -> None:
    late = tuple(HeardWord(None, w.text, w.start_s + 0.1, w.end_s + 0.1) for w in RIGHT.words)
    errors, over = measure(CALL, Heard(words=late, said=RIGHT.said), stated=False)["word_start_s"]
    assert (errors / over, over) == (pytest.approx(0.1), 11)


def test_swapped_roles_are_all_wrong() -> None:
    swapped = Heard(RIGHT.words, RIGHT.turns, RIGHT.said, roles=(("S0", "patient"), ("S1", "agent")))
    assert measure(CALL, swapped, stated=False)["role_errors"] == (2, 2)


def test_stereo_takes_the_channels_as_they_belong() -> None:
    call = truth(*CALL.turns, form="stereo")
    heard = Heard(
        words=words("您好请问什么事", 1.0, 4 / 7, 1) + words("我要挂号", 6.0, 0.5, 0),
        said=(said("C1", 1.0, 5.0, "您好请问什么事", 1), said("C0", 6.0, 8.0, "我要挂号", 0)),
        turns=(HeardTurn("C1", 1.0, 5.0), HeardTurn("C0", 6.0, 8.0)),
    )
    figures = measure(call, heard, stated=False)
    assert (figures["cer"][0], figures["lost_turns"][0], figures["der"][0]) == (0, 0, pytest.approx(0))


def test_level_and_rate_of_long_turns_against_the_known_ones() -> None:
    heard = Heard(said=(said("S0", 1.0, 5.0, "您好请问什么事", level_dbfs=-23.4, speech_rate_cpm=7 / 4 * 60 * 1.04),))
    figures = measure(CALL, heard, stated=True)
    assert figures["level_error_db"] == (pytest.approx(0.4), 1)
    assert figures["level_near"] == (1, 1)
    assert figures["rate_error"] == (pytest.approx(0.04), 1)


def test_silences_and_overlaps_are_compared_by_their_ends() -> None:
    call = truth(
        turn("agent", 1.0, 5.0, "您好请问什么事"),
        turn("patient", 4.0, 6.0, "我要挂号"),
        turn("agent", 9.0, 10.0, "好的"),
    )
    happenings = (
        *(Happening("overlap", 4.1, 5.2), Happening("silence", 6.1, 8.8), Happening("silence", 12.0, 14.0)),
        Happening("silence", 6.0, 6.4),  # too short to be asked for
    )
    figures = measure(call, Heard(happenings=happenings), stated=True)
    assert figures["overlap_edge_s"] == (pytest.approx(0.3), 2)
    assert figures["silence_edge_s"] == (pytest.approx(0.3), 2)
    assert (figures["silence_missed"], figures["silence_made_up"]) == ((0, 1), (1, 2))


def test_a_machine_has_no_role() -> None:
    prompt = {"start": 0.0, "end": 4.0, "speaker": "m", "text": "欢迎致电", "speech": [[0.0, 4.0]]}
    call = truth(turn("agent", 6.0, 8.0, "您好"), prompts=[prompt])
    heard = Heard(said=(said("S2", 0.0, 4.0, "欢迎致电"), said("S0", 6.0, 8.0, "您好")), words=words("欢", 0.0, 1.0))
    taken = Heard(heard.words, said=heard.said, roles=(("S0", "agent"), ("S2", "agent")))
    left = Heard(heard.words, said=heard.said, roles=(("S0", "agent"), ("S2", "unknown")))
    assert measure(call, taken, stated=False)["prompts_as_party"] == (1, 1)
    assert measure(call, left, stated=False)["prompts_as_party"] == (0, 1)


def test_words_go_to_the_voice_that_speaks_then_and_the_first_is_the_agent() -> None:
    heard = joined(Heard(words=RIGHT.words), Heard(turns=RIGHT.turns))
    assert [(u.speaker, u.text) for u in heard.said] == [("S0", "您好请问什么事"), ("S1", "我要挂号")]
    assert dict(heard.roles) == {"S0": "agent", "S1": "patient"}
    assert joined(Heard(), Heard()).roles == ()


def test_figures_are_ratios_of_sums_with_an_interval_that_holds_them() -> None:
    rows = [Row("ours", CALL, {"cer": (errors, 10.0)}) for errors in (0.0, 1.0, 2.0, 5.0)]
    found = figure(rows, "cer")
    assert found is not None
    assert found.value == pytest.approx(8 / 40)
    assert found.low < found.value < found.high
    assert found == figure(rows, "cer")  # the seed is recorded
    assert figure(rows, "der") is None
    assert chosen(rows, "ours", "stereo") == ()
    assert shown(None) == "–"


def test_no_event_in_a_hundred_is_not_certainly_none() -> None:
    found = figure([Row("ours", CALL, {"lost_turns": (0.0, 100.0)})], "lost_turns")
    assert found is not None
    assert found.high == pytest.approx(0.037, abs=0.001)  # Wilson's bound for 0 of 100


def test_what_was_heard_is_kept_under_its_key(tmp_path: Any) -> None:
    write(tmp_path / "a.json", "key", RIGHT)
    assert read(tmp_path / "a.json", "key") == RIGHT
    assert read(tmp_path / "a.json", "another") is None
    assert read(tmp_path / "b.json", "key") is None


def test_a_target_says_by_how_much_it_was_missed() -> None:
    assert _row(Target("CER", 0.08, 0.1, (0.09, 0.11))) == ["CER", "≤ 0.080", "0.100 (0.090–0.110)", "missed", "0.020"]
    assert _row(Target("lost", 0.005, 0.004, None, percent=True)) == ["lost", "≤ 0.5 %", "0.4 %", "met", ""]
    assert _row(Target("made up", 0.0, None)) == ["made up", "0", "not measured", "", ""]


def test_spans_that_touch_are_one() -> None:
    assert merged([(3.0, 4.0), (1.0, 2.0), (2.0, 2.5)]) == ((1.0, 2.5), (3.0, 4.0))
