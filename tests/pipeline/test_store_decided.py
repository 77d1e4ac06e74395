"""Final results: forms before automatic scores, verdicts before findings, calls under calibration left out."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store import artefact
from pipeline.store.decided import Reader
from pipeline.store.reviews import ReviewForm, open_reviews
from pipeline.store.snapshot import publish
from tests.builders import make_finding, make_report

FORM = ReviewForm("one", "li", (), "", 64.0, False, 1, "r", "standard", "s", passed=False)
VIOLATED = make_finding(rule_id="brush-off", family="brush_off", start_s=3.0, utterance_index=0)
UNSURE = make_finding(rule_id="tic", family="verbal_tic", severity="minor", status="review", start_s=5.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for call_id, total in (("one", 90.0), ("two", 50.0)):
        artefact.write_report(tmp_path, make_report(call_id, findings=(VIOLATED, UNSURE), total=total))
    publish(tmp_path)
    return tmp_path


def results(reader: Reader) -> dict[str, dict[str, object]]:
    cursor, _ = reader.cursor()
    with cursor:
        rows = cursor.execute("select * from decided.results order by call_id").pl().iter_rows(named=True)
    names = ("score_total", "automatic_total", "passed", "fatal", "reviewed", "violated", "review", "hits")
    return {row["call_id"]: {name: row[name] for name in names} for row in rows}


def test_without_decisions_the_automatic_result_counts(home: Path) -> None:
    one = results(Reader(home))["one"]
    assert (one["score_total"], one["passed"], one["reviewed"]) == (90.0, True, False)
    assert (one["violated"], one["review"]) == (1, 1)


def test_the_latest_form_counts_and_other_calls_stay(home: Path) -> None:
    reader = Reader(home)
    before = results(reader)
    with open_reviews(home) as store:
        store.add_review(FORM)
        store.add_review(replace(FORM, total=71.5, passed=True, based_on=1))
    after = results(reader)
    assert after["one"] | {"hits": None} == {
        **before["one"],
        "score_total": 71.5,
        "passed": True,
        "reviewed": True,
        "hits": None,
    }
    assert after["one"]["automatic_total"] == 90.0
    assert after["two"] == before["two"]


def test_a_form_of_an_older_program_says_only_that_a_fatal_call_failed(home: Path) -> None:
    with open_reviews(home) as store:
        store.add_review(replace(FORM, passed=None))
        store.add_review(replace(FORM, call_id="two", passed=None, fatal=True, total=0.0))
    found = results(Reader(home))
    assert (found["one"]["passed"], found["two"]["passed"], found["two"]["fatal"]) == (None, False, True)


def test_verdicts_move_findings_and_may_be_taken_back(home: Path) -> None:
    reader = Reader(home)
    with open_reviews(home) as store:
        store.add_verdict("one", VIOLATED.key, "reject", reviewer="li")
        store.add_verdict("one", UNSURE.key, "confirm", reviewer="li")
        found = results(reader)["one"]
        assert (found["violated"], found["review"]) == (1, 0)
        assert found["hits"] == [{"family": "verbal_tic", "severity": "minor", "status": "violated", "findings": 1}]
        store.add_verdict("one", UNSURE.key, "reject", reviewer="li", based_on=1)
        assert results(reader)["one"]["hits"] == []
        store.add_verdict("one", VIOLATED.key, "withdraw", reviewer="li", based_on=1)
        assert (results(reader)["one"]["violated"], results(reader)["one"]["review"]) == (1, 0)


def test_decisions_survive_a_new_snapshot(home: Path) -> None:
    reader = Reader(home)
    with open_reviews(home) as store:
        store.add_review(FORM)
        store.add_verdict("two", VIOLATED.key, "reject", reviewer="li")
    assert results(reader)["one"]["score_total"] == 64.0
    artefact.write_report(home, make_report("three", total=10.0))
    publish(home)
    found = results(reader)
    assert set(found) == {"one", "two", "three"}
    assert (found["one"]["score_total"], found["two"]["violated"]) == (64.0, 0)


def test_calls_under_calibration_count_nowhere_until_the_round_closes(home: Path) -> None:
    blind = {"two"}
    reader = Reader(home, left_out=lambda _: set(blind))
    with open_reviews(home) as store:
        store.log("li", "calibration")
        assert set(results(reader)) == {"one"}
        blind.clear()
        store.log("li", "closed")
    assert set(results(reader)) == {"one", "two"}


def test_the_version_changes_with_decisions_only(home: Path) -> None:
    reader = Reader(home)

    def version() -> object:
        cursor, found = reader.cursor()
        cursor.close()
        return found

    with open_reviews(home) as store:
        first = version()
        store.log("li", "audio.play")
        assert version() == first
        store.add_review(FORM)
        assert version() != first


def test_no_other_file_can_be_reached(home: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    cursor, _ = Reader(home).cursor()
    with cursor:
        for reach in (f"select * from '{tmp_path / 'secret.csv'}'", f"attach '{tmp_path / 'new.db'}' as other"):
            with pytest.raises(Exception, match="disabled by config"):
                cursor.execute(reach)
        with pytest.raises(Exception, match="read-only"):
            cursor.execute("delete from published.calls")


def test_nothing_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing is published"):
        Reader(tmp_path).cursor()
