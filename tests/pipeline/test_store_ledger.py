"""The ledger: work is done once for given bytes, and nothing that was begun is forgotten."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.ledger import FileStamp, Ledger, RunCounts, ledger_path, open_ledger
from tests.builders import make_recording

A, B = "a" * 64, "b" * 64
STAMP = FileStamp(100, 1, 2)


def add(ledger: Ledger, path: str, sha256: str = A, fingerprint: str = "f1", *, retry: bool = False) -> str:
    entry = ledger.register(path, sha256, STAMP, stem=Path(path).stem, fingerprint=fingerprint, retry=retry)
    return f"{entry.call_id}:{entry.state}"


def states(ledger: Ledger) -> dict[str, str]:
    return {row.path: row.state for row in ledger.file_states()}


def test_a_call_goes_through_its_states(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert add(ledger, "/in/c1.wav") == "c1:pending"
        assert [e.call_id for e in ledger.pending()] == ["c1"]
        assert ledger.lease(A).attempts == 1
        assert ledger.pending() == ()
        ledger.done(A, duration_s=60.0, wall_s=9.0)
        assert add(ledger, "/in/c1.wav") == "c1:done"
        assert ledger.counts() == {"done": 1}


def test_a_leased_call_cannot_be_leased_again(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        ledger.lease(A)
        with pytest.raises(StoreError, match="another batch"):
            ledger.lease(A)


def test_same_bytes_under_two_names_are_worked_on_once(tmp_path: Path) -> None:
    (tmp_path / "one.wav").touch()
    (tmp_path / "two.wav").touch()
    with open_ledger(tmp_path) as ledger:
        add(ledger, str(tmp_path / "one.wav"))
        add(ledger, str(tmp_path / "two.wav"))
        assert len(ledger.pending()) == 1
        first, second = ledger.file_states()
        assert (first.state, second.state, second.call_id) == ("pending", "duplicate", "one")
        assert second.reason == f"same bytes as {tmp_path / 'one.wav'}"


def test_a_moved_file_keeps_its_call(tmp_path: Path) -> None:
    old, new = tmp_path / "old.wav", tmp_path / "new.wav"
    old.touch()
    with open_ledger(tmp_path) as ledger:
        add(ledger, str(old))
        ledger.lease(A)
        ledger.done(A, duration_s=1.0, wall_s=1.0)
        old.rename(new)
        assert add(ledger, str(new)) == "old:done"
        assert states(ledger) == {str(new): "done"}


def test_other_bytes_under_the_same_name_get_an_id_of_their_own(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert add(ledger, "/monday/call.wav", A) == "call:pending"
        assert add(ledger, "/tuesday/call.wav", B) == "call-bbbbbbbb:pending"
        # the file of monday is overwritten with a third call
        assert add(ledger, "/monday/call.wav", "c" * 64) == "call-cccccccc:pending"
        assert states(ledger) == {"/monday/call.wav": "pending", "/tuesday/call.wav": "pending"}


def test_a_failure_that_lies_in_the_file_is_final_until_something_changes(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        ledger.lease(A)
        assert ledger.fail(A, "audio", "c1.wav is empty", max_attempts=2).state == "failed"
        assert add(ledger, "/in/c1.wav") == "c1:failed"
        assert add(ledger, "/in/c1.wav", retry=True) == "c1:pending"
        ledger.fail(A, "audio", "c1.wav is empty", max_attempts=2)
        assert add(ledger, "/in/c1.wav", fingerprint="f2") == "c1:pending"


def test_wrong_metadata_is_looked_at_again(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        ledger.fail(A, "metadata", "direction = sideways", max_attempts=2)
        assert add(ledger, "/in/c1.wav") == "c1:pending"


@pytest.mark.parametrize("kind", ["crash", "timeout", "engine"])
def test_other_failures_are_tried_again_and_then_set_aside(tmp_path: Path, kind: str) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        ledger.lease(A)
        assert ledger.fail(A, kind, "killed", max_attempts=2).state == "pending"  # type: ignore[arg-type]
        ledger.lease(A)
        entry = ledger.fail(A, kind, "killed", max_attempts=2)  # type: ignore[arg-type]
        assert (entry.state, entry.attempts) == ("quarantined", 2)
        assert add(ledger, "/in/c1.wav") == "c1:quarantined"
        assert add(ledger, "/in/c1.wav", retry=True) == "c1:pending"


def test_an_interrupted_call_is_given_back_without_counting(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        ledger.lease(A)
        ledger.release(A)
        assert [(e.state, e.attempts) for e in ledger.pending()] == [("pending", 0)]


def test_what_a_killed_batch_held_is_recovered_but_not_for_ever(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        ledger.lease(A)
    with open_ledger(tmp_path) as ledger:
        assert ledger.recover(max_attempts=2) == 1
        ledger.lease(A)
    with open_ledger(tmp_path) as ledger:
        ledger.recover(max_attempts=2)
        entry = ledger.find(A)
        assert entry is not None
        assert (entry.state, entry.kind) == ("quarantined", "crash")


def test_a_lease_survives_kill_9(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from pipeline.store.ledger import FileStamp, open_ledger
with open_ledger(Path({str(tmp_path)!r})) as ledger:
    ledger.register("/in/c1.wav", {A!r}, FileStamp(1, 2, 3), stem="c1", fingerprint="f")
    ledger.lease({A!r})
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run(
        [sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert killed.returncode == -9
    with open_ledger(tmp_path) as ledger:
        entry = ledger.find(A)
        assert entry is not None
        assert (entry.state, entry.attempts) == ("leased", 1)


def test_an_unchanged_file_need_not_be_read_again(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        add(ledger, "/in/c1.wav")
        assert ledger.known_digest("/in/c1.wav", STAMP) == A
        assert ledger.known_digest("/in/c1.wav", FileStamp(100, 1, 3)) is None
        assert ledger.known_digest("/in/other.wav", STAMP) is None


def test_an_unreadable_file_is_a_failed_file_until_it_can_be_read(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.note_unreadable("/in/c1.wav", "/in/c1.wav cannot be read: Permission denied")
        (row,) = ledger.file_states()
        assert (row.state, row.sha256, row.reason) == ("failed", None, "/in/c1.wav cannot be read: Permission denied")
        add(ledger, "/in/c1.wav")
        assert states(ledger) == {"/in/c1.wav": "pending"}


def test_a_lost_ledger_learns_of_stored_calls(tmp_path: Path) -> None:
    recording = make_recording()
    with open_ledger(tmp_path) as ledger:
        ledger.adopt(recording, "f1")
        ledger.adopt(recording, "f1")
        entry = ledger.register("/moved.wav", recording.sha256, STAMP, stem="moved", fingerprint="f1")
        assert (entry.call_id, entry.state, entry.path) == (recording.call_id, "done", "/moved.wav")


def test_runs_are_noted(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        run_id = ledger.start_run("f1")
        assert ledger.runs()[0].outcome is None
        counts = RunCounts(found=5, done=3, failed=1, audio_s=200.0, wall_s=30.0)
        ledger.finish_run(run_id, "complete", counts, rulebook_version="r1", snapshot_id=7)
        (run,) = ledger.runs()
        assert (run.outcome, run.counts, run.snapshot_id, run.rulebook_version) == ("complete", counts, 7, "r1")
        assert run.finished_at is not None
        assert run.finished_at >= run.started_at


def test_a_read_only_data_folder_names_path_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreError, match=r"ledger\.sqlite cannot be opened.*CALLQA_HOME"),
        open_ledger(tmp_path / "file"),
    ):
        pass


def test_the_ledger_is_durable_and_has_a_write_ahead_log(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    connection = sqlite3.connect(ledger_path(tmp_path))
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()
