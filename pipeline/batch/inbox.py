"""Which recordings lie in the folders given: each file once, whatever the links, nothing still being written."""

import os
import re
import stat
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from pipeline.errors import AudioError, ConfigError
from pipeline.metadata import MetadataReader, clean
from pipeline.model import Recording
from pipeline.store.ledger import FileStamp

# Everything pipeline.audio can open, and what recorders call it.
# fmt: off
SUFFIXES = frozenset((
    ".wav", ".wave", ".w64", ".mp3", ".m4a", ".mp4", ".aac", ".mov",
    ".mkv", ".mka", ".webm", ".ogg", ".oga", ".opus", ".flac", ".amr",
    ".awb", ".3gp", ".au", ".snd", ".aif", ".aiff", ".caf", ".wma",
    ".asf", ".gsm", ".ulaw", ".ul", ".alaw", ".al", ".g722",
))
# fmt: on
MAX_STEM_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A recording in the inbox. stamp None: it cannot be looked at, and `problem` says why and what to do."""

    path: Path
    stamp: FileStamp | None
    problem: str | None = None


def find_recordings(paths: Sequence[Path], *, settle_s: float = 0.0) -> tuple[Found, ...]:
    """All recordings at and below `paths`, sorted by path, each real file once.

    Folders are searched by suffix, hidden names and link loops left out; a file named outright is taken whatever its
    suffix. settle_s: files changed less than this ago are left for the next time.
    Raises ConfigError for a path that does not exist.
    """
    newest_s = time.time() - settle_s
    seen: set[str] = set()
    found: list[Found] = []
    for path in _candidates(paths):
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        one = _look_at(path)
        unfinished = settle_s > 0 and one.stamp is not None and one.stamp.mtime_ns / 1e9 > newest_s
        if not unfinished:
            found.append(one)
    return tuple(sorted(found, key=lambda f: str(f.path)))


def call_stem(path: Path) -> str:
    """The call id a file asks for: its name without suffix, in one Unicode form, harmless, at most 100 characters."""
    stem = clean(unicodedata.normalize("NFC", re.sub(r"[/\\]", "-", path.stem)))
    return stem[:MAX_STEM_CHARACTERS].strip() or "call"


def recording_of(one: Found, reader: MetadataReader) -> Recording:
    """A recording that no store knows: its digest read now, named after its file.

    Raises AudioError when it cannot be read, ConfigError when its metadata cannot be right.
    """
    try:
        digest = digest_of(one.path)
    except OSError as error:
        raise AudioError(
            one.problem or f"{one.path} cannot be read: {error.strerror}; check its permissions"
        ) from error
    if one.stamp is None:
        raise AudioError(one.problem or f"{one.path} cannot be read")
    return Recording(call_stem(one.path), str(one.path), digest, one.stamp.size_bytes, reader.read(one.path))


def digest_of(path: Path) -> str:
    """sha256 of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _candidates(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        given = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, the name given is kept
        if given.is_dir():
            yield from _walk(given)
        elif given.exists() or given.is_symlink():
            yield given
        else:
            raise ConfigError(f"{path} does not exist; name a recording or a folder of recordings")


def _walk(root: Path) -> Iterator[Path]:
    visited: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(folder, name)


def _look_at(path: Path) -> Found:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = str(path).encode("utf-8", "backslashreplace").decode()
        return Found(
            path, None, f"{shown}: the name is not UTF-8; rename it, for example with convmv -f gb18030 -t utf8"
        )
    try:
        status = path.stat()
    except OSError as error:
        return Found(path, None, f"{path} cannot be read: {error.strerror}; check the file and its permissions")
    if not stat.S_ISREG(status.st_mode):
        return Found(path, None, f"{path} is a device or a pipe, not a file; copy the recording into a file first")
    return Found(path, FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns))
