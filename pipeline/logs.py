"""Structured logs: one JSON object a line, call_id where there is a call, never words, names or numbers of a call."""

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict

from pipeline.errors import StoreError


def logs_folder(home: Path) -> Path:
    return home / "logs"


def log_to_file(home: Path, name: str = "callqa") -> TextIO:
    """Send the log of this process to logs/NAME-DATE.log in the data folder; several processes may append at once.

    Returns the open file. Raises StoreError when it cannot be written.
    """
    path = logs_folder(home) / f"{name}-{datetime.now(UTC):%Y-%m-%d}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; make the data folder writable, or set CALLQA_HOME"
        ) from error
    _configure(stream)
    return stream


def log_to_stderr() -> None:
    """Send the log of this process to standard error."""
    _configure(sys.stderr)


def swallow_output(home: Path) -> None:
    """In a worker: log to the workers' file; whatever libraries print goes there too, not over the progress bar."""
    stream = log_to_file(home, "workers")
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(stream.fileno(), 1)
    os.dup2(stream.fileno(), 2)


def _tell_where(_: object, __: str, event: EventDict) -> EventDict:
    """An exception as its type and the lines it came from; its message and local variables may hold what was said."""
    error = sys.exc_info()[1] if event.pop("exc_info", None) else None
    if error is not None:
        event["error"] = type(error).__name__
        event["where"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    return event


def _configure(stream: TextIO) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_where,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
