"""How fast a rulebook is searched and calls are judged: python -m tests.bench.bench_rules [UTTERANCES [CALLS]].

One process, one thread, medians of RUNS runs.

Search: all phrases and expressions of the shipped rulebook and topic lexicon in so many synthetic utterances (1 000 000),
against what one would write first: (a) one compiled Python `re` per phrase and expression in a loop, on a sample, its
time scaled up; (b) one `re` of all of them as alternatives; (c) the same with polars. All get the spoken characters, so
nobody has to strip punctuation but ours. Ours includes everything that judging does up to the hits: it builds the lines,
searches characters, sounds and expressions, then stops, exceptions and what has to stand near. (b) and (c) answer less:
at most one of overlapping hits, or only whether there is any.

Judging: so many calls of 30 utterances (5 000) through `Judge.judge_all`, by stage. Reading and writing are not in it.
Writes build/bench/rules.json.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl
from rich.console import Console

from pipeline.analyze import Judge
from pipeline.config import load_settings
from pipeline.model import CallFacts, Utterance
from pipeline.rules.lines import flatten, lines_of
from pipeline.rules.matching import index_of, views_of
from pipeline.rules.phrases import PhraseList
from pipeline.rules.spoken import Chunk, SpokenTurn
from pipeline.topics import topics_in  # noqa: E402
from tests.bench.synthetic import UTTERANCES, calls, utterances

OUT = Path(__file__).parents[2] / "build" / "bench" / "rules.json"
RUNS = 3
CHUNK_CALLS = 500
SAMPLE = 15_000  # utterances for (a) and (b), of which the first takes minutes for as many as ours gets
_MAX_GROUP = 250  # expressions that polars compiles as one


@dataclass
class Found:
    """What a way of searching found: its answer in its own unit, and the seconds of each run."""

    hits: int
    unit: str
    seconds: list[float] = field(default_factory=list)
    utterances: int = 0


def main(count: int, call_count: int) -> None:
    console = Console()
    judge = Judge(load_settings())
    lists = tuple({id(w): w for w in (*judge.rulebook.lists(), *judge.topics.lists())}.values())
    sources = _sources(lists)
    phrases = sum(not is_expression for _, is_expression in sources)
    console.print(f"{len(judge.rulebook.rules)} rules, {len(lists)} phrase lists, {phrases} phrases, "
                  f"{len(sources) - phrases} expressions; {RUNS} runs, 1 thread, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    results = {"search": search(judge, lists, sources, count, console), "judge": judged(judge, call_count, console)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")


def _sources(lists: Sequence[PhraseList]) -> list[tuple[str, bool]]:
    """Every phrase and expression that counts as a hit, once; whether it is an expression."""
    phrases = dict.fromkeys((p.characters, False) for words in lists for p in words.phrases)
    return [*phrases, *dict.fromkeys((p.source, True) for words in lists for p in words.patterns)]


def search(
    judge: Judge, lists: Sequence[PhraseList], sources: list[tuple[str, bool]], count: int, console: Console
) -> dict[str, Any]:
    """Ours over all utterances, the others over all or a sample."""
    start = time.perf_counter()
    index = index_of(lists)
    console.print(f"index built in {time.perf_counter() - start:.2f} s")
    written = [source if is_expression else re.escape(source) for source, is_expression in sources]
    ways = {name: Found(0, unit) for name, unit in (
        ("ours", "hits"), ("(a) re, one by one", "pairs of utterance and pattern"),
        ("(b) re, one alternation", "matches, none within another"), ("(c) polars alternation", "utterances with a match"),
    )}  # fmt: skip
    source = utterances(judge.rulebook, count)
    compiled = [re.compile(w, re.IGNORECASE) for w in written]
    either = re.compile("|".join(f"(?:{w})" for w in written), re.IGNORECASE)
    polars = [f"(?i)(?:{'|'.join(written[i : i + _MAX_GROUP])})" for i in range(0, len(written), _MAX_GROUP)]
    with_hit = 0
    while chunk := list(islice(source, CHUNK_CALLS * UTTERANCES)):
        flats = [flatten(u.text) for u in chunk]
        hits = _timed(ways["ours"], len(chunk), lambda chunk=chunk: _ours(index, lists, chunk))
        ways["ours"].hits += hits[0]
        with_hit += hits[1]
        column = pl.Series(flats)
        _add(ways["(c) polars alternation"], len(chunk), lambda column=column: _polars(column, polars))
        if ways["(a) re, one by one"].utterances < SAMPLE:
            _add(
                ways["(a) re, one by one"],
                len(chunk),
                lambda: sum(p.search(t) is not None for t in flats for p in compiled),
                1,
            )
            _add(
                ways["(b) re, one alternation"],
                len(chunk),
                lambda: sum(1 for t in flats for _ in either.finditer(t)),
                1,
            )
            differences = _differences(index, lists, chunk, flats, compiled, sources)
    return _told(ways, with_hit, differences, console)


def _add(way: Found, count: int, run: Callable[[], int], runs: int = RUNS) -> None:
    way.hits += _timed(way, count, run, runs)


def _timed(way: Found, count: int, run: Callable[[], Any], runs: int = RUNS) -> Any:
    """Run it so often; the median of its seconds is added."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        answer = run()
        seconds.append(time.perf_counter() - start)
    way.seconds.append(median(seconds))
    way.utterances += count
    return answer


