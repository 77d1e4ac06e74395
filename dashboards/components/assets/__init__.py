"""Files that components send to the browser as they are."""

from importlib.resources import files


def asset(name: str) -> str:
    """The text of a file in this folder."""
    return files("dashboards.components.assets").joinpath(name).read_text(encoding="utf-8")
