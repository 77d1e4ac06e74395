"""The run: work is done once, one bad file never stops the night, and a stop leaves everything in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
import pytest

from pipeline.batch.jobs import Job, Result, Summary, time_limit_s
from pipeline.batch.local import LocalExecutor
from pipeline.batch.lock import BusyError, batch_lock
from pipeline.batch.run import Options, run
from pipeline.batch.upkeep import publish, rebuild, recheck
from pipeline.config import Settings, load_settings
from pipeline.errors import EngineError, StoreError
from pipeline.model import CallFacts, CallReport, Judgement
from pipeline.store import artefact, days
from pipeline.store.ledger import open_ledger
from pipeline.store.snapshot import open_snapshot
from tests.builders import make_facts, make_judgement, make_metadata, make_report
from tests.pipeline.fake_engine import FakeFactory


class House:
    """A data folder, an inbox and a fake engine."""

    def __init__(self, folder: Path) -> None:
        self.inbox = folder / "inbox"
        self.trace = folder / "trace"
        self.inbox.mkdir()
        self.trace.mkdir()
        self.settings: Settings = load_settings(folder / "data")

    def put(self, name: str, text: str | None = None) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text is not None else f"call {name}", encoding="utf-8")
        return path

    def run(self, *paths: Path, broken: str = "", fingerprint: str = "f1", **options: object) -> Summary:
        executor = LocalExecutor(FakeFactory(self.trace, broken), self.settings.home, workers=1, calls_per_worker=50)
        return run(
            paths or (self.inbox,),
            self.settings,
            fingerprint=fingerprint,
            executor=executor,
            judge=FixedJudge(),
            options=Options(**options),  # type: ignore[arg-type]
        )

    def analysed(self) -> list[str]:
        return [p.read_text() for p in sorted(self.trace.iterdir())]

    def files(self) -> dict[str, tuple[str, str | None]]:
        with open_ledger(self.settings.home) as ledger:
            return {Path(f.path).name: (f.state, f.reason) for f in ledger.file_states()}

    def published(self, sql: str) -> list[tuple[object, ...]]:
        connection = open_snapshot(self.settings.home)
        assert connection is not None
        with connection:
            return connection.execute(sql).pl().rows()

    def limit(self, **changes: object) -> None:
        self.settings = self.settings.model_copy(update={"batch": self.settings.batch.model_copy(update=changes)})


@dataclass(frozen=True)
class FixedJudge:
    """Makes itself; gives every call the same total."""

    total: float = 90.0

    def __call__(self) -> "FixedJudge":
        return self

    def judge_all(self, calls: Sequence[CallFacts]) -> list[Judgement]:
        ids = (facts.recording.call_id for facts in calls)
        return [make_judgement(i, rulebook_version="r-new", total=self.total) for i in ids]

    def judge_again(
        self, calls: Sequence[CallFacts], stored: Mapping[str, Judgement], views: object = None
    ) -> list[Judgement]:
        return self.judge_all(calls)

    def standing(self, calls: Sequence[CallFacts], version: str) -> None:
        """Nothing stands."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_two_runs_do_the_work_once(house: House) -> None:
    for name in ("a.wav", "b.wav", "sub/投诉 电话 😀.mp3"):
        house.put(name)
    first = house.run()
    assert (first.found, first.done, first.exit_code, first.snapshot_id) == (3, 3, 0, 1)
    assert first.audio_s == pytest.approx(3 * 48.2)
    second = house.run()
    assert (second.done, second.skipped, second.exit_code, second.snapshot_id) == (0, 3, 0, None)
    assert sorted(house.analysed()) == ["a", "b", "投诉 电话 😀"]
    assert house.published("select call_id from calls order by call_id") == [("a",), ("b",), ("投诉 电话 😀",)]


