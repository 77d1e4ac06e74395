"""Writing a file so that a power cut leaves either the old one or the new one, never half of it."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.errors import StoreError

TEMPORARY_SUFFIX = ".part"


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to disk, then put it in place in one step.

    Raises StoreError (path, cause, remedy) when the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name[:100]}-{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        flush(temporary)
        temporary.replace(path)
        flush(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}; "
            "make the data folder writable (and free some disk), or name another one with CALLQA_HOME"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()  # gone already when all went well


def flush(path: Path) -> None:
    """Make the contents of a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
