"""The settings that are safe to change while all runs: bands of the charts, deadlines, what new plans begin with.

They are written into the user's settings file (comments kept, never a file that does not load) and count from the next
run of a page and the next command on. Everything else stays with whoever starts the server.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.config.settings import Settings, load_settings
from pipeline.errors import ConfigError
from pipeline.store.accounts import open_accounts
from pipeline.store.users import User
from pipeline.user_settings import edit_settings, section, settings_file

# section, name, and what a field holds: a band of two numbers, whole days or calls, or seconds
SAFE: tuple[tuple[str, str, str], ...] = (
    ("dashboard", "loudness_band_db", "band"),
    ("dashboard", "rate_band_cpm", "band"),
    ("review", "appeal_days", "days"),
    ("review", "task_lock_s", "seconds"),
    ("review", "sample_calls", "calls"),
    ("review", "sample_due_days", "days"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One changed setting: `review.appeal_days`, from, to."""

    name: str
    before: Any
    after: Any


def safe_values(settings: Settings) -> dict[str, Any]:
    """Present values by dotted name."""
    return {f"{part}.{name}": getattr(getattr(settings, part), name) for part, name, _ in SAFE}


def change_settings(settings: Settings, user: User, values: dict[str, Any]) -> tuple[Change, ...]:
    """Write what differs into the settings file, a line of the audit log each. Returns what was changed.

    Raises PermissionDeniedError without the right to manage, ConfigError for a value that is not allowed; then nothing
    is written.
    """
    user.require("manage")
    now = safe_values(settings)
    changes = tuple(Change(name, now[name], values[name]) for name in now if _plain(values[name]) != _plain(now[name]))
    for change in changes:
        _check(change)
    if not changes:
        return ()

    def write(file: Any) -> None:
        for change in changes:
            part, name = change.name.split(".")
            section(file, part)[name] = _plain(change.after)

    with open_accounts(settings.home) as accounts:
        for change in changes:  # first the log, which asks for the right once more; a failed write is told there too
            detail = f"{change.name}: {_plain(change.before)} -> {_plain(change.after)}"
            accounts.note(user, "settings.change", detail)
        try:
            edit_settings(settings.home, None, write)
        except ConfigError:
            accounts.note(user, "settings.change_failed", ", ".join(change.name for change in changes))
            raise
    return changes


def with_safe_changes(settings: Settings) -> Settings:
    """The settings with the safe ones as the file has them now; as they were while the file cannot be read."""
    path = settings_file(settings.home)
    try:
        changed_at = path.stat().st_mtime_ns
    except OSError:
        return settings
    try:
        read = _read(settings.home, path, changed_at)
    except ConfigError:  # somebody is editing it by hand: what was valid before goes on
        return settings
    parts: dict[str, dict[str, Any]] = {}
    for part, name, _ in SAFE:
        parts.setdefault(part, {})[name] = getattr(getattr(read, part), name)
    return settings.model_copy(
        update={part: getattr(settings, part).model_copy(update=values) for part, values in parts.items()}
    )


@lru_cache(maxsize=4)
def _read(home: Path, path: Path, changed_at: int) -> Settings:  # noqa: ARG001 - part of the key
    return load_settings(home, path)


def _check(change: Change) -> None:
    value = _plain(change.after)
    if isinstance(value, list) and not value[0] < value[1]:
        raise ConfigError(f"{change.name} = {value}: the lower bound must be below the upper one")


def _plain(value: Any) -> Any:
    """Tuples as lists, whole floats as whole numbers: as one writes them in YAML."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
