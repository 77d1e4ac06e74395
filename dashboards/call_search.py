"""The call list: filters, search by words and by sound, paging, export. An agent is given their own calls only.

A search looks for the very words, and, unless it is asked to be exact, for what sounds the same: typed pinyin
("bu zhidao") and characters of the same sound (不指导 finds 不知道). Both are text searches, see pipeline.sounds.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import polars as pl

from dashboards.data import Data
from pipeline.errors import StoreError
from pipeline.sounds import UNKNOWN, encode, spelled
from pipeline.store.calibration import open_calibration
from pipeline.tables import XLSX_ROWS, write_table
from pipeline.text import normalise, syllables

Sort = Literal["newest", "lowest", "highest", "longest"]
SORTS: tuple[Sort, ...] = ("newest", "lowest", "highest", "longest")
RESULTS = ("passed", "failed", "fatal", "unscored")
SEVERITIES = ("red_line", "major", "minor", "info")
STATUSES = ("violated", "review", "remedied", "satisfied")
DIRECTIONS = ("inbound", "outbound")
SHOWN_HITS = 3
EXPORT_ROWS = 100_000
_NO_CURSOR = (None, None)


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are asked for. Empty tuples and None ask for nothing.

    days: local, both included. Points 0..100, seconds, 字/分 and dB of the agent: lower ends are included, upper ones
    left out (but for 100 points and the longest duration). weekdays: 1 Monday .. 7; hours: 0..23; both local. text: as
    typed. role: who said it. exact: the very words only. unmeasured, reason: of a measure without a value.
    """

    from_day: date | None = None
    to_day: date | None = None
    agents: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    reviewed: bool | None = None
    min_score: float | None = None
    max_score: float | None = None
    min_s: float | None = None
    max_s: float | None = None
    min_cpm: float | None = None
    max_cpm: float | None = None
    min_spl: float | None = None
    max_spl: float | None = None
    unmeasured: str | None = None
    reason: str | None = None
    text: str | None = None
    role: str | None = None
    exact: bool = False
    sort: Sort = "newest"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page starts: behind this row."""

    value: float
    call_id: str


@dataclass(frozen=True, slots=True)
class Sought:
    """A search as the statements take it. text: part of a name or an id. words: what was said, None for typed pinyin.

    folded: text and words are in small letters, as they have Latin ones. sounds: code characters, None: not by sound.
    """

    text: str | None
    words: str | None
    folded: bool
    sounds: str | None

    def spans(self, text: str) -> Iterator[tuple[int, int, bool]]:
        """Where it is in an utterance: start, end, and whether only the sounds agree. In order, none over another."""
        found = [(start, end, False) for start, end in _places(text.lower(), (self.words or "").lower())]
        places = [s.index for s in syllables(text)] if self.sounds else []
        for first, last in _places(encode(text), self.sounds or "") if places else ():
            start, end = places[first], places[last - 1] + 1
            if all(end <= a or start >= b for a, b, _ in found):
                found.append((start, end, True))
        yield from sorted(found)


def sought(chosen: CallFilter) -> Sought:
    """What a filter's text asks for."""
    text = normalise(chosen.text or "").strip() or None  # transcripts are in simplified characters
    if text is None:
        return Sought(None, None, folded=False, sounds=None)
    folded = text.lower() != text.upper()
    wanted = text.lower() if folded else text
    pinyin = None if chosen.exact else spelled(text)
    if pinyin:
        return Sought(wanted, None, folded, pinyin)
    return Sought(wanted, wanted, folded, None if chosen.exact else _sounds_of(text))


def _sounds_of(text: str) -> str | None:
    """The sounds of words in characters; None for a single one, which sounds like too much else, and for signs."""
    codes = encode(text)
    spoken = "".join(text.split())
    return codes if len(codes) > 1 and len(codes) == len(spoken) and UNKNOWN not in codes else None


def _places(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield at, at + len(wanted)
        at = text.find(wanted, at + len(wanted))


class Calls:
    """The calls of a data folder that one user may see."""

    def __init__(self, data: Data, reviewer: str | None = None) -> None:
        """reviewer: the name under which the user scores, their own unless given."""
        self._data = data
        self._reviewer = reviewer or data.user.name

    def options(self) -> dict[str, Any]:
        """What the filters can offer; an agent is told of no other agent."""
        found = dict(self._data.filter_options())
        frame = self._data.published_only("call_options")
        return {**found, **frame.row(0, named=True)}

    def page(self, chosen: CallFilter, after: Cursor | None = None, limit: int = 20) -> pl.DataFrame:
        """Up to `limit` calls behind `after`; column `total` says how many match in all."""
        behind = (after.value, after.call_id) if after else _NO_CURSOR
        return self._page(self._data.kept, chosen, behind, limit)

    def found_words(self, chosen: CallFilter, page: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
        """By call id: the first utterances with the words that were searched for; none without a search."""
        words = sought(chosen)
        if words.text is None or page.is_empty():
            return {}
        rows = self._data.frame(
            "calls_hits",
            call_ids=page["call_id"].to_list(),
            days=page["day"].unique().to_list(),
            role=chosen.role,
            per_call=SHOWN_HITS,
            words=words.words,
            folded=words.folded,
            sounds=words.sounds,
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows.iter_rows(named=True):
            found.setdefault(row["call_id"], []).append(row)
        return found

    def export(self, chosen: CallFilter, suffix: Literal[".csv", ".xlsx"]) -> bytes:
        """All matching calls as a file that a spreadsheet opens without running anything.

        Raises StoreError when more calls match than EXPORT_ROWS: narrow the filters, or use `callqa export`.
        """
        frame = self._page(self._data.frame, chosen, _NO_CURSOR, EXPORT_ROWS + 1)
        if frame.height > min(EXPORT_ROWS, XLSX_ROWS):
            total = frame["total"][0]
            raise StoreError(
                f"{total} calls match; an export holds {EXPORT_ROWS}: narrow the filters or run callqa export"
            )
        zone = self._data.settings.metadata.timezone
        told = frame.drop("sort_value", "total", "day", "held").with_columns(
            pl.col("families").list.join("|"), pl.col("started_at").dt.replace_time_zone(zone, ambiguous="earliest")
        )
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"calls{suffix}"
            write_table(told, path)
            return path.read_bytes()

    def _page(
        self,
        ask: Callable[..., pl.DataFrame],
        chosen: CallFilter,
        behind: tuple[float | None, str | None],
        limit: int,
    ) -> pl.DataFrame:
        if not self._data.user.may("see_all"):
            chosen = replace(chosen, agents=(self._data.user.agent_id or "",))
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(chosen).items() if k != "exact"}
        values |= asdict(sought(chosen))
        zone = self._data.settings.metadata.timezone
        with open_calibration(self._data.settings.home) as rounds:
            held = sorted(rounds.held_calls(self._reviewer))
        return ask("calls_page", zone=zone, after_value=behind[0], after_id=behind[1], limit=limit, held=held, **values)
