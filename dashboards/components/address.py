"""The call list's filters in the page's address, as codes, so that an address means the same in either language."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from dashboards.call_search import DIRECTIONS, RESULTS, SEVERITIES, SORTS, STATUSES, CallFilter

# Lists whose choices the store knows, and lists of fixed codes.
STORED_KEYS = ("agent", "team", "queue", "topic", "family", "line")
CODES: Mapping[str, tuple[str, ...]] = {
    "status": STATUSES,
    "severity": SEVERITIES,
    "result": RESULTS,
    "direction": DIRECTIONS,
    "weekday": tuple(map(str, range(1, 8))),
    "hour": tuple(map(str, range(24))),
}
LIST_KEYS = (*STORED_KEYS, *CODES)
RANGE_KEYS = ("cpm", "spl")  # written by charts; there is no widget, but they can be seen and taken away
KEYS = ("q", "role", "exact", "reviewed", "sort", "score", "minutes", "day", "unmeasured", *LIST_KEYS, *RANGE_KEYS)
WHOLE_SCORE = (0, 100)
ROLES = ("agent", "patient")
# What other pages may write instead of `result`.
_OTHER_NAMES = {("passed", "yes"): "passed", ("passed", "no"): "failed", ("fatal", "yes"): "fatal"}
OTHER_KEYS = ("passed", "fatal")


def values_of(query: Mapping[str, Sequence[str]], choices: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Widget values by key; what an address names but nobody offers is left out, as is what cannot be read.

    choices: what can be chosen for each of STORED_KEYS. Absent keys: the widget's own default.
    """
    offered = {**choices, **CODES}
    values: dict[str, Any] = {key: [v for v in query.get(key, ()) if v in offered.get(key, ())] for key in LIST_KEYS}
    named = (_OTHER_NAMES.get((key, value)) for key in OTHER_KEYS for value in query.get(key, ()))
    values["result"] = list(dict.fromkeys([*values["result"], *(name for name in named if name)]))
    values["q"] = _first(query.get("q", ()), "")
    values["sort"] = next((s for s in query.get("sort", ()) if s in SORTS), SORTS[0])
    values["role"] = next((r for r in query.get("role", ()) if r in ROLES), "")
    values["exact"] = "1" in query.get("exact", ())
    values["reviewed"] = next((r for r in query.get("reviewed", ()) if r in ("yes", "no")), "")
    score = _range(query.get("score", ()))
    values["score"] = _within(score, *WHOLE_SCORE) if score else WHOLE_SCORE
    for key in ("minutes", *RANGE_KEYS):
        values[key] = _range(query.get(key, ()))
    measure = list(query.get("unmeasured", ()))[:2]
    values["unmeasured"] = tuple(measure) if measure else None
    try:
        first, last = (date.fromisoformat(v) for v in query.get("day", ()))
        values["day"] = (min(first, last), max(first, last))
    except ValueError:
        pass
    return values


def query_of(values: Mapping[str, Any], whole_days: tuple[date, date] | None) -> dict[str, list[str]]:
    """Address parameters of widget values; what asks for nothing is left out. whole_days: all days there are."""
    query = {key: list(values[key]) for key in LIST_KEYS if values.get(key)}
    if (values.get("q") or "").strip():
        query["q"] = [values["q"].strip()]
    for key in ("role", "reviewed"):
        if values.get(key):
            query[key] = [values[key]]
    if values.get("exact"):
        query["exact"] = ["1"]
    if values.get("sort", SORTS[0]) != SORTS[0]:
        query["sort"] = [values["sort"]]
    if tuple(values.get("score", WHOLE_SCORE)) != WHOLE_SCORE:
        query["score"] = [str(v) for v in values["score"]]
    for key in ("minutes", *RANGE_KEYS):
        if values.get(key):
            query[key] = [f"{v:g}" for v in values[key]]
    if values.get("unmeasured"):
        query["unmeasured"] = list(values["unmeasured"])
    days = values.get("day")
    if days and len(days) == 2 and tuple(days) != whole_days:
        query["day"] = [day.isoformat() for day in days]
    return query


def filter_of(query: Mapping[str, Sequence[str]]) -> CallFilter:
    """The filter that an address of `query_of` stands for; days that are not named leave calls without a date in."""
    values = values_of(query, {key: query.get(key, ()) for key in STORED_KEYS})
    from_day, to_day = values.get("day", (None, None))
    low, high = (None, None) if tuple(values["score"]) == WHOLE_SCORE else values["score"]
    shortest, longest = values["minutes"] or (None, None)
    measure: tuple[str, ...] = values["unmeasured"] or ()
    reviewed = {"yes": True, "no": False}.get(values["reviewed"])
    return CallFilter(
        from_day=from_day,
        to_day=to_day,
        agents=tuple(values["agent"]),
        teams=tuple(values["team"]),
        queues=tuple(values["queue"]),
        topics=tuple(values["topic"]),
        families=tuple(values["family"]),
        statuses=tuple(values["status"]),
        severities=tuple(values["severity"]),
        results=tuple(values["result"]),
        directions=tuple(values["direction"]),
        lines=tuple(values["line"]),
        weekdays=tuple(map(int, values["weekday"])),
        hours=tuple(map(int, values["hour"])),
        reviewed=reviewed,
        min_score=low,
        max_score=high,
        min_s=None if shortest is None else 60.0 * shortest,
        max_s=None if longest is None else 60.0 * longest,
        **_ends("cpm", values["cpm"]),
        **_ends("spl", values["spl"]),
        unmeasured=measure[0] if measure else None,
        reason=measure[1] if len(measure) > 1 else None,
        text=values["q"].strip() or None,
        role=values["role"] or None,
        exact=values["exact"],
        sort=values["sort"],
    )


def _ends(name: str, ends: tuple[float, float] | None) -> dict[str, Any]:
    return {} if ends is None else {f"min_{name}": ends[0], f"max_{name}": ends[1]}


def _first(given: Iterable[str], default: str) -> str:
    return next(iter(given), default)


def _range(given: Sequence[str]) -> tuple[float, float] | None:
    """Two numbers, the smaller first; None when they are none."""
    try:
        low, high = (float(v) for v in given)
    except ValueError:
        return None
    finite = abs(low) < 1e9 and abs(high) < 1e9  # also false for what is not a number
    return (min(low, high), max(low, high)) if finite else None


def _within(ends: tuple[float, float], low: int, high: int) -> tuple[int, int]:
    first, last = (min(high, max(low, round(v))) for v in ends)
    return first, last
