"""A call of three hours: what it costs more, in time per second and in memory, than a call of a minute.

    python -m tests.bench.accuracy.hours OUT.json SHORT.flac LONG.flac    both, one after the other, in one process

The long call is a call of the corpus, said again and again. What was measured is kept until it is measured anew.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from pipeline.analyze import Analyzer
from pipeline.config import Settings, load_settings
from pipeline.memory import peak_bytes
from tests.bench.bench_stack import OUT, ROOT

HOURS = 3
KEPT = OUT / "accuracy-hours.json"
Figures = Mapping[str, float]


def measured(truths: Sequence[Path], settings: Settings) -> Figures:
    """Times and memory of a short call and of the long one, which is made for it and removed again."""
    OUT.mkdir(parents=True, exist_ok=True)
    spoken = [t for t in truths if t.parent.name == "report" and not t.name.startswith("nobody")]
    short = max((t.with_name(t.name.replace(".truth.json", ".mono.flac")) for t in spoken), key=_length_s)
    long = OUT / "hours.flac"
    _repeat(short, long)
    try:
        environment = {**os.environ, "OMP_NUM_THREADS": str(settings.batch.threads_per_worker)}
        command = [sys.executable, "-m", __spec__.name, str(KEPT), str(short), str(long)]
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
    finally:
        long.unlink()
    return last()


def last() -> Figures:
    """What was measured last; nothing when there was none."""
    values: Figures = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
    return values


def _length_s(path: Path) -> float:
    return float(soundfile.info(path).duration)


def _repeat(short: Path, long: Path) -> None:
    """Write the call again and again, until it is long enough."""
    samples, rate_hz = soundfile.read(short, dtype="int16")
    with soundfile.SoundFile(long, "w", rate_hz, 1, format="FLAC") as file:
        for _ in range(int(np.ceil(HOURS * 3600 * rate_hz / len(samples)))):
            file.write(samples)


def _main(out: Path, short: Path, long: Path) -> None:
    analyzer = Analyzer(load_settings())
    found: dict[str, float] = {}
    for name, path in (("short", short), ("long", long)):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        report = analyzer.analyze(path)
        found |= {
            f"{name}_s": report.facts.audio.decoded_s,
            f"{name}_wall_s": time.perf_counter() - wall_s,
            f"{name}_cpu_s": time.process_time() - cpu_s,
            f"{name}_peak_mib": peak_bytes() / 2**20,
        }
    found["load_average"] = os.getloadavg()[0]
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _main(*map(Path, sys.argv[1:]))
