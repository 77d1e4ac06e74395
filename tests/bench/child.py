"""One stack over some calls, in a process of its own: python -m tests.bench.child STACK OUT.json FILE..."""

import json
import os
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jiwer

from pipeline.config import load_settings
from pipeline.evaluate import Analyzes, CallFigures, ErrorCount, Truth, as_rates, compare, load_truth
from pipeline.memory import peak_bytes
from pipeline.model import CallReport
from pipeline.text import is_content


def load(stack: str) -> Analyzes:
    """The stack, loaded."""
    settings = load_settings()
    if stack == "naive":
        from tests.bench.naive import NaiveStack

        return NaiveStack(settings)
    from pipeline.analyze import Analyzer

    return Analyzer(settings)


def measure(stack: str, paths: list[Path]) -> dict[str, Any]:
    """Rates over all calls, seconds to load, and the highest memory this process ever had."""
    began = time.perf_counter()
    analyzer = load(stack)
    load_s = time.perf_counter() - began
    total, written, calls = CallFigures(), ErrorCount(), {}
    cpu_began = time.process_time()
    for path in paths:
        truth = truth_of(path)
        report = analyzer.analyze(path)
        figures = compare(report, truth)
        total, written = total + figures, written + as_written(report, truth)
        calls[path.name] = as_rates(figures)
    return {
        **as_rates(total),
        "cer_as_written": written.rate,
        "load_s": load_s,
        "cpu_s": time.process_time() - cpu_began,
        "load_average": os.getloadavg()[0],
        "peak_memory_mib": peak_memory_mib(),
        "families": {name: asdict(count) for name, count in total.families},
        "calls": calls,
    }


def truth_of(path: Path) -> Truth:
    """The truth beside NAME.flac, NAME.mono.flac or NAME.stereo.flac."""
    stem = re.sub(r"\.(mono|stereo)$", "", path.stem)
    return load_truth(path.with_name(f"{stem}.truth.json"))


def as_written(report: CallReport, truth: Truth) -> ErrorCount:
    """Character errors without making scripts and numbers alike; punctuation left out."""
    said = sorted(truth.turns, key=lambda t: t.start_s)
    heard = report.facts.utterances
    if report.facts.audio.layout != "stereo":
        return _errors("".join(t.text for t in said), "".join(u.text for u in heard))
    by_role = ["".join(t.text for t in said if t.role == role) for role in ("agent", "patient")]
    by_channel = ["".join(u.text for u in heard if u.channel == channel) for channel in (0, 1)]
    pairings = (by_channel, by_channel[::-1])
    sums = [_errors(by_role[0], a) + _errors(by_role[1], b) for a, b in pairings]
    return min(sums, key=lambda count: count.errors)


def _errors(reference: str, hypothesis: str) -> ErrorCount:
    a, b = ("".join(filter(is_content, text)).lower() for text in (reference, hypothesis))
    out = jiwer.process_characters(a, b)
    return ErrorCount(out.substitutions + out.deletions + out.insertions, len(a))


def peak_memory_mib() -> float:
    """The high-water mark of this process's resident memory."""
    return peak_bytes() / 2**20


if __name__ == "__main__":
    stack, out, *files = sys.argv[1:]
    figures = measure(stack, [Path(f) for f in files])
    Path(out).write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
