"""Commands that work on the stores: run, nightly, recheck, publish, rebuild, export."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli_sample import draw_samples
from pipeline.cli_shared import console, settings_of
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pipeline.batch.jobs import Summary
    from pipeline.batch.run import Options
    from pipeline.config import Settings
    from pipeline.judge import Judge
    from pipeline.store.snapshot import Published

DAY = ["%Y-%m-%d"]
Retry = Annotated[bool, typer.Option("--retry", help="Try failed calls again.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, nightly, recheck, publish, rebuild, export):
        app.command()(command)


def run(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes; else batch.workers.")] = None,
    retry: Retry = False,
) -> None:
    """Analyse new recordings, store them and publish a snapshot for the dashboard."""
    from pipeline.batch.run import Options  # noqa: PLC0415 - DuckDB and Arrow take a moment

    settings = _with_workers(settings_of(context), workers)
    raise typer.Exit(_run(settings, paths, Options(retry=retry)).exit_code)


def nightly(context: typer.Context, retry: Retry = False) -> None:
    """Run over the folders of batch.inbox, then draw the samples; files being written are left for the next time."""
    from pipeline.batch.run import Options  # noqa: PLC0415

    settings = settings_of(context)
    inbox = settings.batch.inbox
    folders = (inbox,) if isinstance(inbox, Path) else inbox or ()
    if not folders:
        raise ConfigError("batch.inbox is not set; name the folder(s) with last night's recordings in callqa.yaml")
    options = Options(settle_s=10.0, retry=retry, limit_s=settings.batch.stop_after_s)
    summary = _run(settings, folders, options)
    draw_samples(settings)
    raise typer.Exit(summary.exit_code)


def recheck(
    context: typer.Context,
    since: Annotated[
        datetime | None, typer.Option(formats=DAY, help="First day; earlier calls keep their scores.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--rulebook", help="A kept version (rules versions); else the active rulebook.")
    ] = None,
    no_audio: Annotated[
        bool, typer.Option("--no-audio", help="Leave hits that nobody listened to for review; load no model.")
    ] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Run every rule, also those that did not change.")] = False,
) -> None:
    """Judge stored calls again by the active rulebook, scorecards and calibration, and publish.

    Rules that did not change since a call was judged, and calls that nothing changed for, keep their findings: the
    outcome is the same as with --anew, which judges all of it.

    Then hits of dear phrases that are newer than a call's analysis are put to the recogniser, and published again; no
    model is loaded where there are none. A rulebook that is not valid changes nothing. With --rulebook an older version
    judges, exactly as it did then.
    """
    from pipeline import rulebooks  # noqa: PLC0415 - here and below: heavy
    from pipeline.batch import upkeep  # noqa: PLC0415
    from pipeline.batch.rejudge import JudgeFactory  # noqa: PLC0415
    from pipeline.judge import Judge  # noqa: PLC0415

    settings, out = settings_of(context), console()
    active = None
    if version is not None:
        active, settings = rulebooks.read_sources(settings).version, rulebooks.at_version(settings, version)
    judge = Judge(settings)
    settings = rulebooks.pinned(settings, judge.sources)
    first = since.date() if since else None
    with out.status("judging stored calls") as status:
        result = upkeep.recheck(
            settings,
            JudgeFactory(settings),
            lambda calls: status.update(f"judged {calls} calls"),
            since=first,
            anew=anew,
        )
    for problem in result.problems:
        out.print(f"kept the old judgement: {problem}", markup=False)
    for path in result.published.unreadable:
        out.print(f"left out of the snapshot, damaged: {path}; delete it and run callqa run again", markup=False)
    out.print(f"judged {result.calls} calls by {judge.version}; published snapshot {result.published.snapshot_id}")
    if active not in (None, judge.version):
        out.print(f"new calls are judged by the active {active}; callqa rules activate {judge.version} changes that")
    unheard = () if no_audio else _listen_again(settings, judge, first)
    raise typer.Exit(1 if result.problems or result.published.unreadable or unheard else 0)


def publish(context: typer.Context) -> None:
    """Publish what is stored as a new snapshot."""
    from pipeline.batch import upkeep  # noqa: PLC0415

    _published(upkeep.publish(settings_of(context)))


def rebuild(context: typer.Context) -> None:
    """Make snapshot (and, if it was lost, ledger) anew from the stored calls alone."""
    from pipeline.batch import upkeep  # noqa: PLC0415

    _published(upkeep.rebuild(settings_of(context)))


def export(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="calls, findings or utterances.")],
    out: Annotated[Path, typer.Option(help="File to write: .csv, .parquet or .xlsx.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day, included.")] = None,
) -> None:
    """Write a table of the published calls for spreadsheets or statistics."""
    from pipeline.tables import read_table, table_named, write_table  # noqa: PLC0415

    settings = settings_of(context)
    frame = read_table(
        settings.home,
        table_named(table),
        zone=settings.metadata.timezone,
        first_day=first.date() if first else None,
        last_day=last.date() if last else None,
    )
    write_table(frame, out)
    console().print(f"{out}: {frame.height} {table}", markup=False)


def _run(settings: "Settings", paths: "Sequence[Path]", options: "Options") -> "Summary":
    from pipeline import logs, rulebooks  # noqa: PLC0415 - here and below: heavy
    from pipeline.analyze import Analyzer  # noqa: PLC0415
    from pipeline.batch.run import run as run_batch  # noqa: PLC0415
    from pipeline.cli_progress import RunView, show_summary  # noqa: PLC0415
    from pipeline.judge import Judge  # noqa: PLC0415

    logs.log_to_file(settings.home)
    settings = rulebooks.pinned(settings, Judge(settings).sources)
    with RunView() as view:
        summary = run_batch(paths, settings, view, fingerprint=Analyzer.fingerprint(settings), options=options)
    show_summary(summary, console())
    return summary


def _listen_again(settings: "Settings", judge: "Judge", since: "date | None") -> "tuple[str, ...]":
    """Put new hits to the recogniser and publish. Returns what stays for review, with the reason."""
    from pipeline import relisten  # noqa: PLC0415
    from pipeline.batch import upkeep  # noqa: PLC0415

    out = console()
    waiting = relisten.waiting(settings, judge, since)
    if not waiting:
        return ()
    with out.status(f"listening again to {len(waiting)} calls with hits of new phrases"):
        heard = relisten.relisten(settings, judge, waiting)
    for problem in heard.problems:
        out.print(f"stays for review: {problem}", markup=False)
    if heard.calls:
        published = upkeep.publish(settings)
        out.print(f"listened again to {heard.calls} calls; published snapshot {published.snapshot_id}")
    return heard.problems


def _with_workers(settings: "Settings", workers: int | None) -> "Settings":
    if workers is None:
        return settings
    return settings.model_copy(update={"batch": settings.batch.model_copy(update={"workers": workers})})


def _published(published: "Published") -> None:
    out = console()
    for path in published.unreadable:
        out.print(f"left out, damaged: {path}; delete it and run callqa run again", markup=False)
    out.print(f"published snapshot {published.snapshot_id} with {published.calls} calls")
    raise typer.Exit(1 if published.unreadable else 0)
