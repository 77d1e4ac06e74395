"""Logs: one JSON object a line in the data folder, call_id in it, local variables never."""

import json
from pathlib import Path

import pytest
import structlog

from pipeline import logs
from pipeline.errors import StoreError


def test_a_line_is_an_object_with_time_level_and_call(tmp_path: Path) -> None:
    with logs.log_to_file(tmp_path) as stream:
        structlog.get_logger().bind(call_id="投诉 1").info("call_done", audio_s=60.0)
        stream.flush()
    (path,) = (tmp_path / "logs").iterdir()
    (line,) = path.read_text(encoding="utf-8").splitlines()
    values = json.loads(line)
    assert (values["call_id"], values["event"], values["level"]) == ("投诉 1", "call_done", "info")
    assert values["timestamp"].endswith("Z")


def test_a_traceback_shows_no_local_variables(tmp_path: Path) -> None:
    with logs.log_to_file(tmp_path):
        secret = "患者" + "王小明"
        try:
            assert len(secret) == 0, "wrong length"
        except AssertionError:
            structlog.get_logger().exception("call_failed")
    (path,) = (tmp_path / "logs").iterdir()
    text = path.read_text(encoding="utf-8")
    assert "AssertionError" in text
    assert "患者王小明" not in text


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StoreError, match=r"callqa-.*\.log cannot be written"):
        logs.log_to_file(tmp_path)
