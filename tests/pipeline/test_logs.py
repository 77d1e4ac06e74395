"""Logs: one JSON object a line in the data folder, call_id in it, local variables never."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pipeline import logs
from pipeline.errors import StoreError


@pytest.fixture(autouse=True)
def _forget_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_line_is_an_object_with_time_level_and_call(tmp_path: Path) -> None:
    with logs.log_to_file(tmp_path) as stream:
        structlog.get_logger().bind(call_id="投诉 1").info("call_done", audio_s=60.0)
        stream.flush()
    (path,) = (tmp_path / "logs").iterdir()
    (line,) = path.read_text(encoding="utf-8").splitlines()
    values = json.loads(line)
    assert (values["call_id"], values["event"], values["level"]) == ("投诉 1", "call_done", "info")
    assert values["timestamp"].endswith("Z")


def test_an_exception_is_told_without_its_message_and_local_variables(tmp_path: Path) -> None:
    with logs.log_to_file(tmp_path):
        said = "患者王小明"
        try:
            raise ValueError(said)
        except ValueError:
            structlog.get_logger().exception("call_failed")
    (path,) = (tmp_path / "logs").iterdir()
    values = json.loads(path.read_text(encoding="utf-8"))
    assert values["error"] == "ValueError"
    assert "test_logs.py" in values["where"][0]
    assert said not in path.read_text(encoding="utf-8")


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StoreError, match=r"callqa-.*\.log cannot be written"):
        logs.log_to_file(tmp_path)
