"""The page of bench_dashboard: tests/bench/RESULTS_DASHBOARD.md."""

import platform
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.bench_dashboard import Crowd, Sample, Timing

P95_LIMIT_S = 3.0


def page(
    asked: "Sample", timings: "list[Timing]", crowd: "Crowd", before_mib: float, *, cores: int, load: float
) -> str:
    """Markdown. Every figure is of this run."""
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
        "| what | allowed s | median s | worst s | CPU s | SQL s | first s | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(timing) for timing in timings]
    waits = sorted(crowd.waits_s)
    lines += [
        "",
        "## Ten reviewers at once",
        "",
        f"For {crowd.wall_s:.0f} s, with 0.5 to 2 s of reading after each call: {len(waits)} answers, "
        f"{crowd.decisions} decisions written, {len(crowd.errors)} errors; median {median(waits):.2f} s, "
        f"95th percentile {crowd.p95_s:.2f} s (allowed {P95_LIMIT_S:.0f}), worst {waits[-1]:.2f} s; "
        f"{crowd.cpu_s / len(waits):.2f} CPU s an answer.",
        "",
        f"Memory of the server: {before_mib:.0f} MiB at its start, then MiB over time: "
        + ", ".join(f"{mib:.0f}" for mib in crowd.rss_mib)
        + ".",
        "",
        *(f"- {error}" for error in crowd.errors),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(timing: "Timing") -> str:
    limit = "" if timing.limit_s is None else f"{timing.limit_s:g}"
    first = "" if timing.first_s is None else f"{timing.first_s:.2f}"
    verdict = "" if timing.kept else "**over**"
    return (
        f"| {timing.name} | {limit} | {timing.median_s:.2f} | {timing.worst_s:.2f} | {median(timing.cpu_s):.2f} | "
        f"{median(timing.sql_s):.2f} | {first} | {verdict} |"
    )
