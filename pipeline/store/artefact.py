"""Facts and judgements of calls as parquet: one file each per call, stored apart, nested columns.

artefacts/DATE|undated/NAME.facts.parquet and NAME.judgement.parquet. NAME is made from the call id and fits every
file system; the true id is a column. Names that begin with "_" hold many calls (a compacted day): every reader
takes files with any number of rows, and a call's own file wins over a row in such a file.
"""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StoreError
from pipeline.model import CallFacts, CallReport, Judgement, Recording
from pipeline.store.columns import from_row, schema_of, to_row
from pipeline.store.durable import replace_file

FACTS_SUFFIX = ".facts.parquet"
JUDGEMENT_SUFFIX = ".judgement.parquet"
UNDATED = "undated"
NAME_BYTES = 100  # with the longest suffix a file name stays under 120 bytes
CALL_ID = "call_id"  # column of facts files, so that readers need not open the recording struct

T = TypeVar("T", CallFacts, Judgement)


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


def write_report(home: Path, report: CallReport) -> None:
    """Store facts and judgement of a call. A judgement of older facts is never left beside new facts.

    Raises StoreError when the data folder cannot be written.
    """
    call_id = report.facts.recording.call_id
    for old in _files_of(home, call_id, JUDGEMENT_SUFFIX):
        _remove(old)
    write_facts(home, report.facts)
    write_judgement(home, report.judgement)


def write_facts(home: Path, facts: CallFacts) -> Path:
    """Store the facts of a call under the day it took place; they replace those stored before. Returns the file."""
    started = facts.recording.metadata.started_at
    day = started.date().isoformat() if started else UNDATED
    row = {CALL_ID: facts.recording.call_id, **to_row(facts)}
    return _write(home, day, facts.recording.call_id, FACTS_SUFFIX, facts_schema(), row)


def write_judgement(home: Path, judgement: Judgement) -> Path:
    """Store a judgement beside the facts of its call. Raises StoreError when there are none. Returns the file."""
    facts = _files_of(home, judgement.call_id, FACTS_SUFFIX) or _shared_files_with(home, judgement.call_id)
    if not facts:
        raise StoreError(f"call {judgement.call_id!r} has no stored facts to judge; analyse it with callqa run")
    day = facts[0].parent.name
    return _write(home, day, judgement.call_id, JUDGEMENT_SUFFIX, schema_of(Judgement), to_row(judgement))


def facts_schema() -> pa.Schema:
    """Columns of a facts file: call_id, then the fields of CallFacts."""
    schema = schema_of(CallFacts)
    return schema.insert(0, pa.field(CALL_ID, pa.string()))


def judgement_schema() -> pa.Schema:
    """Columns of a judgement file: the fields of Judgement."""
    return schema_of(Judgement)


def iter_facts(home: Path, since: date | None = None) -> Iterator[CallFacts]:
    """All stored facts, one at a time, by day and file name. since: leaves out earlier days, keeps undated calls.

    Raises StoreError naming a file that cannot be read.
    """
    for row in _iter_rows(home, FACTS_SUFFIX, None, since):
        yield from_row(CallFacts, row)


def iter_recordings(home: Path) -> Iterator[tuple[Recording, str]]:
    """Recording and engine fingerprint of all stored calls, without reading what was said."""
    for row in _iter_rows(home, FACTS_SUFFIX, [CALL_ID, "recording", "engine"], None):
        yield from_row(Recording, row["recording"]), row["engine"]["fingerprint"]


def read_facts(home: Path, call_id: str) -> CallFacts | None:
    """The stored facts of a call, None if there are none."""
    return _read(home, call_id, FACTS_SUFFIX, CallFacts)


def read_judgement(home: Path, call_id: str) -> Judgement | None:
    """The stored judgement of a call, None if there is none."""
    return _read(home, call_id, JUDGEMENT_SUFFIX, Judgement)


def read_report(home: Path, call_id: str) -> CallReport | None:
    """Facts and judgement of a call, None unless both are stored."""
    facts, judgement = read_facts(home, call_id), read_judgement(home, call_id)
    return CallReport(facts, judgement) if facts and judgement else None


def artefact_files(home: Path, suffix: str) -> list[Path]:
    """Every stored file with FACTS_SUFFIX or JUDGEMENT_SUFFIX, by day and name."""
    found = artefacts_folder(home).glob(f"*/*{suffix}")
    return sorted(p for p in found if not p.name.startswith("."))


def read_rows(path: Path, schema: pa.Schema) -> pa.Table:
    """All rows of a file in the columns of `schema`; a column that an older file lacks is null.

    Raises StoreError when the file is damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(use_threads=False)
        missing = [field for field in schema if field.name not in table.column_names]
        for field in missing:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        return table.select(schema.names).cast(schema)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{path} cannot be read: {error}; delete this file and run callqa run again to make it anew"
        ) from error


def has_facts(home: Path) -> bool:
    """Whether any call was ever stored here."""
    return next(artefacts_folder(home).glob(f"*/*{FACTS_SUFFIX}"), None) is not None


def _write(home: Path, day: str, call_id: str, suffix: str, schema: pa.Schema, row: dict[str, Any]) -> Path:
    path = artefacts_folder(home) / day / f"{file_name(call_id)}{suffix}"
    table = pa.Table.from_pylist([row], schema=schema)
    replace_file(path, lambda target: _write_small(table, target))
    for old in _files_of(home, call_id, suffix):
        if old != path:  # the call was stored under another day before
            _remove(old)
    return path


def _write_small(table: pa.Table, path: Path) -> None:
    """A file of one row has some ninety columns: dictionaries, statistics and a second schema double its size."""
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False, store_schema=False)


def _read(home: Path, call_id: str, suffix: str, kind: type[T]) -> T | None:
    for path in (*_files_of(home, call_id, suffix), *_shared_files(home, suffix)):
        for row in _rows_of(path, None):
            if row[CALL_ID] == call_id:
                return from_row(kind, row)
    return None


def _iter_rows(home: Path, suffix: str, columns: list[str] | None, since: date | None) -> Iterator[dict[str, Any]]:
    first = since.isoformat() if since else ""
    paths = [p for p in artefact_files(home, suffix) if p.parent.name == UNDATED or p.parent.name >= first]
    own = {p.name for p in paths if not p.name.startswith("_")}
    for path in paths:
        shared = path.name.startswith("_")
        for row in _rows_of(path, columns):
            if not (shared and f"{file_name(row[CALL_ID])}{suffix}" in own):
                yield row


def _rows_of(path: Path, columns: list[str] | None) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64, columns=columns):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(
            f"{path} cannot be read: {error}; delete this file and run callqa run again to make it anew"
        ) from error


def _files_of(home: Path, call_id: str, suffix: str) -> list[Path]:
    name = f"{file_name(call_id)}{suffix}"
    folder = artefacts_folder(home)
    days = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for day in days if (path := day / name).is_file()]


def _shared_files(home: Path, suffix: str) -> list[Path]:
    return sorted(artefacts_folder(home).glob(f"*/_*{suffix}"))


def _shared_files_with(home: Path, call_id: str) -> list[Path]:
    return [
        path
        for path in _shared_files(home, FACTS_SUFFIX)
        if any(row[CALL_ID] == call_id for row in _rows_of(path, [CALL_ID]))
    ]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}; make the data folder writable") from error
