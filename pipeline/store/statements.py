"""SQL by name from the sql folder, and the numbered migrations of each store."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Literal

from pipeline.errors import StoreError

Folder = Literal["read", "write", "views", "decided"]
Store = Literal["snapshot", "ledger", "reviews"]
MIGRATION_NAME = re.compile(r"^(?P<number>\d{4})_(?P<store>[a-z]+)(_[a-z0-9_]+)?\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered, immutable step of a store's schema. digest: sha256 of the file."""

    number: int
    name: str
    sql: str
    digest: str


@cache
def statement(folder: Folder, name: str) -> str:
    """The text of sql/FOLDER/NAME.sql. Raises StoreError when there is no such statement."""
    path = files("sql").joinpath(folder, f"{name}.sql")
    if not path.is_file():
        raise StoreError(f"there is no SQL statement sql/{folder}/{name}.sql; the installation is incomplete")
    return path.read_text(encoding="utf-8")


def statements(folder: Folder) -> tuple[str, ...]:
    """Names of all statements of a folder, sorted."""
    found = files("sql").joinpath(folder).iterdir()
    return tuple(sorted(p.name.removesuffix(".sql") for p in found if p.name.endswith(".sql")))


@cache
def migrations(store: Store) -> tuple[Migration, ...]:
    """The steps of a store in the order of their numbers."""
    steps = []
    for path in files("sql").joinpath("migrations").iterdir():
        match = MIGRATION_NAME.match(path.name)
        if match and match["store"] == store:
            sql = path.read_text(encoding="utf-8")
            steps.append(Migration(int(match["number"]), path.name, sql, sha256(sql.encode()).hexdigest()))
    return tuple(sorted(steps, key=lambda step: step.number))
