"""A published snapshot of as many calls as one likes: by default a year, 1 000 000 calls, 30 M utterances.

    python -m tests.bench.year_store FOLDER [--calls 1000000] [--minutes 5]

A day of about three thousand calls is made as call_store makes them, judged by the shipped rulebook and published as
every night does. The year is that day told over again in SQL, straight into the tables of a new snapshot: every day
holds another part of it (fewer calls at weekends), with times, callers, names of recordings and numerals in the words
of its own. `calls` and the views are made by the statements of publishing. The words of an utterance with their times,
two thirds of a snapshot, are there for the last month only: nothing but the page of a single call reads them.

With --minutes it stops after so long (exit 75); the same command goes on where it left off.
"""

import argparse
import random
import shutil
import sys
import time
from datetime import date, timedelta
from math import inf
from pathlib import Path

import duckdb

from pipeline.batch import upkeep
from pipeline.batch.rejudge import JudgeFactory
from pipeline.config import load_settings
from pipeline.store import build, staging
from pipeline.store.snapshot import POINTER, current_snapshot, snapshots_folder
from pipeline.store.statements import statement
from tests.bench import call_store

POOL_DAY = call_store.FIRST_DAY.date()
LAST_DAY = date(2026, 11, 20)
NUMERALS = "一二三四五六七八九"
WEEKEND_SHARE = 0.45  # of a working day's calls
BYTES_A_CALL = 7_000  # measured, with room to build it
DAYS_WITH_WORDS = 31
LOT_DAYS = 24  # committed together: the end of every table is packed anew with each commit
EXIT_AGAIN = 75
_OWN = {  # what differs from day to day, in whatever table; n: days from the pool's day on
    "call_id": "call_id || '_' || $n",
    "sha256": "sha256(call_id || '_' || $n)",
    "path": "path || '_' || $n",
    "caller_hash": "md5(caller_hash || ($n % 37)::varchar)",
    "started_at": "started_at + to_days($n::integer)",
    "analyzed_at": "analyzed_at + to_days($n::integer)",
    "judged_at": "judged_at + to_days($n::integer)",
    "updated_at": "updated_at + to_days($n::integer)",
    "day": "$day",
    "text": "translate(text, $numerals, $others)",
    "raw_text": "translate(raw_text, $numerals, $others)",
}


def make(home: Path, calls: int, minutes: float = inf) -> bool:
    """Publish a snapshot of so many calls in `home`; False where time ran out. Raises SystemExit on a small disk."""
    ends_s = time.monotonic() + 60 * minutes
    folder = snapshots_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    if free < calls * BYTES_A_CALL:
        raise SystemExit(
            f"{home} has {free / 1e9:.1f} GB free; {calls:,} calls want {calls * BYTES_A_CALL / 1e9:.1f} GB"
        )
    kept, path = home / "pool", folder / "analytics-1.duckdb"
    pool = current_snapshot(kept) or _pool(kept)
    new = not path.exists()
    with duckdb.connect(str(path), config={"memory_limit": build.MEMORY, "threads": 2}) as connection:
        if new:
            build.create(connection)
        connection.execute(f"attach '{pool}' as pool (read_only)")
        whole = _fill(connection, _days(calls), ends_s)
        connection.execute("detach pool")
        if not whole:
            return False
        connection.execute("delete from calls")
        connection.execute(statement("write", "publish_calls"))
        build.finish(connection, 1)
    (folder / POINTER).write_text(f"{path.name}\n", encoding="utf-8")
    shutil.rmtree(kept)
    return True


def _pool(home: Path) -> Path:
    """The snapshot of one day, judged and published the ordinary way."""
    call_store.fill(home, call_store.CALLS_A_DAY)
    done = upkeep.recheck(load_settings(home), JudgeFactory(load_settings(home)))
    assert not done.problems, done.problems[:3]
    found = current_snapshot(home)
    assert found is not None
    return found


def _fill(connection: duckdb.DuckDBPyConnection, days: list[tuple[date, int]], ends_s: float) -> bool:
    """Add the days that are not there yet, some at a time, each lot whole or not at all. False where time ran out."""
    tables = {table: _columns(connection, table) for tables in staging.TABLES.values() for table in tables}
    tables["files"] = _columns(connection, "files")
    there = {day for (day,) in connection.execute("select distinct day from call_facts").fetchall()}
    missing = [(day, count) for day, count in days if day.isoformat() not in there]
    for first in range(0, len(missing), LOT_DAYS):
        if time.monotonic() > ends_s:
            print(f"{len(days) - len(missing) + first} of {len(days)} days", flush=True)
            return False
        connection.execute("begin")
        for day, count in missing[first : first + LOT_DAYS]:
            _add_day(connection, tables, day, count, words=day > LAST_DAY - timedelta(days=DAYS_WITH_WORDS))
        connection.execute("commit")
    return True


def _add_day(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, tuple[str, ...]], day: date, count: int, *, words: bool
) -> None:
    shift = (day - POOL_DAY).days
    others = "".join(random.Random(shift).sample(NUMERALS, len(NUMERALS)))
    values = {"n": shift, "day": day.isoformat(), "numerals": NUMERALS, "others": others}
    connection.execute(
        "create or replace temp table chosen as "
        "select call_id from pool.call_facts order by hash(call_id || ?) limit ?",
        [str(shift), count],
    )
    for table, columns in tables.items():
        own = {c: _OWN[c] for c in columns if c in _OWN}
        if table == "utterances" and not words:
            own["words"] = "[]"
        used = {k: v for k, v in values.items() if any(f"${k}" in text for text in own.values())}
        replaced = ", ".join(f"{text} as {column}" for column, text in own.items())
        mine = "call_id in (select call_id from chosen)" + (" or call_id is null" if table == "files" else "")
        connection.execute(
            f"insert into {table} by name select * replace ({replaced}) from pool.{table} where {mine}",
            used,
        )


def _days(calls: int) -> list[tuple[date, int]]:
    """Days, oldest first, the last one LAST_DAY, and how many calls each has."""
    days: list[tuple[date, int]] = []
    left, day = calls, LAST_DAY
    while left > 0:
        usual = call_store.CALLS_A_DAY * (WEEKEND_SHARE if day.weekday() >= 5 else 0.95)
        count = min(left, round(usual * random.Random(day.toordinal()).uniform(0.9, 1.05)))
        days.append((day, count))
        left, day = left - count, day - timedelta(days=1)
    return days[::-1]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, ...]:
    asked = "select column_name from duckdb_columns() where database_name = 'pool' and table_name = ?"
    return tuple(name for (name,) in connection.execute(asked, [table]).fetchall())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("home", type=Path)
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument("--minutes", type=float, default=inf)
    chosen = options.parse_args()
    before = time.monotonic(), time.process_time()
    whole = make(chosen.home, chosen.calls, chosen.minutes)
    wall_s, cpu_s = time.monotonic() - before[0], time.process_time() - before[1]
    print(f"{chosen.calls:,} calls: {'whole' if whole else 'go on'}, {wall_s:.0f} s, {cpu_s:.0f} CPU s")
    sys.exit(0 if whole else EXIT_AGAIN)


if __name__ == "__main__":
    main()
