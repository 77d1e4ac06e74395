"""The reader: figures by hand, filters, paging, search, swapped snapshots."""

from dataclasses import replace

import pytest

from dashboards import data as data_module
from dashboards.call_search import CallFilter, Calls
from dashboards.data import Data
from pipeline.errors import StoreError
from pipeline.model import Correction
from pipeline.store import artefact
from pipeline.store.reviews import ReviewConflict
from pipeline.store.snapshot import publish
from tests.builders import make_report
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL, LONG_CALL


@pytest.fixture
def data(home):
    return Data(settings_for(home))


@pytest.fixture
def two_calls(tmp_path):
    for name, total in (("a", 90.0), ("b", 50.0)):
        artefact.write_report(tmp_path, make_report(name, total=total))
    publish(tmp_path)
    return Data(settings_for(tmp_path))


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
    assert two_calls.info()["calls"] == 2
    artefact.write_report(tmp_path, make_report("c"))
    publish(tmp_path)
    assert two_calls.info()["calls"] == 3


def test_empty_folder_and_broken_pointer(tmp_path):
    data = Data(settings_for(tmp_path))
    assert not data.published()
    with pytest.raises(StoreError, match="nothing is published"):
        data.info()
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "CURRENT").write_text("analytics-7.duckdb\n", encoding="utf-8")
    with pytest.raises(StoreError, match="analytics-7"):
        data.published()


def test_store_of_no_calls_has_figures_of_nothing(tmp_path):
    publish(tmp_path)
    data = Data(settings_for(tmp_path))
    assert data.info()["calls"] == 0
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


def test_a_decision_asks_the_list_anew_and_the_filters_not(data, monkeypatch):
    asked, answer = [], data_module._answer

    def noted(cursor, name, values):
        asked.append(name)
        return answer(cursor, name, values)

    monkeypatch.setattr(data_module, "_answer", noted)
    calls = Calls(data)
    calls.options(), calls.page(CallFilter()), calls.page(CallFilter())
    assert asked == ["filter_options", "call_options", "calls_page"]
    view = data.call(APPOINTMENT_CALL)
    data.add_verdict(view.call_id, view.findings["finding_key"][0], "reject", "li", None)
    asked.clear()
    calls.options(), calls.page(CallFilter())
    assert asked == ["calls_page"]
