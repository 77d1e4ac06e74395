"""What this process holds: how much it was at most, and what is free of it given back to the system.

Giving back is for glibc alone, where every thread keeps what it freed for itself; elsewhere nothing is done.
"""

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import Any

KIB = 1024
_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h


def peak_bytes() -> int:
    """The highest resident memory of this process.

    On Linux from /proc: getrusage's ru_maxrss survives exec, so that a worker would be told its parent's memory.
    """
    import resource  # noqa: PLC0415 - not on every system

    if (status := Path("/proc/self/status")).is_file():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(lines["VmHWM"].split()[0]) * KIB
    unit = 1 if sys.platform == "darwin" else KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def share_arenas(count: int) -> None:
    """Let the threads that begin from now on share so many stores of freed memory."""
    if (library := _glibc()) is not None:
        library.mallopt(_ARENA_MAX, count)


def give_back() -> None:
    """Hand what is free back to the system: some milliseconds, and what is asked for next is fetched anew."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> Any:
    try:
        library = ctypes.CDLL(None)
        _ = library.mallopt, library.malloc_trim
    except (OSError, AttributeError):
        return None
    return library
