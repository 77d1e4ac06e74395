"""The inbox: every recording once, nothing else, and awkward names are only names."""

import os
import time
from pathlib import Path

import pytest

from pipeline.batch.inbox import call_stem, find_recordings
from pipeline.errors import ConfigError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(*paths: Path) -> list[str]:
    return [found.path.name for found in find_recordings(paths)]


def test_recordings_are_found_below_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.wav", "投诉 电话 😀.MP3", "x/y/c.flac", "d.gsm"):
        touch(tmp_path / name)
    for name in ("a.truth.json", "a.json", "manifest.csv", ".hidden.wav", ".git/e.wav", "notes.txt", "f.wav.part"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["a.wav", "d.gsm", "c.flac", "投诉 电话 😀.MP3"]


def test_a_folder_given_twice_and_a_file_in_it_count_once(tmp_path: Path) -> None:
    one = touch(tmp_path / "a.wav")
    assert names(tmp_path, tmp_path, one, tmp_path / "x" / "..") == ["a.wav"]


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "a.wav")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "other").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "same.wav").symlink_to(tmp_path / "real" / "a.wav")
    assert len(names(tmp_path)) == 1


def test_a_file_named_outright_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    assert names(touch(tmp_path / "call.dat")) == ["call.dat"]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        find_recordings([tmp_path / "nowhere"])


def test_an_empty_folder_has_no_recordings(tmp_path: Path) -> None:
    assert find_recordings([tmp_path]) == ()


def test_a_file_that_is_still_written_is_left_for_the_next_time(tmp_path: Path) -> None:
    touch(tmp_path / "new.wav")
    old = touch(tmp_path / "old.wav")
    os.utime(old, (time.time() - 60, time.time() - 60))
    assert [f.path.name for f in find_recordings([tmp_path], settle_s=10.0)] == ["old.wav"]


def test_a_dangling_link_is_found_with_its_problem(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to(tmp_path / "gone.wav")
    (found,) = find_recordings([tmp_path])
    assert found.stamp is None
    assert found.problem is not None
    assert "a.wav cannot be read: No such file" in found.problem


def test_a_pipe_is_no_recording(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    (found,) = find_recordings([tmp_path])
    assert "is a device or a pipe" in str(found.problem)


def test_a_name_that_is_not_utf8_is_told_how_to_rename(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/" + "投诉".encode("gb18030") + b".wav"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    (found,) = find_recordings([tmp_path])
    assert "is not UTF-8; rename it" in str(found.problem)
    str(found.problem).encode()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("8023_q_1_2.wav", "8023_q_1_2"),
        ("投诉 电话😀.mp3", "投诉 电话😀"),
        ("a\u202eb\nc.wav", "abc"),
        ("é".encode().decode() + ".wav", "é"),
        ("e\u0301.wav", "é"),
        ("心" * 200 + ".wav", "心" * 100),
        ("\u200b.wav", "call"),
        ("a.b.wav", "a.b"),
    ],
)
def test_call_ids_come_from_names_without_harm(name: str, stem: str) -> None:
    assert call_stem(Path("/in") / name) == stem
