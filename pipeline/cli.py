"""The command line: parse, call, print, exit code.

0 ok, 1 some calls failed, 2 bad configuration or usage, 75 stopped early or another batch is running: run again.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from pipeline import __version__
from pipeline.errors import CallQaError

EXIT_CONFIG, EXIT_AGAIN = 2, 75

app = typer.Typer(
    name="callqa",
    help="Call-quality analytics for hospital call centres: transcribe, measure, judge, show.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What is given before the command."""

    home: Path | None
    config: Path | None


def _version(value: bool) -> None:
    if value:
        print(f"callqa {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Data folder; else CALLQA_HOME, else ./data.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; else CALLQA_CONFIG, else HOME/callqa.yaml.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,  # noqa: ARG001
) -> None:
    context.obj = Context(home, config)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with an exit code of the contract."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    from pipeline import cli_backtest, cli_calls, cli_house, cli_rules, cli_sample, cli_store, cli_tune, cli_users  # noqa: PLC0415 - they register

    for commands in (cli_house, cli_calls, cli_rules, cli_store, cli_backtest, cli_users, cli_sample, cli_tune):
        commands.register(app)
    try:
        app(args=given, prog_name="callqa")
    except KeyboardInterrupt:
        _fail("stopped", EXIT_AGAIN)
    except BrokenPipeError:  # the reader of our output is gone, for example `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if "--debug" in given:
            raise
        _fail(*_told(error))


def _told(error: Exception) -> tuple[str, int]:
    """An error as one message, and its exit code."""
    from pipeline.batch.lock import BusyError  # noqa: PLC0415 - only where something failed

    if isinstance(error, CallQaError):
        return str(error), EXIT_AGAIN if isinstance(error, BusyError) else EXIT_CONFIG
    return f"unexpected {type(error).__name__}: {error}; run again with --debug before the command", EXIT_CONFIG


def _fail(message: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"callqa: {message}", markup=False)
    sys.exit(code)


if __name__ == "__main__":
    main()
