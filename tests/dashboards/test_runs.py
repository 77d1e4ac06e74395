"""批次: runs with their throughput, for those who may see them."""

from pathlib import Path

import pytest

from dashboards.data import Data
from dashboards.run_history import integrity, last_runs, store_health, waiting_files
from pipeline.store.ledger import RunCounts, open_ledger
from pipeline.store.users import PermissionDeniedError, User
from tests.dashboards.conftest import settings_for

SUPERVISOR, REVIEWER = User("zhou", "周", "supervisor"), User("li", "李", "reviewer")


def test_runs_are_told_with_their_speed(home: Path) -> None:
    data = Data(settings_for(home), SUPERVISOR)
    assert last_runs(data) == ()
    assert waiting_files(data) == {}
    with open_ledger(home) as ledger:
        run_id = ledger.start_run("models-1")
        counts = RunCounts(found=12, done=10, failed=2, audio_s=7200.0, wall_s=1800.0)
        ledger.finish_run(run_id, "complete", counts, rulebook_version="r-1", snapshot_id=3)
        ledger.start_run("models-1")
    running, night = last_runs(data)
    assert running.run.outcome is None
    assert running.audio_hours_per_hour is None
    assert (night.audio_hours, night.audio_hours_per_hour) == (2.0, 4.0)
    assert night.run.counts == counts


def test_health_is_for_those_who_may_see_runs(home: Path) -> None:
    assert store_health(Data(settings_for(home), SUPERVISOR)).snapshots
    assert integrity(Data(settings_for(home), SUPERVISOR)) == ()
    for ask in (last_runs, waiting_files, store_health, integrity):
        with pytest.raises(PermissionDeniedError):
            ask(Data(settings_for(home), REVIEWER))
