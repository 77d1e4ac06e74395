"""A whole call, made so that every measure can be worked out by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.settings import MeasureSettings, load_settings
from pipeline.measures import REASONS, Measured, measure_call
from pipeline.model import Layout, Role, Turn, Utterance
from tests.pipeline.audio_files import Signal

RATE_HZ = 8000
SETTINGS: MeasureSettings = load_settings(Path("nowhere")).measures
UTTERANCE_MEASURES = [
    "active_level_dbfs",
    "estimated_spl_db",
    "loudness_jump_db",
    "clipping_ratio",
    "characters_count",
    "voiced_s",
    "speech_rate_cpm",
    "gross_rate_cpm",
    "pitch_median_hz",
    "pitch_range_semitones",
    "reply_latency_s",
]
SIDE_MEASURES = [
    "active_level_dbfs",
    "estimated_spl_db",
    "speech_rate_cpm",
    "gross_rate_cpm",
    "talk_ratio",
    "talk_s",
    "pitch_median_hz",
    "pitch_range_semitones",
    "loudness_jumps_count",
    "characters_count",
    "interruptions_count",
]
CALL_MEASURES = [
    "snr_db",
    "clipping_ratio",
    "silence_total_s",
    "silence_ratio",
    "longest_silence_s",
    "overlap_s",
    "overlap_ratio",
    "agent_reply_latency_median_s",
    "agent_reply_latency_max_s",
    "spl_offset_db",
]
TEN = "一二三四五六七八九十"
Said = tuple[Role, float, float, float, str]  # role, start, end, level in dBFS, text


@dataclass(frozen=True)
class Recording:
    samples: Signal
    sample_rate_hz: int = RATE_HZ


# Agent at -26 dBFS and 220 Hz, patient at -20 and 140. Gaps: 1 s, 3 s, none (overlap of 1 s), 0.5 s.
CALL: tuple[Said, ...] = (
    ("agent", 1.0, 4.0, -26.0, TEN),  # 10 characters in 3 s: 200 cpm
    ("patient", 5.0, 8.0, -20.0, "我昨天给你们打过电话"),
    ("agent", 11.0, 15.0, -26.0, TEN + TEN),  # 20 in 4 s: 300 cpm
    ("patient", 14.0, 18.0, -20.0, "我都说了三遍了你们怎么"),
    ("agent", 18.5, 21.5, -26.0, TEN),
)


def tone(role: Role, seconds: float, dbfs: float) -> Signal:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    f0 = 220.0 if role == "agent" else 140.0
    wave = sum(np.sin(2 * np.pi * k * f0 * t) / k for k in (1, 2, 3, 4))
    return (wave / np.sqrt(np.mean(wave**2)) * 10 ** (dbfs / 20)).astype(np.float32)


def record(call: Sequence[Said], layout: Layout, noise_dbfs: float = -70.0) -> Recording:
    n = round(25.0 * RATE_HZ)
    rows = np.random.default_rng(0).standard_normal((2, n)).astype(np.float32) * np.float32(10 ** (noise_dbfs / 20))
    for role, start, end, dbfs, _ in call:
        at = round(start * RATE_HZ)
        rows[int(role == "patient"), at : round(end * RATE_HZ)] += tone(role, end - start, dbfs)
    return Recording(rows if layout == "stereo" else rows.sum(axis=0, keepdims=True) / np.float32(1.0))


def measure(
    call: Sequence[Said] = CALL,
    layout: Layout = "stereo",
    roles: dict[Role, Role] | None = None,
    recording: Recording | None = None,
    calibrated: bool = False,
) -> Measured:
    stereo = layout == "stereo"
    channel = {"agent": 0, "patient": 1}
    turns = tuple(Turn(s[0], s[1], s[2], channel[s[0]] if stereo else None) for s in call)
    utterances = tuple(
        Utterance(
            i, (roles or {}).get(s[0], s[0]), s[0], s[1], s[2], s[4], s[4], channel=channel[s[0]] if stereo else None
        )
        for i, s in enumerate(call)
    )
    own = {role: tuple((s[1], s[2]) for s in call if s[0] == role) for role in channel}
    speech = (own["agent"], own["patient"]) if stereo else ((*own["agent"], *own["patient"]),)
    return measure_call(
        recording or record(call, layout),
        turns,
        utterances,
        speech,
        SETTINGS,
        spl_offset_db=91.0,
        spl_calibrated=calibrated,
    )


def test_every_measure_is_there_once_with_a_value_or_a_known_reason() -> None:
    for layout in ("stereo", "mono"):
        utterances, _, call = measure(layout=layout)
        names = [f"{side}_{name}" for side in ("agent", "patient") for name in SIDE_MEASURES]
        assert sorted(m.name for m in call.items) == sorted(names + CALL_MEASURES)
        for utterance in utterances:
            assert [m.name for m in utterance.measures.items] == UTTERANCE_MEASURES
        for item in (*call.items, *(m for u in utterances for m in u.measures.items)):
            assert (item.value is None) == (item.reason is not None)
            assert item.reason is None or item.reason in REASONS


def test_levels_and_their_estimated_sound_pressure() -> None:
    utterances, _, call = measure()
    assert call.value("agent_active_level_dbfs") == pytest.approx(-26.0, abs=0.1)
    assert call.value("patient_active_level_dbfs") == pytest.approx(-20.0, abs=0.1)
    assert call.value("agent_estimated_spl_db") == pytest.approx(65.0, abs=0.1)
    assert [u.measures.value("active_level_dbfs") for u in utterances] == pytest.approx(
        [-26.0, -20.0, -26.0, -20.0, -26.0], abs=0.1
    )
    assert call.value("snr_db") == pytest.approx(44.0, abs=0.5)  # of the agent's line, the worse one
    assert call.value("clipping_ratio") == 0.0


def test_the_offset_is_named_only_when_it_was_calibrated() -> None:
    assert measure(calibrated=True)[2].value("spl_offset_db") == 91.0
    assert measure()[2].reason("spl_offset_db") == "uncalibrated_line"


def test_on_mono_the_level_is_that_of_the_voice_alone() -> None:
    """The agent's third turn is overlapped by the louder patient for 1 s of 4."""
    utterances, _, call = measure(layout="mono")
    assert call.value("agent_active_level_dbfs") == pytest.approx(-26.0, abs=0.15)
    assert utterances[2].measures.value("active_level_dbfs") == pytest.approx(-26.0, abs=0.15)
    assert call.value("agent_pitch_median_hz") == pytest.approx(220.0, rel=0.01)


