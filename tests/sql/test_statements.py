"""Every SQL file says what it is for, holds one statement, and every migration is numbered and recorded once."""

import re
import sqlite3
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StoreError
from pipeline.store.ledger import ledger_path, open_ledger
from pipeline.store.reviews import open_reviews, reviews_path
from pipeline.store.snapshot import publish
from pipeline.store.sqlite import applied_migrations
from pipeline.store.statements import migrations, statement, statements

SQL = Path(str(files("sql")))
FOLDERS = ("read", "write", "views", "decided")
FILES = [path for folder in FOLDERS for path in sorted((SQL / folder).glob("*.sql"))]


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_statement_has_a_header_and_stands_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = [line for line in text.splitlines() if line.startswith("--")]
    assert header[0].startswith("-- purpose: ")
    assert any(line.startswith("-- columns: ") for line in header) or path.parent.name == "write"
    if path.parent.name not in ("views", "decided"):
        assert any(line.startswith("-- parameters: ") for line in header)
    code = "\n".join(line.partition("--")[0] for line in text.splitlines())
    assert ";" not in code.strip().rstrip(";")


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_header_names_every_parameter(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    code = "\n".join(line.partition("--")[0] for line in text.splitlines())
    assert set(re.findall(r"\$(\w+)", code)) <= set(re.findall(r"\$(\w+)", header))


@pytest.mark.parametrize("path", sorted((SQL / "read").glob("*.sql")), ids=lambda p: p.stem)
def test_a_read_says_its_order(path: Path) -> None:
    assert "order by" in path.read_text(encoding="utf-8")


def test_every_file_is_found_by_name() -> None:
    for folder in FOLDERS:
        names = {p.stem for p in (SQL / folder).glob("*.sql")}
        assert set(statements(folder)) == names  # type: ignore[arg-type]
    assert "insert into verdicts" in statement("write", "review_add_verdict")
    with pytest.raises(StoreError, match=r"no SQL statement sql/read/nothing\.sql"):
        statement("read", "nothing")


@pytest.mark.parametrize("store", ["snapshot", "ledger", "reviews"])
def test_migrations_count_from_one_without_a_gap(store: str) -> None:
    steps = migrations(store)  # type: ignore[arg-type]
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all(len(step.digest) == 64 for step in steps)


def test_every_migration_belongs_to_a_store() -> None:
    known = {step.name for store in ("snapshot", "ledger", "reviews") for step in migrations(store)}  # type: ignore[arg-type]
    assert {p.name for p in (SQL / "migrations").glob("*.sql")} == known


def test_stores_record_what_they_went_through(tmp_path: Path) -> None:
    with open_ledger(tmp_path), open_reviews(tmp_path):
        pass
    for path, store in ((ledger_path(tmp_path), "ledger"), (reviews_path(tmp_path), "reviews")):
        connection = sqlite3.connect(path)
        connection.row_factory = sqlite3.Row
        expected = {step.name: step.digest for step in migrations(store)}  # type: ignore[arg-type]
        assert applied_migrations(connection) == expected
        connection.close()
    with duckdb.connect(str(publish(tmp_path).path), read_only=True) as connection:
        rows = connection.execute("select name, digest from schema_migrations order by number").fetchall()
    assert dict(rows) == {step.name: step.digest for step in migrations("snapshot")}


def test_statements_of_the_sqlite_stores_are_understood_by_them(tmp_path: Path) -> None:
    with open_ledger(tmp_path), open_reviews(tmp_path):
        pass
    for path, prefix in ((ledger_path(tmp_path), "ledger_"), (reviews_path(tmp_path), "review_")):
        connection = sqlite3.connect(path)
        for folder in ("read", "write"):
            for name in statements(folder):
                if name.startswith(prefix):
                    text = statement(folder, name)
                    values = dict.fromkeys(re.findall(r"\$(\w+)", text), 1)
                    connection.execute(f"explain {text}", values)
        connection.close()
