"""The bench's own arithmetic; the figures themselves come from `make bench`."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.evaluate import ErrorCount, Truth, TruthTurn
from tests.bench import bench_stack
from tests.bench.accuracy.heard import HeardTurn, HeardWord
from tests.bench.accuracy.stacks import _nearest
from tests.bench.bench_stack import line, recordings, run_child, table
from tests.bench.child import as_written, peak_memory_mib, truth_of
from tests.builders import make_report, make_utterances


def test_recordings_are_sorted_by_form(tmp_path: Path) -> None:
    for name, channels in {"a.flac": 2, "b.mono.wav": 1, "b.stereo.wav": 2, "without_truth.wav": 1}.items():
        soundfile.write(tmp_path / name, np.zeros((800, channels)), 8000)
    for name in ("a", "b"):
        (tmp_path / f"{name}.truth.json").write_text(json.dumps({"id": name, "turns": []}))
    forms = {form: [p.name for p in paths] for form, paths in recordings(tmp_path).items()}
    assert forms == {"mono": ["b.mono.wav"], "stereo": ["a.flac", "b.stereo.wav"]}
    assert truth_of(tmp_path / "b.stereo.wav").call_id == "b"


def test_as_written_counts_script_and_digits_and_no_punctuation() -> None:
    truth = Truth("a", (TruthTurn(0, 2, "agent", "门诊在十楼。", "agent"),), (), ())
    report = make_report(utterances=make_utterances((("agent", 0.0, 2.0, "門診,在10樓"),)))
    assert as_written(report, truth) == ErrorCount(5, 5)  # 門 診 1 0 樓 for 门 诊 十 楼: one more than there are


def test_a_word_goes_to_the_turn_it_overlaps_most_else_to_the_nearest() -> None:
    turns = (HeardTurn("A", 0.0, 2.0), HeardTurn("B", 1.8, 4.0))
    assert _nearest(HeardWord(None, "您", 1.7, 2.5), turns) == "B"
    assert _nearest(HeardWord(None, "您", 5.0, 5.5), turns) == "B"
    assert _nearest(HeardWord(None, "您", 0.0, 0.5), ()) == "nobody"


def test_a_line_has_both_values_and_their_ratio() -> None:
    assert line("RTF", 0.1, 0.4, 2) == ("RTF", "0.10", "0.40", "0.25")
    assert line("RTF, measure", 0.1, None, 2) == ("RTF, measure", "0.10", "–", "–")
    assert line("DER", 0.0, 0.0, 2) == ("DER", "0.00", "0.00", "–")


def test_the_table_has_a_line_for_every_stage() -> None:
    figures = {
        **dict.fromkeys(("rtf_total", "peak_memory_mib", "load_s", "cer", "cer_as_written", "role_accuracy"), 1.0),
        **dict.fromkeys(("toneless_pinyin_error_rate", "der", "der_collar_0.25_s"), None),
        "audio_s": 10.0,
        "calls": {"a": {}},
        "families": {"silence": {"true_positives": 1, "false_positives": 0, "missed": 2}},
    }
    shown = table("mono", {"ours": {**figures, "rtf": {"decode": 0.1}}, "naive": {**figures, "rtf": {"other": 0.1}}})
    assert list(shown.columns[0].cells)[:2] == ["RTF, decode", "RTF, other"]
    assert list(shown.columns[1].cells)[-1] == "1, 0, 2"


def test_peak_memory_is_that_of_this_process() -> None:
    held = np.ones(32 * 1024 * 1024 // 8)
    assert peak_memory_mib() > 32
    assert held.sum() > 0


@pytest.mark.models
def test_a_stack_is_measured_in_a_process_of_its_own(
    model_settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import SAMPLES

    monkeypatch.setattr(bench_stack, "OUT", tmp_path)
    samples, rate_hz = soundfile.read(SAMPLES / "patient_unsure.flac", frames=11 * 8000)
    soundfile.write(tmp_path / "call.wav", samples, rate_hz)
    (tmp_path / "call.truth.json").write_text(json.dumps({"id": "call", "turns": []}))
    figures = run_child("ours", "mono", [tmp_path / "call.wav"], threads=1)
    assert figures["audio_s"] == pytest.approx(11.0, abs=0.1)
    assert figures["rtf_total"] > 0
    assert figures["peak_memory_mib"] > 200
    assert list(figures["calls"]) == ["call.wav"]


@pytest.mark.models
def test_the_naive_stack_gives_a_report_that_can_be_compared(model_settings: object, tmp_path: Path) -> None:
    from tests.bench.naive import NaiveStack
    from tests.conftest import SAMPLES

    samples, rate_hz = soundfile.read(SAMPLES / "patient_unsure.flac", frames=11 * 8000)
    soundfile.write(tmp_path / "call.wav", samples, rate_hz)
    report = NaiveStack(model_settings).analyze(tmp_path / "call.wav")  # type: ignore[arg-type]
    assert report.facts.audio.layout == "mono"
    assert report.facts.utterances[0].role == "agent"
    assert len(report.facts.utterances[0].text) > 10
    assert {t.stage for t in report.facts.engine.stage_times} == {"decode", "find speech", "transcribe"}
