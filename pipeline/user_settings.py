"""Changing the user's settings file: comments and order kept, and never a file left that does not load."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.store.durable import replace_file


def settings_file(home: Path, config: Path | None = None) -> Path:
    """The user's settings file, which need not be there: the one named, else CALLQA_CONFIG, else HOME/callqa.yaml."""
    named = config or (Path(os.environ["CALLQA_CONFIG"]) if os.environ.get("CALLQA_CONFIG") else None)
    return named or home / "callqa.yaml"


def edit_settings(home: Path, config: Path | None, change: Callable[[Any], None]) -> Path:
    """Let `change` alter the settings (a mapping by section, made when there is no file yet) and return the file.

    config: the file named by the user; None: CALLQA_CONFIG, else callqa.yaml in the data folder. Raises ConfigError
    when the file cannot be read or the result is not valid, StoreError when it cannot be written.
    """
    path = settings_file(home, config)
    yaml = YAML()
    yaml.preserve_quotes = True
    try:
        values = yaml.load(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ConfigError(f"settings file {path} cannot be read: {error}; repair it first") from error
    values = {} if values is None else values
    change(values)

    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8") as file:
            yaml.dump(values, file)
        load_settings(home, target)  # never leave settings behind that do not load

    replace_file(path, write)
    return path


def section(values: Any, name: str) -> Any:
    """A section of the settings, made when it is missing or empty."""
    if values.get(name) is None:
        values[name] = {}
    return values[name]
