"""How fast a rulebook is searched and calls are judged: python -m tests.bench.bench_rules [UTTERANCES [CALLS]].

One process, one thread; seconds of processor time, medians of RUNS runs.

Search: every phrase and expression of the shipped rulebook and topic lexicon in so many synthetic utterances
(1 000 000), which of them occurs where. Against what one would write first: (a) one compiled Python `re` for each in a
loop; (b) one `re` of all of them as alternatives; (c) the same with polars; these three on a sample. The others get the
spoken characters ready-made; ours strips punctuation, searches sounds too and minds what parts a phrase. (b) and (c)
answer less: at most one of overlapping hits, or only whether there is any. "ours, as judged" is what rules need: the
hits of every list by itself, less exceptions, with what has to stand near.

Judging: so many calls of 30 utterances (5 000) through `Judge.judge_all`, by stage. Reading and writing are not in it.
Writes build/bench/rules.json.
"""

import gc
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when polars is imported

import polars as pl
from rich.console import Console

from pipeline.config import load_settings
from pipeline.judge import Judge
from pipeline.model import CallFacts, Utterance
from pipeline.rules.elements import Alternatives
from pipeline.rules.index import MatchIndex
from pipeline.rules.lines import flatten, lines_of, says_something
from pipeline.rules.matching import index_of, views_of
from pipeline.rules.spoken import CallView, Chunk, SpokenTurn
from pipeline.rules.words import MIN_SYLLABLES, PhraseList
from pipeline.topics import topics_in
from tests.bench.synthetic import UTTERANCES, calls, utterances

OUT = Path(__file__).parents[2] / "build" / "bench" / "rules.json"
RUNS = 3
CHUNK_CALLS = 500
SAMPLE = 15_000  # utterances for (a), (b) and (c), which take a minute for these
_MAX_GROUP = 250  # expressions that polars compiles as one


LOOP, EITHER, POLARS = "(a) re, one by one", "(b) re, one alternation", "(c) polars, alternation"
OURS, JUDGED = "ours", "ours, as judged"


@dataclass
class Found:
    """What a way of searching found, in its unit, and the seconds that each chunk took."""

    unit: str
    hits: int = 0
    utterances: int = 0
    seconds: list[float] = field(default_factory=list)

    def timed(self, count: int, runs: int, run: Callable[[], Any]) -> Any:
        """Run it so often over so many utterances; the median of the times is added."""
        seconds = []
        for _ in range(runs):
            start = time.process_time()
            answer = run()
            seconds.append(time.process_time() - start)
        self.seconds.append(median(seconds))
        self.utterances += count
        return answer


def main(count: int, call_count: int) -> None:
    console = Console()
    judge = Judge(load_settings())
    lists = tuple({id(w): w for w in (*judge.rulebook.lists(), *judge.topics.lists())}.values())
    sources = _sources(lists)
    phrases = sum(not is_expression for _, is_expression in sources)
    console.print(
        f"{len(judge.rulebook.rules)} rules, {len(lists)} phrase lists, {phrases} phrases, {len(sources) - phrases} "
        f"expressions; {RUNS} runs, 1 thread, load {os.getloadavg()[0]:.1f}",
        soft_wrap=True,
    )
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
    start = time.process_time()
    index = index_of(lists)
    console.print(f"index of all lists built in {time.process_time() - start:.2f} s")
    whole = _whole(lists)
    one = MatchIndex([whole])
    ways = {LOOP: Found("pairs"), EITHER: Found("matches"), POLARS: Found("utterances with any"),
            OURS: Found("pairs"), JUDGED: Found("hits")}  # fmt: skip
    others = _Others(sources)
    source = utterances(judge.rulebook, count)
    with_hit, differences = 0, {}
    while chunk := list(islice(source, CHUNK_CALLS * UTTERANCES)):
        flats = [flatten(u.text) for u in chunk]
        pairs = ways[OURS].timed(len(chunk), RUNS, partial(_pairs, one, whole, chunk))
        ways[OURS].hits += len(pairs)
        found = ways[JUDGED].timed(len(chunk), 1, partial(_judged, index, lists, chunk))
        ways[JUDGED].hits += found[0]
        with_hit += found[1]
        if ways[LOOP].utterances < SAMPLE:
            ways[POLARS].hits += ways[POLARS].timed(len(chunk), 1, partial(others.polars, pl.Series(flats)))
            plain = ways[LOOP].timed(len(chunk), 1, partial(others.loop, flats))
            ways[LOOP].hits += len(plain)
            ways[EITHER].hits += ways[EITHER].timed(len(chunk), 1, partial(others.either, flats))
            differences = _differences(plain, pairs, chunk)
    return _told(ways, with_hit, differences, console)


def _whole(lists: Sequence[PhraseList]) -> Alternatives:
    """All phrases and expressions as one list, each once."""
    phrases = {p.characters: p for words in lists for p in words.phrases}
    patterns = {p.source: p for words in lists for p in words.patterns}
    return Alternatives(tuple(phrases.values()), tuple(patterns.values()), MIN_SYLLABLES)


