"""How long it takes to judge all stored calls anew and to publish them, and how much memory that needs.

    python -m tests.bench.bench_recheck [CALLS ...] [--home FOLDER]

Makes a store of so many calls of thirty utterances (10 000, 30 000 and 100 000 when none is given) below a temporary
folder, measures one process stage by stage, then a whole recheck with all cores, a publish of unchanged facts and one
of everything. CPU seconds are of all processes; memory is the sum of their resident sets, DuckDB's cache included.
"""

import argparse
import gc
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from pipeline.batch import rejudge, upkeep
from pipeline.batch.rejudge import JudgeFactory
from pipeline.config import Settings, load_settings
from pipeline.store import artefact, days, snapshot
from pipeline.store.check import check_judgement
from pipeline.store.files import row_groups
from tests.bench.call_store import UTTERANCES, fill

SAMPLE_GROUPS = 4
STAGES = ("read", "judge", "check", "write")


@dataclass
class Cost:
    """wall_s, cpu_s: of all processes. peak_mb: largest sum of resident sets."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("calls", type=int, nargs="*", default=[10_000, 30_000, 100_000])
    options.add_argument("--home", type=Path, help="a store that was made before, used instead of making one")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    results = []
    for calls in chosen.calls if chosen.home is None else [0]:
        home = chosen.home or Path(tempfile.mkdtemp(prefix="callqa-bench-"))
        try:
            if chosen.home is None:
                fill(home, calls)
            results.append(measure(load_settings(home)))
        finally:
            if chosen.home is None:
                shutil.rmtree(home)
        show(results)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


def measure(settings: Settings) -> dict[str, float]:
    """All figures of one store."""
    home = settings.home
    found: dict[str, float] = {
        "calls": sum(days.count(day) for day in days.days(home)),
        "cores": len(os.sched_getaffinity(0)),
    }
    found |= {f"{stage}_ms": ms for stage, ms in stages(settings).items()}
    costs: dict[str, Cost] = {}
    published = {"whole": 0.0}
    real = snapshot.publish

    def timed(*values: object, **named: object) -> snapshot.Published:
        with measured() as cost:
            done = real(*values, **named)  # type: ignore[arg-type]
        costs["publish"] = cost
        return done

    snapshot.publish = timed  # type: ignore[assignment]
    try:
        for name, work in (
            ("first", lambda: upkeep.recheck(settings, JudgeFactory(settings))),
            ("recheck", lambda: upkeep.recheck(settings, JudgeFactory(settings))),
        ):
            with measured() as cost:
                done = work()
            assert not done.problems, done.problems[:3]
            costs[name] = cost
            costs[f"{name}_publish"] = costs.pop("publish")
    finally:
        snapshot.publish = real
    with measured() as costs["publish_anew"]:
        upkeep.rebuild(settings)
    size = snapshot.current_snapshot(home)
    assert size is not None
    published["snapshot_mb"] = size.stat().st_size / 1e6
    published["artefacts_mb"] = sum(p.stat().st_size for p in home.glob("artefacts/*/*")) / 1e6
    for name, cost in costs.items():
        found |= {f"{name}_wall_s": cost.wall_s, f"{name}_cpu_s": cost.cpu_s, f"{name}_peak_mb": cost.peak_mb}
    return found | {k: v for k, v in published.items() if k != "whole"}


def stages(settings: Settings) -> dict[str, float]:
    """CPU milliseconds a call of each stage in one process, over some row groups of the first day."""
    judge = JudgeFactory(settings)()
    path = days.days(settings.home)[0] / days.DAY_FACTS
    part = next(days.parts(path, SAMPLE_GROUPS))
    spent = dict.fromkeys(STAGES, 0.0)
    kept = []
    gc.collect()
    gc.set_threshold(rejudge.GARBAGE_THRESHOLD)
    for group in row_groups(path)[part.first : part.last]:
        calls = _timed(spent, "read", lambda g=group: artefact.facts_of_group(g))
        judgements = _timed(spent, "judge", lambda c=calls: judge.judge_all(c))
        _timed(
            spent, "check", lambda c=calls, j=judgements: [check_judgement(*pair) for pair in zip(c, j, strict=True)]
        )
        kept.append(judgements)
    _timed(spent, "write", lambda: days.write_judgements(part, kept))
    return {stage: seconds / part.calls * 1e3 for stage, seconds in spent.items()}


def _timed(spent: dict[str, float], stage: str, work: Callable[[], object]):
    began = time.process_time()
    result = work()
    spent[stage] += time.process_time() - began
    return result


@contextmanager
def measured() -> Iterator[Cost]:
    """What happens within, in this process and its children."""
    cost, me, done = Cost(), psutil.Process(), threading.Event()
    before, began = _cpu_s(me), time.monotonic()

    def watch() -> None:
        while not done.wait(0.2):
            sets = []
            for process in (me, *me.children(recursive=True)):
                try:
                    sets.append(process.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue
            cost.peak_mb = max(cost.peak_mb, sum(sets) / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield cost
    finally:
        done.set()
        watcher.join()
        cost.wall_s, cost.cpu_s = time.monotonic() - began, _cpu_s(me) - before


def _cpu_s(process: psutil.Process) -> float:
    """Of the process and of its children that have ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def show(results: list[dict[str, float]]) -> None:
    """One column a store."""
    table = Table(title=f"calls of {UTTERANCES} utterances; load {os.getloadavg()[0]:.1f}", title_justify="left")
    table.add_column("")
    for result in results:
        table.add_column(f"{result['calls']:.0f}", justify="right")
    for key in results[0]:
        if key != "calls":
            table.add_row(
                key, *(f"{result[key]:.3f}" if key.endswith("_ms") else f"{result[key]:.1f}" for result in results)
            )
    Console().print(table)


if __name__ == "__main__":
    main()
