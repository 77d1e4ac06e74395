"""Commands on recordings that touch no store: analyze, evaluate, calibrate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.cli_shared import console, settings_of
from pipeline.errors import AudioError, ConfigError, EngineError

if TYPE_CHECKING:
    from pipeline.analyze import Analyzer
    from pipeline.batch.inbox import Found
    from pipeline.metadata import MetadataReader


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (analyze, evaluate, calibrate):
        app.command()(command)


def analyze(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path(),
    format_: Annotated[str, typer.Option("--format", help="json, srt, vtt, rttm or textgrid.")] = "json",
) -> None:
    """Analyse recordings and write one file each; no store is touched."""
    from pipeline.batch.inbox import find_recordings  # noqa: PLC0415 - here and below: heavy
    from pipeline.export import check_format  # noqa: PLC0415
    from pipeline.metadata import MetadataReader  # noqa: PLC0415

    settings = settings_of(context)
    check_format(format_)
    found = find_recordings(paths)
    if not found:
        raise ConfigError(f"no recordings in {', '.join(str(p) for p in paths)}; see the README for the formats")
    from pipeline.analyze import Analyzer  # noqa: PLC0415

    reader = MetadataReader(settings.metadata, [p.absolute() for p in paths], None)
    analyzer = Analyzer(settings)
    screen, failed = console(), 0
    for number, one in enumerate(found, start=1):
        label = f"[{number}/{len(found)}] {one.path.name}"
        try:
            screen.print(f"{label}: {_analyse(one, analyzer, reader, out, format_, screen)}", markup=False)
        except (AudioError, EngineError, ConfigError) as error:
            failed += 1
            screen.print(f"{label}: failed: {error}", markup=False)
    raise typer.Exit(1 if failed else 0)


def _analyse(
    one: "Found", analyzer: "Analyzer", reader: "MetadataReader", out: Path, format_: str, screen: Console
) -> str:
    from pipeline.batch.inbox import recording_of  # noqa: PLC0415
    from pipeline.export import write_report_file  # noqa: PLC0415

    with screen.status("") as status:
        report = analyzer.analyze(
            one.path,
            recording_of(one, reader),
            on_stage=lambda stage: status.update(f"{one.path.name}: {stage}"),
        )
    return str(write_report_file(report, out, format_))


def evaluate(
    context: typer.Context,
    truth_dir: Annotated[Path, typer.Argument(metavar="TRUTH_DIR", help="Folder with NAME.truth.json files.")],
    json_: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all figures there.")] = None,
) -> None:
    """Compare analyses with truth files: CER, DER, roles, findings, speed."""
    from pipeline.analyze import Analyzer  # noqa: PLC0415 - heavy
    from pipeline.cli_figures import figures_table  # noqa: PLC0415
    from pipeline.evaluate import evaluate_dir  # noqa: PLC0415

    settings, screen = settings_of(context), console()
    with screen.status("loading models") as status:
        figures = evaluate_dir(truth_dir, Analyzer(settings), status.update)
    screen.print(figures_table(figures))
    for name, reason in figures["failed"].items():
        screen.print(f"failed: {name}: {reason}", markup=False)
    if json_ is None:
        return
    text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    try:
        json_.parent.mkdir(parents=True, exist_ok=True)
        json_.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{json_} cannot be written: {error.strerror}; name another file with --json") from error
    screen.print(f"figures written to {json_}", markup=False)


def calibrate(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings of the reference.")],
    line: Annotated[str, typer.Option(help="Name of the telephone line, as in the metadata.")],
    reference_db: Annotated[float, typer.Option(help="Loudness of the reference at the mouth, dB SPL.")],
    channel: Annotated[
        int | None, typer.Option(min=0, max=1, help="Channel of the reference; else the louder.")
    ] = None,
) -> None:
    """Measure how loud a line records, and write its offset into the settings."""
    from pipeline.calibrate import measure_line, save_line  # noqa: PLC0415 - heavy

    settings = settings_of(context)
    found = measure_line(files, settings, line=line, reference_db=reference_db, channel=channel)
    path = save_line(found, settings.home, context.obj.config)
    console().print(
        f"line {line}: active level {found.level_dbfs:.1f} dBFS is {reference_db:.1f} dB, "
        f"offset {found.offset_db:.1f} dB; written to {path}. Apply it to stored calls with: callqa recheck",
        markup=False,
    )
