"""The committed calls and their truth files: whole, valid, and covering what they were made to cover."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio_samples import line, tts
from audio_samples.make_samples import MANIFEST_COLUMNS
from audio_samples.synth import FAMILIES, Spec, build_call, load_spec

SAMPLES = Path(__file__).parents[2] / "audio_samples"
HELD_BACK = Path(__file__).parents[1] / "bench" / "dialogues"
SPECS = [load_spec(path) for path in sorted((SAMPLES / "dialogues").glob("*.yaml"))]
IDS = [spec.id for spec in SPECS]

each_call = pytest.mark.parametrize("spec", SPECS, ids=IDS)


def truth_of(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))


def turn_samples(name: str, turn: dict[str, Any], channel: int) -> np.ndarray:
    samples, rate_hz = soundfile.read(SAMPLES / f"{name}.flac", always_2d=True)
    return samples[round(turn["start"] * rate_hz) : round(turn["end"] * rate_hz), channel]


def cpm(turns: list[dict[str, Any]]) -> float:
    """字/分 over the time with energy; the dialogues hold no digits and no Latin letters."""
    characters = sum("\u4e00" <= sign <= "\u9fff" for turn in turns for sign in turn["text"])
    return characters / sum(b - a for turn in turns for a, b in turn["speech"]) * 60


@each_call
def test_audio_is_what_the_dialogue_says(spec: Spec) -> None:
    info, truth = soundfile.info(SAMPLES / f"{spec.id}.flac"), truth_of(spec.id)
    assert (info.format, info.subtype, info.samplerate) == ("FLAC", "PCM_16", 8000)
    assert info.channels == {"stereo": 2, "mono": 1}[spec.form]
    assert truth["form"] == spec.form
    assert truth["duration"] == pytest.approx(info.duration, abs=0.001)
    assert 30 <= info.duration <= 120


@each_call
def test_turns_are_in_order_and_inside_the_call(spec: Spec) -> None:
    truth = truth_of(spec.id)
    starts = [turn["start"] for turn in truth["turns"]]
    assert starts == sorted(starts)
    assert all(0 <= t["start"] < t["end"] <= truth["duration"] for t in truth["turns"])
    assert {t["role"] for t in truth["turns"]} == {"agent", "patient"}
    assert [t["text"] for t in truth["turns"]] == [written.text for written in spec.lines]
    assert [t["speaker"] for t in truth["turns"]] == [spec.party(written.party).voice for written in spec.lines]
    for turn in truth["turns"]:
        edges = [turn["speech"][0][0], turn["speech"][-1][1]]
        assert edges == pytest.approx([turn["start"], turn["end"]], abs=0.02)  # the fades take a few milliseconds


@each_call
def test_what_is_to_be_found_is_named_and_placed(spec: Spec) -> None:
    truth = truth_of(spec.id)
    for family, index in truth["expect"]:
        assert family.removesuffix(":remedied") in FAMILIES
        assert index is None or 0 <= index < len(truth["turns"])
        assert index is None or family == "interruption" or truth["turns"][index]["role"] == "agent"
    assert set(truth["forbid"]) <= set(FAMILIES)
    assert not set(truth["forbid"]) & {family for family, _ in truth["expect"]}


@pytest.mark.parametrize("spec", [s for s in SPECS if s.form == "stereo"], ids=lambda s: s.id)
def test_every_turn_is_as_loud_as_the_dialogue_says(spec: Spec) -> None:
    """On its own channel; within what companding and noise may change. (test_synth.py checks the mono mix.)"""
    for turn, written in zip(truth_of(spec.id)["turns"], spec.lines, strict=True):
        channel = spec.agent_channel if turn["role"] == "agent" else 1 - spec.agent_channel
        level_dbfs = line.active_level_dbfs(turn_samples(spec.id, turn, channel))
        assert level_dbfs == pytest.approx(spec.party(written.party).level_dbfs + written.gain_db, abs=0.5)


@each_call
def test_only_planted_gaps_are_long(spec: Spec) -> None:
    turns = truth_of(spec.id)["turns"]
    for index in range(1, len(turns)):
        gap_s = turns[index]["start"] - max(turn["end"] for turn in turns[:index])
        planted = spec.lines[index].pause_s
        assert gap_s < 6 or gap_s == pytest.approx(planted, abs=0.01)


def test_the_committed_audio_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.glob("*.flac")) < 12_000_000


def test_nothing_is_missing_and_nothing_is_left_over() -> None:
    assert sorted(path.stem for path in SAMPLES.glob("*.flac")) == IDS
    assert sorted(path.name.removesuffix(".truth.json") for path in SAMPLES.glob("*.truth.json")) == IDS


def test_forms_and_voices_are_spread() -> None:
    assert len(SPECS) >= 8
    assert {"stereo", "mono"} == {spec.form for spec in SPECS}
    assert {party.voice for spec in SPECS for party in spec.parties} == set(tts.NATURAL_CPM)
    assert any(spec.agent_channel == 1 for spec in SPECS if spec.form == "stereo")
    same_sex = [s for s in SPECS if s.form == "mono" and len({party.voice[:2] for party in s.parties}) == 1]
    assert {s.parties[0].voice[:2] for s in same_sex} == {"zf", "zm"}
    assert {spec.law for spec in SPECS} == {"mu", "a"}


def expecting(family: str) -> list[str]:
    return [name for name in IDS if any(found == family for found, _ in truth_of(name)["expect"])]


def test_a_cold_agent_says_several_forbidden_phrases_and_neither_greets_nor_closes() -> None:
    truth = truth_of("cold_desk")
    assert sum(family == "forbidden_phrase" for family, _ in truth["expect"]) >= 4
    assert {"greeting", "closing", "courtesy_words"} <= {family for family, index in truth["expect"] if index is None}
    said = "".join(turn["text"] for turn in truth["turns"] if turn["role"] == "agent")
    assert all(phrase in said for phrase in ("不归我管", "不知道", "急什么", "你自己看着办", "投诉就投诉"))


def test_a_patient_may_say_what_an_agent_may_not() -> None:
    truth = truth_of("patient_unsure")
    by_role = {role: "".join(t["text"] for t in truth["turns"] if t["role"] == role) for role in ("agent", "patient")}
    assert by_role["patient"].count("不知道") >= 2
    assert "随便" in by_role["patient"]
    assert "不知道" not in by_role["agent"]
    assert "forbidden_phrase" in truth["forbid"]


def test_a_remedied_phrase_is_told_apart() -> None:
    (name,) = expecting("forbidden_phrase:remedied")
    assert "forbidden_phrase" in truth_of(name)["forbid"]


def test_the_fast_talker_is_fast_and_the_others_are_not() -> None:
    rates = {name: cpm([t for t in truth_of(name)["turns"] if t["role"] == "agent"]) for name in IDS}
    assert [name for name, rate in rates.items() if rate > 300] == expecting("speech_rate_fast") == ["fast_talker"]
    assert all(150 < rate < 285 for name, rate in rates.items() if name != "fast_talker"), rates


def test_the_quiet_agent_is_quiet() -> None:
    assert expecting("loudness_low") == ["quiet_agent"]
    assert load_spec(SAMPLES / "dialogues" / "quiet_agent.yaml").party("agent").level_dbfs <= -40


def test_one_long_silence_is_unexplained_and_one_is_explained() -> None:
    assert expecting("silence") == ["silence_unexplained"]
    explained = load_spec(SAMPLES / "dialogues" / "hold_explained.yaml")
    assert "请您稍等" in explained.lines[2].text
    assert max(written.pause_s or 0 for written in explained.lines) > 12
    assert "silence" in truth_of("hold_explained")["forbid"]


def test_the_agent_cuts_in_on_a_complaint() -> None:
    assert expecting("interruption") == ["complaint_cut_off"]
    turns = truth_of("complaint_cut_off")["turns"]
    planted = [index for family, index in truth_of("complaint_cut_off")["expect"] if family == "interruption"]
    assert len(planted) == 2
    for index in planted:
        assert (turns[index]["role"], turns[index - 1]["role"]) == ("agent", "patient")
        assert turns[index - 1]["end"] - turns[index]["start"] >= 0.5
        assert turns[index]["end"] - turns[index - 1]["end"] >= 1.0


def test_a_transfer_brings_a_second_agent() -> None:
    turns = truth_of("transfer_pharmacy")["turns"]
    assert len({turn["speaker"] for turn in turns if turn["role"] == "agent"}) == 2


def test_topics_cover_the_four_most_common() -> None:
    assert {"预约挂号", "费用与报销", "检查与报告", "用药咨询", "投诉"} <= {spec.topic for spec in SPECS}


def test_the_manifest_names_every_file_once() -> None:
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == MANIFEST_COLUMNS
    assert sorted(row["file"] for row in rows) == [f"{name}.flac" for name in IDS]
    assert all(value for row in rows for value in row.values())
    assert all(datetime.fromisoformat(row["started_at"]).utcoffset() is not None for row in rows)
    assert len({row["agent_id"] for row in rows}) >= 4
    assert len({row["team"] for row in rows}) == 2


def test_the_held_back_dialogues_can_be_read_and_share_no_turn_with_the_samples() -> None:
    held_back = [load_spec(path) for path in sorted(HELD_BACK.glob("*.yaml"))]
    assert len(held_back) == 14
    known = {written.text for spec in SPECS for written in spec.lines}
    assert not known & {written.text for spec in held_back for written in spec.lines if len(written.text) > 12}


@pytest.mark.slow
def test_a_call_made_again_has_the_turns_of_the_committed_one() -> None:
    folder = tts.assets_folder()
    if not tts.is_complete(folder):
        pytest.skip("speech synthesis is not in the cache folder; `python audio_samples/make_samples.py` fetches it")
    pytest.importorskip("misaki.zh", reason="the extra 'samples' is not installed")
    spec = load_spec(SAMPLES / "dialogues" / "cold_desk.yaml")
    call = build_call(spec, tts.Kokoro(folder).say)
    committed, _ = soundfile.read(SAMPLES / "cold_desk.flac", always_2d=True)
    truth = truth_of(spec.id)
    for turn, again in zip(truth["turns"], call.truth["turns"], strict=True):
        # other processors round differently, which may move a pause by a frame of the synthesiser (25 ms)
        assert [again["start"], again["end"]] == pytest.approx([turn["start"], turn["end"]], abs=0.3)
    assert len(call.samples) == pytest.approx(len(committed), abs=0.5 * line.RATE_HZ)
