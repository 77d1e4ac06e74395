"""Figures against truth: texts, turns and findings that can be counted by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from pipeline.errors import AudioError, ConfigError
from pipeline.evaluate import (
    CallFigures,
    ErrorCount,
    Expected,
    FamilyCount,
    Truth,
    TruthTurn,
    as_rates,
    compare,
    evaluate_dir,
    family_counts,
    load_truth,
    role_turns,
    text_errors,
)
from pipeline.model import CallReport, Role, Turn
from tests.builders import Line, make_audio_facts, make_finding, make_report, make_utterances
from tests.pipeline.audio_files import sine

SPOKEN: tuple[Line, ...] = (
    ("agent", 0.0, 2.0, "您好，市一医院。"),
    ("patient", 2.0, 4.0, "我想挂号"),
    ("agent", 4.0, 6.0, "好的"),
)


def truth_of(*lines: Line, expect: tuple[Expected, ...] = (), forbid: tuple[str, ...] = ()) -> Truth:
    """Two parties, the speaker named by the role."""
    turns = tuple(TruthTurn(start_s, end_s, role, text, role) for role, start_s, end_s, text in lines)
    return Truth("call", turns, expect, forbid)


def heard(*lines: Line, stereo: bool = False) -> CallReport:
    """A report of exactly these utterances. stereo: the agent is channel 0, the patient channel 1."""
    utterances = make_utterances(lines)
    if stereo:
        utterances = tuple(replace(u, channel=int(u.role == "patient"), speaker=f"C{u.role}") for u in utterances)
    layout = {"layout": "stereo", "channels": 2} if stereo else {}
    return make_report("call", utterances=utterances, audio=make_audio_facts(decoded_s=10.0, **layout))


def test_what_was_heard_right_has_no_error() -> None:
    characters, syllables = text_errors(heard(*SPOKEN), truth_of(*SPOKEN))
    assert (characters, syllables) == (ErrorCount(0, 12), ErrorCount(0, 12))


def test_substitutions_deletions_and_insertions_count_one_each() -> None:
    report = heard(
        ("agent", 0.0, 2.0, "您好，是一医院"),  # 市 as 是: a homophone
        ("patient", 2.0, 4.0, "我想挂"),  # 号 is missing
        ("agent", 4.0, 6.0, "好的呀"),  # 呀 was not said
    )
    characters, syllables = text_errors(report, truth_of(*SPOKEN))
    assert (characters, syllables) == (ErrorCount(3, 12), ErrorCount(2, 12))
    assert characters.rate == 0.25


def test_numbers_script_and_punctuation_do_not_count() -> None:
    characters, _ = text_errors(
        heard(("agent", 0, 2, "門診在15號樓，電話2085")), truth_of(("agent", 0, 2, "门诊在十五号楼电话二零八五。"))
    )
    assert characters == ErrorCount(0, 13)


def test_on_mono_the_order_of_the_speakers_matters_and_on_stereo_it_does_not() -> None:
    """Both start together: heard on one line, the patient's words come first."""
    said: tuple[Line, ...] = (("agent", 0.0, 4.0, "您好"), ("patient", 1.0, 2.0, "挂号"))
    late: tuple[Line, ...] = (("patient", 0.5, 2.0, "挂号"), ("agent", 1.0, 4.0, "您好"))
    assert text_errors(heard(*late), truth_of(*said))[0].errors > 0
    assert text_errors(heard(*late, stereo=True), truth_of(*said))[0] == ErrorCount(0, 4)


def test_on_stereo_mistaken_roles_cost_the_recogniser_nothing() -> None:
    report = heard(*SPOKEN, stereo=True)
    swapped: dict[Role, Role] = {"agent": "patient", "patient": "agent"}
    mistaken = replace(
        report,
        facts=replace(
            report.facts, utterances=tuple(replace(u, role=swapped[u.role]) for u in report.facts.utterances)
        ),
    )
    assert text_errors(mistaken, truth_of(*SPOKEN))[0] == ErrorCount(0, 12)
    assert role_turns(mistaken, truth_of(*SPOKEN)) == (0, 3)


def test_a_turn_has_the_role_that_is_heard_through_most_of_it() -> None:
    report = heard(
        ("agent", 0.0, 2.0, "您好"),
        ("agent", 2.0, 2.6, "好"),  # the first 0.6 s of the patient's turn
        ("patient", 2.6, 4.0, "挂号"),
        ("patient", 4.0, 6.0, "好的"),  # was the agent
    )
    assert role_turns(report, truth_of(*SPOKEN)) == (2, 3)


