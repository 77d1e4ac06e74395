"""The reader: figures by hand, filters, paging, search, swapped snapshots."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dashboards.data import CallFilter, Cursor, Data, Period
from pipeline.errors import StoreError
from pipeline.model import Correction
from pipeline.store import artefact
from pipeline.store.reviews import ReviewConflict
from pipeline.store.snapshot import publish
from tests.builders import make_report
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL, LONG_CALL, UNKNOWN_CALL


@pytest.fixture
def data(home):
    return Data(settings_for(home))


@pytest.fixture
def two_calls(tmp_path):
    for name, total in (("a", 90.0), ("b", 50.0)):
        artefact.write_report(tmp_path, make_report(name, total=total))
    publish(tmp_path)
    return Data(settings_for(tmp_path))


def test_totals_of_two_calls(two_calls):
    totals = two_calls.totals(Period())
    assert totals["calls"] == 2
    assert totals["hours"] == pytest.approx(2 * make_report().facts.audio.decoded_s / 3600)
    assert (totals["mean_score"], totals["passed"], totals["judged"]) == (70.0, 1, 2)
    assert totals["agent_spl_db"] == 65.0
    bins = two_calls.score_distribution(Period())
    assert bins.filter(pl.col("calls") > 0).rows() == [(50, 55, 1), (90, 95, 1)]


def test_days_are_local(two_calls):
    assert two_calls.trend_by_day(Period())["day"].to_list() == [date(2025, 11, 20)]
    assert two_calls.totals(Period(from_day=date(2025, 11, 21)))["calls"] == 0
    assert two_calls.totals(Period(date(2025, 11, 20), date(2025, 11, 20)))["calls"] == 2


def test_families_count_findings_and_calls(two_calls):
    rows = {(r[0], r[1]): r[2:] for r in two_calls.findings_by_family(Period()).rows()}
    assert rows == {("forbidden_phrase", "violated"): (2, 2), ("silence", "remedied"): (2, 2)}


@pytest.mark.parametrize("sort", ["newest", "lowest", "highest", "longest"])
def test_paging_visits_every_call_once_in_order(data, sort):
    seen, after = [], None
    while True:
        page = data.calls_page(CallFilter(sort=sort), after, limit=7)
        if page.is_empty():
            break
        seen += page["call_id"].to_list()
        last = page.row(-1, named=True)
        after = Cursor(last["sort_value"], last["call_id"])
        assert page["total"][0] == 42
    assert len(seen) == len(set(seen)) == 42
    assert seen[0] == {"longest": LONG_CALL}.get(sort, seen[0])
    if sort == "newest":
        assert seen[-1] == UNKNOWN_CALL


def ids(data, **wanted):
    return set(data.calls_page(CallFilter(**wanted), limit=100)["call_id"])


def test_search_finds_chinese_words_and_says_where(data):
    found = data.calls_page(CallFilter(text="慢慢等就是了"))
    assert found["call_id"].to_list() == [COMPLAINT_CALL]
    assert found["hit_index"].to_list() == [4]
    assert found["hit_start_s"].to_list() == [29.8]
    assert ids(data, text="  ") == ids(data)
    assert ids(data, text="没有人说过这句") == set()


def test_filters_narrow(data):
    assert ids(data, topics=("投诉",), agents=("8031",), statuses=("review",)) == {COMPLAINT_CALL}
    assert ids(data, families=("interruption",)) == {COMPLAINT_CALL}
    assert ids(data, families=("interruption",), statuses=("satisfied",)) == set()
    assert ids(data, max_score=10.0) == set()
    total = data.call(COMPLAINT_CALL).head["score_total"]  # by the shipped card
    assert COMPLAINT_CALL in ids(data, min_score=total, max_score=total + 1)
    assert COMPLAINT_CALL not in ids(data, max_score=total)
    assert LONG_CALL in ids(data, min_score=100.0, max_score=100.0)
    assert ids(data, from_day=date(2025, 11, 19), to_day=date(2025, 11, 19)) == {COMPLAINT_CALL}
    scored = data.calls_page(CallFilter(min_score=0.0), limit=100)
    assert scored["score_total"].null_count() == 0
    assert 0 < scored.height < 42


def test_call_has_all_its_parts(data):
    view = data.call(COMPLAINT_CALL)
    assert view.head["layout"] == "stereo"
    assert view.utterances.height == 8
    assert view.waveform["channel"].to_list() == [0, 1]
    assert sorted(view.events["kind"]) == ["interruption", "overlap", "silence"]
    assert view.findings["start_s"].to_list()[-1] is None
    assert view.items["points_max"].sum() == 100
    assert not view.spl_calibrated
    assert data.call("no such call") is None


def test_long_waveform_is_thinned_to_its_peaks(data):
    row = data.call(LONG_CALL).waveform.row(0, named=True)
    assert len(row["peaks"]) <= 1600
    assert row["step_s"] * len(row["peaks"]) == pytest.approx(601.0, abs=row["step_s"])


def test_new_snapshot_is_seen_by_the_next_read(two_calls, tmp_path):
    assert two_calls.totals(Period())["calls"] == 2
    artefact.write_report(tmp_path, make_report("c"))
    publish(tmp_path)
    assert two_calls.totals(Period())["calls"] == 3


def test_empty_folder_and_broken_pointer(tmp_path):
    data = Data(settings_for(tmp_path))
    assert not data.published()
    with pytest.raises(StoreError, match="nothing is published"):
        data.totals(Period())
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "CURRENT").write_text("analytics-7.duckdb\n", encoding="utf-8")
    with pytest.raises(StoreError, match="analytics-7"):
        data.published()


def test_store_of_no_calls_has_figures_of_nothing(tmp_path):
    publish(tmp_path)
    data = Data(settings_for(tmp_path))
    totals = data.totals(Period())
    assert (totals["calls"], totals["hours"], totals["mean_score"]) == (0, 0, None)
    assert data.calls_page(CallFilter()).is_empty()
    assert data.filter_options()["agents"] == []


def test_verdicts_are_versions_and_conflicts_are_told(data):
    key = data.call(APPOINTMENT_CALL).findings["finding_key"][0]
    data.add_verdict(APPOINTMENT_CALL, key, "confirm", "li", None)
    held = data.decisions(APPOINTMENT_CALL)
    assert held.verdicts[key].verdict == "confirm"
    with pytest.raises(ReviewConflict):
        data.add_verdict(APPOINTMENT_CALL, key, "reject", "wang", None)
    data.add_verdict(APPOINTMENT_CALL, key, "withdraw", "li", 1)
    after = data.decisions(APPOINTMENT_CALL)
    assert after.verdicts == {}
    assert after.verdict_versions == {key: 2}


def test_mended_spelling_is_told_beside_the_text(tmp_path):
    report = make_report("a")
    first, *rest = report.facts.utterances
    mended = replace(first, corrections=(Correction(2, 5, "新内科", "心内科", "lexicon", 0.97),))
    artefact.write_report(tmp_path, replace(report, facts=replace(report.facts, utterances=(mended, *rest))))
    publish(tmp_path)
    rows = Data(settings_for(tmp_path)).call("a").utterances["corrections"].to_list()
    assert [(c["original"], c["corrected"]) for c in rows[0]] == [("新内科", "心内科")]
    assert rows[1] == []
