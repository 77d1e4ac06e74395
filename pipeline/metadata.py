"""What the telephone system says of a call: sidecar file, manifest of the folder, or the file's own name.

A field is taken from the first source that has it: NAME.json, NAME.csv, manifest*.csv in the folder or above it (up
to the folder that was given), the file name by the patterns of the settings. Nobody says: None. A value that cannot
be right is an error for that file, never a guess.
"""

import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.config import MetadataSettings
from pipeline.errors import ConfigError
from pipeline.metadata_files import CANONICAL, Manifest, canonical, read_csv_sidecar, read_json_sidecar, read_manifest
from pipeline.model import CallMetadata, Direction

KEY_FILE = "caller-hash.key"
MAX_FIELD_CHARACTERS = 200
FIELDS = (
    "agent_id",
    "agent_name",
    "team",
    "queue",
    "direction",
    "started_at",
    "caller",
    "line",
    "topic",
    "agent_channel",
)
DIRECTIONS: dict[str, Direction | None] = {
    **dict.fromkeys(("inbound", "in", "external", "呼入"), "inbound"),
    **dict.fromkeys(("outbound", "out", "呼出"), "outbound"),
    "internal": None,
}
TIME_FORMATS = ("%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M")
YEARS = range(1990, 2100)
HIDDEN_NUMBERS = frozenset({"", "anonymous", "unknown", "private", "restricted", "unavailable"})


@dataclass(frozen=True, slots=True)
class Value:
    """A field as it was found, and where. started_format: how a time from a file name is written."""

    text: str
    source: str
    started_format: str | None = None


class MetadataReader:
    """Reads the metadata of files; every manifest is read once."""

    def __init__(self, settings: MetadataSettings, roots: Iterable[Path], key: bytes | None) -> None:
        """roots: the folders (or files) that were given. key: for hashing callers' numbers; None leaves them out.

        Raises ConfigError when the zone of the settings does not exist.
        """
        self._settings = settings
        self._roots = tuple(root if root.is_dir() else root.parent for root in roots)
        self._key = key
        self._manifests: dict[Path, Manifest | ConfigError] = {}
        self._listed: dict[Path, tuple[Path, ...]] = {}
        try:
            self._zone = ZoneInfo(settings.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"metadata.timezone = {settings.timezone!r} is no known zone; give one such as Asia/Shanghai"
            ) from error

    def read(self, path: Path) -> CallMetadata:
        """What is known of the call in `path`. Raises ConfigError naming file, value and remedy."""
        found = {**self._from_name(path), **self._from_manifests(path), **_from_sidecars(path)}
        missing = [name for name in ("agent_id", "started_at") if name not in found]
        if self._settings.required and missing:
            raise ConfigError(
                f"{path}: nobody says {' and '.join(missing)}; add {path.stem}.json beside it, a row to manifest.csv, "
                "a pattern to metadata.filename_patterns, or set metadata.required to false"
            )
        text = {name: value.text for name, value in found.items()}
        return CallMetadata(
            agent_id=text.get("agent_id"),
            agent_name=text.get("agent_name"),
            team=text.get("team"),
            queue=text.get("queue"),
            direction=_direction(path, found.get("direction")),
            started_at=self._started(path, found.get("started_at")),
            caller_hash=caller_hash(text["caller"], self._key) if self._key and "caller" in text else None,
            line=text.get("line"),
            topic=text.get("topic"),
            agent_channel=_agent_channel(path, found.get("agent_channel")),
        )

    def _from_name(self, path: Path) -> dict[str, Value]:
        for pattern in self._settings.filename_patterns:
            match = re.match(pattern.regex, path.stem)
            if match:
                source = f"the file name (pattern {pattern.name})"
                groups = {CANONICAL.get(k, k): v for k, v in match.groupdict().items() if v}
                return _values(groups, source, pattern.started_format)
        return {}

    def _from_manifests(self, path: Path) -> dict[str, Value]:
        for folder in self._folders(path):
            if folder not in self._listed:  # once a folder, not once a file: folders hold thousands of files
                self._listed[folder] = tuple(sorted(folder.glob("manifest*.csv")))
            for file in self._listed[folder]:
                row = _row_for(self._manifest(file), path)
                if row:
                    return row
        return {}

    def _folders(self, path: Path) -> tuple[Path, ...]:
        """The file's folder and those above it, up to the folder that was given."""
        above = [path.parent, *path.parent.parents]
        ends = [above.index(root) for root in self._roots if root in above]
        return tuple(above[: min(ends, default=0) + 1])

    def _manifest(self, file: Path) -> Manifest:
        if file not in self._manifests:
            try:
                self._manifests[file] = read_manifest(file)
            except ConfigError as error:
                self._manifests[file] = error
        known = self._manifests[file]
        if isinstance(known, ConfigError):
            raise known
        return known

    def _started(self, path: Path, value: Value | None) -> datetime | None:
        if value is None:
            return None
        formats = (value.started_format,) if value.started_format else TIME_FORMATS
        when = _parse_time(value.text, formats)
        if when is None or when.year not in YEARS:
            raise ConfigError(
                f"{path}: started_at = {value.text!r} in {value.source} is no possible time; "
                "write it like 2025-11-20T09:31:05+08:00"
            )
        return when if when.tzinfo else when.replace(tzinfo=self._zone)


