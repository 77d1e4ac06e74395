"""How long it takes to judge all stored calls anew and to publish them, and how much memory that needs.

    python -m tests.bench.bench_recheck [CALLS ...] [--home FOLDER]

Makes a store of so many calls of thirty utterances (10 000, 30 000 and 100 000 when none is given) below a temporary
folder, measures one process stage by stage, then with all cores a whole recheck and those after a single rule was
changed, each with its publish, and a publish of everything. CPU seconds are of all processes; memory is the sum of
their resident sets, DuckDB's cache included. With these three sizes tests/bench/RESULTS_RECHECK.md is written.
"""

import argparse
import gc
import json
import os
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from pipeline import __version__, rulebooks
from pipeline.batch import rejudge, upkeep
from pipeline.batch.rejudge import JudgeFactory
from pipeline.config import Settings, load_settings
from pipeline.model import Judgement
from pipeline.store import artefact, days, snapshot
from pipeline.store.check import check_judgement
from pipeline.store.columns import to_table
from pipeline.store.files import row_groups
from tests.bench.call_store import UTTERANCES, fill

RESULTS = Path(__file__).with_name("RESULTS_RECHECK.md")
WHOLE = [10_000, 30_000, 100_000]
PACKAGES = ("duckdb", "pyarrow", "numpy", "google-re2")
SAMPLE_GROUPS = 4
STAGES = ("read", "judge", "check", "write", "one_rule", "common_rule")
CHANGED = "{rules: [{id: bench-changed, family: rude_tone, severity: info, name_zh: 改, name_en: Changed, "
CHANGED += "phrase: {any: [%s]}, examples: {hit: [%s], miss: [再见]}}]}"
WORDS = ("不归我管", "烦死", "您好")  # what the rule looks for: at first, when it was changed, in nearly every call


@dataclass
class Cost:
    """wall_s, cpu_s: of all processes. peak_mb: largest sum of resident sets."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("calls", type=int, nargs="*", default=WHOLE)
    options.add_argument("--home", type=Path, help="a store that was made before, used instead of making one")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    results: list[dict[str, float]] = []
    load = os.getloadavg()[0]
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
    if chosen.calls == WHOLE and chosen.home is None:
        RESULTS.write_text(page(results, load), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


def measure(settings: Settings) -> dict[str, float]:
    """All figures of one store."""
    home = settings.home
    settings, changed, common = (rulebooks.pinned(settings, _with_rule(settings, word)) for word in WORDS)
    found: dict[str, float] = {
        "calls": sum(days.count(day) for day in days.days(home)),
        "cores": len(os.sched_getaffinity(0)),
    }
    found |= {f"{stage}_ms": ms for stage, ms in stages(settings, changed, common).items()}
    costs: dict[str, Cost] = {}
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
            ("recheck", lambda: upkeep.recheck(settings, JudgeFactory(settings), anew=True)),
            ("one_rule", lambda: upkeep.recheck(changed, JudgeFactory(changed))),
            ("common_rule", lambda: upkeep.recheck(common, JudgeFactory(common))),
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
    found["snapshot_mb"] = size.stat().st_size / 1e6
    found["artefacts_mb"] = sum(p.stat().st_size for p in home.glob("artefacts/*/*")) / 1e6
    for name, cost in costs.items():
        found |= {f"{name}_wall_s": cost.wall_s, f"{name}_cpu_s": cost.cpu_s, f"{name}_peak_mb": cost.peak_mb}
    return found


def _with_rule(settings: Settings, word: str) -> rulebooks.Sources:
    """The rulebook in force with one rule more, which looks for this word."""
    active = rulebooks.read_sources(settings)
    rule = rulebooks.Source("rules", "bench.yaml", CHANGED % (word, word), "bench.yaml")
    return replace(active, files=(*active.files, rule))


def stages(settings: Settings, changed: Settings, common: Settings) -> dict[str, float]:
    """CPU milliseconds a call of each stage in one process, over some row groups of the first day."""
    judge = JudgeFactory(settings)()
    path = days.days(settings.home)[0] / days.DAY_FACTS
    part = next(days.parts(path, SAMPLE_GROUPS))
    groups = row_groups(path)[part.first : part.last]
    spent = dict.fromkeys(STAGES, 0.0)
    kept = []
    gc.collect()
    gc.set_threshold(rejudge.GARBAGE_THRESHOLD)
    for group in groups:
        calls = _timed(spent, "read", lambda g=group: artefact.facts_of_group(g))
        judgements = _timed(spent, "judge", lambda c=calls: judge.judge_all(c))
        _timed(
            spent, "check", lambda c=calls, j=judgements: [check_judgement(*pair) for pair in zip(c, j, strict=True)]
        )
        kept.append(judgements)
    tables = (to_table(Judgement, judgements) for judgements in kept)
    _timed(spent, "write", lambda: days.write_judgements(part, tables, lambda: [group.digest() for group in groups]))
    for stage, other in (("one_rule", changed), ("common_rule", common)):
        again = JudgeFactory(other)()
        again.standing((), judge.version)  # once: what differs is found out
        _timed(spent, stage, lambda a=again: rejudge.judged(rejudge.Piece(settings.home, part), a))
        judge = again
    part.judgement_path.unlink()  # nothing is judged yet
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


def rows(results: list[dict[str, float]]) -> list[tuple[str, ...]]:
    """A line a figure, a column a store."""
    return [
        (key, *(f"{one[key]:.3f}" if key.endswith("_ms") else f"{one[key]:.1f}" for one in results))
        for key in results[0]
        if key != "calls"
    ]


def show(results: list[dict[str, float]]) -> None:
    """One column a store."""
    table = Table(title=f"calls of {UTTERANCES} utterances; load {os.getloadavg()[0]:.1f}", title_justify="left")
    table.add_column("")
    for result in results:
        table.add_column(f"{result['calls']:.0f}", justify="right")
    for row in rows(results):
        table.add_row(*row)
    Console().print(table)


def page(results: list[dict[str, float]], load: float) -> str:
    """The same as Markdown, with what it was measured on."""
    heads = " | ".join(f"{one['calls']:.0f} calls" for one in results)
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows(results))
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"""# Judging stored calls anew

Written by `make bench-recheck`. Calls of {UTTERANCES} utterances, judged by the whole shipped rulebook. Lines in ms:
CPU milliseconds a call of one process, one_rule and common_rule with reading and writing. first: the first judging
and publishing of a store; recheck: all calls judged anew by every rule and published; one_rule: after one rule was
changed that looked for {WORDS[0]} and now looks for {WORDS[1]} (one call in fourteen and one in eleven);
common_rule: after it was changed again, to {WORDS[2]}, which nearly every call has; publish: within these;
publish_anew: of everything. Memory is the sum of resident sets.

| | {heads} |
|---|{"---:|" * len(results)}
{lines}

{date.today()}, callqa {__version__}, Python {platform.python_version()}, load before the run {load:.1f}; {versions}.
"""


if __name__ == "__main__":
    main()