def _ours(index: Any, lists: Sequence[PhraseList], chunk: Sequence[Utterance]) -> tuple[int, int]:
    """All hits of all lists, and the turns with any."""
    lines = lines_of([chunk[i : i + UTTERANCES] for i in range(0, len(chunk), UTTERANCES)])
    part = Chunk(lines, index, index.search(lines))
    by_bit = {index.numbers[id(words.wanted)]: words for words in lists}
    wanted = sum(1 << bit for bit in by_bit)
    total = with_hit = 0
    for number, mask in enumerate(part.marks.masks if part.marks else ()):
        left = mask & wanted
        if not left:
            continue
        turn, count = SpokenTurn(0, part, number), 0
        while left:
            bit = left & -left
            left ^= bit
            count += len(by_bit[bit.bit_length() - 1].hits(turn))
        total += count
        with_hit += count > 0
    return total, with_hit


def _polars(column: pl.Series, groups: Sequence[str]) -> int:
    found = column.str.contains(groups[0])
    for group in groups[1:]:
        found |= column.str.contains(group)
    return int(found.sum())


def _differences(
    index: Any,
    lists: Sequence[PhraseList],
    chunk: Sequence[Utterance],
    flats: Sequence[str],
    compiled: Sequence[re.Pattern[str]],
    sources: Sequence[tuple[str, bool]],
) -> dict[str, int]:
    """Ours before exceptions and company against (a), by pairs of utterance and pattern."""
    plain = {(n, s[0]) for n, t in enumerate(flats) for p, s in zip(compiled, sources, strict=True) if p.search(t)}
    lines = lines_of([chunk[i : i + UTTERANCES] for i in range(0, len(chunk), UTTERANCES)])
    part = Chunk(lines, index, index.search(lines))
    place = {id(u): n for n, u in enumerate(chunk)}
    text, sound, in_line = set(), set(), set()
    for number, listed in enumerate(lines.turns):
        turn, n = SpokenTurn(0, part, number), place[id(listed.utterances[0])]
        in_line.add(n)
        for words in lists:
            for hit in words.wanted.hits(turn) if words.wanted.may_hit(turn) else ():
                (sound if hit.is_respelt else text).add((n, hit.phrase))
    missed = plain - text
    return {
        "pairs (a) finds": len(plain),
        "pairs ours finds by characters": len(text & plain),
        "not ours: back-channels, left out": sum(n not in in_line for n, _ in missed),
        "not ours: punctuation inside": sum(n in in_line for n, _ in missed),
        "only ours by characters": len(text - plain),
        "only ours by sound": len(sound - plain),
    }


def _told(ways: dict[str, Found], with_hit: int, differences: dict[str, int], console: Console) -> dict[str, Any]:
    ours, loop = ways["ours"], ways["(a) re, one by one"]
    rates = {name: way.utterances / sum(way.seconds) for name, way in ways.items()}
    for name, way in ways.items():
        console.print(
            f"{name:26} {way.utterances:>9} utterances {sum(way.seconds):>8.2f} s  {rates[name]:>10.0f} utterances/s  "
            f"{rates[name] / rates['(a) re, one by one']:>7.1f} x (a)   {way.hits} {way.unit}"
        )
    console.print(f"turns with a hit: {with_hit / ours.utterances:.3f}; (a) for as many as ours: "
                  f"{ours.utterances / rates['(a) re, one by one']:.0f} s, scaled from {loop.utterances}")  # fmt: skip
    console.print(", ".join(f"{name} {count}" for name, count in differences.items()))
    return {"utterances_per_s": rates, "hits": {n: w.hits for n, w in ways.items()}, "differences": differences}


def judged(judge: Judge, count: int, console: Console) -> dict[str, float]:
    """Milliseconds of one core for each call, by stage."""
    made = list(calls(judge.rulebook, count))
    chunks = [made[i : i + CHUNK_CALLS] for i in range(0, count, CHUNK_CALLS)]
    judge.judge_all(chunks[0])
    times = [_stages(judge, chunks) for _ in range(RUNS)]
    shown = {stage: median(t[stage] for t in times) / count * 1000 for stage in times[0]}
    console.print(f"judging {count} calls: " + ", ".join(f"{stage} {ms:.3f} ms" for stage, ms in shown.items()))
    return shown


def _stages(judge: Judge, chunks: Sequence[Sequence[CallFacts]]) -> dict[str, float]:
    """The stages of `Judge.judge_all` one after the other, and all of it at once."""
    clock: dict[str, float] = {}
    for chunk in chunks:
        for stage, run in _steps(judge, chunk):
            start = time.perf_counter()
            run()
            clock[stage] = clock.get(stage, 0.0) + time.perf_counter() - start
    return clock


def _steps(judge: Judge, chunk: Sequence[CallFacts]) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "views", lambda: views_of(chunk, judge.index)
    views = views_of(chunk, judge.index)
    yield "topics", lambda: [setattr(v, "topics", topics_in(v, judge.topics)) for v in views]
    yield "rules", lambda: judge.rulebook.judge_all(views, judge.sources.min_role_confidence)
    yield "all of it", lambda: judge.judge_all(chunk)


if __name__ == "__main__":
    main(*(int(a) for a in (*sys.argv[1:], *("1000000", "5000")[len(sys.argv) - 1 :])))
