"""Where artefacts lie, what their files are called, and parquet on the level of tables and row groups.

artefacts/DATE|undated/NAME.facts.parquet and NAME.judgement.parquet hold one call. Names that begin with "_" hold many
(see `pipeline.store.days`). Hidden names are of files that a killed process had not finished.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StoreError
from pipeline.model import CallFacts, Judgement
from pipeline.store.columns import schema_of
from pipeline.store.rows import column_at

FACTS_SUFFIX = ".facts.parquet"
JUDGEMENT_SUFFIX = ".judgement.parquet"
UNDATED = "undated"
CALL_ID = "call_id"  # column of facts files, so that readers need not open the recording struct
NAME_BYTES = 100  # with the longest suffix a file name stays under 120 bytes
GROUP_CALLS = 500  # calls in a row group: what is in memory at once


def artefacts_folder(home: Path) -> Path:
    return home / "artefacts"


def file_name(call_id: str) -> str:
    """The name of a call's files without suffix: the id itself where it is harmless, else with a digest.

    At most 100 bytes; never begins with "." or "_"; differs for different ids.
    """
    safe = "".join(c if c.isalnum() or c in "-_." or ord(c) > 0x2FF else "-" for c in call_id)
    safe = safe.lstrip("._") or "call"
    if safe == call_id and len(safe.encode()) <= NAME_BYTES:
        return safe
    cut = safe.encode()[: NAME_BYTES - 13].decode(errors="ignore")
    return f"{cut}-{sha256(call_id.encode()).hexdigest()[:12]}"


def artefact_files(home: Path, suffix: str) -> list[Path]:
    """Every stored file with FACTS_SUFFIX or JUDGEMENT_SUFFIX, by day and name."""
    found = artefacts_folder(home).glob(f"*/*{suffix}")
    return sorted(p for p in found if not p.name.startswith("."))


def is_shared(path: Path) -> bool:
    """Whether a file holds many calls."""
    return path.name.startswith("_")


@cache
def facts_schema() -> pa.Schema:
    """Columns of a facts file: call_id, then the fields of CallFacts."""
    return schema_of(CallFacts).insert(0, pa.field(CALL_ID, pa.string()))


@cache
def judgement_schema() -> pa.Schema:
    """Columns of a judgement file: the fields of Judgement."""
    return schema_of(Judgement)


def schema_for(suffix: str) -> pa.Schema:
    return facts_schema() if suffix == FACTS_SUFFIX else judgement_schema()


def read_rows(path: Path, schema: pa.Schema) -> pa.Table:
    """All rows of a file in the columns of `schema`; a column that an older file lacks is null.

    Raises StoreError when the file is damaged.
    """
    with readable(path), pq.ParquetFile(path) as file:
        return fitted(file.read(use_threads=False), schema)
    raise AssertionError("unreachable")


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table of an older (or newer) program in the columns of `schema`; nested fields likewise."""
    if table.schema.equals(schema):
        return table
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(schema.names).cast(schema)


class readable:  # noqa: N801 - reads like contextlib's
    """Within, what goes wrong while a file is read becomes a StoreError that names it and says what to do."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError | pa.ArrowException):
            raise StoreError(
                f"{self._path} cannot be read: {error}; delete this file and run callqa run again to make it anew"
            ) from error


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group of a file, read column by column.

    leaves: of every leaf column its name in the file and its path of field names.
    """

    path: Path
    file: pq.ParquetFile
    index: int
    leaves: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def rows(self) -> int:
        return int(self.file.metadata.row_group(self.index).num_rows)

    def table(self, wanted: Callable[[tuple[str, ...]], bool]) -> pa.Table:
        """The columns whose path of field names is wanted."""
        leaves = [leaf for leaf, path in self.leaves if wanted(path)]
        with readable(self.path):
            return self.file.read_row_group(self.index, columns=leaves, use_threads=False)
        raise AssertionError("unreachable")

    def column(self, path: tuple[str, ...]) -> pa.Array:
        """One column with all below it, lists on the way flattened."""
        return column_at(self.table(lambda leaf: leaf[: len(path)] == path), path)

    def has(self, path: tuple[str, ...]) -> bool:
        """Whether the file knows this column (an older one may not)."""
        return any(leaf[: len(path)] == path for _, leaf in self.leaves)

    def may_hold(self, call_id: str) -> bool:
        """False when the statistics exclude that the call is in here."""
        column = self.file.metadata.row_group(self.index).column(0)
        known = column.path_in_schema == CALL_ID and column.is_stats_set and column.statistics.has_min_max
        return not known or bool(column.statistics.min <= call_id <= column.statistics.max)

    def digest(self) -> str:
        """Of its bytes as they lie in the file, and of its columns: rows that were not rewritten keep it."""
        about = self.file.metadata.row_group(self.index)
        columns = [about.column(i) for i in range(about.num_columns)]
        starts = [c.dictionary_page_offset if c.has_dictionary_page else c.data_page_offset for c in columns]
        end = max(start + c.total_compressed_size for start, c in zip(starts, columns, strict=True))
        found = sha256(repr([c.path_in_schema for c in columns]).encode())
        with readable(self.path), self.path.open("rb") as file:
            file.seek(min(starts))
            found.update(file.read(end - min(starts)))
        return found.hexdigest()


def row_groups(path: Path) -> tuple[RowGroup, ...]:
    """The row groups of a file; it stays open as long as one of them is kept. Raises StoreError when damaged."""
    with readable(path):
        file = pq.ParquetFile(path)
    leaves = _leaves(file)
    return tuple(RowGroup(path, file, index, leaves) for index in range(file.num_row_groups))


def write_small(table: pa.Table, path: Path) -> None:
    """A file of one row has some ninety columns: dictionaries, statistics and a second schema double its size."""
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False, store_schema=False)


def write_groups(
    tables: Iterable[pa.Table], path: Path, schema: pa.Schema, note: Callable[[], Mapping[str, str]] = dict
) -> None:
    """A file of many rows, GROUP_CALLS in a row group, from tables of any size; no more than that is in memory.

    note: what to say of the file in its footer, asked when all tables are written.
    """
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "store_schema": False}
    with pq.ParquetWriter(path, schema, write_statistics=[CALL_ID], **options) as writer:
        for group in _grouped(tables):
            writer.write_table(group, row_group_size=GROUP_CALLS)
        writer.add_key_value_metadata(dict(note()))


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(t.num_rows for t in waiting) >= GROUP_CALLS:
            joined = pa.concat_tables(waiting)
            full = joined.num_rows - joined.num_rows % GROUP_CALLS
            yield joined.slice(0, full).combine_chunks()
            waiting = [joined.slice(full)] if full < joined.num_rows else []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _leaves(file: pq.ParquetFile) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names = (file.schema.column(i).path for i in range(len(file.schema.names)))
    return tuple((name, tuple(name.replace(".list.element", "").split("."))) for name in names)
