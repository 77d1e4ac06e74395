"""Looks at everything a run needs and says what to do about each problem."""

import os
import shutil
import sqlite3
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from pipeline.config import Settings
from pipeline.errors import CallQaError

Level = Literal["ok", "warning", "problem"]
MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 2 * 1024**3
CODECS = ("pcm_s16le", "pcm_alaw", "pcm_mulaw", "mp3", "aac", "opus", "vorbis", "flac", "gsm_ms", "amrnb")
NEEDED_CODECS = frozenset(CODECS) - {"amrnb", "gsm_ms"}
FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
)
FONT_WORDS = (
    "notosanscjk",
    "notoserifcjk",
    "sourcehan",
    "wqy",
    "pingfang",
    "msyh",
    "simhei",
    "simsun",
    "ukai",
    "uming",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. level "problem": a run cannot succeed. remedy: what to do, None when all is well."""

    name: str
    level: Level
    detail: str
    remedy: str | None = None


def examine(settings: Settings) -> tuple[Check, ...]:
    """All checks, in the order in which one would repair things. Takes about a second; changes nothing of value."""
    return tuple(check for look in _LOOKS for check in look(settings))


def can_run(checks: tuple[Check, ...]) -> bool:
    """Whether a run could succeed."""
    return all(check.level != "problem" for check in checks)


def _python(_: Settings) -> Iterator[Check]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < MIN_PYTHON:
        yield Check("python", "problem", found, "install Python 3.11 or newer")
    else:
        yield Check("python", "ok", found)


def _packages(_: Settings) -> Iterator[Check]:
    try:
        stated = [Requirement(line) for line in requires("callqa") or ()]
    except PackageNotFoundError:
        yield Check("packages", "problem", "callqa itself is not installed", "run make setup")
        return
    needs = [need for need in stated if need.marker is None or need.marker.evaluate({"extra": ""})]
    wrong = []
    for need in needs:
        try:
            found = version(need.name)
        except PackageNotFoundError:
            wrong.append(f"{need.name} is missing")
            continue
        if not need.specifier.contains(found, prereleases=True):
            wrong.append(f"{need.name} is {found}, needed is {need.specifier}")
    if wrong:
        yield Check("packages", "problem", "; ".join(wrong), "run make setup, or pip install with constraints.txt")
    else:
        yield Check("packages", "ok", f"{len(needs)} requirements met")


def _weights(settings: Settings) -> Iterator[Check]:
    from pipeline.engines import weights  # noqa: PLC0415 - digests only where they are wanted

    for status in weights.status(settings.models):
        name = f"model {status.name}"
        if status.ok:
            yield Check(name, "ok", f"verified, {status.path}", status.remedy)
        else:
            yield Check(name, "problem", status.problem or "unusable", status.remedy)


def _rulebook(settings: Settings) -> Iterator[Check]:
    from pipeline.judge import Judge  # noqa: PLC0415 - pinyin tables take a moment

    try:
        judge = Judge(settings)
    except CallQaError as error:
        yield Check(
            "rulebook", "problem", str(error), "repair the file, or go back: callqa rules activate VERSION, or shipped"
        )
        return
    yield Check("rulebook", "ok", f"version {judge.version}, {len(judge.rulebook.rules)} rules")


def _telemetry(settings: Settings) -> Iterator[Check]:
    from pipeline.engines import runtime  # noqa: PLC0415 - loads torch

    runtime.prepare(allow_hub=settings.models.allow_hub)
    on = [] if runtime.telemetry_is_off() else ["pyannote.audio"]
    dashboard = tomllib.loads(files("dashboards").joinpath("streamlit.toml").read_text(encoding="utf-8"))
    if dashboard.get("browser", {}).get("gatherUsageStats", True):
        on.append("streamlit")
    if on:
        yield Check("telemetry", "problem", f"on: {', '.join(on)}", "reinstall callqa; these are off as released")
    else:
        yield Check("telemetry", "ok", "off (pyannote.audio, streamlit)")
    if settings.models.allow_hub:
        yield Check(
            "model hub",
            "warning",
            "models.allow_hub is true: a missing model is fetched from outside",
            "set it to false",
        )
    else:
        yield Check("model hub", "ok", "shut: nothing is fetched from outside")


def _data_folder(settings: Settings) -> Iterator[Check]:
    home = settings.home
    probe = home / f".doctor-{os.getpid()}"
    try:
        existed = home.exists()
        home.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
        free_bytes = shutil.disk_usage(home).free
        if not existed:
            home.rmdir()
    except OSError as error:
        remedy = "make the folder writable, or name another one with CALLQA_HOME"
        yield Check("data folder", "problem", f"{home} cannot be written: {error.strerror}", remedy)
        return
    yield Check("data folder", "ok", f"{home} is writable")
    free = f"{free_bytes / 1024**3:.1f} GiB free"
    if free_bytes < MIN_FREE_BYTES:
        yield Check("disk", "problem", free, f"free some disk, at least {MIN_FREE_BYTES // 1024**3} GiB")
    else:
        yield Check("disk", "ok", free)


def _stores(settings: Settings) -> Iterator[Check]:
    from pipeline.store.ledger import ledger_path, open_ledger  # noqa: PLC0415 - DuckDB and Arrow take a moment
    from pipeline.store.reviews import open_reviews, reviews_path  # noqa: PLC0415
    from pipeline.store.snapshot import current_snapshot, open_snapshot  # noqa: PLC0415

    home = settings.home
    for name, path, open_store in (
        ("ledger", ledger_path(home), open_ledger),
        ("reviews", reviews_path(home), open_reviews),
    ):
        if not path.is_file():
            yield Check(name, "ok", "none yet")
            continue
        try:
            with open_store(home):
                detail = _schema_of(path)
        except CallQaError as error:
            yield Check(name, "problem", str(error), "see the message; a backup can be put back in its place")
            continue
        yield Check(name, "ok", detail)
    try:
        connection = open_snapshot(home)
        current = current_snapshot(home)
    except CallQaError as error:
        yield Check("snapshot", "warning", str(error), "run callqa publish")
        return
    if connection is None or current is None:
        yield Check("snapshot", "ok", "none yet")
        return
    with connection:
        row = connection.execute("select calls, callqa_version from snapshot_info order by snapshot_id").fetchone()
    detail = f"{current.name}, {row[0]} calls, made by callqa {row[1]}" if row else current.name
    yield Check("snapshot", "ok", detail)


def _schema_of(path: Path) -> str:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row = connection.execute("select name from schema_migrations order by number desc limit 1").fetchone()
        return f"{path.name}, schema {row[0].removesuffix('.sql')}, SQLite {sqlite3.sqlite_version}"
    finally:
        connection.close()


def _codecs(_: Settings) -> Iterator[Check]:
    import av  # noqa: PLC0415 - FFmpeg's libraries take a moment

    missing = [name for name in CODECS if name not in av.codecs_available]
    if NEEDED_CODECS & set(missing):
        yield Check("decoders", "problem", f"missing: {', '.join(missing)}", "install av from PyPI as a wheel")
    elif missing:
        yield Check("decoders", "warning", f"missing: {', '.join(missing)}", "convert such files to wav beforehand")
    else:
        yield Check("decoders", "ok", f"all {len(CODECS)} (PyAV {av.__version__})")


def _fonts(_: Settings) -> Iterator[Check]:
    names = (
        path.name.lower().replace("-", "").replace(" ", "")
        for folder in FONT_FOLDERS
        for path in Path(folder).expanduser().rglob("*.[to]t[fc]")
    )
    if any(word in name for name in names for word in FONT_WORDS):
        yield Check("fonts", "ok", "Chinese fonts are installed")
    else:
        yield Check(
            "fonts",
            "warning",
            "no Chinese fonts on this machine",
            "needed only where the browser runs: apt install fonts-noto-cjk",
        )


_LOOKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (
    _python,
    _packages,
    _weights,
    _rulebook,
    _telemetry,
    _data_folder,
    _stores,
    _codecs,
    _fonts,
)
