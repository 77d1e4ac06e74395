"""The calls that were heard worst, with what was lost and what was made up, to listen to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.accuracy.figures import Row
from tests.bench.accuracy.heard import Heard
from tests.bench.accuracy.metrics import Known, lost_texts, made_up

SHOWN = 8


def listed(
    rows: Sequence[Row], heard: Mapping[tuple[str, str], tuple[Path, Heard]], truths: Mapping[Path, Known]
) -> str:
    """Ours: the calls with the highest errors, each with its path, lost turns and text on non-speech."""
    mine = [r for r in rows if r.stack == "ours"]
    lines = ["", "heard worst (ours):"]
    for name, heading in (("cer", "CER"), ("der", "DER"), ("role_errors", "wrong roles")):
        ranked = sorted((r for r in mine if r.figures.get(name, (0, 0))[1]), key=lambda r: -_rate(r, name))
        lines += [f"  {heading}:"]
        lines += [
            f"    {_rate(r, name):.3f} {heard['ours', r.truth.name][0]}" for r in ranked[:SHOWN] if _rate(r, name)
        ]
    lines += ["  lost turns:"]
    for row in mine:
        path, outcome = heard["ours", row.truth.name]
        lines += [f"    {path} at {start_s:.1f} s: {text}" for start_s, text in lost_texts(truths[path], outcome)]
    lines += ["  text on non-speech:"]
    for row in mine:
        path, outcome = heard["ours", row.truth.name]
        lines += [f"    {path} at {w.start_s:.1f} s: {w.text}" for w in made_up(truths[path], outcome)]
    return "\n".join(lines)


def _rate(row: Row, name: str) -> float:
    wrong, over = row.figures[name]
    return wrong / over
