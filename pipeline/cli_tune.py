"""The command that fits the settings to the machine: tune."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pipeline.cli_shared import console, settings_of
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.trials import Option
    from pipeline.tune import Tuning

MIB = 1 << 20


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(tune)


def tune(
    context: typer.Context,
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RECORDINGS...]", help="Recordings, or folders of them; else those of the inbox."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="About so long.")] = 10.0,
    write: Annotated[bool, typer.Option("--write", help="Write what is proposed into the settings.")] = False,
) -> None:
    """Measure workers, threads, batch, beam and compute type on this machine, and propose the best."""
    from pipeline.batch.inbox import find_recordings  # noqa: PLC0415 - here and below: heavy
    from pipeline.engines.runtime import compute_types  # noqa: PLC0415
    from pipeline.tune import save, tune  # noqa: PLC0415

    settings, screen = settings_of(context), console()
    found = find_recordings(_paths(recordings, settings))
    with screen.status("measuring recordings") as status:
        tuning = tune(
            [f.path for f in found],
            settings,
            minutes=minutes,
            compute_types=compute_types(settings.models.device),
            on_trial=lambda option: status.update(_told(option)),
        )
    screen.print(_table(tuning))
    for skipped in tuning.skipped:
        screen.print(f"not measured: {_told(skipped.option)}: {skipped.reason}", markup=False)
    best = tuning.best.option
    screen.print(f"proposed: {_told(best)}" + ("" if tuning.changes else " (as it is set now)"), markup=False)
    if write and tuning.changes:
        path = save(best, settings.home, context.obj.config)
        screen.print(f"written to {path}; {_afterwards(best, tuning.trials[0].option)}", markup=False)
    elif tuning.changes:
        screen.print("write it into the settings with: callqa tune --write", markup=False)


def _paths(recordings: list[Path] | None, settings: "Settings") -> list[Path]:
    if recordings:
        return recordings
    inbox = settings.batch.inbox
    if inbox is None:
        raise ConfigError("no recordings named and no batch.inbox set; name some: callqa tune RECORDINGS")
    return [inbox] if isinstance(inbox, Path) else list(inbox)


def _told(option: "Option") -> str:
    return (
        f"{option.workers} worker(s) x {option.threads} thread(s), batch {option.batch_windows}, "
        f"beam {option.beam_size}, {option.compute_type}"
    )


def _afterwards(best: "Option", before: "Option") -> str:
    heard = (best.batch_windows, best.beam_size, best.compute_type)
    if heard == (before.batch_windows, before.beam_size, before.compute_type):
        return "it holds from the next run on"
    return "the next run analyses stored calls again, as words may change"


def _table(tuning: "Tuning") -> Table:
    """One row per trial; the proposed one marked."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("workers x threads")
    for title in ("batch", "beam", "compute", "audio h/h", "RTF", "CPU s / audio s", "MiB/worker", "CER"):
        table.add_column(title, justify="right")
    for trial in tuning.trials:
        option = trial.option
        table.add_row(
            f"{option.workers} x {option.threads}",
            str(option.batch_windows),
            str(option.beam_size),
            option.compute_type,
            f"{trial.audio_hours_per_hour:.1f}",
            f"{trial.wall_s / trial.audio_s:.3f}",
            f"{trial.cpu_s / trial.audio_s:.3f}",
            f"{trial.peak_bytes / MIB:.0f}",
            "-" if trial.cer is None else f"{trial.cer:.4f}",
            style="bold" if trial is tuning.best else None,
        )
    return table
