"""The corpus of the accuracy bench: what it holds, and that sound and truth agree."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from audio_samples import line, tts
from audio_samples.synth import Line, Party, Spec
from pipeline.measures import active_level
from tests.bench import results_page
from tests.bench.accuracy import conditions, corpus
from tests.bench.accuracy.compose import VOICES, Plan, plans, templates
from tests.bench.accuracy.conditions import CONDITIONS

REPORT, DEV = plans("report"), plans("dev")


class Tones:
    """Stands in for the synthesiser: a tone a voice, 0.1 s of silence around it, every character equally long."""

    def say(self, text: str, voice: str, rate_cpm: float) -> np.ndarray:
        seconds = len(text) / rate_cpm * 60
        t = np.arange(round(seconds * 24000)) / 24000
        tone = 0.1 * np.sin(2 * np.pi * (500 + 100 * VOICES.index(voice)) * t)
        return np.pad(tone, 2400).astype(np.float32)

    def times(self, text: str, voice: str, rate_cpm: float) -> tuple[tuple[str, float, float], ...]:
        step_s = 60 / rate_cpm
        return tuple((c, 0.1 + i * step_s, 0.1 + (i + 1) * step_s) for i, c in enumerate(text))


def plan(**more: object) -> Plan:
    parties = (Party("a", "agent", VOICES[0], -23.0, 240.0), Party("p", "patient", VOICES[5], -26.0, 240.0))
    lines = (Line("a", "您好请问什么事", 0.5), Line("p", "我要挂号挂号", -0.5), Line("a", "好的好的", 2.0))
    spec = Spec("t", "其他", "mono", 7, parties, lines, snr_db=45.0, ring_s=1.0)
    return replace(Plan(spec, "dev", "clean"), **more)  # type: ignore[arg-type]


def test_the_report_part_is_as_large_and_as_varied_as_was_asked() -> None:
    spoken = [p for p in REPORT if p.spec.lines]
    assert len(spoken) >= 60
    assert len({tuple(one.text for one in p.spec.lines) for p in spoken}) >= 40
    assert {p.condition for p in REPORT} == {c.name for c in CONDITIONS}
    assert {party.voice for p in REPORT for party in p.spec.parties} == set(VOICES)
    sexes = Counter(len({party.voice[1] for party in p.spec.parties}) for p in spoken)
    assert min(sexes.values()) >= 15
    composed = [p for p in spoken if p.spec.id[1:].isdigit()]
    rates = [party.rate_cpm / 230 for p in composed for party in p.spec.parties]
    assert min(rates) == pytest.approx(0.8)
    assert max(rates) == pytest.approx(1.8)
    assert {one.music for p in spoken for one in p.spec.lines} == {True, False}
    assert all(any(holds(p) for p in REPORT) for holds in (lambda p: p.prompt, lambda p: p.keys, lambda p: p.echoes))
    assert any((one.pause_s or 0) < 0 for p in spoken for one in p.spec.lines)
    assert {p.spec.topic for p in spoken} >= {
        "预约挂号",
        "费用与报销",
        "检查与报告",
        "用药咨询",
        "投诉",
        "就诊引导",
        "表扬",
    }


def test_the_same_seed_gives_the_same_calls() -> None:
    assert plans("report") == REPORT
    assert len({corpus.digest(p) for p in (*REPORT, *DEV)}) == len({p.spec.id for p in (*REPORT, *DEV)})


def test_what_may_be_tuned_on_shares_no_exchange_with_what_is_reported() -> None:
    for topic, exchanges in templates()["topics"].items():
        lines = [{one for exchange in exchanges[part] for one in exchange} for part in ("dev", "report")]
        assert not lines[0] & lines[1], topic


def test_no_voice_is_on_a_call_twice() -> None:
    for p in REPORT:
        voices = [party.voice for party in p.spec.parties]
        assert len(set(voices)) == len(voices), p.spec.id
        assert not p.prompt or p.prompt_voice not in voices


def test_truth_is_where_the_sound_is() -> None:
    sides, truth = corpus.lay_out(plan(keys="12", music_s=2.0), Tones())  # type: ignore[arg-type]
    first, second, third = truth["turns"]
    for turn in truth["turns"]:
        side = sides["patient" if turn["role"] == "patient" else "agent"]
        inside = side[round(turn["start"] * 8000) : round(turn["end"] * 8000)]
        level = active_level(inside.astype(np.float32), 8000)
        assert level is not None
        assert level.level_dbfs == pytest.approx(turn["level_dbfs"], abs=0.05)
        assert [c for c, *_ in turn["characters"]] == list(turn["text"])
        assert turn["characters"][0][1] == pytest.approx(turn["start"], abs=0.02)
        assert turn["characters"][-1][2] == pytest.approx(turn["end"], abs=0.02)
    assert second["start"] == pytest.approx(first["end"] - 0.5, abs=0.001)
    assert third["start"] == pytest.approx(second["end"] + 2.0, abs=0.001)
    assert [kind for kind, *_ in truth["sounds"]] == ["music", "keys", "ring"]
    for kind, start_s, end_s in truth["sounds"]:
        side = sides["patient" if kind == "keys" else "agent"]
        assert line.level_dbfs(side[round(start_s * 8000) : round(end_s * 8000)]) > -45
    assert truth["duration"] == pytest.approx(len(sides["agent"]) / 8000, abs=0.001)


@pytest.mark.models
def test_the_synthesiser_tells_when_each_character_sounds() -> None:
    if not tts.is_complete(tts.assets_folder()):  # not part of set-up
        pytest.skip("speech synthesis is not in the cache folder; make samples-extra bench-accuracy fetches it")
    pytest.importorskip("misaki", reason="needs the extra samples")
    voice = tts.Kokoro(tts.assets_folder())
    text = "您好，请问有什么可以帮您？"
    times = voice.times(text, "zf_xiaoxiao", 230.0)
    assert "".join(c for c, *_ in times) == "您好请问有什么可以帮您"
    assert all(a < b <= c for (_, a, b), (_, c, _) in pairwise(times))
    spans = line.speech_spans(line.telephone_band(voice.say(text, "zf_xiaoxiao", 230.0), tts.RATE_HZ), 0.05)
    assert times[0][1] == pytest.approx(spans[0][0], abs=0.08)
    assert min(abs(start_s - times[2][1]) for start_s, _ in spans) < 0.12  # after the comma


def test_the_real_recording_comes_with_its_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(corpus, "folder", lambda part: tmp_path / part)
    values = corpus.truth(corpus.real_recordings())
    assert {turn["role"] for turn in values["turns"]} == {"agent", "patient"}
    assert values["duration"] == pytest.approx(30, abs=0.1)


def test_a_machine_speaks_first_and_has_no_role() -> None:
    _, truth = corpus.lay_out(plan(prompt="欢迎致电", prompt_voice=VOICES[3], keys="1"), Tones())  # type: ignore[arg-type]
    (prompt,) = truth["prompts"]
    assert "role" not in prompt
    assert prompt["end"] < truth["turns"][0]["start"]


@pytest.mark.parametrize("chosen", CONDITIONS, ids=lambda c: c.name)
def test_a_line_neither_delays_nor_changes_the_level(chosen: conditions.Condition) -> None:
    t = np.arange(16000) / 8000
    sent = np.where((t > 0.5) & (t < 1.5), 0.1 * np.sin(2 * np.pi * (400 + 300 * t) * t), 0.0)
    heard = conditions.transmit(sent, chosen, line.active_level_dbfs(sent) - chosen.snr_db, np.random.default_rng(1))
    assert len(heard) == len(sent)
    shifts = range(-60, 61)
    best = max(shifts, key=lambda s: float(np.dot(heard[100:-100], np.roll(sent, s)[100:-100])))
    assert abs(best) <= 2
    assert line.level_dbfs(heard[4400:11600]) == pytest.approx(line.level_dbfs(sent[4400:11600]), abs=1.5)


def test_noise_lies_as_far_below_speech_as_asked() -> None:
    noisy = conditions.transmit(np.zeros(16000), conditions.condition("noise"), -38.0, np.random.default_rng(1))
    assert line.level_dbfs(noisy) == pytest.approx(-38.0, abs=0.3)


def test_one_side_is_20_db_below_the_other_on_the_quiet_line() -> None:
    for p in REPORT:
        if p.condition == "quiet" and p.spec.id.startswith("r"):
            levels = {
                role: max(x.level_dbfs for x in p.spec.parties if x.role == role) for role in ("agent", "patient")
            }
            assert abs(levels["agent"] - levels["patient"]) >= 18


def test_a_room_rings_on_and_changes_no_time() -> None:
    click = np.zeros(8000)
    click[1000] = 1.0
    heard = line.room(click, 0.35, -6.0, np.random.default_rng(1))
    assert heard[:1000] == pytest.approx(np.zeros(1000), abs=1e-9)
    assert heard[1000] == pytest.approx(1.0, abs=1e-6)
    tail = np.square(heard[1001:])
    assert 10 * np.log10(tail.sum()) == pytest.approx(-6.0, abs=0.5)
    assert tail[2000:2800].sum() < 0.01 * tail[:800].sum()


def test_keys_are_two_tones_each() -> None:
    pressed = line.keys("5", -20.0)
    spectrum = np.abs(np.fft.rfft(pressed[: round(0.12 * 8000)]))
    loudest = sorted(np.argsort(spectrum)[-2:] * 8000 / (0.12 * 8000))
    assert loudest == pytest.approx([770, 1336], abs=9)
    assert len(line.keys("", -20.0)) == 0


def test_each_bench_writes_its_own_section(tmp_path: object) -> None:
    page = tmp_path / "RESULTS.md"  # type: ignore[operator]
    results_page.put("speed", "fast", page)
    results_page.put("accuracy", r"good \1", page)
    results_page.put("speed", "faster", page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Results")
    assert text.count("<!-- begin speed -->") == 1
    assert "faster" in text
    assert r"good \1" in text
