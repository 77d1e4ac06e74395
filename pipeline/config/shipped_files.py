"""The files that come with the package, below pipeline/config."""

from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


def text(name: str) -> str:
    """The text of a shipped file, named from this folder: "default.yaml", "lexicon/topics.yaml"."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def texts(folder: str) -> dict[str, str]:
    """The text of each YAML file of a folder, by its name from here ("rules/00_sets.yaml"), in the order of names."""
    names = (file.name for file in files(__package__).joinpath(folder).iterdir())
    return {f"{folder}/{name}": text(f"{folder}/{name}") for name in sorted(names) if name.endswith(".yaml")}


def values(name: str) -> Any:
    """What a shipped YAML file holds, as plain Python values: for files that nobody else may write."""
    return YAML(typ="safe", pure=True).load(text(name))