def test_a_turn_wholly_under_another_has_no_level_on_mono() -> None:
    call = (*CALL[:3], ("patient", 12.0, 13.5, -20.0, "可是我已经交过钱了啊"))
    measures = measure(call, "mono")[0][3].measures
    assert measures.reason("active_level_dbfs") == "mono_overlap"
    assert measures.reason("estimated_spl_db") == "mono_overlap"
    assert measures.reason("pitch_median_hz") == "mono_overlap"
    assert measure(call, "stereo")[0][3].measures.value("active_level_dbfs") == pytest.approx(-20.0, abs=0.1)


def test_rates_over_voiced_time_and_over_all_of_it() -> None:
    utterances, _, call = measure()
    assert [u.measures.value("characters_count") for u in utterances] == [10, 10, 20, 11, 10]
    assert [u.measures.value("speech_rate_cpm") for u in utterances] == pytest.approx([200, 200, 300, 165, 200])
    assert call.value("agent_characters_count") == 40
    assert call.value("agent_speech_rate_cpm") == pytest.approx(40 / 10.0 * 60)


def test_a_pause_inside_an_utterance_tells_the_two_rates_apart() -> None:
    recording = record(CALL, "stereo")
    turns = (Turn("A", 1.0, 2.0, 0), Turn("A", 3.0, 4.0, 0))
    said = Utterance(0, "agent", "A", 1.0, 4.0, TEN, TEN, channel=0)
    (measured,), _, call = measure_call(
        recording,
        turns,
        (said,),
        (((1.0, 2.0), (3.0, 4.0)), ()),
        SETTINGS,
        spl_offset_db=91.0,
        spl_calibrated=True,
    )
    assert measured.measures.value("voiced_s") == pytest.approx(2.0)
    assert measured.measures.value("speech_rate_cpm") == pytest.approx(300.0)
    assert measured.measures.value("gross_rate_cpm") == pytest.approx(200.0)
    assert call.value("agent_gross_rate_cpm") == pytest.approx(200.0)


