"""How fast a rulebook is searched and calls are judged: python -m tests.bench.bench_rules [UTTERANCES [CALLS]].

Search: every phrase (by its characters and, where the rulebook says so, by its sounds) and every expression of the
shipped rulebook and topic lexicon in so many synthetic utterances (1 000 000): which of them occurs where. All ways get
the same ready-made texts (see `tests.bench.rule_search`): ours all utterances, the others, whose time grows with the
number of utterances alone, the first SAMPLE or SLOW_SAMPLE of them. Ours and (a) must find the same pairs there, or
this fails. Beside it, what judging needs: from stored utterances (punctuation, turns) to the hits of every list by
itself, less exceptions.

Judging: so many calls of 30 utterances (5 000) through `Judge.judge_all`, by stage. Reading and writing are not in it.

One process, one thread; seconds of processor time, ours the median of RUNS runs. Writes build/bench/rules.json and
tests/bench/RESULTS_RULES.md.
"""

import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when polars is imported

import polars as pl
from rich.console import Console

from pipeline import __version__
from pipeline.config import load_settings
from pipeline.judge import Judge
from pipeline.model import CallFacts, Utterance
from pipeline.rules.index import MatchIndex
from pipeline.rules.lines import flatten, lines_of
from pipeline.rules.matching import index_of, views_of
from pipeline.rules.spoken import CallView, Chunk
from pipeline.rules.words import PhraseList
from pipeline.topics import topics_in
from tests.bench.rule_search import Ours, Pairs, Patterns, Plain, patterns_of
from tests.bench.synthetic import UTTERANCES, calls, utterances

ROOT = Path(__file__).parents[2]
OUT = ROOT / "build" / "bench" / "rules.json"
RESULTS = ROOT / "tests" / "bench" / "RESULTS_RULES.md"
RUNS = 3
CHUNK_CALLS = 1_000  # searched at once; judging takes half as many
JUDGED_CALLS = 500
SAMPLE, SLOW_SAMPLE = 30_000, 3_000  # utterances for (a), and for (b) and (c)
PACKAGES = ("google-re2", "polars", "numpy", "pyarrow")
LOOP, LOOP_TEXT = "(a) one compiled re per pattern, in a loop", "(a) without the patterns over sounds"
EITHER, POLARS = "(b) one re of all patterns as alternatives", "(c) polars, patterns as alternatives"
OURS, LISTS = "ours: the same pairs as (a)", "ours: hits of every list, from stored utterances"


