"""Commands on the rulebook: rules check, try, schema, copy, activate, versions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pipeline.cli_shared import console, settings_of
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.rulebooks import Sources
    from pipeline.rules.check import Problem

SHIPPED = "shipped"
NOT_SET = {"rules_dir": None, "scorecard": None, "lexicon_dir": None, "activated": None}

rules = typer.Typer(
    help="The rulebook. To change it: rules copy, edit, rules check, backtest, rules activate, recheck.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(rules, name="rules")


@rules.command("check")
def rules_check(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="Rulebook folder (as rules copy makes it) or one rule file; else the active.")
    ] = None,
) -> None:
    """Try every example, look for rules that can never hit, and say what is odd. Exit 2 if anything is wrong."""
    out, settings = console(), settings_of(context)
    sources = sources_named(settings, str(path)) if path else _active(settings)
    count, problems = _problems(settings, sources)
    for problem in problems:
        out.print(str(problem), markup=False)
    odd = _advice(settings, sources)
    for one in odd:
        out.print(f"{one} (advice)", markup=False)
    counted = f"{len(problems) or 'no'} problem(s), {len(odd) or 'no'} piece(s) of advice"
    out.print(f"{count} rules, version {sources.version}: {counted}")
    raise typer.Exit(2 if problems else 0)


@rules.command("schema")
def rules_schema(
    *, scorecard: Annotated[bool, typer.Option("--scorecard", help="Of scorecards instead of rule files.")] = False
) -> None:
    """Print the JSON schema of rule files or scorecards, for editors that check and complete YAML."""
    from pipeline import scorecard_schema  # noqa: PLC0415
    from pipeline.rules import schema  # noqa: PLC0415

    typer.echo(scorecard_schema.schema_text() if scorecard else schema.schema_text(), nl=False)


@rules.command("try")
def rules_try(
    context: typer.Context,
    dialogue: Annotated[
        str, typer.Argument(help="A text file with lines such as 坐席：您好 and 患者：…; - reads standard input.")
    ],
    path: Annotated[
        str | None,
        typer.Option("--rules", help="Rulebook folder, rule file or kept version; else the active rulebook."),
    ] = None,
) -> None:
    """Judge a dialogue typed in by hand, and say which rules speak up and why. Nothing is stored."""
    from pipeline.judge import Judge  # noqa: PLC0415 - pinyin tables take a moment
    from pipeline.rules.trial import dialogue_facts  # noqa: PLC0415

    settings, out = settings_of(context), console()
    sources = sources_named(settings, path) if path else _active(settings)
    judge = Judge(settings, sources)
    judged = judge.judge(dialogue_facts(_dialogue(dialogue), "standard input" if dialogue == "-" else dialogue))
    for found in judged.findings:
        rule = judge.rulebook.rule(found.rule_id)
        second = "call" if found.start_s is None else f"{found.start_s:.1f} s"
        name = rule.name_zh if rule else ""
        note = f"（{found.note}）" if found.note else ""
        out.print(f"{second:>8}  {found.status:<9}  {found.severity:<8}  {found.rule_id}  {name}", markup=False)
        out.print(f"{'':>8}  {found.matched_text or found.evidence}{note}", markup=False)
    if not judged.findings:
        out.print("no rule has anything to say")
    topics = "、".join(f"{hit.topic} {hit.confidence:.2f}" for hit in judged.topics)
    total = "not judged" if judged.score.total is None else f"{judged.score.total:g}"
    out.print(f"topics: {topics or 'none'}; scorecard {judged.score.scorecard_id}: {total}", markup=False)


def _dialogue(name: str) -> str:
    if name == "-":
        return typer.get_text_stream("stdin").read()
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} cannot be read: {error}; give a UTF-8 text file, or - for standard input") from error


@rules.command("copy")
def rules_copy(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    version: Annotated[
        str | None, typer.Option(help="A kept version (rules versions), or 'shipped'; else the active rulebook.")
    ] = None,
) -> None:
    """Copy the active rulebook (rules, scorecards, lexicons) to a folder to edit. It counts once it is activated."""
    from pipeline import rulebooks  # noqa: PLC0415

    settings = settings_of(context)
    sources = sources_named(settings, version) if version else _active(settings)
    written = rulebooks.copy_sources(sources, folder)
    out = console()
    for path in written:
        out.print(str(path), markup=False)
    out.print(
        f"{sources.version} copied. Change what you like, then: callqa rules check {folder}; callqa backtest {folder}; "
        f"callqa rules activate {folder}; callqa recheck",
        markup=False,
    )


@rules.command("activate")
def rules_activate(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="FOLDER|VERSION|shipped", help="The rulebook to put in force.")],
) -> None:
    """Put a rulebook in force, for new calls at once and for stored ones with recheck. A faulty one is refused.

    The files are kept under their version in the data folder: what is edited later counts only when activated again.
    Going back: activate the version before (rules versions), or 'shipped' for the rulebook that comes with callqa.
    """
    from pipeline import rulebooks  # noqa: PLC0415
    from pipeline.user_settings import edit_settings, section  # noqa: PLC0415

    settings, out = settings_of(context), console()
    before = _kept_or_none(settings)
    sources = sources_named(settings, what)
    _, problems = _problems(settings, sources)
    if problems:
        for problem in problems:
            out.print(str(problem), markup=False)
        raise ConfigError(f"{what} has {len(problems)} problem(s) and was not activated; the active rulebook stays")
    if what == SHIPPED:
        chosen: dict[str, Any] = NOT_SET
    else:
        rulebooks.keep(settings.home, sources)
        chosen = {"activated": sources.version}

    def change(values: Any) -> None:
        section(values, "rules").update(chosen)

    written = edit_settings(settings.home, context.obj.config, change)
    now = rulebooks.read_sources(settings_of(context)).version
    out.print(f"active: {now} (was {before or 'not readable'}), set in {written}", markup=False)
    out.print("stored calls keep their scores until you run: callqa recheck" if now != before else "nothing changed")


@rules.command("versions")
def rules_versions(context: typer.Context) -> None:
    """List the rulebook versions that judged calls or were activated, the latest first."""
    from pipeline import rulebooks  # noqa: PLC0415

    settings, out = settings_of(context), console()
    kept = rulebooks.versions(settings.home)
    if not kept:
        out.print("no version is kept yet; callqa run and callqa recheck keep the one they judge by")
        return
    active = _version_or_none(settings)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("version", "kept", "by callqa", "rule files", ""):
        table.add_column(title)
    for one in kept:
        when = one.kept_at.astimezone().strftime("%Y-%m-%d %H:%M")
        mark = "active" if one.version == active else ""
        table.add_row(one.version, when, one.callqa_version, str(one.rule_files), mark)
    out.print(table)


def sources_named(settings: "Settings", name: str) -> "Sources":
    """The rulebook that a folder, a file, a kept version or "shipped" stands for.

    A file takes the place of the active rulebook's file of the same name, or is added to it. Raises ConfigError.
    """
    from pipeline import rulebooks  # noqa: PLC0415

    path = Path(name)
    if path.is_dir():
        return rulebooks.sources_in(path, _active_or_shipped(settings))
    if path.is_file():
        return rulebooks.sources_with(path, _active(settings))
    if rulebooks.VERSION_PATTERN.fullmatch(name):
        return rulebooks.read_sources(rulebooks.at_version(settings, name))
    if name == SHIPPED:
        return _active(_with_shipped(settings))
    raise ConfigError(f"{name} is no folder, file or kept version; make a folder with: callqa rules copy {name}")


def _active(settings: "Settings") -> "Sources":
    from pipeline import rulebooks  # noqa: PLC0415

    return rulebooks.read_sources(settings)


def _active_or_shipped(settings: "Settings") -> "Sources":
    """What a folder's missing parts are taken from; a folder that has them all can repair an unreadable setting."""
    try:
        return _active(settings)
    except ConfigError:
        return _active(_with_shipped(settings))


