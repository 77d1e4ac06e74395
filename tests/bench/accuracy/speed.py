"""Times, taken anew in every run: each stack on a few calls in a process of its own, one after another."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.config import Settings
from tests.bench.bench_stack import OUT, run_child

CALLS = 6
KEPT = OUT / "accuracy-speed.json"
Times = Mapping[str, Mapping[str, Mapping[str, Any]]]


def measured(truths: Sequence[Path], settings: Settings) -> Times:
    """{form: {stack: figures of tests.bench.child}} on the first calls in which people speak."""
    OUT.mkdir(parents=True, exist_ok=True)
    chosen = [t for t in truths if t.parent.name == "report" and not t.name.startswith("nobody")][:CALLS]
    found: dict[str, dict[str, Any]] = {}
    for form in ("mono", "stereo"):
        paths = [t.with_name(t.name.replace(".truth.json", f".{form}.flac")) for t in chosen]
        found[form] = {s: run_child(s, form, paths, settings.batch.threads_per_worker) for s in ("ours", "naive")}
    KEPT.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return found


def last() -> Times:
    """What the last run measured; nothing when there was none."""
    values: Times = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
    return values
