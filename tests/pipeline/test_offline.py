"""A whole run with the outside shut off: nothing is fetched, nothing is reported, in the driver and in its workers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from pipeline.config import Settings
from tests.conftest import ROOT, SAMPLES

pytestmark = pytest.mark.models

# Runs in every Python process of the tree, before anything else is imported. An audit hook sees what C code does too.
WATCH = """
import os, sys

TRACE = os.environ["OUTSIDE_TRACE"]
INSIDE = ("", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::")

def note(*words):
    with open(TRACE, "a") as out:
        print(os.getpid(), *words, file=out, flush=True)

def watch(event, arguments):
    outside = None
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[-1]
        outside = address if isinstance(address, tuple) and str(address[0]) not in INSIDE else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
        host = host.decode() if isinstance(host, bytes) else host
        outside = host if host is not None and host not in INSIDE else None
    elif event == "import" and arguments[0] == "pyannote.audio.telemetry.metrics":
        note("telemetry", os.environ.get("PYANNOTE_METRICS_ENABLED"))
    if outside is not None:
        note("outside", event, outside)
        raise ConnectionRefusedError(f"{event} to {outside}: the outside is shut off")

note("start")
sys.addaudithook(watch)
"""


def without_network() -> list[str]:
    """The command that gives a process no network at all, where this machine lets us use it."""
    tried = subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True)
    return ["unshare", "-rn"] if tried.returncode == 0 else []


@pytest.fixture
def watched(tmp_path: Path, model_settings: Settings) -> dict[str, str]:
    """The environment of a process that notes its doings and cannot leave. Every switch that should be off is on."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALLQA_", "HF_", "PYANNOTE_"))}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join((str(tmp_path / "watch"), str(ROOT))),
        "OUTSIDE_TRACE": str(tmp_path / "trace"),
        "CALLQA_HOME": str(tmp_path / "home"),
        "CALLQA_MODELS": str(model_settings.models.folder),
        "PYANNOTE_METRICS_ENABLED": "true",
        "HF_HUB_OFFLINE": "0",
    }


def traced(environment: dict[str, str]) -> list[tuple[int, str]]:
    lines = Path(environment["OUTSIDE_TRACE"]).read_text().splitlines()
    return [(int(pid), words) for pid, words in (line.split(" ", 1) for line in lines)]


def run_watched(environment: dict[str, str], cwd: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*without_network(), sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=300,
    )


def test_the_watch_sees_and_stops_a_connection(watched: dict[str, str], tmp_path: Path) -> None:
    """Or the test below would prove nothing."""
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)"
    done = run_watched(watched, tmp_path, "-c", code)
    assert done.returncode != 0
    assert any(words.startswith("outside") for _, words in traced(watched))


@pytest.mark.slow
def test_a_run_opens_no_outside_connection_and_reports_to_nobody(watched: dict[str, str], tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(SAMPLES / "patient_unsure.flac", frames=12 * 8000)
    (tmp_path / "calls").mkdir()
    soundfile.write(tmp_path / "calls" / "short.wav", samples, rate_hz)
    done = run_watched(watched, tmp_path, "-m", "pipeline.cli", "run", "calls")
    assert done.returncode == 0, done.stdout + done.stderr
    trace = traced(watched)
    assert [words for _, words in trace if words.startswith("outside")] == []
    driver = next(pid for pid, words in trace if words == "start")
    told = [(pid, words) for pid, words in trace if words.startswith("telemetry")]
    assert {words for _, words in told} == {"telemetry false"}  # as pyannote found it when it was imported
    assert all(pid != driver for pid, _ in told)  # the models live in a worker process
    again = run_watched(watched, tmp_path, "-m", "pipeline.cli", "export", "calls", "--out", "calls.csv")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "short" in (tmp_path / "calls.csv").read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_prepare_wins_over_an_environment_that_allows_everything(watched: dict[str, str], tmp_path: Path) -> None:
    code = """
import json
from pipeline.engines import runtime
off = runtime.telemetry_is_off()
import huggingface_hub.constants as hub
import torchaudio.compliance.kaldi
print(json.dumps([off, hub.HF_HUB_OFFLINE, hub.HF_HUB_DISABLE_TELEMETRY]))
"""
    done = run_watched(watched, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [True, True, True]
    assert [words for _, words in traced(watched) if words.startswith("outside")] == []