def test_one_bad_file_never_stops_the_night(house: House) -> None:
    house.put("1 good.wav")
    house.put("2 bad.wav", "bad")
    house.put("3 bug.wav", "bug")
    house.put("4 kill.wav", "kill")
    house.put("5 absurd.wav", "absurd")
    house.put("6 good.wav")
    (house.inbox / "7 dangling.wav").symlink_to(house.inbox / "gone")
    summary = house.run()
    assert (summary.done, summary.exit_code) == (2, 1)
    files = house.files()
    assert {name: state for name, (state, _) in files.items()} == {
        "1 good.wav": "done",
        "2 bad.wav": "failed",
        "3 bug.wav": "quarantined",
        "4 kill.wav": "quarantined",
        "5 absurd.wav": "quarantined",
        "6 good.wav": "done",
        "7 dangling.wav": "failed",
    }
    assert str(files["2 bad.wav"][1]).endswith("2 bad.wav is no recording; convert it")
    assert "unexpected ZeroDivisionError" in str(files["3 bug.wav"][1])
    assert "the worker process died (stage: decode, signal SIGKILL)" in str(files["4 kill.wav"][1])
    assert "role_confidence = 7.0" in str(files["5 absurd.wav"][1])
    assert house.analysed().count("4 kill") == 2
    shown = dict(house.published("select parse_filename(path), state from files"))
    assert shown["4 kill.wav"] == "quarantined"
    assert house.published("select count(*) from calls") == [(2,)]


def test_a_call_that_kills_its_worker_once_is_tried_again(house: House) -> None:
    house.put("once.wav", "once")
    summary = house.run()
    assert (summary.done, summary.exit_code) == (1, 0)
    assert house.analysed() == ["once", "once"]


def test_a_call_that_hangs_is_ended_and_told(house: House) -> None:
    house.limit(call_timeout_floor_s=5.0, call_timeout_factor=0.001, max_attempts=1)
    house.put("a.wav")
    house.put("hang.wav", "hang")
    summary = house.run()
    assert summary.done == 1
    (failure,) = summary.failures
    assert failure.kind == "timeout"
    assert "not finished after 5 s (stage: decode)" in failure.reason
    assert "batch.call_timeout_factor" in failure.reason


def test_failed_calls_are_not_tried_again_unless_asked(house: House) -> None:
    house.put("bad.wav", "bad")
    assert house.run().exit_code == 1
    again = house.run()
    assert (again.exit_code, again.failed_before) == (1, 1)  # a night of nothing but old failures is no good night
    assert house.run(retry=True).exit_code == 1
    assert house.run(fingerprint="f2").exit_code == 1
    assert house.analysed() == ["bad"] * 3


def test_changed_engines_analyse_again(house: House) -> None:
    house.put("a.wav")
    house.run()
    assert house.run(fingerprint="f2").done == 1
    assert house.analysed() == ["a", "a"]


def test_same_bytes_under_two_names(house: House) -> None:
    house.put("a.wav", "same")
    house.put("b.wav", "same")
    summary = house.run()
    assert (summary.done, summary.duplicates) == (1, 1)
    assert house.files() == {
        "a.wav": ("done", None),
        "b.wav": ("duplicate", f"same bytes as {house.inbox / 'a.wav'}"),
    }


def test_same_name_in_two_folders(house: House) -> None:
    house.put("monday/call.wav")
    house.put("tuesday/call.wav")
    assert house.run(house.inbox, house.inbox).done == 2
    ids = [str(row[0]) for row in house.published("select call_id from calls order by call_id")]
    assert ids[0] == "call"
    assert ids[1].startswith("call-")


def test_a_bad_sidecar_fails_its_file_until_it_is_repaired(house: House) -> None:
    house.put("a.wav")
    house.put("b.wav")
    sidecar = house.put("a.json", '{"direction": "sideways"}')
    summary = house.run()
    assert (summary.done, summary.failures[0].kind) == (1, "metadata")
    assert "sideways" in summary.failures[0].reason
    sidecar.write_text('{"direction": "inbound", "agent_id": "8023", "caller": "13800000001"}')
    assert house.run().done == 1
    ((direction, caller),) = house.published("select direction, caller_hash from calls where call_id = 'a'")
    assert direction == "inbound"
    assert len(str(caller)) == 32