def _with_shipped(settings: "Settings") -> "Settings":
    return settings.model_copy(update={"rules": settings.rules.model_copy(update=NOT_SET)})


def _kept_or_none(settings: "Settings") -> str | None:
    """The active version, kept so that one can go back to it; None when it cannot be read."""
    from pipeline import rulebooks  # noqa: PLC0415

    try:
        active = _active(settings)
    except ConfigError:
        return None
    rulebooks.keep(settings.home, active)
    return active.version


def _version_or_none(settings: "Settings") -> str | None:
    """The active version; None when it cannot be read, so that a sound one can still be activated."""
    try:
        return _active(settings).version
    except ConfigError:
        return None


def _advice(settings: "Settings", sources: "Sources") -> "tuple[Problem, ...]":
    """What is odd in them though it works."""
    from pipeline.judge import Judge  # noqa: PLC0415
    from pipeline.rules.advice import advise  # noqa: PLC0415

    return advise(Judge(settings, sources).rulebook)


def _problems(settings: "Settings", sources: "Sources") -> "tuple[int, tuple[Problem, ...]]":
    """How many rules there are, and what is wrong with them. Raises RuleError for files that do not load."""
    from pipeline.judge import Judge  # noqa: PLC0415 - pinyin tables take a moment
    from pipeline.rules.check import check_rulebook  # noqa: PLC0415

    judge = Judge(settings, sources)
    return len(judge.rulebook.rules), check_rulebook(judge.rulebook)
