"""The generator of a year: as many calls as asked for, every day another part of the pool, some days at a time."""

from pathlib import Path

import pytest

from pipeline.store.snapshot import current_snapshot, open_snapshot
from tests.bench import call_store, year_store


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days of twenty calls, two days a lot."""
    monkeypatch.setattr(call_store, "CALLS_A_DAY", 20)
    monkeypatch.setattr(call_store, "POOL_CALLS", 10)
    monkeypatch.setattr(year_store, "LOT_DAYS", 2)


@pytest.mark.usefixtures("small")
def test_a_store_goes_on_where_it_stopped_and_holds_every_call_once(tmp_path: Path) -> None:
    assert not year_store.make(tmp_path, 70, minutes=0)
    assert current_snapshot(tmp_path) is None
    assert year_store.make(tmp_path, 70)
    connection = open_snapshot(tmp_path)
    assert connection is not None
    with connection:
        days = connection.execute("select day, count(*) from call_facts group by day order by day").fetchall()
        calls = connection.execute("select count(distinct call_id), min(score_total) is not null from calls").fetchall()
        spoken = connection.execute("select count(*), count(distinct call_id) from utterances").fetchall()
    assert sum(count for _, count in days) == 70
    assert days[-1][0] == year_store.LAST_DAY.isoformat()
    assert calls == [(70, True)]
    assert spoken[0][0] == 30 * 70
    assert spoken[0][1] == 70