def test_metadata_that_comes_late_is_taken_up_without_hearing_the_call_again(house: House) -> None:
    house.put("a.wav")
    house.put("b.wav")
    house.run()
    days.compact(next(iter(days.days(house.settings.home))))  # a file of many calls, from which a must move
    sidecar = house.put("a.json", '{"agent_id": "8023", "started_at": "2025-11-20T09:00:00+08:00"}')
    summary = house.run()
    assert (summary.done, summary.relabelled, summary.skipped, summary.snapshot_id) == (0, 1, 1, 2)
    assert house.analysed() == ["a", "b"]
    assert house.published("select call_id, agent_id, started_at is null from calls order by call_id") == [
        ("a", "8023", False),
        ("b", None, True),
    ]
    days.compact(house.settings.home / "artefacts" / "2025-11-20")
    assert [f.recording.call_id for f in artefact.iter_facts(house.settings.home)] == ["a", "b"]
    sidecar.unlink()  # what nobody tells any more stays
    assert (house.run().relabelled, house.analysed()) == (0, ["a", "b"])
    sidecar.write_text('{"agent_channel": "left"}')
    broken = house.run()
    assert (broken.exit_code, broken.failures[0].kind) == (1, "metadata")
    assert "what was known before stays" in broken.failures[0].reason
    sidecar.write_text('{"agent_channel": "1"}')  # then the other party is the agent: heard again
    assert house.run().done == 1


