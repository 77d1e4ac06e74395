"""Rules against what people know: right, wrong, found, missed, and how sure that is."""

import json
from pathlib import Path

import pytest

from pipeline.backtest import compare
from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.judge import Judge
from pipeline.labels import Accuracy, Labelled, Scoreboard, Truths, read_truths, share
from pipeline.model import CallFacts
from pipeline.rulebooks import read_sources, sources_in
from tests.builders import make_facts, make_recording
from tests.pipeline.rulebook_files import rule, write_rulebook


def judge_of(folder: Path) -> Judge:
    settings = load_settings(folder.parent)
    return Judge(settings, sources_in(folder, read_sources(settings)))


def call(call_id: str, words: str, **recording: object) -> CallFacts:
    lines = (("patient", 1.0, 4.0, "我想问一下报销。"), ("agent", 10.0, 14.0, words))
    return make_facts(call_id, lines=lines, recording=make_recording(call_id, **recording))


def truth_file(folder: Path, name: str, expect: list[tuple[str, int | None]], forbid: tuple[str, ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    turns = [
        {"start": 1.0, "end": 4.0, "role": "patient", "text": "我想问一下报销。"},
        {"start": 10.0, "end": 14.0, "role": "agent", "text": "这个我不知道。"},
    ]
    path = folder / f"{name}.truth.json"
    path.write_text(json.dumps({"id": name, "turns": turns, "expect": expect, "forbid": forbid}), encoding="utf-8")
    return path


@pytest.fixture
def judges(tmp_path: Path) -> tuple[Judge, Judge]:
    """Active: 不知道. New: 不清楚 with a floor, in the same rule."""
    floor = "floor: {precision: 0.9, recall: 0.5}"
    before = write_rulebook(tmp_path / "a", rule("dont-know", "不知道"))
    return judge_of(before), judge_of(write_rulebook(tmp_path / "b", rule("dont-know", "不清楚", more=floor)))


def labelled(
    judges: tuple[Judge, Judge],
    *calls: CallFacts,
    truths: Truths | None = None,
    verdicts: dict[str, dict[str, str]] | None = None,
) -> Labelled:
    given = verdicts or {}
    board = Scoreboard(
        judges[0].rulebook, judges[1].rulebook, truths or Truths({}, {}), lambda call_id: given.get(call_id, {})
    )
    compare(calls, *judges, [board.add])
    return board.result()


def counts(row: Accuracy) -> list[tuple[int, int] | None]:
    shares = (row.precision_before, row.recall_before, row.precision_after, row.recall_after)
    return [None if s is None else (s.hits, s.cases) for s in shares]


def test_wilsons_interval_as_published() -> None:
    found = share(81, 263)  # Newcombe 1998, table I, method 3: 0.2553 to 0.3662
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert share(0, 0) is None


def test_truth_files_judge_families_and_rules(tmp_path: Path, judges: tuple[Judge, Judge]) -> None:
    truth_file(tmp_path / "t", "said", [("forbidden_phrase", 1)])
    truth_file(tmp_path / "t", "clean", [], ("forbidden_phrase",))
    truth_file(tmp_path / "t", "silent", [("greeting", None)])  # says nothing of forbidden phrases
    truth_file(tmp_path / "t", "stored-nowhere", [])
    found = labelled(
        judges,
        call("said", "这个我不知道。"),  # only the active one finds it
        call("clean", "字迹不清楚。"),  # only the new one finds this, wrongly
        call("silent", "不清楚。"),
        call("unlabelled", "不知道。"),
        truths=read_truths(tmp_path / "t"),
    )
    assert (found.truth_calls, found.truths_unmatched, found.verdicts) == (3, 1, 0)
    family = next(f for f in found.families if f.name == "forbidden_phrase")
    (row,) = found.rules
    assert counts(family) == counts(row) == [(1, 1), (1, 1), (0, 1), (0, 1)]
    assert row.below_floor == ("precision", "recall")
    greeting = next(f for f in found.families if f.name == "greeting")
    assert counts(greeting) == [None, (0, 1), None, (0, 1)]


def test_a_recording_beside_its_truth_is_matched_by_content(tmp_path: Path, judges: tuple[Judge, Judge]) -> None:
    truth_file(tmp_path / "t", "said", [("forbidden_phrase", 1)])
    (tmp_path / "t" / "said.stereo.wav").write_bytes(b"sound")
    truths = read_truths(tmp_path / "t")
    digest = "a2b37dbfc41f79e5ef6e15ea6b0ff0b36fbd2ed6ae3ab2ef6d1d9c2e5e5d6d50"
    assert truths.of(call("said", "不知道。", sha256=digest)) is None  # the same name, another recording
    (real,) = truths.by_sha256
    assert truths.of(call("8023_renamed", "不知道。", sha256=real)) is not None
    truth_file(tmp_path / "u", "alone", [])
    alone = read_truths(tmp_path / "u")
    assert alone.of(call("8023", "不知道。", path="/in/alone.mono.flac")) is not None


def test_of_several_rules_of_a_family_each_answers_for_what_it_finds(tmp_path: Path) -> None:
    before = judge_of(write_rulebook(tmp_path / "a", rule("know", "不知道"), rule("clear", "不清楚")))
    after = judge_of(write_rulebook(tmp_path / "b", rule("know", "我不晓得"), rule("clear", "不清楚")))
    truth_file(tmp_path / "t", "c", [("forbidden_phrase", 1)])
    truth_file(tmp_path / "t", "d", [("forbidden_phrase", 1)])
    found = labelled(
        (before, after), call("c", "不知道。"), call("d", "别问我了。"), truths=read_truths(tmp_path / "t")
    )
    assert {r.name: counts(r) for r in found.rules} == {"know": [(1, 1), (1, 1), None, (0, 1)]}
    assert counts(found.families[0]) == [(1, 1), (1, 2), None, (0, 2)]


def test_reviewers_verdicts_judge_findings(judges: tuple[Judge, Judge]) -> None:
    said = "这个我不知道。"
    key = judges[0].judge(call("a", said)).findings[0].key
    verdicts = {"a": {key: "confirm"}, "b": {key: "reject"}, "c": {"dont-know@90000": "confirm"}}
    found = labelled(judges, call("a", said), call("b", said), call("c", said), verdicts=verdicts)
    assert (found.truth_calls, found.verdict_calls, found.verdicts) == (0, 3, 3)
    (row,) = found.rules
    assert counts(row) == [(1, 2), (1, 2), None, (0, 2)]
    assert row.below_floor == ("recall",)
    assert row.floor_unproven  # nobody judged what the new rule finds


def test_a_verdict_holds_for_another_rule_of_the_family_near_by(tmp_path: Path) -> None:
    before = judge_of(write_rulebook(tmp_path / "a", rule("know", "不知道")))
    after = judge_of(write_rulebook(tmp_path / "b", rule("renamed", "不知道"), rule("know", "随便")))
    facts = call("a", "这个我不知道。")
    key = before.judge(facts).findings[0].key
    found = labelled((before, after), facts, verdicts={"a": {key: "confirm"}})
    assert {r.name: counts(r) for r in found.rules} == {
        "renamed": [None, None, (1, 1), None],
        "know": [(1, 1), (1, 1), None, (0, 1)],
    }
    assert counts(found.families[0]) == [(1, 1), (1, 1), (1, 1), (1, 1)]


def test_truth_goes_before_verdicts(tmp_path: Path, judges: tuple[Judge, Judge]) -> None:
    truth_file(tmp_path / "t", "a", [("forbidden_phrase", 1)])
    facts = call("a", "不知道。")
    key = judges[0].judge(facts).findings[0].key
    found = labelled(judges, facts, truths=read_truths(tmp_path / "t"), verdicts={"a": {key: "reject"}})
    assert (found.truth_calls, found.verdict_calls) == (1, 0)
    assert counts(found.rules[0])[0] == (1, 1)


def test_a_folder_without_truth_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no NAME.truth.json"):
        read_truths(tmp_path)
    (tmp_path / "a.truth.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"a.truth.json is not a valid truth file"):
        read_truths(tmp_path)