def test_too_few_characters_give_no_rate() -> None:
    utterances, _, call = measure((("agent", 1.0, 2.0, -26.0, "您好"), CALL[1]))
    assert utterances[0].measures.value("characters_count") == 2
    assert utterances[0].measures.reason("speech_rate_cpm") == "too_few_characters"
    assert call.reason("agent_gross_rate_cpm") == "too_few_characters"


def test_talk_is_shared_between_the_sides() -> None:
    call = measure()[2]
    assert (call.value("agent_talk_s"), call.value("patient_talk_s")) == pytest.approx((10.0, 7.0))
    assert call.value("agent_talk_ratio") == pytest.approx(10 / 17)
    assert call.value("patient_talk_ratio") == pytest.approx(7 / 17)


def test_silences_of_the_call() -> None:
    _, events, call = measure()
    quiet = [(e.start_s, e.end_s, e.role, e.utterance_index) for e in events if e.kind == "silence"]
    assert quiet == [(4.0, 5.0, "patient", 1), (8.0, 11.0, "agent", 2), (18.0, 18.5, "agent", 4)]
    assert call.value("silence_total_s") == pytest.approx(4.5)
    assert call.value("longest_silence_s") == pytest.approx(3.0)
    assert call.value("silence_ratio") == pytest.approx(4.5 / 20.5)


@pytest.mark.parametrize("layout", ["stereo", "mono"])
def test_overlap_and_interruption(layout: Layout) -> None:
    _, events, call = measure(layout=layout)
    kinds = [(e.kind, e.start_s, e.end_s, e.role, e.utterance_index) for e in events if e.kind != "silence"]
    assert kinds == [("interruption", 14.0, 15.0, "patient", 3), ("overlap", 14.0, 15.0, "patient", 3)]
    assert call.value("overlap_s") == pytest.approx(1.0)
    assert call.value("overlap_ratio") == pytest.approx(1 / 16)
    assert (call.value("agent_interruptions_count"), call.value("patient_interruptions_count")) == (0, 1)


def test_on_mono_without_overlapping_turns_overlap_is_unknown_not_zero() -> None:
    call = measure((CALL[0], CALL[1]), "mono")[2]
    for name in ("overlap_s", "overlap_ratio", "agent_interruptions_count", "patient_interruptions_count"):
        assert (call.value(name), call.reason(name)) == (None, "mono_overlap")


def test_with_one_silent_channel_overlap_is_unknown_not_zero() -> None:
    call = measure((CALL[0], CALL[2]))[2]
    assert call.reason("overlap_s") == "single_channel"
    assert call.reason("patient_talk_s") == "no_speech"
    assert call.value("agent_talk_ratio") == 1.0


def test_reply_latencies() -> None:
    utterances, _, call = measure()
    assert [u.measures.value("reply_latency_s") for u in utterances] == [None, 1.0, 3.0, 0.0, 0.5]
    assert utterances[0].measures.reason("reply_latency_s") == "no_reply"
    assert call.value("agent_reply_latency_median_s") == pytest.approx(1.75)
    assert call.value("agent_reply_latency_max_s") == pytest.approx(3.0)


def test_a_turn_louder_than_the_speaker_was_before_is_a_jump() -> None:
    louder = (*CALL[:4], ("agent", 18.5, 21.5, -14.0, TEN))
    utterances, events, call = measure(louder)
    assert utterances[4].measures.value("loudness_jump_db") == pytest.approx(12.0, abs=0.2)
    assert utterances[2].measures.reason("loudness_jump_db") == "too_few_turns"
    (jump,) = (e for e in events if e.kind == "loudness_jump")
    assert (jump.role, jump.utterance_index, jump.start_s) == ("agent", 4, 18.5)
    assert jump.value == pytest.approx(12.0, abs=0.2)
    assert call.value("agent_loudness_jumps_count") == 1
    assert call.reason("patient_loudness_jumps_count") == "too_few_turns"


