"""Ending a run early: on SIGTERM, on Ctrl-C, or when its time is up."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from pipeline.errors import CallQaError


class StoppedError(CallQaError):
    """The run was ended early and everything is in order; run again to go on."""


@dataclass(slots=True)
class Stop:
    """Whether to stop. ends_s: on the monotonic clock, None for no limit: no new calls after that."""

    ends_s: float | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def now(self) -> bool:
        """Somebody asked: end running calls at once."""
        return self.asked.is_set()

    def soon(self) -> bool:
        """Take no new calls, for whichever reason."""
        return self.now() or (self.ends_s is not None and time.monotonic() >= self.ends_s)


@contextmanager
def stop_on_signals(limit_s: float | None = None) -> Iterator[Stop]:
    """Within, the first SIGTERM or SIGINT asks for a stop; the second ends the process as usual.

    limit_s: take no new calls after this many seconds. Outside the main thread signals are left alone.
    """
    stop = Stop(None if limit_s is None else time.monotonic() + limit_s)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, _: FrameType | None) -> None:
        stop.asked.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