@dataclass
class Way:
    """One way of searching: what it found, in its unit, how many utterances, and the processor seconds."""

    unit: str
    found: int = 0
    utterances: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.utterances / self.seconds

    def timed(self, count: int, runs: int, run: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Run it so often over so many utterances; the median of the times is added."""
        seconds = []
        for _ in range(runs):
            start = time.process_time()
            answer = run()
            seconds.append(time.process_time() - start)
        self.seconds += median(seconds)
        self.utterances += count
        self.found += size(answer)
        return answer


def main(count: int, call_count: int) -> None:
    console = Console()
    judge = Judge(load_settings())
    lists = tuple({id(w): w for w in (*judge.rulebook.lists(), *judge.topics.lists())}.values())
    patterns = patterns_of(lists)
    load = os.getloadavg()[0]
    phrases = len(patterns.written) - patterns.expressions
    what = (
        f"{len(judge.rulebook.rules)} rules, {len(lists)} phrase lists: {phrases} phrases, {len(patterns.heard)} of "
        f"them by their sounds too, {patterns.expressions} expressions"
    )
    console.print(what, soft_wrap=True)
    ways = search(judge, lists, patterns, count)
    for line in table(ways):
        console.print(line, soft_wrap=True, markup=False)
    stages = judged(judge, call_count)
    console.print(f"judging {call_count} calls: " + ", ".join(f"{stage} {ms:.3f} ms" for stage, ms in stages.items()))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    rates = {name: way.rate for name, way in ways.items()}
    OUT.write_text(json.dumps({"utterances_per_s": rates, "judge_ms": stages}, ensure_ascii=False, indent=1), "utf-8")
    RESULTS.write_text(page(what, ways, stages, call_count, load), encoding="utf-8")
    console.print(f"written: {RESULTS.relative_to(ROOT)}")


def search(judge: Judge, lists: Sequence[PhraseList], patterns: Patterns, count: int) -> dict[str, Way]:
    """Ours over all utterances, the others over the first of them. Raises SystemExit when ours and (a) differ."""
    units = {LOOP: "pairs", LOOP_TEXT: "pairs", EITHER: "matches", POLARS: "utterances with any"}
    ways = {name: Way(unit) for name, unit in units.items()} | {OURS: Way("pairs"), LISTS: Way("hits")}
    plain, ours, index = Plain(patterns), Ours(patterns), index_of(lists)
    source = utterances(judge.rulebook, count)
    while chunk := list(islice(source, CHUNK_CALLS * UTTERANCES)):
        texts, sounds = [flatten(u.text) for u in chunk], [u.sounds for u in chunk]
        pairs = ways[OURS].timed(len(chunk), RUNS, partial(ours.pairs, texts, sounds), len)
        ways[LISTS].timed(len(chunk), 1, partial(_hits, index, lists, chunk), int)
        left = SAMPLE - ways[LOOP].utterances
        if left > 0:
            mine = set(map(tuple, pairs[pairs[:, 0] < left].tolist()))
            _others(ways, plain, texts[:left], sounds[:left], lambda theirs, mine=mine: mine ^ ours.with_sounds(theirs))
    return ways


def _others(
    ways: dict[str, Way], plain: Plain, texts: Sequence[str], sounds: Sequence[str], differing: Callable[[Pairs], Pairs]
) -> None:
    count = len(texts)
    pairs: Pairs = ways[LOOP].timed(count, 1, partial(plain.one_by_one, texts, sounds), len)
    if others := differing(pairs):
        raise SystemExit(f"ours and (a) differ in {len(others)} of {len(pairs)} pairs")
    ways[LOOP_TEXT].timed(count, 1, partial(plain.characters_only, texts), len)
    texts, sounds = texts[:SLOW_SAMPLE], sounds[:SLOW_SAMPLE]
    ways[EITHER].timed(len(texts), 1, partial(plain.either, texts, sounds), int)
    ways[POLARS].timed(len(texts), 1, partial(plain.polars, pl.Series(texts), pl.Series(sounds)), int)


def _hits(index: MatchIndex, lists: Sequence[PhraseList], chunk: Sequence[Utterance]) -> int:
    """All hits of all lists less exceptions, before their company is minded."""
    joined = lines_of([chunk[i : i + UTTERANCES] for i in range(0, len(chunk), UTTERANCES)])
    read = Chunk(joined, index.search(joined))
    tables = {words.token: words.table(read) for words in lists}
    return sum(table.count for table in tables.values() if table is not None)


def table(ways: dict[str, Way]) -> list[str]:
    """A Markdown table, ways against (a)."""
    rows = ["| way | utterances | CPU s | utterances/s | times (a) | found |", "|---|---:|---:|---:|---:|---|"]
    for name, way in ways.items():
        rows.append(
            f"| {name} | {way.utterances} | {way.seconds:.2f} | {way.rate:.0f} | {way.rate / ways[LOOP].rate:.1f} | "
            f"{way.found} {way.unit} |"
        )
    return rows


def page(what: str, ways: dict[str, Way], stages: dict[str, float], call_count: int, load: float) -> str:
    """The results with what they were measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    judging = "\n".join(f"| {stage} | {ms:.3f} |" for stage, ms in stages.items())
    return f"""# Rules: searching and judging

Written by `make bench-rules`. {what}. One process, one thread, seconds of processor time. All ways but the last are
given the same spoken characters and sounds; ours and (a) found the same {ways[LOOP].found} pairs (utterance, pattern)
in the sample. (b) finds one of overlapping matches only, (c) only whether there is any. The last way starts from stored
utterances: it strips punctuation, minds what stops part, takes exceptions away and keeps the lists apart, as judging
needs it.

{chr(10).join(table(ways))}

Judging {call_count} calls of {UTTERANCES} utterances, {JUDGED_CALLS} at a time:

| stage | CPU ms a call |
|---|---:|
{judging}

{date.today()}, callqa {__version__}, Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores
seen, load before the run {load:.1f}; {versions}.
"""


def judged(judge: Judge, count: int) -> dict[str, float]:
    """Milliseconds of one core for each call, by stage."""
    made = list(calls(judge.rulebook, count))
    gc.collect()
    gc.freeze()  # calls that are read from a store are no Python objects either
    chunks = [made[i : i + JUDGED_CALLS] for i in range(0, count, JUDGED_CALLS)]
    judge.judge_all(chunks[0])
    times = [_stages(judge, chunks) for _ in range(RUNS)]
    return {stage: median(t[stage] for t in times) / count * 1000 for stage in times[0]}


def _stages(judge: Judge, chunks: Sequence[Sequence[CallFacts]]) -> dict[str, float]:
    """The stages of `Judge.judge_all` one after the other, and all of it at once."""
    clock: dict[str, float] = {}
    for chunk in chunks:
        for stage, run in _steps(judge, chunk):
            start = time.process_time()
            run()
            clock[stage] = clock.get(stage, 0.0) + time.process_time() - start
    return clock


def _steps(judge: Judge, chunk: Sequence[CallFacts]) -> Iterator[tuple[str, Callable[[], Any]]]:
    views: list[CallView] = []
    yield "lines and index", lambda: views.extend(views_of(chunk, judge.index))
    yield "topics", lambda: [setattr(view, "topics", topics_in(view, judge.topics)) for view in views]
    yield "rules", lambda: judge.rulebook.judge_all(views, judge.sources.min_role_confidence)
    yield "all, with scores", lambda: judge.judge_all(chunk)


if __name__ == "__main__":
    main(*(int(a) for a in (*sys.argv[1:], *("1000000", "5000")[len(sys.argv) - 1 :])))
