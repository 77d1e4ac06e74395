"""What does not fit into a database's memory: a folder of its own, and none left by who was killed."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StoreError
from pipeline.store import artefact
from pipeline.store.decided import Reader
from pipeline.store.overflow import Overflow, clear
from pipeline.store.snapshot import publish
from tests.builders import make_reports

HOLD = "import sys, pathlib; from pipeline.store.overflow import Overflow; held = Overflow(pathlib.Path(sys.argv[1]))"


def folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("overflow-*"))


def test_a_held_folder_stays_and_goes_with_its_holder(tmp_path: Path) -> None:
    held = Overflow(tmp_path)
    assert held.path is not None
    other = Overflow(tmp_path)
    clear(tmp_path)
    assert held.path.is_dir()
    held.close()
    assert other.path is not None
    assert folders(tmp_path) == [other.path.name, f"{other.path.name}.lock"]
    other.close()
    assert folders(tmp_path) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    program = f"{HOLD}; (held.path / 'full.tmp').write_text('x'); import os; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert len(folders(tmp_path)) == 2
    clear(tmp_path)
    assert folders(tmp_path) == []


def test_without_a_folder_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert Overflow(tmp_path / "file").path is None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for report in make_reports(3):
        artefact.write_report(tmp_path, report)
    publish(tmp_path)
    return tmp_path


def test_a_reader_keeps_to_its_memory_and_puts_the_rest_beside_the_snapshot(home: Path) -> None:
    cursor, _ = Reader(home, memory_gb=0.25).cursor()
    with cursor:
        (limit,) = cursor.execute("select current_setting('memory_limit')").fetchone()
        assert limit == "238.4 MiB"  # 250 MB
        big = "select count(*) from (select range as a, random() as b from range(30_000_000) order by b)"
        assert cursor.execute(big).fetchone() == (30_000_000,)
        with pytest.raises(duckdb.Error):
            cursor.execute("set memory_limit = '10GB'")
        with pytest.raises(duckdb.Error):
            cursor.execute("select * from read_csv('/etc/passwd')")


def test_a_broken_snapshot_is_told(home: Path) -> None:
    (home / "snapshots" / "analytics-1.duckdb").write_bytes(b"x" * 4096)
    with pytest.raises(StoreError, match="callqa publish"):
        Reader(home).cursor()
