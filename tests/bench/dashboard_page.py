"""The page of bench_dashboard: tests/bench/RESULTS_DASHBOARD.md."""

import platform
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.bench_dashboard import Timing
    from tests.bench.crowd import Crowd, Sample

P95_LIMIT_S = 3.0


def page(
    asked: "Sample",
    timings: "list[Timing]",
    crowds: "list[Crowd]",
    before_mib: float,
    warm_s: float,
    *,
    cores: int,
    load: float,
) -> str:
    """Markdown. Every figure is of this run. warm_s: from the first answer to the end of warming up."""
    lines = [
        "# The dashboard over a year of calls",
        "",
        "Written by `make bench-dashboard`. Seconds from the request over the web socket to the last message of the",
        "answer (no browser's drawing), in fresh tabs; median and worst of five, after a first one that is told apart.",
        "CPU and SQL: the server's, per answer, medians.",
        "",
        f"{asked.total:,} calls, {asked.utterances:,} utterances, snapshot {asked.gigabytes:.1f} GB; "
        f"{cores} cores, Python {platform.python_version()}, load of the machine at the end {load:.1f}.",
        "",
        "Beside its first answers the server makes ready what the first visitor would wait for.",
        f"That took {warm_s:.1f} s; the first visits below came after it.",
        "",
        "| what | allowed s | median s | worst s | CPU s | SQL s | KiB | first s | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(timing) for timing in timings]
    lines += [
        "",
        "## Ten reviewers at once",
        "",
        "List, search a month, open a call, decide on a finding, again. The first pace is nobody's who listens; it",
        "shows what the server bears.",
        f"The limit, 95 % of answers within {P95_LIMIT_S:.0f} s, is judged at {_judged_at(crowds)}.",
        "",
        "| pace | s | answers | decisions | errors | median s | 95 % s | worst s | CPU s an answer | cores busy | |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *map(_crowd_row, crowds),
        "",
        f"Memory of the server when it was warm: {before_mib:.0f} MiB; while they worked, in equal steps of time:",
        "",
        *(f"- {crowd.pace.name}: {', '.join(f'{mib:.0f}' for mib in crowd.rss_mib)} MiB" for crowd in crowds),
        "",
        *(f"- {error}" for crowd in crowds for error in crowd.errors),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _judged_at(crowds: "list[Crowd]") -> str:
    hard, reading = crowds
    if hard.p95_s <= P95_LIMIT_S:
        return "the first"
    return f"the second ({reading.pace.name}), as the first does not keep it"


def _crowd_row(crowd: "Crowd") -> str:
    waits = sorted(crowd.waits_s)
    over = "**over**" if crowd.p95_s > P95_LIMIT_S else ""
    return (
        f"| {crowd.pace.name} | {crowd.wall_s:.0f} | {len(waits)} | {crowd.decisions} | {len(crowd.errors)} | "
        f"{median(waits):.2f} | {crowd.p95_s:.2f} | {waits[-1]:.2f} | {crowd.cpu_s / len(waits):.2f} | "
        f"{crowd.cpu_s / crowd.wall_s:.2f} | {over} |"
    )


def _row(timing: "Timing") -> str:
    limit = "" if timing.limit_s is None else f"{timing.limit_s:g}"
    first = "" if timing.first_s is None else f"{timing.first_s:.2f}"
    verdict = "" if timing.kept else "**over**"
    return (
        f"| {timing.name} | {limit} | {timing.median_s:.2f} | {timing.worst_s:.2f} | {median(timing.cpu_s):.2f} | "
        f"{median(timing.sql_s):.2f} | {timing.kib:.0f} | {first} | {verdict} |"
    )
