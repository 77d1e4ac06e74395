"""Building a call, with a tone in the place of the voice: where turns lie, on which channel, how loud, what is true."""

from pathlib import Path

import numpy as np
import pytest

from audio_samples import line, tts
from audio_samples.synth import FAMILIES, Line, Party, Spec, build_call, load_spec

AGENT = Party("agent", "agent", "zf_xiaoxiao", level_dbfs=-23)
PATIENT = Party("patient", "patient", "zm_yunxi", level_dbfs=-29)


def tone(text: str, voice: str, rate_cpm: float) -> np.ndarray:
    """As many seconds of 1 kHz as `text` says, with the silence around it that a synthesiser leaves."""
    samples = np.sin(2 * np.pi * 1000 * np.arange(round(float(text) * tts.RATE_HZ)) / tts.RATE_HZ)
    return np.concatenate([np.zeros(6000), samples, np.zeros(9000)])


def spec(*lines: Line, **options: object) -> Spec:
    fields = {"id": "x", "topic": "其他", "form": "stereo", "seed": 1, "parties": (AGENT, PATIENT), "lines": lines}
    return Spec(**(fields | options))  # type: ignore[arg-type]


TWO_TURNS = (Line("agent", "2", pause_s=0.0), Line("patient", "1", pause_s=0.5))


def test_turns_lie_where_the_pauses_put_them() -> None:
    truth = build_call(spec(*TWO_TURNS), tone).truth
    times = [t[key] for t in truth["turns"] for key in ("start", "end")]
    assert times == pytest.approx([0.6, 2.6, 3.1, 4.1], abs=0.03)  # the filter rings for some milliseconds
    assert truth["duration"] == pytest.approx(4.9, abs=0.03)
    assert [t["role"] for t in truth["turns"]] == ["agent", "patient"]
    assert truth["turns"][0]["speech"] == [[truth["turns"][0]["start"], truth["turns"][0]["end"]]]


def test_a_negative_pause_cuts_in_and_the_next_turn_waits_for_both() -> None:
    cut_in = Line("patient", "1", pause_s=-1.5)
    turns = build_call(spec(TWO_TURNS[0], cut_in, Line("agent", "1", pause_s=0.2)), tone).truth["turns"]
    assert turns[0]["end"] - turns[1]["start"] == pytest.approx(1.5, abs=0.02)
    assert turns[2]["start"] == pytest.approx(turns[0]["end"] + 0.2, abs=0.02)


def test_a_turn_cannot_start_before_the_one_it_cuts_into() -> None:
    with pytest.raises(ValueError, match="starts before"):
        build_call(spec(TWO_TURNS[0], Line("patient", "1", pause_s=-2.5)), tone)


@pytest.mark.parametrize("agent_channel", [0, 1])
def test_each_party_has_a_channel_of_its_own(agent_channel: int) -> None:
    call = build_call(spec(*TWO_TURNS, agent_channel=agent_channel), tone)
    assert call.samples.shape == (round(call.truth["duration"] * line.RATE_HZ), 2)
    agent = call.samples[round(0.7 * line.RATE_HZ) : round(2.5 * line.RATE_HZ)]
    assert line.level_dbfs(agent[:, agent_channel]) == pytest.approx(-23, abs=0.5)
    assert line.level_dbfs(agent[:, 1 - agent_channel]) < -50


def test_mono_mixes_both_and_keeps_their_levels() -> None:
    samples = build_call(spec(*TWO_TURNS), tone, "mono").samples
    assert samples.shape[1] == 1
    assert line.level_dbfs(samples[round(0.7 * 8000) : round(2.5 * 8000), 0]) == pytest.approx(-23, abs=0.5)
    assert line.level_dbfs(samples[round(3.2 * 8000) : round(4.0 * 8000), 0]) == pytest.approx(-29, abs=0.5)


@pytest.mark.parametrize("snr_db", [15.0, 30.0])
def test_noise_lies_as_far_below_the_louder_party_as_was_asked(snr_db: float) -> None:
    samples = build_call(spec(*TWO_TURNS, snr_db=snr_db, law="none"), tone).samples
    for channel in (0, 1):
        assert line.level_dbfs(samples[: round(0.55 * line.RATE_HZ), channel]) == pytest.approx(-23 - snr_db, abs=0.5)


def test_cross_talk_is_as_loud_as_was_asked() -> None:
    samples = build_call(spec(*TWO_TURNS, snr_db=60.0, leak_db=-20.0, law="none"), tone).samples
    assert line.level_dbfs(samples[round(0.7 * 8000) : round(2.5 * 8000), 1]) == pytest.approx(-43, abs=0.5)


def test_music_fills_the_pause_on_the_side_of_the_agent() -> None:
    hold = Line("agent", "1", pause_s=6.0, music=True)
    call = build_call(spec(TWO_TURNS[0], hold), tone)
    pause = call.samples[round(3.2 * 8000) : round(8.0 * 8000)]
    assert line.level_dbfs(pause[:, 0]) == pytest.approx(-29, abs=1.5)
    assert line.level_dbfs(pause[:, 1]) < -50


def test_ringing_comes_before_the_first_turn() -> None:
    turns = build_call(spec(*TWO_TURNS, ring_s=2.0), tone).truth["turns"]
    assert turns[0]["start"] == pytest.approx(2.6, abs=0.02)


def test_the_same_dialogue_gives_the_same_samples_and_another_seed_does_not() -> None:
    by_chance = (Line("agent", "1"), Line("patient", "1"))
    first, again, other = (build_call(spec(*by_chance, seed=seed), tone).samples for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_what_is_neither_expected_nor_undecided_is_forbidden() -> None:
    planted = Line("agent", "1", expect=("forbidden_phrase:remedied",))
    truth = build_call(spec(*TWO_TURNS, planted, expect=("greeting",), undecided=("silence",)), tone).truth
    assert truth["expect"] == [["greeting", None], ["forbidden_phrase:remedied", 2]]
    assert truth["forbid"] == [f for f in FAMILIES if f not in ("greeting", "silence")]


def test_a_dialogue_file_with_a_wrong_key_is_refused(tmp_path: Path) -> None:
    text = (
        "id: {id}\ntopic: 其他\nform: mono\nseed: 1\n{extra}"
        "parties:\n  agent: {{role: agent, voice: zf_xiaoxiao}}\nturns:\n  - agent: 您好\n"
    )
    good = tmp_path / "good.yaml"
    good.write_text(text.format(id="good", extra=""), encoding="utf-8")
    assert load_spec(good).lines == (Line("agent", "您好"),)
    good.write_text(text.format(id="good", extra="volume: 3\n"), encoding="utf-8")
    with pytest.raises(TypeError, match="volume"):
        load_spec(good)
    good.write_text(text.format(id="other", extra=""), encoding="utf-8")
    with pytest.raises(ValueError, match="id must be good"):
        load_spec(good)
