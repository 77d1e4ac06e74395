"""The command that draws quality samples: callqa sample."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pipeline.cli_shared import console, settings_of

if TYPE_CHECKING:
    from datetime import date

    from pipeline.config import Settings


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(sample)


def sample(
    context: typer.Context,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Draw the period this day lies in; else the last complete one."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show the plans and what was drawn; draw nothing.")] = False,
) -> None:
    """Draw the active sampling plans (made on the dashboard) and hand the calls out; what was drawn is left alone.

    `callqa nightly` does the same after its run.
    """
    settings = settings_of(context)
    if list_:
        _show(settings)
    elif not draw_samples(settings, day.date() if day else None):
        console().print("no sampling plan is due")


def draw_samples(settings: "Settings", day: "date | None" = None) -> bool:
    """Draw what is due and say so; whether there was anything."""
    from pipeline.draws import draw_due  # noqa: PLC0415 - DuckDB takes a moment

    drawn = draw_due(settings, "callqa sample", day)
    for draw in drawn:
        console().print(
            f"plan {draw.plan_id}: {draw.drawn} of {draw.calls} calls of {draw.first_day} to {draw.last_day}, "
            f"seed {draw.seed}"
        )
    return bool(drawn)


def _show(settings: "Settings") -> None:
    from pipeline.store.plans import open_plans  # noqa: PLC0415

    with open_plans(settings.home) as store:
        plans, draws = store.plans(), store.draws()
    table = Table("plan", "name", "kind", "every", "active", "draws", "last drawn", box=None, pad_edge=False)
    for stored in plans:
        mine = [draw for draw in draws if draw.plan_id == stored.plan_id]
        last = f"{mine[0].first_day} to {mine[0].last_day}" if mine else "never"
        active = "yes" if stored.active else "no"
        plan = stored.plan
        table.add_row(str(stored.plan_id), plan.name, plan.kind, plan.every, active, str(len(mine)), last)
    console().print(table if plans else "no sampling plans yet: make one on the dashboard's page 质检任务 (Queue)")