def caller_hash(number: str, key: bytes) -> str | None:
    """A keyed hash (HMAC-SHA256, 32 hex digits) that is the same for the same number however it is written.

    None for a hidden number.
    """
    bare = re.sub(r"[\s()\-.]", "", number).lower()
    if bare in HIDDEN_NUMBERS:
        return None
    national = re.sub(r"^(\+|00)86", "", bare)
    return hmac.new(key, national.encode(), sha256).hexdigest()[:32]


def caller_key(home: Path, settings: MetadataSettings) -> bytes:
    """The key for callers' numbers: from the settings' file, else made once in the data folder (mode 0600).

    Raises ConfigError when it cannot be read, made, or is shorter than 16 bytes.
    """
    path = settings.caller_hash_key_file or home / KEY_FILE
    try:
        if settings.caller_hash_key_file is None and not path.exists():
            _make_key(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"key file {path} cannot be used: {error.strerror}; make it readable, or the data folder writable"
        ) from error
    if len(key) < 16:
        raise ConfigError(f"key file {path} holds {len(key)} bytes, at least 16 are needed; restore the right file")
    return key


def is_sidecar(path: Path) -> bool:
    """Whether a file speaks about recordings instead of being one."""
    return path.suffix.lower() in (".json", ".csv")


def clean(text: str) -> str:
    """Text without control and direction characters and without space at the ends."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:  # another process was quicker
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())


def _values(fields: Mapping[str, Any], source: str, started_format: str | None = None) -> dict[str, Value]:
    """The known fields that hold something. Raises ConfigError for a field that is no text or far too long."""
    values = {}
    for name in FIELDS:
        raw = fields.get(name)
        if raw is None:
            continue
        if isinstance(raw, dict | list | bool | float):
            raise ConfigError(f"{source}: {name} = {raw!r} must be text")
        text = clean(str(raw))
        if len(text) > MAX_FIELD_CHARACTERS:
            raise ConfigError(
                f"{source}: {name} has {len(text)} characters, at most {MAX_FIELD_CHARACTERS} are allowed"
            )
        if text:
            values[name] = Value(text, source, started_format)
    return values


def _from_sidecars(path: Path) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for stem in (path.stem, path.name):
        for suffix, read in ((".csv", read_csv_sidecar), (".json", read_json_sidecar)):
            sidecar = path.with_name(f"{stem}{suffix}")
            if sidecar.is_file():
                values |= _values(canonical(read(sidecar), sidecar), str(sidecar))
    return values


def _row_for(manifest: Manifest, path: Path) -> dict[str, Value]:
    names = (path.relative_to(manifest.path.parent).as_posix(), path.as_posix(), path.name, path.stem)
    for name in dict.fromkeys(unicodedata.normalize("NFC", n) for n in names):
        rows = manifest.rows.get(name, ())
        if len({tuple(row.items()) for _, row in rows}) > 1:
            lines = ", ".join(str(line) for line, _ in rows)
            raise ConfigError(f"{manifest.path} speaks differently of {name} in lines {lines}; keep one of them")
        if rows:
            return _values(rows[0][1], f"{manifest.path} line {rows[0][0]}")
    return {}


def _parse_time(text: str, formats: Iterable[str | None]) -> datetime | None:
    for format_ in formats:
        try:
            return datetime.strptime(text, format_ or "")
        except ValueError:
            continue
    has_time = re.search(r"\d[T ]\d", text)  # a bare date would be read as midnight
    try:
        return datetime.fromisoformat(text) if has_time else None
    except ValueError:
        return None


def _direction(path: Path, value: Value | None) -> Direction | None:
    if value is None:
        return None
    if value.text.lower() not in DIRECTIONS:
        raise ConfigError(
            f"{path}: direction = {value.text!r} in {value.source} is not known; "
            "write inbound (呼入) or outbound (呼出)"
        )
    return DIRECTIONS[value.text.lower()]


def _agent_channel(path: Path, value: Value | None) -> int | None:
    if value is None:
        return None
    if value.text not in ("0", "1"):
        raise ConfigError(f"{path}: agent_channel = {value.text!r} in {value.source} must be 0 (left) or 1 (right)")
    return int(value.text)
