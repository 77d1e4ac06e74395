"""Artefacts: what goes in comes out, one file each per call, never half a file."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.model import CallFacts, Finding, Judgement, Measures, Word
from pipeline.store import artefact, files
from pipeline.store.columns import to_table
from pipeline.store.rows import from_table
from tests.builders import make_facts, make_finding, make_judgement, make_metadata, make_report

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.builds(Word, TEXT, NUMBER, NUMBER, NUMBER)


def through_arrow(kind: type, value: object) -> object:
    (back,) = from_table(kind, to_table(kind, [value]))
    return back


def test_report_comes_back_equal(tmp_path: Path) -> None:
    report = make_report()
    artefact.write_report(tmp_path, report)
    assert artefact.read_report(tmp_path, "8023_appointment") == report


def test_a_call_that_was_never_stored_is_none(tmp_path: Path) -> None:
    assert artefact.read_report(tmp_path, "nobody") is None
    assert artefact.has_facts(tmp_path) is False


def test_empty_call_with_nothing_known_comes_back_equal(tmp_path: Path) -> None:
    nothing = make_metadata(
        **dict.fromkeys(("agent_id", "agent_name", "team", "queue", "direction", "started_at", "caller_hash", "line"))
    )
    facts = make_facts("silent", lines=(), metadata=nothing, measures=Measures())
    path = artefact.write_facts(tmp_path, facts)
    assert path.parent.name == "undated"
    assert artefact.read_facts(tmp_path, "silent") == facts


@given(words=st.lists(WORDS, max_size=4), text=TEXT)
@settings(max_examples=60, deadline=None)
def test_any_words_and_texts_survive(words: list[Word], text: str) -> None:
    facts = make_facts()
    first = replace(facts.utterances[0], words=tuple(words), text=text, raw_text=text)
    facts = replace(facts, utterances=(first, *facts.utterances[1:]))
    assert through_arrow(CallFacts, facts) == facts


@given(note=st.none() | TEXT, value=st.none() | NUMBER, index=st.none() | st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_any_finding_survives(note: str | None, value: float | None, index: int | None) -> None:
    finding = make_finding(note=note, value=value, utterance_index=index, evidence=note or "")
    assert through_arrow(Finding, finding) == finding


def test_a_time_in_any_zone_keeps_its_instant() -> None:
    judged = datetime(2025, 11, 21, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    back = through_arrow(Judgement, make_judgement(judged_at=judged))
    assert back.judged_at == judged
    assert back.judged_at.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has no zone"):
        artefact.write_facts(tmp_path, make_facts(analyzed_at=datetime(2025, 1, 1)))


@pytest.mark.parametrize(
    "call_id", ["投诉 电话 😀", "../../etc/passwd", "a/b\\c", "心" * 100, ".hidden", "_day", "x" * 300, "\n", ""]
)
def test_awkward_ids_stay_inside_the_folder_and_come_back(tmp_path: Path, call_id: str) -> None:
    report = make_report(call_id)
    artefact.write_report(tmp_path, report)
    written = list((tmp_path / "artefacts" / "2025-11-20").iterdir())
    assert len(written) == 2
    assert all(len(p.name.encode()) <= 120 and p.name[0] not in "._" for p in written)
    assert artefact.read_report(tmp_path, call_id) == report


def test_ids_that_clean_up_alike_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for call_id in ("a/b", "a b", "a-b"):
        artefact.write_report(tmp_path, make_report(call_id))
    assert {f.recording.call_id for f in artefact.iter_facts(tmp_path)} == {"a/b", "a b", "a-b"}


def test_a_call_that_moves_to_another_day_is_stored_once(tmp_path: Path) -> None:
    artefact.write_report(tmp_path, make_report())
    later = make_metadata(started_at=datetime(2025, 11, 22, 9, 0, tzinfo=UTC))
    artefact.write_report(tmp_path, make_report(metadata=later))
    assert [p.parent.name for p in (tmp_path / "artefacts").rglob("*.parquet")] == ["2025-11-22"] * 2


def test_new_facts_never_stand_beside_an_old_judgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact.write_report(tmp_path, make_report())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(artefact, "write_judgement", killed)
    with pytest.raises(KeyboardInterrupt):
        artefact.write_report(tmp_path, make_report(role_confidence=0.1))
    assert artefact.read_judgement(tmp_path, "8023_appointment") is None


def test_judging_a_call_without_facts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no stored facts"):
        artefact.write_judgement(tmp_path, make_judgement("nobody"))


def test_a_file_with_many_calls_is_read_and_own_files_win(tmp_path: Path) -> None:
    day = tmp_path / "artefacts" / "2025-11-20"
    day.mkdir(parents=True)
    calls = [make_facts(name, role_confidence=0.5) for name in ("first", "second", "third")]
    pq.write_table(artefact.facts_table(calls), day / "_day.facts.parquet")
    artefact.write_report(tmp_path, make_report("second", role_confidence=0.9))
    found = {f.recording.call_id: f.role_confidence for f in artefact.iter_facts(tmp_path)}
    assert found == {"first": 0.5, "second": 0.9, "third": 0.5}
    assert artefact.read_facts(tmp_path, "third") == make_facts("third", role_confidence=0.5)
    assert artefact.write_judgement(tmp_path, make_judgement("third")).parent == day


def test_since_leaves_out_earlier_days_but_not_undated_calls(tmp_path: Path) -> None:
    for name, started in (
        ("old", datetime(2025, 1, 1, tzinfo=UTC)),
        ("new", datetime(2025, 6, 1, tzinfo=UTC)),
        ("x", None),
    ):
        artefact.write_facts(tmp_path, make_facts(name, metadata=make_metadata(started_at=started)))
    assert {f.recording.call_id for f in artefact.iter_facts(tmp_path, date(2025, 6, 1))} == {"new", "x"}


def test_a_column_that_an_older_file_lacks_takes_its_default() -> None:
    table = to_table(Judgement, [make_judgement()])
    assert from_table(Judgement, table.drop_columns(["topics"]))[0].topics == ()
    with pytest.raises(StoreError, match="no column 'score'"):
        from_table(Judgement, table.drop_columns(["score"]))


def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = artefact.write_facts(tmp_path, make_facts())
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(StoreError, match=r"facts\.parquet cannot be read.*delete this file"):
        list(artefact.iter_facts(tmp_path))


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact.write_facts(tmp_path, make_facts())

    def full(table: object, target: Path, **_: object) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.pq, "write_table", full)
    with pytest.raises(StoreError, match="No space left"):
        artefact.write_facts(tmp_path, make_facts(role_confidence=0.1))
    monkeypatch.undo()
    assert artefact.read_facts(tmp_path, "8023_appointment") == make_facts()
    assert [p.name for p in (tmp_path / "artefacts").rglob("*") if p.is_file()] == ["8023_appointment.facts.parquet"]