def test_a_caller_who_rings_again_is_known(house: House) -> None:
    for name, day, caller in (("a", "01", "138"), ("b", "20", "138"), ("c", "21", "139"), ("d", "28", "138")):
        house.put(f"{name}.wav")
        house.put(f"{name}.json", f'{{"caller": "{caller}00000001", "started_at": "2025-11-{day}T09:00:00+08:00"}}')
    house.run()
    house.put("e.wav")
    house.put("e.json", '{"caller": "13800000001", "started_at": "2025-12-02T09:00:00+08:00"}')
    house.put("f.wav")
    house.run()
    query = "select call_id, previous_calls from calls order by call_id"
    assert house.published(query) == [("a", 0), ("b", 1), ("c", 0), ("d", 2), ("e", 2), ("f", None)]
    house.put("b.json", '{"started_at": "2025-09-20T09:00:00+08:00"}')  # it was long before
    house.run()
    recheck(house.settings, FixedJudge())
    assert house.published(query) == [("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 1), ("f", None)]


def test_missing_weights_end_the_run_at_once_and_blame_no_call(house: House) -> None:
    house.put("a.wav")
    with pytest.raises(EngineError, match="weights of packaged-base are missing"):
        house.run(broken="missing")
    with open_ledger(house.settings.home) as ledger:
        assert [(e.state, e.attempts) for e in ledger.pending()] == [("pending", 0)]
        assert ledger.runs()[0].outcome == "aborted"
    assert house.run().done == 1


def test_engines_that_kill_the_worker_end_the_run_too(house: House) -> None:
    house.put("a.wav")
    with pytest.raises(EngineError, match="died while it loaded the models"):
        house.run(broken="killed")
    assert house.run().done == 1


def test_a_folder_with_nothing_in_it_is_published_as_empty(house: House) -> None:
    summary = house.run()
    assert (summary.found, summary.exit_code, summary.snapshot_id) == (0, 0, 1)


def test_one_batch_at_a_time(house: House) -> None:
    house.put("a.wav")
    with batch_lock(house.settings.home):
        results: list[BaseException] = []

        def other() -> None:
            try:
                house.run()
            except BusyError as error:
                results.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "another batch is working" in str(results[0])


def test_a_data_folder_that_cannot_be_written(house: House) -> None:
    house.settings = load_settings(Path("/proc/callqa"))
    with pytest.raises(StoreError, match=r"data folder /proc/callqa cannot be written.*CALLQA_HOME"):
        house.run()


def test_the_time_limit_takes_no_new_calls(house: House) -> None:
    house.put("a.wav")
    summary = house.run(limit_s=0.000001)
    assert (summary.done, summary.stopped, summary.exit_code) == (0, True, 75)
    assert house.run().done == 1


SCRIPT = """
import sys
from pathlib import Path
from pipeline.batch.local import LocalExecutor
from pipeline.batch.run import run
from pipeline.config import load_settings
from tests.pipeline.fake_engine import FakeFactory
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    settings = load_settings(folder / "data")
    executor = LocalExecutor(FakeFactory(folder / "trace"), settings.home, 1, 50)
    sys.exit(run([folder / "inbox"], settings, fingerprint="f1", executor=executor).exit_code)
"""


def start_batch(folder: Path) -> "subprocess.Popen[bytes]":
    script = folder / "batch.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        env={**os.environ, "PYTHONPATH": str(root)},
        start_new_session=True,
    )


def wait_for(house: House, count: int) -> None:
    end_s = time.monotonic() + 60
    while len(house.analysed()) < count:
        assert time.monotonic() < end_s, "the batch never got that far"
        time.sleep(0.05)


@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_gives_back_the_call_and_publishes_the_rest(
    house: House, tmp_path: Path, number: signal.Signals, whole_group: bool
) -> None:
    house.put("1.wav")
    house.put("2.wav", "hang")
    batch = start_batch(tmp_path)
    wait_for(house, 2)
    if whole_group:
        os.killpg(batch.pid, number)
    else:
        batch.send_signal(number)
    assert batch.wait(30) == 75
    assert house.files() == {"1.wav": ("done", None), "2.wav": ("pending", None)}
    assert house.published("select call_id from calls") == [("1",)]
    with open_ledger(house.settings.home) as ledger:
        assert [e.attempts for e in ledger.pending()] == [0]
        assert ledger.runs()[0].outcome == "stopped"


def test_a_killed_batch_is_taken_up_again(house: House, tmp_path: Path) -> None:
    house.put("1.wav")
    stuck = house.put("2.wav", "hang")
    batch = start_batch(tmp_path)
    wait_for(house, 2)
    workers = psutil.Process(batch.pid).children(recursive=True)
    assert workers
    batch.kill()
    batch.wait(30)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []  # a killed driver leaves no worker behind
    assert house.files()["2.wav"][0] == "leased"
    stamp = stuck.stat()
    stuck.write_text("fine")  # same length, so that the file looks unchanged
    os.utime(stuck, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    summary = house.run()
    assert summary.exit_code == 0
    assert summary.done == 1


def test_recheck_judges_stored_facts_anew_without_engines(house: House) -> None:
    house.put("a.wav")
    house.put("b.wav")
    house.run()

    seen: list[int] = []
    result = recheck(house.settings, FixedJudge(40.0), seen.append)
    assert (result.calls, result.problems, seen) == (2, (), [2])
    assert house.published("select distinct rulebook_version, score_total from calls") == [("r-new", 40.0)]
    assert len(house.analysed()) == 2


def test_recheck_keeps_the_old_judgement_where_the_new_one_is_absurd(house: House) -> None:
    house.put("a.wav")
    house.run()
    result = recheck(house.settings, FixedJudge(1000.0))
    assert result.calls == 0
    assert "score 1000.0" in result.problems[0]
    assert house.published("select score_total from calls") == [(90.0,)]


@dataclass(frozen=True)
class DyingJudge(FixedJudge):
    """Ends the process that judges with it."""

    def judge_all(self, calls: Sequence[CallFacts]) -> list[Judgement]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []


def test_recheck_shares_days_among_processes(house: House) -> None:
    for day in (20, 21, 22):
        started = make_metadata(started_at=datetime(2025, 11, day, 9, tzinfo=UTC))
        artefact.write_report(house.settings.home, make_report(f"c{day}", metadata=started))
    result = recheck(house.settings, FixedJudge(40.0), processes=2)
    assert (result.calls, result.problems) == (3, ())
    assert house.published("select distinct rulebook_version, score_total from calls") == [("r-new", 40.0)]
    with pytest.raises(StoreError, match=r"died.*callqa recheck again"):
        recheck(house.settings, DyingJudge(), processes=2)
    assert house.published("select count(*), min(score_total) from calls") == [(3, 40.0)]


def test_recheck_since_a_day_leaves_earlier_calls_alone(house: House) -> None:
    for day in (20, 22):
        started = make_metadata(started_at=datetime(2025, 11, day, 9, tzinfo=UTC))
        artefact.write_report(house.settings.home, make_report(f"c{day}", metadata=started))
    assert recheck(house.settings, FixedJudge(40.0), since=date(2025, 11, 21)).calls == 1
    assert house.published("select call_id, score_total from calls order by 1") == [("c20", 90.0), ("c22", 40.0)]


def test_recheck_tells_of_a_damaged_file_and_judges_the_rest(house: House) -> None:
    house.put("a.wav")
    house.put("b.wav")
    house.run()
    path = next((house.settings.home / "artefacts").glob("*/b.facts.parquet"))
    path.write_bytes(b"PAR1")
    result = recheck(house.settings, FixedJudge(40.0))
    assert result.calls == 1
    assert result.problems == (f"{path} cannot be read; delete it and run callqa run again",)
    assert house.published("select call_id, score_total from calls") == [("a", 40.0)]


def test_recheck_applies_a_new_calibration(house: House) -> None:
    known, other = make_facts("known"), make_facts("other", metadata=make_metadata(line="trunk-2"))
    for facts in (known, other):
        artefact.write_report(house.settings.home, CallReport(facts, make_judgement(facts.recording.call_id)))
    measures = house.settings.measures.model_copy(update={"line_spl_offsets_db": {"trunk-1": 85.0}})
    house.settings = house.settings.model_copy(update={"measures": measures})
    recheck(house.settings, FixedJudge())
    shifted = artefact.read_facts(house.settings.home, "known")
    assert shifted is not None
    assert shifted.measures.value("agent_estimated_spl_db") == -26.0 + 85.0
    assert shifted.utterances[1].measures.value("estimated_spl_db") == -24.0 + 85.0
    assert shifted.measures.value("agent_active_level_dbfs") == -26.0
    left = artefact.read_facts(house.settings.home, "other")
    assert left is not None
    assert (left.utterances, left.measures) == (other.utterances, other.measures)


def test_rebuild_needs_the_artefacts_alone_and_no_work_is_lost(house: House) -> None:
    house.put("a.wav")
    house.put("b.wav")
    house.run()
    home = house.settings.home
    for path in (*home.glob("ledger.sqlite*"), *(home / "snapshots").iterdir()):
        path.unlink()
    assert rebuild(house.settings).calls == 2
    assert house.published("select count(*) from calls") == [(2,)]
    summary = house.run()
    assert (summary.done, summary.skipped) == (0, 2)


def test_a_run_learns_of_stored_calls_when_the_ledger_is_lost(house: House) -> None:
    house.put("a.wav")
    house.run()
    for path in house.settings.home.glob("ledger.sqlite*"):
        path.unlink()
    assert house.run().skipped == 1


def test_litter_of_a_killed_worker_is_removed(house: House) -> None:
    house.put("a.wav")
    house.run()
    litter = next(artefact.artefacts_folder(house.settings.home).iterdir()) / ".a.facts.parquet-1.part"
    litter.write_bytes(b"half")
    house.run()
    assert not litter.exists()
    assert publish(house.settings).calls == 1


def test_workers_say_which_stage_they_are_in(house: House) -> None:
    path = house.put("a.wav")
    stages: list[tuple[str, str]] = []
    results: list[Result] = []

    class Watch:
        def scanned(self, done: int, total: int) -> None: ...
        def planned(self, calls: int, size_bytes: int) -> None:
            stages.append((f"{calls} calls", f"{size_bytes} bytes"))

        def stage(self, path: str, stage: str) -> None:
            stages.append((path, stage))

        def finished(self, result: Result) -> None:
            results.append(result)

        def publishing(self) -> None: ...

    executor = LocalExecutor(FakeFactory(house.trace), house.settings.home, workers=1, calls_per_worker=50)
    run([house.inbox], house.settings, Watch(), fingerprint="f1", executor=executor)
    assert stages[0] == ("1 calls", f"{path.stat().st_size} bytes")
    assert stages[1] == (str(path), "load models")
    assert [r.kind for r in results] == ["done"]


def test_time_limits_follow_the_longest_call_a_file_can_hold(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    header = b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00" + (8000).to_bytes(4, "little")
    wav = tmp_path / "a.wav"
    wav.write_bytes(header + (16000).to_bytes(4, "little"))
    assert time_limit_s(wav, 960_000, settings.audio, settings.batch) == 300 + 3 * 60
    wav.write_bytes(header + (0).to_bytes(4, "little"))
    assert time_limit_s(wav, 600_000, settings.audio, settings.batch) == 300 + 3 * 1000
    assert time_limit_s(tmp_path / "gone", 10**12, settings.audio, settings.batch) == 300 + 3 * 14400


def test_a_worker_is_replaced_after_its_calls(house: House) -> None:
    for i in range(4):
        house.put(f"{i}.wav")
    executor = LocalExecutor(FakeFactory(house.trace), house.settings.home, workers=1, calls_per_worker=2)
    run([house.inbox], house.settings, fingerprint="f1", executor=executor)
    pids = {p.name.split("-")[1] for p in house.trace.iterdir()}
    assert len(pids) == 2


def test_jobs_travel_to_workers(house: House) -> None:
    import pickle

    job = Job(make_facts().recording, house.settings.home, 10.0)
    assert pickle.loads(pickle.dumps(job)) == job
