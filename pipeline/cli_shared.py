"""What the commands share: settings from the options given, and the console."""

from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from pipeline.config import Settings


def settings_of(context: typer.Context) -> "Settings":
    """The settings for the folder and file given before the command. Raises ConfigError."""
    from pipeline.config import load_settings  # noqa: PLC0415 - pydantic takes a moment

    return load_settings(context.obj.home, context.obj.config)


def console() -> Console:
    """Standard output; text of calls is never taken for markup."""
    return Console(highlight=False, soft_wrap=True)
