"""One batch at a time on a data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import StoreError


class BusyError(StoreError):
    """Another batch holds the data folder; run again when it is done."""


@contextmanager
def batch_lock(home: Path) -> Iterator[None]:
    """Hold the data folder for a batch. The lock goes with the process, also when it is killed.

    Raises BusyError when another batch holds it, StoreError when the folder cannot be written.
    """
    path = home / "batch.lock"
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(f"another batch is working on {home}; run again when it is done") from error
    except OSError as error:
        raise StoreError(
            f"data folder {home} cannot be written: {error.strerror or error}; "
            "make it writable, or name another one with CALLQA_HOME"
        ) from error
    try:
        yield
    finally:
        lock.release()
