"""Reading the files that speak about recordings: sidecars (JSON, CSV) and manifests (CSV), as exported by anybody.

Column names are understood in English and Chinese, text in UTF-8, UTF-16 and GB18030.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

MAX_SOURCE_BYTES = 64 * 1024 * 1024
ALIASES = {
    "file": ("file", "filename", "file_name", "recording", "文件", "文件名", "录音文件"),
    "agent_id": ("agent_id", "agent", "工号", "坐席工号", "坐席"),
    "agent_name": ("agent_name", "姓名", "坐席姓名"),
    "team": ("team", "group", "班组", "小组"),
    "queue": ("queue", "department", "队列", "技能组", "科室"),
    "direction": ("direction", "方向", "呼叫方向"),
    "started_at": ("started_at", "started", "start_time", "开始时间", "通话时间"),
    "caller": ("caller", "caller_number", "主叫", "主叫号码", "来电号码"),
    "line": ("line", "trunk", "线路"),
    "topic": ("topic", "主题", "业务类型"),
    "agent_channel": ("agent_channel", "坐席声道"),
}
CANONICAL = {alias: field for field, aliases in ALIASES.items() for alias in aliases}


@dataclass(frozen=True, slots=True)
class Manifest:
    """Rows of one manifest by file name, each with the line it stands in."""

    path: Path
    rows: Mapping[str, tuple[tuple[int, Mapping[str, str]], ...]]


def read_json_sidecar(path: Path) -> Mapping[str, Any]:
    """The object in NAME.json as it stands. Raises ConfigError when it is no JSON object."""
    try:
        values = json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid JSON: {error}; repair or remove it") from error
    if not isinstance(values, dict):
        raise ConfigError(f'{path} must hold one object such as {{"agent_id": "8023"}}, not a {type(values).__name__}')
    # a result of `callqa analyze` has the same name but says nothing of the telephone system
    return {} if "utterances" in values else values


def read_csv_sidecar(path: Path) -> Mapping[str, Any]:
    """The one row of NAME.csv by column name. Raises ConfigError when there is not exactly one."""
    rows = _read_rows(path)
    if len(rows) != 1:
        raise ConfigError(
            f"{path} has {len(rows)} rows below its header, exactly one is needed; use manifest.csv for many"
        )
    return rows[0][1]


def read_manifest(path: Path) -> Manifest:
    """All rows of a manifest. Raises ConfigError when the file as a whole cannot be used."""
    rows: dict[str, tuple[tuple[int, Mapping[str, str]], ...]] = {}
    for line, row in _read_rows(path):
        fields = canonical(row, path)
        if "file" not in fields:
            raise ConfigError(f"{path} has no column 'file'; add one with the name of each recording")
        name = unicodedata.normalize("NFC", fields["file"].strip().replace("\\", "/"))
        rows[name] = (*rows.get(name, ()), (line, fields))
    return Manifest(path, rows)


def canonical(row: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A row under our names of the fields, unknown columns left out. Raises ConfigError for a field named twice."""
    fields: dict[str, Any] = {}
    for name, value in row.items():
        field = CANONICAL.get(str(name).strip().lower())
        if field in fields:
            raise ConfigError(f"{path} names {field} twice (again as {name!r}); keep one of the columns")
        if field:
            fields[field] = value
    return fields


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV with a header, each with its line number. Separators comma, semicolon and tab are understood."""
    text = _read_text(path)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if twice:
            raise ConfigError(f"{path} has the column {twice[0]!r} more than once; keep one of them")
        return [(reader.line_num, dict(zip(header, row, strict=False))) for row in reader if any(row)]
    except csv.Error as error:
        raise ConfigError(f"{path} line {reader.line_num} is not valid CSV: {error}; repair it") from error


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_SOURCE_BYTES:
            raise ConfigError(f"{path} has {size} bytes, at most {MAX_SOURCE_BYTES} are read; split it")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; make it readable") from error
    encodings: tuple[str, ...] = ("utf-8-sig", "gb18030")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ("utf-16",)
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ConfigError(f"{path} is neither UTF-8 nor GB18030 text; save it as CSV UTF-8")