def test_pitch_of_each_side() -> None:
    call = measure()[2]
    assert call.value("agent_pitch_median_hz") == pytest.approx(220.0, rel=0.01)
    assert call.value("patient_pitch_median_hz") == pytest.approx(140.0, rel=0.01)
    assert call.value("agent_pitch_range_semitones") == pytest.approx(0.0, abs=0.3)


def test_unknown_roles_leave_the_sides_unmeasured() -> None:
    _, events, call = measure(roles={"agent": "unknown", "patient": "unknown"})
    for side in ("agent", "patient"):
        for name in SIDE_MEASURES:
            assert call.reason(f"{side}_{name}") == "unknown_role"
    assert call.reason("agent_reply_latency_max_s") == "unknown_role"
    assert call.value("overlap_s") == pytest.approx(1.0)
    assert not [e for e in events if e.kind == "interruption"]


def test_clipped_and_noisy_lines_have_no_level() -> None:
    overdriven = record(CALL, "stereo")
    overdriven = replace(overdriven, samples=(overdriven.samples * 30).clip(-1, 1))
    assert measure(recording=overdriven)[2].reason("agent_active_level_dbfs") == "clipped"
    noisy = record(CALL, "stereo", noise_dbfs=-29.0)
    call = measure(recording=noisy)[2]
    assert call.reason("agent_active_level_dbfs") == "low_snr"
    assert call.reason("agent_estimated_spl_db") == "low_snr"
    assert call.value("patient_active_level_dbfs") == pytest.approx(-19.5, abs=0.2)  # speech and noise
    assert call.value("snr_db") == pytest.approx(4.8, abs=0.3)


def test_too_little_speech_gives_no_level() -> None:
    measures = measure(((*CALL[0][:2], 1.3, -26.0, "您好"), CALL[1]))[0][0].measures
    assert measures.reason("active_level_dbfs") == "too_little_speech"


def test_speech_without_a_pause_has_no_noise_to_compare_with() -> None:
    """The second channel speaks throughout, so that the first has no pause that is free of its echo."""
    recording = record((("agent", 0.0, 25.0, -26.0, TEN), ("patient", 0.0, 25.0, -26.0, TEN)), "stereo")
    call = measure((("agent", 0.0, 25.0, -26.0, TEN), ("patient", 0.0, 25.0, -26.0, TEN)), recording=recording)[2]
    assert call.reason("snr_db") == "no_pause"
    assert call.value("agent_active_level_dbfs") == pytest.approx(-26.0, abs=0.1)


def test_nothing_said_nothing_measured() -> None:
    utterances, events, call = measure(())
    assert (utterances, events) == ((), ())
    for item in call.items:
        assert item.value is None
        assert item.reason == ("uncalibrated_line" if item.name == "spl_offset_db" else "no_speech")


def test_speech_without_a_word_has_times_but_no_sides() -> None:
    recording = record(CALL, "mono")
    turns = (Turn("S1", 1.0, 4.0), Turn("S2", 5.0, 8.0))
    _, events, call = measure_call(
        recording, turns, (), (((1.0, 4.0), (5.0, 8.0)),), SETTINGS, spl_offset_db=91.0, spl_calibrated=False
    )
    assert [(e.kind, e.role, e.duration_s) for e in events] == [("silence", "unknown", 1.0)]
    assert call.reason("agent_talk_s") == "unknown_role"
    assert call.value("snr_db") is not None


def test_what_lies_outside_the_recording_is_no_speech() -> None:
    said = Utterance(0, "agent", "A", 30.0, 32.0, TEN, TEN, channel=0)
    (measured,), _, _ = measure_call(
        record(CALL, "stereo"), (), (said,), ((), ()), SETTINGS, spl_offset_db=91.0, spl_calibrated=False
    )
    for name in ("active_level_dbfs", "clipping_ratio", "pitch_median_hz", "speech_rate_cpm"):
        assert measured.measures.reason(name) == "no_speech"