class _Others:
    """What one would write first."""

    def __init__(self, sources: list[tuple[str, bool]]) -> None:
        self._names = [source for source, _ in sources]
        written = [source if is_expression else re.escape(source) for source, is_expression in sources]
        written = [f"(?i:{w})" if re.search("[A-Z]", w) else w for w in written]
        self._compiled = [re.compile(w) for w in written]
        self._either = re.compile("|".join(f"(?:{w})" for w in written))
        groups = (written[i : i + _MAX_GROUP] for i in range(0, len(written), _MAX_GROUP))
        self._polars = ["|".join(f"(?:{w})" for w in group) for group in groups]

    def loop(self, flats: Sequence[str]) -> set[tuple[int, str]]:
        named = tuple(zip(self._names, self._compiled, strict=True))
        return {(n, name) for n, text in enumerate(flats) for name, one in named if one.search(text)}

    def either(self, flats: Sequence[str]) -> int:
        return sum(1 for text in flats for _ in self._either.finditer(text))

    def polars(self, column: pl.Series) -> int:
        found = column.str.contains(self._polars[0])
        for group in self._polars[1:]:
            found |= column.str.contains(group)
        return int(found.sum())


def _searched(index: MatchIndex, chunk: Sequence[Utterance]) -> Chunk:
    lines = lines_of([chunk[i : i + UTTERANCES] for i in range(0, len(chunk), UTTERANCES)])
    return Chunk(lines, index, index.search(lines))


def _pairs(index: MatchIndex, whole: Alternatives, chunk: Sequence[Utterance]) -> set[tuple[int, str, bool]]:
    """(utterance, phrase or expression, whether by its sound only) that occur."""
    part = _searched(index, chunk)
    place = {id(u): n for n, u in enumerate(chunk)}
    found: set[tuple[int, str, bool]] = set()
    for number, listed in enumerate(part.lines.turns):
        n = place[id(listed.utterances[0])]
        found.update((n, hit.phrase, hit.is_respelt) for hit in whole.hits(SpokenTurn(0, part, number)))
    return found


def _judged(index: MatchIndex, lists: Sequence[PhraseList], chunk: Sequence[Utterance]) -> tuple[int, int]:
    """All hits of all lists, and the turns with any."""
    part = _searched(index, chunk)
    by_bit = {index.numbers[id(words.wanted)]: words for words in lists}
    wanted = sum(1 << bit for bit in by_bit)
    total = with_hit = 0
    for number, mask in enumerate(part.marks.masks if part.marks else ()):
        left, count = mask & wanted, 0
        turn = SpokenTurn(0, part, number)
        while left:
            bit = left & -left
            left ^= bit
            count += len(by_bit[bit.bit_length() - 1].hits(turn))
        total += count
        with_hit += count > 0
    return total, with_hit


def _differences(
    plain: set[tuple[int, str]], pairs: set[tuple[int, str, bool]], chunk: Sequence[Utterance]
) -> dict[str, int]:
    """Why ours and the loop differ."""
    text = {(n, name) for n, name, by_sound in pairs if not by_sound}
    missed = plain - text
    silent = {n for n, _ in missed if not says_something(chunk[n].text)}
    return {
        "both": len(plain & text),
        "loop only, the utterance is a back-channel": sum(n in silent for n, _ in missed),
        "loop only, punctuation parts it": sum(n not in silent for n, _ in missed),
        "ours only, by characters": len(text - plain),
        "ours only, by sound": len({(n, name) for n, name, by_sound in pairs if by_sound} - plain - text),
    }


def _told(ways: dict[str, Found], with_hit: int, differences: dict[str, int], console: Console) -> dict[str, Any]:
    rates = {name: way.utterances / sum(way.seconds) for name, way in ways.items()}
    for name, way in ways.items():
        console.print(
            f"{name:28} {way.utterances:>8} utterances {sum(way.seconds):>8.2f} s {rates[name]:>9.0f}/s "
            f"{rates[name] / rates[LOOP]:>7.1f} x (a)  {way.hits} {way.unit}",
            soft_wrap=True,
        )
    all_of_it = ways[OURS].utterances
    console.print(f"(a) for all {all_of_it}: {all_of_it / rates[LOOP]:.0f} s, scaled; turns with a hit as judged: "
                  f"{with_hit / all_of_it:.3f}")  # fmt: skip
    console.print("pairs of the last sample: " + ", ".join(f"{k} {v}" for k, v in differences.items()), soft_wrap=True)
    return {"utterances_per_s": rates, "hits": {n: w.hits for n, w in ways.items()}, "differences": differences}


def judged(judge: Judge, count: int, console: Console) -> dict[str, float]:
    """Milliseconds of one core for each call, by stage."""
    made = list(calls(judge.rulebook, count))
    gc.collect()
    gc.freeze()  # calls that are read from a store are no Python objects either
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
            start = time.process_time()
            run()
            clock[stage] = clock.get(stage, 0.0) + time.process_time() - start
    return clock


def _steps(judge: Judge, chunk: Sequence[CallFacts]) -> Iterator[tuple[str, Callable[[], Any]]]:
    views: list[CallView] = []
    yield "views", lambda: views.extend(views_of(chunk, judge.index))
    yield "topics", lambda: [setattr(view, "topics", topics_in(view, judge.topics)) for view in views]
    yield "rules", lambda: judge.rulebook.judge_all(views, judge.sources.min_role_confidence)
    yield "all with scores", lambda: judge.judge_all(chunk)


if __name__ == "__main__":
    main(*(int(a) for a in (*sys.argv[1:], *("1000000", "5000")[len(sys.argv) - 1 :])))
