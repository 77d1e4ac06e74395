"""Where a database in memory puts what does not fit: a folder of its own, removed with whoever made it.

A process that is killed leaves its folder. So each is held by a lock, which goes with the process; whoever comes next
removes the folders that nobody holds.
"""

import shutil
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

PREFIX = "overflow-"


class Overflow:
    """A held folder. path: None where none could be made (no right to write, a full disk)."""

    def __init__(self, folder: Path) -> None:
        """Make one in `folder`, and remove those that nobody holds any more."""
        clear(folder)
        path = folder / f"{PREFIX}{uuid4().hex}"
        self._lock = FileLock(_lock_of(path), thread_local=False)
        self.path: Path | None = path
        try:
            self._lock.acquire(blocking=False)
            path.mkdir()
        except (OSError, Timeout):
            self.path = None

    def close(self) -> None:
        if self.path is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            _lock_of(self.path).unlink(missing_ok=True)
        self._lock.release()
        self.path = None


def clear(folder: Path) -> None:
    """Remove the folders whose makers are gone."""
    for path in folder.glob(f"{PREFIX}*.lock"):
        try:
            with FileLock(path, blocking=False):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)
        except (OSError, Timeout):
            continue


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
