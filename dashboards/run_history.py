"""Last nights as the page of runs needs them: runs of the ledger with their throughput, and the stores' health."""

from dataclasses import dataclass

from dashboards.data import Data
from pipeline.store.health import Health, check_integrity, health
from pipeline.store.ledger import Run, ledger_path, open_ledger

SHOWN_RUNS = 30
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class ShownRun:
    """One run. audio_hours_per_hour: how fast it was, None when nothing was analysed."""

    run: Run
    audio_hours: float
    audio_hours_per_hour: float | None


def last_runs(data: Data, limit: int = SHOWN_RUNS) -> tuple[ShownRun, ...]:
    """The latest first; () before the first. Raises PermissionDeniedError, StoreError."""
    data.user.require("see_runs")
    if not ledger_path(data.settings.home).is_file():
        return ()
    with open_ledger(data.settings.home) as ledger:
        return tuple(map(_shown, ledger.runs(limit)))


def waiting_files(data: Data) -> dict[str, int]:
    """How many contents are in which state now, in the ledger; {} before the first run."""
    data.user.require("see_runs")
    if not ledger_path(data.settings.home).is_file():
        return {}
    with open_ledger(data.settings.home) as ledger:
        return ledger.counts()


def store_health(data: Data) -> Health:
    """Raises PermissionDeniedError, StoreError."""
    data.user.require("see_runs")
    return health(data.settings.home)


def integrity(data: Data) -> tuple[str, ...]:
    """What is wrong with the stores of decisions; () when they are sound. Raises PermissionDeniedError."""
    data.user.require("see_runs")
    return check_integrity(data.settings.home)


def _shown(run: Run) -> ShownRun:
    counts = run.counts
    fast = counts.audio_s / counts.wall_s if counts.audio_s and counts.wall_s else None
    return ShownRun(run, counts.audio_s / HOUR_S, fast)
