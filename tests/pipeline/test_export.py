"""Reports as files: the JSON contract to the letter, and subtitles, turns and tiers that other programs can read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.export import report_to_dict, to_json, to_rttm, to_srt, to_textgrid, to_vtt, write_report_file
from pipeline.model import CallReport, Turn
from tests.builders import Line, make_audio_facts, make_finding, make_recording, make_report, make_utterance

LINES: tuple[Line, ...] = (
    ("agent", 0.5, 2.0, '您好 <b>"请讲"</b> & 谢谢'),
    ("patient", 61.25, 3661.0, "第一行\n--> 第二行"),
)
CONTRACT = {"call_id", "duration_s", "decoded_s", "channels", "utterances", "measures", "findings", "score", "engine"}
UTTERANCE = {"index", "role", "speaker", "start_s", "end_s", "text", "confidence"}
FINDING = {
    "rule_id",
    "family",
    "severity",
    "status",
    "utterance_index",
    "start_s",
    "end_s",
    "evidence",
    "confidence",
}


def report(**overrides: object) -> CallReport:
    return make_report("c1", lines=LINES, **overrides)


def test_json_has_the_names_of_the_contract() -> None:
    values = json.loads(to_json(make_report()))
    assert values.keys() >= CONTRACT
    assert values["utterances"][0].keys() >= UTTERANCE
    assert values["findings"][0].keys() >= FINDING
    assert values["score"].keys() >= {"total", "sections", "fatal"}
    assert values["score"]["sections"]["courtesy"]["points"] == 50.0
    assert values["measures"]["snr_db"] == 24.5
    assert values["measures"]["overlap_s"] is None
    assert values["measures"]["unmeasurable"]["overlap_s"] == "mono_overlap"
    assert "snr_db" not in values["measures"]["unmeasurable"]
    assert values["engine"]["models"]["whisper"] == "packaged-base"
    assert values["engine"]["rtf"] == pytest.approx(6.4 / 48.2)


def test_what_the_audio_refuted_is_told_apart() -> None:
    kept, refuted = make_finding(), make_finding(status="dropped", note="复核未听到", start_s=40.0)
    values = report_to_dict(make_report(findings=(kept, refuted)))
    assert [f["status"] for f in values["findings"]] == ["violated"]
    assert [(f["status"], f["note"], f["start_s"]) for f in values["dropped"]] == [("dropped", "复核未听到", 40.0)]


def test_duration_is_the_declared_length_else_the_decoded_one() -> None:
    cut = report_to_dict(make_report(audio=make_audio_facts(declared_s=60.0, decoded_s=17.9)))
    assert (cut["duration_s"], cut["decoded_s"]) == (60.0, 17.9)
    assert report_to_dict(make_report(audio=make_audio_facts(declared_s=None)))["duration_s"] == 48.2


def test_srt() -> None:
    assert to_srt(report()) == (
        '1\n00:00:00,500 --> 00:00:02,000\n坐席：您好 <b>"请讲"</b> & 谢谢\n'
        "\n2\n00:01:01,250 --> 01:01:01,000\n患者：第一行 → 第二行\n"
    )


def test_vtt_escapes_what_a_player_would_take_for_tags() -> None:
    assert to_vtt(report()) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n"
        '<v 坐席>您好 &lt;b&gt;"请讲"&lt;/b&gt; &amp; 谢谢</v>\n'
        "\n00:01:01.250 --> 01:01:01.000\n<v 患者>第一行 → 第二行</v>\n"
    )


def test_rttm_has_ten_fields_whatever_the_name() -> None:
    turns = (Turn("S 1", 0.5, 2.0), Turn("S2", 1.75, 3.0, 1))
    named = make_report("投诉 电话\n1", turns=turns)
    assert to_rttm(named) == (
        "SPEAKER 投诉_电话_1 1 0.500 1.500 <NA> <NA> S_1 <NA> <NA>\n"
        "SPEAKER 投诉_电话_1 2 1.750 1.250 <NA> <NA> S2 <NA> <NA>\n"
    )


def test_textgrid_has_a_tier_for_each_role_without_holes_or_overlaps() -> None:
    text = to_textgrid(report())
    assert text.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 3662.000\n')
    assert "size = 2\n" in text
    assert 'name = "agent"' in text
    assert 'text = "您好 <b>""请讲""</b> & 谢谢"' in text
    assert intervals(text) == [
        [(0.0, 0.5), (0.5, 2.0), (2.0, 3662.0)],
        [(0.0, 61.25), (61.25, 3661.0), (3661.0, 3662.0)],
    ]


def test_textgrid_keeps_two_agents_apart_and_cuts_what_overlaps() -> None:
    said = (
        make_utterance(0, "agent", 0.0, 2.0, "您好", speaker="S1"),
        make_utterance(1, "agent", 1.0, 3.0, "转给您", speaker="S1"),
        make_utterance(2, "agent", 4.0, 5.0, "您好", speaker="S3"),
    )
    text = to_textgrid(make_report(utterances=said))
    assert 'name = "agent S1"' in text
    assert 'name = "agent S3"' in text
    assert intervals(text)[0] == [(0.0, 2.0), (2.0, 3.0), (3.0, 6.0)]


def test_a_call_in_which_nobody_speaks_can_be_written_in_every_format() -> None:
    silent = make_report(lines=(), findings=(), total=None)
    assert to_srt(silent) == ""
    assert to_vtt(silent) == "WEBVTT\n"
    assert to_rttm(silent) == ""
    assert "tiers? <absent>" in to_textgrid(silent)
    assert json.loads(to_json(silent))["score"]["total"] is None


def intervals(text: str) -> list[list[tuple[float, float]]]:
    """(xmin, xmax) of every interval, by tier."""
    tiers = []
    for tier in text.split("    item [")[1:]:
        numbers = [float(line.split("=")[1]) for line in tier.splitlines() if line.startswith("            xm")]
        tiers.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return tiers


def test_files_are_named_after_the_recording(tmp_path: Path) -> None:
    named = make_report()
    facts = replace(named.facts, recording=make_recording(path="/in/投诉 电话.wav"))
    path = write_report_file(replace(named, facts=facts), tmp_path / "out", "vtt")
    assert path == tmp_path / "out" / "投诉 电话.vtt"
    assert path.read_text(encoding="utf-8").startswith("WEBVTT")


def test_a_sidecar_is_never_overwritten_but_an_older_result_is(tmp_path: Path) -> None:
    path = tmp_path / "8023_appointment.json"
    path.write_text('{"agent_id": "8023"}')
    with pytest.raises(ConfigError, match=r"is no result of callqa; name another folder with --out"):
        write_report_file(make_report(), tmp_path, "json")
    path.unlink()
    write_report_file(make_report(), tmp_path, "json")
    write_report_file(make_report(total=1.0), tmp_path, "json")
    assert json.loads(path.read_text(encoding="utf-8"))["score"]["total"] == 1.0


def test_unknown_formats_and_unwritable_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="format 'doc' is not known; choose one of json, srt, vtt, rttm, textgrid"):
        write_report_file(make_report(), tmp_path, "doc")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report_file(make_report(), tmp_path / "file" / "x", "srt")
