"""Snapshots: everything stored is in them, they are swapped whole, and a reader can do nothing but read."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.model import Finding, Judgement
from pipeline.store import artefact, days, snapshot, staging
from pipeline.store.columns import to_table
from pipeline.store.keys import Stored
from pipeline.store.snapshot import FileState, current_snapshot, open_snapshot, publish
from tests.builders import make_finding, make_metadata, make_report, make_reports, make_score

WHEN = datetime(2025, 11, 21, 3, 0, tzinfo=UTC)
SOME_TIME = datetime(2026, 2, 1, tzinfo=UTC)


def fill(home: Path, count: int = 3) -> None:
    for report in make_reports(count):
        artefact.write_report(home, report)


def rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    connection = open_snapshot(home)
    assert connection is not None
    with connection:
        return connection.execute(sql).pl().rows()


def test_nothing_published_yet_is_none(tmp_path: Path) -> None:
    assert open_snapshot(tmp_path) is None
    assert current_snapshot(tmp_path) is None


def test_no_calls_at_all_can_be_published_and_read(tmp_path: Path) -> None:
    published = publish(tmp_path)
    assert (published.snapshot_id, published.calls) == (1, 0)
    assert rows(tmp_path, "select count(*) from call_summaries") == [(0,)]
    assert rows(tmp_path, "select snapshot_id, calls, rulebook_version from snapshot_info") == [(1, 0, None)]


def test_a_call_arrives_whole(tmp_path: Path) -> None:
    report = make_report()
    artefact.write_report(tmp_path, report)
    publish(tmp_path)
    facts, judgement = report.facts, report.judgement
    call = rows(tmp_path, "select call_id, started_at, agent_name, topic, decoded_s, score_total, passed from calls")
    assert call == [
        ("8023_appointment", facts.recording.metadata.started_at, "李静", "预约挂号", facts.audio.decoded_s, 90.0, True)
    ]
    texts = rows(tmp_path, "select text, role, start_s, estimated_spl_db from utterances order by utterance_index")
    assert texts == [(u.text, u.role, u.start_s, u.measures.value("estimated_spl_db")) for u in facts.utterances]
    words = rows(tmp_path, "select words[1].text, len(words), len(measures) from utterances where utterance_index = 0")
    first = facts.utterances[0]
    assert words == [(first.words[0].text, len(first.words), len(first.measures.items))]
    silences = rows(tmp_path, "select kind, start_s, value from events")
    assert silences == [(e.kind, e.start_s, e.value) for e in facts.events]
    found = rows(
        tmp_path, "select finding_key, status, points_deducted, limit_value from findings order by finding_index"
    )
    assert found == [(f.key, f.status, 10.0 if f.status == "violated" else 0.0, f.limit) for f in judgement.findings]
    measured = dict(rows(tmp_path, "select name, coalesce(cast(value as varchar), reason) from call_measures"))
    assert measured["overlap_s"] == "mono_overlap"
    assert float(str(measured["snr_db"])) == 24.5
    assert rows(tmp_path, "select channel, hop_s, peaks from waveforms") == [
        (0, 0.05, list(facts.envelope.peaks[0])),
    ]
    items = rows(tmp_path, "select item_id, points, status, deductions from score_items order by item_index")
    assert items[0] == (
        "forbidden_phrase",
        50.0,
        "deducted",
        [{"finding_key": judgement.findings[2].key, "points": 10.0}],
    )
    assert items[2][1:3] == (None, "not_applicable")
    assert rows(tmp_path, "select topic, confidence, evidence from topics order by confidence desc") == [
        (t.topic, t.confidence, list(t.evidence)) for t in judgement.topics
    ]
    assert rows(tmp_path, "select violated, review, remedied from call_summaries") == [(1, 0, 1)]


def test_metadata_topic_beats_the_judged_one_and_silence_leaves_none(tmp_path: Path) -> None:
    artefact.write_report(tmp_path, make_report("a", metadata=make_metadata(topic="投诉")))
    artefact.write_report(tmp_path, make_report("b", topics=(), lines=(), findings=(), total=None))
    publish(tmp_path)
    assert rows(tmp_path, "select call_id, topic, score_total from calls order by call_id") == [
        ("a", "投诉", 90.0),
        ("b", None, None),
    ]


@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=30))
@settings(deadline=None)
def test_the_key_made_in_sql_is_the_key_made_in_python(starts: list[float]) -> None:
    findings = [make_finding(start_s=s) for s in starts]
    with duckdb.connect() as connection:
        connection.execute("create table f (start_s double)")
        connection.executemany("insert into f values (?)", [[s] for s in starts])
        sql = "select 'forbidden-dont-know@' || cast(round_even(start_s * 1000, 0) as bigint) from f order by rowid"
        assert [row[0] for row in connection.execute(sql).fetchall()] == [f.key for f in findings]


def test_a_finding_without_a_time_keeps_its_key(tmp_path: Path) -> None:
    whole_call: Finding = make_finding(start_s=None, end_s=None, utterance_index=None)
    artefact.write_report(tmp_path, make_report(findings=(whole_call,), score=make_score(90.0, (whole_call,))))
    publish(tmp_path)
    assert rows(tmp_path, "select finding_key, points_deducted from findings") == [(whole_call.key, 10.0)]


def test_facts_without_judgement_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    artefact.write_facts(tmp_path, make_report("unjudged").facts)
    assert publish(tmp_path).calls == 2


def test_every_publish_has_a_new_name_and_only_some_are_kept(tmp_path: Path) -> None:
    fill(tmp_path)
    numbers = [publish(tmp_path, keep=2).snapshot_id for _ in range(4)]
    assert numbers == [1, 2, 3, 4]
    names = sorted(p.name for p in (tmp_path / "snapshots").iterdir())
    assert names == ["CURRENT", "analytics-3.duckdb", "analytics-4.duckdb"]
    assert current_snapshot(tmp_path) == tmp_path / "snapshots" / "analytics-4.duckdb"


def test_a_reader_keeps_its_snapshot_while_a_new_one_is_published(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    publish(tmp_path, keep=1)
    reader = open_snapshot(tmp_path)
    assert reader is not None
    fill(tmp_path, 5)
    publish(tmp_path, keep=1)
    assert reader.execute("select count(*) from calls").fetchone() == (2,)
    assert rows(tmp_path, "select count(*) from calls") == [(5,)]
    reader.close()


def test_a_left_over_of_a_killed_publish_is_not_used_again(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    publish(tmp_path)
    (tmp_path / "snapshots" / "analytics-2.duckdb").write_bytes(b"half")
    (tmp_path / "snapshots" / "analytics-3.duckdb.wal").write_bytes(b"stale")
    assert publish(tmp_path).snapshot_id == 3
    assert rows(tmp_path, "select count(*) from calls") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into snapshot_info values (9, now(), 'x', 'y', 0)",
        "create table t (x integer)",
        "select * from read_csv('/etc/passwd')",
        "copy calls to '/tmp/stolen.csv'",
        "attach '/tmp/other.duckdb'",
        "install httpfs",
        "set enable_external_access = true",
        "set threads = 64",
    ],
)
def test_a_reader_can_only_read(tmp_path: Path, sql: str) -> None:
    publish(tmp_path)
    connection = open_snapshot(tmp_path)
    assert connection is not None
    with connection, pytest.raises(duckdb.Error):
        connection.execute(sql)


def test_a_damaged_artefact_is_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path)
    path = artefact.write_facts(tmp_path, make_report("broken").facts)
    path.write_bytes(path.read_bytes()[:400])
    published = publish(tmp_path)
    assert published.calls == 3
    assert published.unreadable == (path,)


def test_files_of_the_ledger_are_shown_and_say_where_a_moved_file_is(tmp_path: Path) -> None:
    artefact.write_report(tmp_path, make_report())
    publish(
        tmp_path,
        [
            FileState("/new/8023_appointment.wav", "aa", "8023_appointment", "done", None, 1, WHEN),
            FileState("/new/坏.wav", None, None, "failed", "坏.wav is empty", 1, WHEN),
        ],
    )
    assert rows(tmp_path, "select path, file_name from calls") == [
        ("/new/8023_appointment.wav", "8023_appointment.wav")
    ]
    assert rows(tmp_path, "select path, state, reason, updated_at from files where state = 'failed'") == [
        ("/new/坏.wav", "failed", "坏.wav is empty", WHEN)
    ]


def test_an_older_column_set_is_still_read(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    fill(tmp_path, 2)
    path = next((tmp_path / "artefacts").rglob(f"*{artefact.JUDGEMENT_SUFFIX}"))
    pq.write_table(pq.read_table(path).drop_columns(["topics"]), path)
    publish(tmp_path)
    assert rows(tmp_path, "select count(*), count(topic) from calls") == [(2, 1)]


def test_a_nested_field_that_an_older_file_lacks_is_null(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fill(tmp_path, 2)
    path = next((tmp_path / "artefacts").rglob(f"*{artefact.FACTS_SUFFIX}"))
    rows_before = pq.read_table(path).to_pylist()
    for row in rows_before:
        del row["recording"]["metadata"]["line"]
    pq.write_table(pa.Table.from_pylist(rows_before), path)
    published = publish(tmp_path)
    assert (published.calls, published.unreadable) == (2, ())
    assert rows(tmp_path, "select count(*), count(line) from calls") == [(2, 1)]


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a snapshot but what differs between any two."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        kept = sorted(set(names) - {"snapshot_info", "schema_migrations"})
        return {n: sorted(map(repr, connection.execute(f"select * from {n}").pl().rows())) for n in kept}


def test_a_snapshot_made_from_the_one_before_is_the_same_as_one_made_anew(tmp_path: Path) -> None:
    reports = list(make_reports(12))
    for report in reports:
        artefact.write_report(tmp_path, report)
    publish(tmp_path)

    def same(calls: int, unreadable: tuple[Path, ...] = ()) -> None:
        changed, anew = publish(tmp_path), publish(tmp_path, anew=True)
        assert tables(changed.path) == tables(anew.path)
        assert (changed.calls, changed.unreadable, anew.unreadable) == (calls, unreadable, unreadable)

    same(12)
    artefact.write_report(tmp_path, make_report("late"))  # a day that is new
    same(13)
    again = replace(reports[4], facts=replace(reports[4].facts, role_confidence=0.11))
    artefact.write_report(tmp_path, again)  # a call heard again
    same(13)
    artefact.write_judgement(tmp_path, replace(reports[5].judgement, rulebook_version="r-2"))
    same(13)
    days.compact(days.days(tmp_path)[0])
    same(13)
    moved = replace(reports[0].facts.recording, metadata=make_metadata(started_at=None))
    artefact.write_report(tmp_path, replace(reports[0], facts=replace(reports[0].facts, recording=moved)))
    same(13)  # its row in the file of many does not count now
    artefact.write_facts(tmp_path, make_report("heard").facts)
    same(13)  # not judged yet
    artefact.write_judgement(tmp_path, make_report("heard").judgement)
    same(14)
    broken = artefact.write_facts(tmp_path, make_report("broken").facts)
    broken.write_bytes(b"PAR1")
    same(14, (broken,))
    for file in (tmp_path / "artefacts").glob("2025-11-02/*"):
        file.unlink()
    same(11, (broken,))  # a day is gone


def test_judgements_that_say_the_same_stay_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.store.build.FILES_AT_ONCE", 2)
    by_id = {report.facts.recording.call_id: report for report in make_reports(12)}
    for report in by_id.values():
        artefact.write_report(tmp_path, report)
    parts: list[days.Part] = []
    for folder in days.days(tmp_path):
        days.compact(folder)
        parts += days.parts(folder / days.DAY_FACTS, 1)
    publish(tmp_path)
    inserted: list[Path] = []
    real = staging.insert_files

    def told(connection: duckdb.DuckDBPyConnection, kind: staging.Kind, files: Sequence[Path], known: Stored) -> bool:
        inserted.extend(files)
        return real(connection, kind, files, known)

    def judged(version: str, change: Callable[[Judgement], Judgement], *differing: str) -> list[Path]:
        """Judge all calls by another version. Returns the files of which anything was inserted."""
        for part in parts:
            before = [by_id[i].judgement for i in days.call_ids(part.path.parent)]
            fresh = [replace(j, rulebook_version=version, judged_at=SOME_TIME) for j in before]
            fresh = [change(j) if j.call_id in differing else j for j in fresh]
            days.write_judgements(part, [to_table(Judgement, fresh)])
        inserted.clear()
        with monkeypatch.context() as patched:
            patched.setattr(staging, "insert_files", told)
            changed = publish(tmp_path)
        assert tables(changed.path) == tables(publish(tmp_path, anew=True).path)
        assert rows(tmp_path, "select distinct rulebook_version from calls") == [(version,)]
        return list(inserted)

    def other(judgement: Judgement) -> Judgement:
        return replace(judgement, findings=(*judgement.findings, make_finding(rule_id="r-more")))

    def lower(judgement: Judgement) -> Judgement:
        return replace(judgement, score=replace(judgement.score, total=1.0))

    assert len(parts) == 4
    assert judged("r-2", other) == []
    one = days.call_ids(parts[2].path.parent)[1]
    assert judged("r-3", other, one) == [parts[2].judgement_path]
    assert judged("r-4", other, one) == []
    assert judged("r-5", lower, one) == [parts[2].judgement_path]
    assert judged("r-6", lambda j: replace(j, topics=()), one) == [parts[2].judgement_path]
    assert judged("r-7", other, *by_id) == [part.judgement_path for part in parts]


def test_a_judgement_of_older_facts_does_not_count(tmp_path: Path) -> None:
    artefact.write_report(tmp_path, make_report("a"))
    days.compact(days.days(tmp_path)[0])
    artefact.write_facts(tmp_path, make_report("a", analyzed_at=datetime(2025, 12, 1, tzinfo=UTC)).facts)
    assert publish(tmp_path).calls == 0
    assert artefact.read_report(tmp_path, "a") is None


def test_a_call_stored_twice_is_published_once_and_newest(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    artefact.write_report(tmp_path, make_report("a", role_confidence=0.9))
    old = make_report("a", role_confidence=0.1, analyzed_at=datetime(2024, 1, 1, tzinfo=UTC)).facts
    table = artefact.facts_table([old])
    for day in ("2024-01-01", "2025-12-31"):
        folder = tmp_path / "artefacts" / day
        folder.mkdir()
        pq.write_table(table, folder / "_day.facts.parquet")
    publish(tmp_path)
    assert rows(tmp_path, "select call_id, role_confidence from calls") == [("a", 0.9)]
    assert rows(tmp_path, "select count(*) from utterances") == [(9,)]


@pytest.mark.parametrize("name", ["data [1] * 心内科 😀", 'it\'s "quoted"; drop table calls'])
def test_odd_folder_names_are_only_names(tmp_path: Path, name: str) -> None:
    fill(tmp_path / name, 2)
    assert publish(tmp_path / name).calls == 2


def test_a_question_mark_in_the_folder_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="question mark"):
        publish(tmp_path / "data?")


def test_a_pointer_to_nothing_says_what_to_do(tmp_path: Path) -> None:
    publish(tmp_path)
    (tmp_path / "snapshots" / "CURRENT").write_text("../../etc/passwd")
    with pytest.raises(StoreError, match="run callqa publish"):
        open_snapshot(tmp_path)


def test_a_damaged_snapshot_says_what_to_do(tmp_path: Path) -> None:
    publish(tmp_path).path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"analytics-1\.duckdb cannot be opened.*callqa publish"):
        open_snapshot(tmp_path)


def test_a_snapshot_of_another_schema_says_what_to_do(tmp_path: Path) -> None:
    path = publish(tmp_path).path
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from schema_migrations")
    with pytest.raises(StoreError, match="older callqa"):
        open_snapshot(tmp_path)


def test_a_folder_that_cannot_be_written_keeps_the_old_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 1)
    publish(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(snapshot, "flush", refuse)
    with pytest.raises(StoreError, match=r"no snapshot could be published.*stays in use"):
        publish(tmp_path)
    monkeypatch.undo()
    assert current_snapshot(tmp_path) == tmp_path / "snapshots" / "analytics-1.duckdb"
    assert rows(tmp_path, "select count(*) from calls") == [(1,)]


def test_findings_may_be_none(tmp_path: Path) -> None:
    artefact.write_report(tmp_path, make_report(findings=()))
    publish(tmp_path)
    assert rows(tmp_path, "select violated, review from call_summaries") == [(0, 0)]