def test_a_turn_in_which_nothing_was_heard_is_wrong() -> None:
    assert role_turns(heard(SPOKEN[0], SPOKEN[2]), truth_of(*SPOKEN)) == (2, 3)


def test_where_both_talk_only_the_part_alone_decides() -> None:
    said = truth_of(("patient", 0.0, 10.0, "长"), ("agent", 5.0, 12.0, "长"))
    report = heard(("patient", 0.0, 5.0, "长"), ("agent", 5.0, 12.0, "长"))
    assert role_turns(report, said) == (2, 2)


def test_a_turn_wholly_inside_anothers_is_right_when_half_of_it_is_heard() -> None:
    said = truth_of(("patient", 0.0, 10.0, "长"), ("agent", 4.0, 6.0, "短"))
    whole: Line = ("patient", 0.0, 10.0, "长")
    assert role_turns(heard(whole, ("agent", 4.5, 5.5, "短")), said) == (2, 2)
    assert role_turns(heard(whole, ("agent", 4.5, 5.4, "短")), said) == (1, 2)
    assert role_turns(heard(whole), said) == (1, 2)


def test_findings_are_right_wrong_or_missed() -> None:
    said = truth_of(
        *SPOKEN,
        expect=(
            Expected("forbidden_phrase", "violated", 0),
            Expected("forbidden_phrase", "violated", 2),
            Expected("greeting", "violated", None),
        ),
        forbid=("silence",),
    )
    findings = (
        make_finding(start_s=1.0, end_s=1.5),  # in turn 0
        make_finding(start_s=3.0, end_s=3.1),  # in the patient's turn, but within a second of turn 2's start
        make_finding(start_s=20.0, end_s=20.5),  # nowhere
        make_finding(family="silence", start_s=7.0, end_s=17.0),
        make_finding(family="loudness_low"),  # the truth file does not speak of it
    )
    assert family_counts(findings, said) == {
        "forbidden_phrase": FamilyCount(2, 1, 0),
        "greeting": FamilyCount(0, 0, 1),
        "silence": FamilyCount(0, 1, 0),
    }


def test_review_and_satisfied_are_no_reports() -> None:
    said = truth_of(*SPOKEN, expect=(Expected("forbidden_phrase", "violated", 0),))
    findings = tuple(make_finding(status=status, start_s=1.0, end_s=1.5) for status in ("review", "satisfied"))
    assert family_counts(findings, said) == {"forbidden_phrase": FamilyCount(0, 0, 1)}


def test_remedied_findings_are_a_kind_of_their_own() -> None:
    said = truth_of(*SPOKEN, expect=(Expected("forbidden_phrase", "remedied", 0),), forbid=("forbidden_phrase",))
    remedied = make_finding(status="remedied", start_s=1.0, end_s=1.5)
    assert family_counts((remedied,), said) == {
        "forbidden_phrase": FamilyCount(0, 0, 0),
        "forbidden_phrase:remedied": FamilyCount(1, 0, 0),
    }
    assert family_counts((make_finding(start_s=1.0, end_s=1.5),), said) == {
        "forbidden_phrase": FamilyCount(0, 1, 0),
        "forbidden_phrase:remedied": FamilyCount(0, 0, 1),
    }


def test_the_same_finding_twice_is_no_second_right_one() -> None:
    said = truth_of(*SPOKEN, expect=(Expected("forbidden_phrase", "violated", 0),))
    twice = (make_finding(start_s=0.5, end_s=1.0), make_finding(start_s=1.0, end_s=1.5))
    assert family_counts(twice, said) == {"forbidden_phrase": FamilyCount(1, 0, 0)}


def test_figures_of_calls_add_up_before_they_are_divided() -> None:
    one = CallFigures(audio_s=10.0, characters=ErrorCount(1, 10), stage_times=(("decode", 1.0),))
    other = CallFigures(audio_s=30.0, characters=ErrorCount(9, 30), stage_times=(("decode", 1.0), ("judge", 2.0)))
    rates = as_rates(one + other)
    assert rates["cer"] == 0.25
    assert rates["rtf"] == {"decode": 0.05, "judge": 0.05}
    assert rates["rtf_total"] == pytest.approx(0.1)
    assert as_rates(CallFigures())["cer"] is None
    assert as_rates(CallFigures())["role_accuracy"] is None


