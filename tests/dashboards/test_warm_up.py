"""What the first visitor would wait for is asked before they come, and a failure of it stops nothing."""

import threading
from pathlib import Path

from dashboards import warm_up
from dashboards.data import Data, data_of
from dashboards.scope import first_view
from dashboards.trends import Trends
from tests.dashboards.conftest import settings_for


def test_the_overview_s_answers_are_there(home: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    data = Data(settings_for(home, port=1))
    warm_up.warm_up(data)
    asked: list[str] = []
    monkeypatch.setattr("dashboards.data._answer", lambda _, name, values: asked.append(name))
    options = data.filter_options()
    trends = Trends(data, first_view(options["first_day"], options["last_day"]))
    trends.figures(), trends.scores(), trends.families(), trends.hours(), trends.over_time("day")
    assert asked == []


def test_an_empty_store_is_warm_too(tmp_path: Path) -> None:
    warm, stopped = threading.Event(), threading.Event()

    def done() -> None:
        warm.set()
        stopped.set()

    warm_up.keep_warm(settings_for(tmp_path, port=1), stopped, done)
    assert warm.is_set()


def test_a_damaged_pointer_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "CURRENT").write_text("no snapshot\n", encoding="utf-8")
    stopped = threading.Event()
    warm_up.keep_warm(settings_for(tmp_path, port=1), stopped, stopped.set)
    assert stopped.is_set()


def test_all_of_a_process_read_through_one_reader(home: Path) -> None:
    settings = settings_for(home, port=1)
    other = settings.model_copy(update={"review": settings.review.model_copy(update={"appeal_days": 3})})
    first, second = data_of(settings), data_of(other)
    assert second.settings.review.appeal_days == 3
    assert first._shared is second._shared
