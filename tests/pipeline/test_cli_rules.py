"""The supervisor's way on the command line: copy, change, check, backtest, activate, recheck, and back again."""

import json
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.batch.jobs import Summary
from pipeline.config import Settings
from pipeline.store import artefact
from pipeline.store.corrections import Change, open_corrections
from pipeline.store.reviews import open_reviews
from pipeline.store.snapshot import open_snapshot, publish
from pipeline.store.users import User
from tests.builders import make_report
from tests.pipeline.rulebook_files import rule, write_rulebook, write_rules
from tests.pipeline.test_labels import truth_file

CALL = "8023_appointment"  # the builders' call: its agent says 这个我不知道，规定就这样


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with one call, judged by a small rulebook (不知道: ten points) that the settings name."""
    home = tmp_path / "data"
    folder = write_rulebook(tmp_path / "house", rule("dont-know", "不知道"))
    home.mkdir()
    (home / "callqa.yaml").write_text(
        f"# our house\nrules:\n  rules_dir: {folder / 'rules'}  # by hand\n  scorecard: {folder / 'scorecards'}\n",
        encoding="utf-8",
    )
    artefact.write_report(home, make_report(CALL))
    assert called(home, "recheck") == 0
    return home


def called(home: Path, *arguments: str) -> int:
    """Run in this process and return the exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["--home", str(home), *arguments])
    return int(ended.value.code or 0)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said since the last time, out and err."""
    said = capsys.readouterr()
    return said.out + said.err


def stored(home: Path) -> tuple[str, list[str | None], float | None]:
    """Version, matched words and total of the stored judgement."""
    judgement = artefact.read_judgement(home, CALL)
    assert judgement is not None
    return judgement.rulebook_version, [f.matched_text for f in judgement.findings], judgement.score.total


def test_the_way_of_a_supervisor(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine"
    first = stored(home)
    assert first[1:] == (["不知道"], 90.0)

    assert called(home, "rules", "copy", str(mine)) == 0
    assert called(home, "backtest", str(mine)) == 2
    assert f"nothing to compare: {mine} is the active rulebook {first[0]}" in told(capsys)

    write_rules(mine, rule("dont-know", "不知道", "规定就这样", severity="red_line"))
    assert called(home, "rules", "check", str(mine)) == 0
    assert called(home, "backtest", str(mine), "--json", str(tmp_path / "b.json")) == 0
    said = told(capsys)
    assert "1 would fail now, 0 would pass now" in said
    assert "won     8023_appointment" in said
    assert "李静" in said
    values = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert values["comparison"]["rules"][0]["won"] == 1
    assert stored(home) == first  # trying changes nothing

    assert called(home, "rules", "activate", str(mine)) == 0
    assert "stored calls keep their scores until you run: callqa recheck" in told(capsys)
    settings = (home / "callqa.yaml").read_text(encoding="utf-8")
    assert "# our house" in settings
    assert "# by hand" in settings
    write_rules(mine, "  - {id: half-an-edit\n")  # the activated copy is not the folder
    assert called(home, "recheck") == 0
    second = stored(home)
    assert second[1:] == (["不知道", "规定就这样"], 0.0)
    snapshot = open_snapshot(home)
    assert snapshot is not None
    with snapshot:
        published = snapshot.execute("select rulebook_version, score_total, passed from calls").pl().rows()
    assert published == [(second[0], 0.0, False)]  # what the dashboard shows

    assert called(home, "rules", "versions") == 0
    lines = [line.split() for line in told(capsys).splitlines() if line.startswith("r-")]
    assert {line[0]: line[-1] for line in lines} == {second[0]: "active", first[0]: "1"}
    assert called(home, "rules", "activate", first[0]) == 0
    assert called(home, "recheck") == 0
    assert stored(home) == first


def test_an_old_version_judges_again_bit_for_bit(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = artefact.read_judgement(home, CALL)
    assert before is not None
    write_rulebook(tmp_path / "house", rule("dont-know", "帮您查"), pass_mark=99)
    assert called(home, "recheck") == 0
    between = artefact.read_judgement(home, CALL)
    assert between is not None
    assert between.findings != before.findings
    assert called(home, "recheck", "--rulebook", before.rulebook_version) == 0
    after = artefact.read_judgement(home, CALL)
    assert after is not None
    assert (after.rulebook_version, after.findings, after.score, after.topics) == (
        before.rulebook_version,
        before.findings,
        before.score,
        before.topics,
    )
    assert f"new calls are judged by the active {between.rulebook_version}" in told(capsys)


def test_recheck_since_leaves_earlier_calls_alone(home: Path, tmp_path: Path) -> None:
    first = stored(home)
    write_rulebook(tmp_path / "house", rule("dont-know", "帮您查"))
    assert called(home, "recheck", "--since", "2025-11-21") == 0  # the call was on the 20th
    assert stored(home) == first
    assert called(home, "recheck", "--since", "2025-11-20") == 0
    assert stored(home)[1] == ["帮您查"]


def test_a_broken_rulebook_changes_nothing(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = stored(home)
    broken = write_rules(
        tmp_path / "broken", rule("dont-know", "不知道").replace("forbidden_phrase", "forbiden_phrase")
    )
    for command in (["rules", "check"], ["backtest"], ["rules", "activate"]):
        assert called(home, *command, str(broken)) == 2
        assert "10_words.yaml:3: rule dont-know: family = 'forbiden_phrase' is not known" in told(capsys)
    house = tmp_path / "house" / "rules" / "10_words.yaml"
    house.write_text("rules:\n  - id: x\n", encoding="utf-8")
    assert called(home, "recheck") == 2
    assert "10_words.yaml" in told(capsys)
    assert stored(home) == first
    assert called(home, "rules", "activate", first[0]) == 0  # the way out
    assert called(home, "recheck") == 0
    assert stored(home) == first


def test_a_rulebook_that_fails_its_examples_is_not_activated(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = rule("dont-know", "不知道").replace("miss: [您好]", "miss: [不知道啊]")
    settings = (home / "callqa.yaml").read_text(encoding="utf-8")
    assert called(home, "rules", "activate", str(write_rules(tmp_path / "wrong", wrong))) == 2
    said = told(capsys)
    assert "10_words.yaml:" in said
    assert "was not activated; the active rulebook stays" in said
    assert (home / "callqa.yaml").read_text(encoding="utf-8") == settings


def test_activating_the_shipped_rulebook_forgets_folders(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(home, "rules", "activate", "shipped") == 0
    assert "# our house" in (home / "callqa.yaml").read_text(encoding="utf-8")
    assert called(home, "recheck") == 0
    assert stored(home)[1] != ["不知道"]


def test_a_rule_below_its_floor_is_1(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth_file(tmp_path / "truth", CALL, [], forbid=("forbidden_phrase",))
    floor = "floor: {precision: 0.9}"
    new = write_rules(tmp_path / "new", rule("dont-know", "不知道", "规定就这样", more=floor))
    file = new / "rules" / "10_words.yaml"
    assert called(home, "backtest", str(file), "--labels", str(tmp_path / "truth")) == 1
    assert "below its floor: rule dont-know, precision 0.00 (0.00–0.66) 0/2, declared 0.90" in told(capsys)
    assert called(home, "backtest", str(file)) == 0
    said = told(capsys)
    assert "no labelled calls: give truth files with --labels, or let reviewers confirm and reject hits" in said
    assert "floor of rule dont-know could not be tried in full: no label speaks of it" in said


def test_reviewers_verdicts_count_as_labels(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judgement = artefact.read_judgement(home, CALL)
    assert judgement is not None
    with open_reviews(home) as store:
        store.add_verdict(CALL, judgement.findings[0].key, "confirm", reviewer="li")
    new = write_rules(tmp_path / "new", rule("dont-know", "规定就这样", more="floor: {recall: 0.9}"))
    assert called(home, "backtest", str(new)) == 1
    said = told(capsys)
    assert "1 verdicts of reviewers on 1 calls" in said
    assert "below its floor: rule dont-know, recall 0.00" in said


def test_nothing_to_try_on_is_told(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = str(write_rules(tmp_path / "new", rule("two", "不清楚")))
    assert called(tmp_path / "empty", "backtest", new) == 2
    assert "analyse some with callqa run" in told(capsys)
    assert called(home, "backtest", new, "--since", "2025-11-21") == 2
    assert "no calls since 2025-11-21" in told(capsys)
    assert called(home, "backtest", str(tmp_path / "nowhere")) == 2
    assert "is no folder, file or kept version" in told(capsys)
    assert called(home, "backtest", new, "--labels", str(tmp_path)) == 2
    assert called(home, "backtest", new, "--json", "/proc/x/y") == 2
    assert "name another file" in told(capsys)
    assert called(home, "recheck", "--rulebook", "r-0000000000000000") == 2
    assert "callqa rules versions" in told(capsys)


def test_a_data_folder_without_versions_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artefact.write_report(tmp_path, make_report())
    publish(tmp_path)
    assert called(tmp_path, "rules", "versions") == 0
    assert "no version is kept yet" in told(capsys)


def test_a_run_judges_by_the_copy_that_it_began_with(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Settings] = []

    def batch(paths: object, settings: Settings, *_: object, **__: object) -> Summary:
        begun.append(settings)
        return Summary()

    monkeypatch.setattr("pipeline.batch.run.run", batch)
    assert called(home, "run", str(home)) == 0
    (settings,) = begun
    assert settings.rules.activated == stored(home)[0]
    assert (home / "rulebooks" / stored(home)[0] / "rules" / "10_words.yaml").is_file()


def test_a_backtest_judges_what_people_put_right(home: Path, tmp_path: Path) -> None:
    new, result = tmp_path / "new", tmp_path / "b.json"
    write_rulebook(new, rule("dont-know", "不知道", "规定就这样", severity="red_line"))
    facts = artefact.read_facts(home, CALL)
    assert facts is not None
    said = Change("text", 5, heard=facts.utterances[5].text, text="这个我帮您查一下。")
    with open_corrections(home) as corrections:
        corrections.add(CALL, User("li", "李敏", "reviewer"), said, based_on=0)
    assert called(home, "backtest", str(new), "--json", str(result)) == 0
    comparison = json.loads(result.read_text(encoding="utf-8"))["comparison"]
    assert (comparison["calls"], comparison["scores_changed"]) == (1, 0)
    assert [(r["hits_before"], r["hits_after"]) for r in comparison["rules"]] == [(0, 0)]