def test_precision_and_recall_are_null_where_there_is_nothing_to_divide() -> None:
    rates = as_rates(CallFigures(families=(("a", FamilyCount(3, 1, 2)), ("b", FamilyCount()))))
    assert (rates["findings"]["a"]["precision"], rates["findings"]["a"]["recall"]) == (0.75, 0.6)
    assert (rates["findings"]["b"]["precision"], rates["findings"]["b"]["recall"]) == (None, None)


def test_two_agents_of_one_channel_are_one_speaker_there_and_two_on_mono() -> None:
    turns = (TruthTurn(0, 4, "agent", "您好", "voice1"), TruthTurn(4, 8, "agent", "请讲", "voice2"))
    said = Truth("call", turns, (), ())
    one_voice = replace(heard(stereo=True).facts, turns=(Turn("C0", 0, 8, 0),))
    assert compare(CallReport(one_voice, heard().judgement), said).der.rate == 0
    mono = replace(heard().facts, turns=(Turn("S1", 0, 8),))
    assert compare(CallReport(mono, heard().judgement), said).der.rate == 0.5


# Folders of truth files


def write_truth(folder: Path, name: str, **changes: object) -> Path:
    turns = [{"start": s, "end": e, "role": role, "text": text} for role, s, e, text in SPOKEN]
    values = {"id": name, "turns": turns, "expect": [["forbidden_phrase:remedied", 1], ["greeting", None]], **changes}
    path = folder / f"{name}.truth.json"
    path.write_text(json.dumps({k: v for k, v in values.items() if v is not None}), encoding="utf-8")
    return path


def test_a_truth_file_is_read(tmp_path: Path) -> None:
    truth = load_truth(write_truth(tmp_path, "a", forbid=["silence"]))
    assert truth.turns[1] == TruthTurn(2.0, 4.0, "patient", "我想挂号", "patient")
    assert truth.expect == (Expected("forbidden_phrase", "remedied", 1), Expected("greeting", "violated", None))
    assert truth.forbid == ("silence",)


@pytest.mark.parametrize(
    "changes",
    [
        {"turns": None},
        {"turns": [{"start": "soon"}]},
        {"turns": [{"start": 0, "end": 1, "role": "doctor", "text": "您好"}]},
        {"expect": [["greeting"]]},
        {"expect": [["greeting", 3]]},  # there are three turns, 0 to 2
        {"id": None},
    ],
)
def test_a_broken_truth_file_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    path = write_truth(tmp_path, "broken", **changes)
    with pytest.raises(ConfigError, match=r"broken\.truth\.json is not a valid truth file"):
        load_truth(path)


def test_text_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.truth.json").write_text("turns:")
    with pytest.raises(ConfigError, match=r"a\.truth\.json is not a valid truth file"):
        load_truth(tmp_path / "a.truth.json")


class Parrot:
    """Hears exactly SPOKEN in every file, but fails where the name says so."""

    def analyze(self, path: Path) -> CallReport:
        if "bad" in path.name:
            raise AudioError(f"{path} is empty; record again")
        return heard(*SPOKEN, stereo="stereo" in path.name)


def test_a_folder_is_evaluated_by_form_and_in_total(tmp_path: Path) -> None:
    for name, files in {"a": ("a.flac",), "b": ("b.mono.wav", "b.stereo.wav"), "bad": ("bad.wav",)}.items():
        write_truth(tmp_path, name)
        for file in files:
            soundfile.write(tmp_path / file, sine(440, 0.1, 0.1), 8000)
    told: list[str] = []
    figures = evaluate_dir(tmp_path, Parrot(), told.append)
    assert told == ["a.flac", "b.mono.wav", "b.stereo.wav", "bad.wav"]
    assert {name: call["form"] for name, call in figures["calls"].items()} == {
        "a.flac": "mono",
        "b.mono.wav": "mono",
        "b.stereo.wav": "stereo",
    }
    assert {key: total["audio_s"] for key, total in figures["total"].items()} == {
        "all": 30.0,
        "mono": 20.0,
        "stereo": 10.0,
    }
    assert figures["total"]["all"]["cer"] == 0
    assert list(figures["failed"]) == ["bad.wav"]
    assert "record again" in figures["failed"]["bad.wav"]
    json.dumps(figures, allow_nan=False)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to evaluate"):
        evaluate_dir(tmp_path, Parrot())


def test_a_truth_without_a_recording_is_an_error(tmp_path: Path) -> None:
    write_truth(tmp_path, "alone")
    with pytest.raises(ConfigError, match=r"alone\.truth\.json has no recording beside it"):
        evaluate_dir(tmp_path, Parrot())
