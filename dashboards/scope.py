"""Which calls figures are about: local days, team, queue, agent; and the same as parameters of a statement."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LONGEST_FIRST_VIEW_DAYS = 31


@dataclass(frozen=True, slots=True)
class Scope:
    """Local days, both included, None leaves that end open; None elsewhere asks for nothing.

    Calls without a date are in no scope that has a first or a last day.
    """

    from_day: date | None = None
    to_day: date | None = None
    team: str | None = None
    queue: str | None = None
    agent: str | None = None

    def values(self, zone: str) -> dict[str, Any]:
        """Parameters $from, $until (instants), $team, $queue, $agent."""
        return {
            "from": _midnight(self.from_day, zone),
            "until": _midnight(self.to_day and self.to_day + timedelta(days=1), zone),
            "team": self.team,
            "queue": self.queue,
            "agent": self.agent,
        }

    @property
    def days(self) -> int | None:
        """How many days, None when an end is open."""
        return (self.to_day - self.from_day).days + 1 if self.from_day and self.to_day else None

    def before(self) -> "Scope | None":
        """As many days right before, None when an end is open."""
        if self.from_day is None or self.days is None:
            return None
        return replace(
            self, from_day=self.from_day - timedelta(days=self.days), to_day=self.from_day - timedelta(days=1)
        )

    def address(self, **more: str | list[str]) -> dict[str, str | list[str]]:
        """Address parameters of the call list for these calls, and `more`, which goes before."""
        found: dict[str, str | list[str]] = {}
        if self.from_day and self.to_day:
            found["day"] = [self.from_day.isoformat(), self.to_day.isoformat()]
        for name in ("team", "queue", "agent"):
            value = getattr(self, name)
            if value is not None:
                found[name] = value
        return {**found, **more}


def first_view(first_day: date | None, last_day: date | None) -> Scope:
    """What is shown before anybody chose: everything when that is a month, else the last thirty days with calls."""
    if first_day is None or last_day is None or (last_day - first_day).days < LONGEST_FIRST_VIEW_DAYS:
        return Scope()
    return Scope(last_day - timedelta(days=29), last_day)


def _midnight(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
