"""The call list's filters in the page's address, as codes, so that an address means the same in either language."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dashboards.data import SORTS

LIST_KEYS = ("agent", "topic", "family", "status")
KEYS = ("q", "sort", "score", "day", *LIST_KEYS)
WHOLE_SCORE = (0, 100)


def values_of(query: Mapping[str, Sequence[str]], choices: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Widget values by key; what an address names but nobody offers is left out, as is what cannot be read.

    choices: what can be chosen for each of LIST_KEYS. Absent keys: the widget's own default.
    """
    values: dict[str, Any] = {key: [v for v in query.get(key, ()) if v in choices[key]] for key in LIST_KEYS}
    values["q"] = (list(query.get("q", ())) or [""])[0]
    values["sort"] = next((s for s in query.get("sort", ()) if s in SORTS), SORTS[0])
    try:
        low, high = (min(100, max(0, round(float(v)))) for v in query.get("score", ()))
        values["score"] = (min(low, high), max(low, high))
    except (ValueError, OverflowError):
        values["score"] = WHOLE_SCORE
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
    if values.get("sort", SORTS[0]) != SORTS[0]:
        query["sort"] = [values["sort"]]
    if tuple(values.get("score", WHOLE_SCORE)) != WHOLE_SCORE:
        query["score"] = [str(v) for v in values["score"]]
    days = values.get("day")
    if days and len(days) == 2 and tuple(days) != whole_days:
        query["day"] = [day.isoformat() for day in days]
    return query
