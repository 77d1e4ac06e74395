"""The command line: exit codes of the contract, one clear message for every error, and a quick start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import cli, cli_calls, cli_house, cli_store
from pipeline.batch.jobs import Failure, Job, Result, Summary
from pipeline.batch.lock import batch_lock
from pipeline.cli_progress import RunView, show_summary
from pipeline.store import artefact
from pipeline.store.snapshot import publish
from tests.builders import make_recording, make_report

ROOT = Path(__file__).parents[2]


def callqa(*arguments: str, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CALLQA_") or k == "CALLQA_MODELS"}
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
    )


def called(home: Path, *arguments: str) -> int:
    """Run in this process and return the exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["--home", str(home), *arguments])
    return int(ended.value.code or 0)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    done = callqa("--help")
    assert done.returncode == 0
    for module in (cli_calls, cli_house, cli_store):
        assert module.register.__doc__
    for command in ("doctor", "models", "analyze", "run", "nightly", "recheck", "publish", "rebuild", "evaluate"):
        assert f"  {command} " in done.stdout
    code = (
        "import sys\nfrom pipeline import cli\ntry:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'duckdb', 'torch', 'pyarrow', 'numpy', 'av', 'streamlit', 'pydantic'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert loaded.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [["frobnicate"], ["run"], ["run", "--workers", "0", "x"], ["export", "calls"], ["calibrate", "--line", "a", "f"]],
)
def test_wrong_usage_is_2(arguments: list[str], tmp_path: Path) -> None:
    done = callqa(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_no_arguments_show_help() -> None:
    done = callqa()
    assert "Commands" in done.stdout + done.stderr
    assert done.returncode == 2


def test_version() -> None:
    done = callqa("--version")
    assert (done.returncode, done.stdout) == (0, "callqa 0.1.0\n")


def test_invalid_settings_are_one_message_and_2(tmp_path: Path) -> None:
    (tmp_path / "callqa.yaml").write_text("batch:\n  workers: many\n  wrokers: 2\n")
    done = callqa("--home", str(tmp_path), "publish")
    assert done.returncode == 2
    assert "batch.workers = 'many'" in done.stderr
    assert "batch.wrokers" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in callqa("--home", str(tmp_path), "--debug", "publish").stderr


def test_a_fault_of_ours_is_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("pipeline.batch.upkeep.publish", broken)
    assert called(tmp_path, "publish") == 2
    assert "unexpected ZeroDivisionError: division by zero; run again with --debug" in capsys.readouterr().err


def test_a_path_that_is_not_there_is_2(tmp_path: Path) -> None:
    done = callqa("--home", str(tmp_path / "data"), "run", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "nowhere does not exist" in done.stderr


def test_an_unwritable_data_folder_is_2() -> None:
    done = callqa("--home", "/proc/callqa", "publish")
    assert done.returncode == 2
    assert done.stderr.startswith("callqa: data folder /proc/callqa cannot be written")


def test_nightly_without_an_inbox_says_what_to_set(tmp_path: Path) -> None:
    done = callqa("--home", str(tmp_path), "nightly")
    assert done.returncode == 2
    assert "batch.inbox is not set" in done.stderr


def test_a_busy_data_folder_is_75(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with batch_lock(tmp_path):
        done = callqa("--home", str(tmp_path), "publish")
    assert done.returncode == 75
    assert "another batch is working" in done.stderr


def test_publish_rebuild_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artefact.write_report(tmp_path, make_report())
    assert called(tmp_path, "publish") == 0
    assert called(tmp_path, "rebuild") == 0
    assert called(tmp_path, "export", "calls", "--out", str(tmp_path / "c.csv"), "--from", "2025-11-20") == 0
    out = capsys.readouterr().out
    assert "published snapshot 1 with 1 calls" in out
    assert "published snapshot 2 with 1 calls" in out
    assert "c.csv: 1 calls" in out
    assert "8023_appointment" in (tmp_path / "c.csv").read_text(encoding="utf-8")


def test_export_before_anything_was_published_says_what_to_run(tmp_path: Path) -> None:
    assert called(tmp_path, "export", "calls", "--out", str(tmp_path / "c.csv")) == 2


def test_recheck_judges_by_the_shipped_rulebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artefact.write_report(tmp_path, make_report())
    publish(tmp_path)
    assert called(tmp_path, "recheck") == 0
    judgement = artefact.read_judgement(tmp_path, "8023_appointment")
    assert judgement is not None
    assert judgement.rulebook_version != "r-5d41402a"
    hits = [f for f in judgement.findings if f.family == "forbidden_phrase" and f.status == "violated"]
    assert [(f.utterance_index, f.role) for f in hits] == [(5, "agent")]
    assert "; published snapshot 2" in capsys.readouterr().out


def test_rules_check_passes_for_the_shipped_rulebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(tmp_path, "rules", "check") == 0
    assert "no problem(s)" in capsys.readouterr().out


def test_settings_come_from_the_environment_too(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("dashboard: {port: 0}\n")
    done = callqa("publish", cwd=tmp_path, CALLQA_CONFIG=str(tmp_path / "mine.yaml"))
    assert done.returncode == 2
    assert "dashboard.port = 0" in done.stderr


def test_analyze_with_nothing_to_analyse_is_2(tmp_path: Path) -> None:
    done = callqa("--home", str(tmp_path), "analyze", str(tmp_path))
    assert done.returncode == 2
    assert "no recordings in" in done.stderr


def test_an_unknown_format_is_2_before_any_model_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    done = callqa("--home", str(tmp_path), "analyze", "--format", "doc", str(tmp_path))
    assert done.returncode == 2
    assert "format 'doc' is not known" in done.stderr


def test_evaluate_needs_a_folder_with_truth(tmp_path: Path) -> None:
    done = callqa("--home", str(tmp_path), "evaluate", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def result(name: str, kind: str = "done") -> Result:
    job = Job(make_recording(name, size_bytes=1_000_000), Path("data"), 10.0)
    return Result(job, kind, None if kind == "done" else f"{name} is [bold]bad[/bold]", 60.0, 6.0)  # type: ignore[arg-type]


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with RunView() as view:
        view.planned(2, 2_000_000)
        view.stage("/in/a.wav", "decode")
        view.finished(result("a"))
        view.finished(result("[red]b", "audio"))
        view.publishing()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 calls to analyse, 2.0 MB"
    assert lines[1].startswith("[1/2] a.wav: 60.0 s of audio in 6.0 s")
    assert lines[1].endswith("left")
    assert lines[2] == "[2/2] [red]b.wav: failed (audio), see below"


def test_a_bar_on_a_terminal_shows_file_stage_speed_and_time_left() -> None:
    import io

    from rich.console import Console

    screen = io.StringIO()
    with RunView(Console(file=screen, force_terminal=True, width=160)) as view:
        view.scanned(1, 3)
        view.planned(3, 3_000_000)
        view.finished(result("a"))
        view.stage("/in/b.wav", "transcribe")
        view._bar.refresh()  # the bar draws by a clock, the test does not wait for it
    text = screen.getvalue()
    assert "1/3" in text
    assert "b.wav: transcribe" in text
    assert "audio h/h" in text
    assert "left" in text


def test_the_summary_names_every_failure(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    summary = Summary(
        found=5,
        done=2,
        skipped=1,
        duplicates=1,
        failures=(Failure("/in/x.wav", "audio", "/in/x.wav is empty (0 bytes); fetch it again"),),
        audio_s=7200.0,
        wall_s=600.0,
        stopped=True,
        snapshot_id=4,
    )
    show_summary(summary, Console(highlight=False, soft_wrap=True))
    assert capsys.readouterr().out.splitlines() == [
        "5 files: 2 analysed, 1 done before; 1 duplicates; 1 failed",
        "2.00 h of audio in 10 min 00 s (12.0 audio h/h)",
        "failed (audio): /in/x.wav is empty (0 bytes); fetch it again",
        "published snapshot 4",
        "stopped early; run again to go on",
    ]


@pytest.mark.models
def test_analyze_writes_the_contract_and_touches_no_store(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "noise 噪声.wav", rng.normal(0, 0.01, 8000 * 2).astype("float32"), 8000)
    (tmp_path / "text.wav").write_text("no recording")
    out = tmp_path / "out"
    done = callqa("--home", str(tmp_path / "data"), "analyze", str(tmp_path), "--out", str(out))
    assert done.returncode == 1, done.stderr
    assert "text.wav: failed" in done.stdout
    values = json.loads((out / "noise 噪声.json").read_text(encoding="utf-8"))
    assert values["call_id"] == "noise 噪声"
    assert values["utterances"] == []
    assert values["decoded_s"] == pytest.approx(2.0, abs=0.01)
    assert not (tmp_path / "data").exists()
