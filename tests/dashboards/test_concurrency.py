"""Three reviewers writing while snapshots are published: nothing is lost, and nobody waits a second for a lock.

Each reviewer is a process of its own. How long a lock is waited for is limited in the store, not timed here: SQLite's
busy handler adds up the naps that it takes and gives up at LONGEST_WAIT_S, which is then an error of that reviewer. So
what is asserted does not hang on how fast this machine is.
"""

import multiprocessing
from pathlib import Path

import pytest

from dashboards.data import Data
from pipeline.errors import CallQaError
from pipeline.store import artefact, sqlite
from pipeline.store.health import check_integrity
from pipeline.store.reviews import ReviewForm, ReviewItem, open_reviews
from pipeline.store.snapshot import current_snapshot, publish
from tests.builders import make_reports
from tests.dashboards.conftest import settings_for

REVIEWERS = ("li", "wu", "zhao")
DECISIONS, PUBLISHES, CALLS = 40, 5, 24
LONGEST_WAIT_S = 1.0
END_S = 120.0
SPAWN = multiprocessing.get_context("spawn")


def form(call_id: str, name: str, based_on: int | None = None) -> ReviewForm:
    return ReviewForm(
        call_id=call_id,
        reviewer=name,
        items=(ReviewItem("greeting", 5.0, overridden=True, reason="听到了问候"),),
        comment=f"{name} 的评语",
        total=88.0,
        fatal=False,
        snapshot_id=1,
        rulebook_version="r-0",
        scorecard_id="default",
        scorecard_version="1",
        based_on=based_on,
        passed=True,
    )


def review(home: str, name: str, begin, told) -> None:
    """One reviewer: verdicts and forms, with reads of whichever snapshot is there in between."""
    sqlite.BUSY_TIMEOUT_S = LONGEST_WAIT_S
    data, saved, problems = Data(settings_for(Path(home))), 0, []
    begin.wait(END_S)
    for number in range(DECISIONS):
        try:
            data.add_verdict(f"{name}-{number}", "rule@100", "confirm", name, None)
            data.add_review(form(f"{name}-{number}", name))
            saved += 1
            if data.info()["calls"] != CALLS:
                problems.append(f"half a snapshot: {data.info()}")
        except CallQaError as error:
            problems.append(str(error))
    told.put((name, saved, problems))


def same_call(home: str, name: str, begin, told) -> None:
    """One of several who hand in a form for the same call without having seen the others'."""
    data = Data(settings_for(Path(home)))
    begin.wait(END_S)
    try:
        data.add_review(form("one-call", name))
        told.put((name, 1, []))
    except CallQaError as error:
        told.put((name, 0, [type(error).__name__]))


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    for report in make_reports(CALLS):
        artefact.write_report(tmp_path, report)
    publish(tmp_path)
    return tmp_path


def at_once(home: Path, what, meanwhile) -> dict[str, tuple[int, list[str]]]:
    """What each reviewer told: how many were saved, and problems. meanwhile: done here while they are at work."""
    begin, told = SPAWN.Event(), SPAWN.Queue()
    people = [SPAWN.Process(target=what, args=(str(home), name, begin, told)) for name in REVIEWERS]
    for person in people:
        person.start()
    begin.set()
    meanwhile()
    found = {name: (saved, problems) for name, saved, problems in (told.get(timeout=END_S) for _ in people)}
    for person in people:
        person.join(END_S)
    return found


@pytest.mark.slow
def test_reviewers_write_while_snapshots_are_published(filled: Path) -> None:
    def publish_often() -> None:
        for _ in range(PUBLISHES):
            publish(filled, anew=True)

    found = at_once(filled, review, publish_often)
    assert found == dict.fromkeys(REVIEWERS, (DECISIONS, []))
    current = current_snapshot(filled)
    assert current is not None
    assert current.name == f"analytics-{1 + PUBLISHES}.duckdb"
    with open_reviews(filled) as store:
        latest = store.latest_reviews()
        assert len(latest) == len(REVIEWERS) * DECISIONS
        for name in REVIEWERS:
            for number in range(DECISIONS):
                call_id = f"{name}-{number}"
                assert latest[call_id].form.comment == f"{name} 的评语"
                assert latest[call_id].form.items[0].reason == "听到了问候"
                assert [v.verdict for v in store.verdict_history(call_id)] == ["confirm"]
        written = [entry.who for entry in store.audit(limit=10_000)]
    assert {name: written.count(name) for name in REVIEWERS} == dict.fromkeys(REVIEWERS, 2 * DECISIONS)
    assert check_integrity(filled) == ()


@pytest.mark.slow
def test_of_three_on_one_call_one_saves_and_the_others_are_told(filled: Path) -> None:
    found = at_once(filled, same_call, lambda: None)
    assert sorted(found.values()) == [(0, ["ReviewConflict"]), (0, ["ReviewConflict"]), (1, [])]
    with open_reviews(filled) as store:
        (kept,) = store.review_history("one-call")
    assert found[kept.form.reviewer] == (1, [])
