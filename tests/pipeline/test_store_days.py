"""Files of many calls: nothing is lost or doubled, whenever the process that writes them is killed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StoreError
from pipeline.model import CallFacts, Judgement, Utterance
from pipeline.store import amend, artefact, days, files, keys
from pipeline.store.columns import to_table
from pipeline.store.rows import column_at
from tests.builders import make_facts, make_judgement, make_measures, make_metadata, make_report, make_words

DAY = "2025-11-20"


def fill(home: Path, *names: str, **overrides: object) -> Path:
    for name in names:
        artefact.write_report(home, make_report(name, **overrides))
    return home / "artefacts" / DAY


def stored(home: Path) -> dict[str, float]:
    return {f.recording.call_id: f.role_confidence for f in artefact.iter_facts(home)}


def judged(home: Path) -> list[str]:
    return sorted(j.call_id for j in artefact.iter_judgements(home))


def names(day: Path) -> list[str]:
    return sorted(p.name for p in day.iterdir())


def test_a_day_is_gathered_into_two_files_and_reads_the_same(tmp_path: Path) -> None:
    day = fill(tmp_path, "a", "b", "c/ d")
    before = {i: artefact.read_report(tmp_path, i) for i in ("a", "b", "c/ d")}
    assert days.compact(day) == ()
    assert names(day) == ["_00000.judgement.parquet", "_day.facts.parquet"]
    assert {i: artefact.read_report(tmp_path, i) for i in before} == before
    assert days.compact(day) == ()
    fill(tmp_path, "b", role_confidence=0.3)
    assert stored(tmp_path) == {"a": 0.95, "b": 0.3, "c/ d": 0.95}
    days.compact(day)
    assert stored(tmp_path) == {"a": 0.95, "b": 0.3, "c/ d": 0.95}
    assert judged(tmp_path) == ["a", "b", "c/ d"]


def test_gathering_keeps_row_groups_of_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "GROUP_CALLS", 4)
    day = fill(tmp_path, *(f"c{i}" for i in range(9)))
    days.compact(day)
    assert [g.rows for g in files.row_groups(day / days.DAY_FACTS)] == [4, 4, 1]
    assert [(p.first, p.last, p.calls) for p in days.parts(day / days.DAY_FACTS, 2)] == [(0, 2, 8), (2, 3, 1)]
    assert [len(chunk) for chunk in artefact.read_calls(tmp_path, chunk=3)] == [3, 1, 3, 1, 1]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("fatal", range(1, 12))
def test_killed_at_any_step_every_call_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fatal: int
) -> None:
    day = fill(tmp_path, "a", "b", "c")
    days.compact(day)
    fill(tmp_path, "b", "d", role_confidence=0.3)
    steps = 0

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def step(*values: object, **named: object) -> object:
            nonlocal steps
            steps += 1
            if steps == fatal:
                raise Killed
            return real(*values, **named)

        return step

    for owner, name in ((Path, "replace"), (Path, "unlink"), (files, "_grouped")):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    with suppress(Killed):
        days.compact(day)
    monkeypatch.undo()
    assert stored(tmp_path) == {"a": 0.95, "b": 0.3, "c": 0.95, "d": 0.3}
    assert judged(tmp_path) == ["a", "b", "c", "d"]
    days.remove_hidden(tmp_path)
    days.compact(day)
    assert stored(tmp_path) == {"a": 0.95, "b": 0.3, "c": 0.95, "d": 0.3}
    assert judged(tmp_path) == ["a", "b", "c", "d"]
    assert names(day) == ["_00000.judgement.parquet", "_day.facts.parquet"]


def test_a_damaged_file_is_left_where_it_is_and_costs_no_other_call(tmp_path: Path) -> None:
    day = fill(tmp_path, "a", "b")
    broken = day / "b.facts.parquet"
    broken.write_bytes(b"PAR1 half")
    assert days.compact(day) == (broken,)
    assert names(day) == ["_00000.judgement.parquet", "_day.facts.parquet", "b.facts.parquet"]
    (day / days.DAY_FACTS).write_bytes(b"PAR1 half")
    fill(tmp_path, "c")
    assert set(days.compact(day)) == {day / days.DAY_FACTS}
    assert artefact.read_facts(tmp_path, "c") is not None
    with pytest.raises(StoreError, match=r"_day\.facts\.parquet cannot be read.*delete this file"):
        list(artefact.iter_facts(tmp_path))


def test_of_two_days_the_newer_row_counts(tmp_path: Path) -> None:
    days.compact(fill(tmp_path, "a", "b"))
    later = {"metadata": make_metadata(started_at=None), "analyzed_at": datetime(2025, 12, 1, tzinfo=UTC)}
    fill(tmp_path, "b", role_confidence=0.3, judged_at=datetime(2025, 12, 1, 0, 0, 1, tzinfo=UTC), **later)
    assert stored(tmp_path) == {"a": 0.95, "b": 0.3}
    days.compact(tmp_path / "artefacts" / "undated")
    assert stored(tmp_path) == {"a": 0.95, "b": 0.3}
    facts = artefact.read_facts(tmp_path, "b")
    assert facts is not None
    assert facts.role_confidence == 0.3
    known = keys.stored(tmp_path, artefact.FACTS_SUFFIX)
    assert known.outdated == {tmp_path / "artefacts" / DAY / days.DAY_FACTS: {"b"}}
    days.drop_rows(tmp_path / "artefacts" / DAY / days.DAY_FACTS, {"b"}, artefact.FACTS_SUFFIX)
    assert keys.stored(tmp_path, artefact.FACTS_SUFFIX).outdated == {}


def test_judgements_of_a_part_replace_the_days(tmp_path: Path) -> None:
    day = fill(tmp_path, "a", "b")
    days.compact(day)
    (part,) = days.parts(day / days.DAY_FACTS, 4)
    tables = (to_table(Judgement, [make_judgement(i, total=t)]) for i, t in (("a", 1.0), ("b", 2.0)))
    days.write_judgements(part, tables)
    days.keep_judgements(day, {part.judgement_path})
    assert {j.call_id: j.score.total for j in artefact.iter_judgements(tmp_path)} == {"a": 1.0, "b": 2.0}


def older(table: pa.Table) -> pa.Table:
    """As an older program wrote it: without sounds and corrections, and without the numbers of earlier calls."""
    rows = table.to_pylist()
    for row in rows:
        del row["recording"]["metadata"]["previous_calls"]
        for utterance in row["utterances"]:
            del utterance["sounds"], utterance["corrections"]
    return pa.Table.from_pylist(rows)


def test_files_of_an_older_program_are_read_with_defaults_and_gathered(tmp_path: Path) -> None:
    day = fill(tmp_path, "a", "b")
    for name in ("a", "b"):
        path = day / f"{name}.facts.parquet"
        pq.write_table(older(files.read_rows(path, files.facts_schema())), path)
    expected = [make_facts("a"), make_facts("b")]
    assert list(artefact.iter_facts(tmp_path)) == expected
    (day / "a.facts.parquet").rename(day / days.DAY_FACTS)
    assert sorted(artefact.iter_facts(tmp_path), key=lambda f: f.recording.call_id) == expected
    days.compact(day)
    assert sorted(artefact.iter_facts(tmp_path), key=lambda f: f.recording.call_id) == expected
    assert artefact.read_facts(tmp_path, "a") == expected[0]


def test_what_is_read_late_is_as_what_was_stored(tmp_path: Path) -> None:
    import pickle

    report = make_report("a")
    artefact.write_report(tmp_path, report)
    days.compact(tmp_path / "artefacts" / DAY)
    ((facts,),) = artefact.read_calls(tmp_path)
    first: Utterance = facts.utterances[0]
    assert (first.words[0], len(first.words)) == (
        report.facts.utterances[0].words[0],
        len(make_words(first.text, 0, 1)),
    )
    assert (*first.words, 1) == (*report.facts.utterances[0].words, 1)
    assert first.measures.value("active_level_dbfs") == -26.0
    assert (first.measures.value("reply_latency_s"), first.measures.reason("reply_latency_s")) == (None, "no_speech")
    assert first.measures.value("never heard of") is None
    assert replace(first.measures, items=()) == make_measures()
    assert replace(facts.engine, fingerprint="x").fingerprint == "x"
    assert facts == report.facts
    assert report.facts == facts
    assert pickle.loads(pickle.dumps(facts)) == report.facts
    assert to_table(CallFacts, [facts]).equals(to_table(CallFacts, [report.facts]))
    assert hash(facts.engine) == hash(report.facts.engine)


def test_levels_are_made_anew_without_objects() -> None:
    calls = [
        make_facts("line", metadata=make_metadata(line="trunk-1")),
        make_facts("other", metadata=make_metadata(line=None)),
        make_facts("mute", lines=(), measures=make_measures(agent_estimated_spl_db="no_speech", spl_offset_db=3.0)),
    ]
    table = artefact.facts_table(calls)
    shifted = amend.with_offsets(table, amend.Offsets(91.0, {"trunk-1": 85.0}))
    line, other, mute = artefact.facts_of_table(shifted)
    assert line.measures.value("agent_estimated_spl_db") == -26.0 + 85.0
    assert [u.measures.value("estimated_spl_db") for u in line.utterances[:2]] == [-26.0 + 85.0, -24.0 + 85.0]
    assert other == calls[1]
    assert (mute.measures.value("spl_offset_db"), mute.measures.reason("agent_estimated_spl_db")) == (85.0, "no_speech")
    back = amend.with_offsets(shifted, amend.Offsets(91.0, {}))
    assert artefact.facts_of_table(back)[:2] == tuple(calls[:2])
    assert artefact.facts_of_table(back)[2].measures.reason("spl_offset_db") == "uncalibrated_line"


def test_a_day_whose_levels_are_right_is_seen_without_changing_it(tmp_path: Path) -> None:
    day = fill(tmp_path, "a", "b")
    days.compact(day)
    (group,) = files.row_groups(day / days.DAY_FACTS)
    assert amend.has_offsets(group, amend.Offsets(91.0, {}))
    assert not amend.has_offsets(group, amend.Offsets(91.0, {"trunk-1": 85.0}))
    assert not amend.has_offsets(group, amend.Offsets(90.0, {}))


def callers(*rows: tuple[str, str | None, datetime | None, int | None]) -> dict[str, int | None]:
    names_ = (files.CALL_ID, "caller_hash", "started_at", "previous_calls")
    table = pa.table({n: [row[i] for row in rows] for i, n in enumerate(names_)})
    return {row[files.CALL_ID]: row["previous_calls"] for row in keys.previous_calls([table]).to_pylist()}


def test_earlier_calls_are_counted_within_thirty_days() -> None:
    start = datetime(2025, 11, 1, tzinfo=UTC)
    assert callers(
        ("a", "x", start, None),
        ("b", "x", start + timedelta(days=30), None),
        ("c", "x", start + timedelta(days=30, seconds=1), None),
        ("d", "y", start + timedelta(days=1), 5),
        ("e", None, start, None),
        ("f", "x", None, 2),
        ("g", "y", start, 0),
    ) == {"a": 0, "b": 1, "c": 1, "d": 1, "f": None}
    assert callers() == {}


def test_a_column_inside_lists_is_replaced() -> None:
    table = artefact.facts_table([make_facts("a"), make_facts("b", lines=())])
    texts = column_at(table, ("utterances", "text"))
    fresh = amend.replaced(table, ("utterances", "text"), lambda old: pa.array(["。"] * len(old), pa.string()))
    assert column_at(fresh, ("utterances", "text")).to_pylist() == ["。"] * len(texts)
    assert fresh.schema == table.schema
