"""The plots of the results page, as SVG beside it. English words only: they need no font but matplotlib's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.accuracy.conditions import CONDITIONS
from tests.bench.accuracy.figures import Row, chosen, figure

FOLDER = Path(__file__).parents[1] / "plots"
COLOURS = {
    "ours": "#0b6e8a",
    "whisper": "#c77d2e",
    "whisper_batched": "#d9b08c",
    "pyannote": "#7a6ba8",
    "senko": "#8a8f98",
}
NAMES = {
    "ours": "callqa",
    "whisper": "faster-whisper",
    "whisper_batched": "batched",
    "pyannote": "pyannote",
    "senko": "senko",
}


def write(rows: Sequence[Row], times: Mapping[str, Any], folder: Path) -> None:
    """All plots for which there are figures. The same figures give the same files."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "callqa"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {"cer_by_line": _cer_by_line(rows), "der_by_voices": _der_by_voices(rows)}
    if times:
        drawn["speed"] = _speed(times)
    for name, drawing in drawn.items():
        drawing.tight_layout()
        drawing.savefig(folder / f"{name}.svg", metadata={"Date": None})


def _cer_by_line(rows: Sequence[Row]) -> Any:
    from matplotlib import pyplot

    drawing, panels = pyplot.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    for panel, form in zip(panels, ("mono", "stereo"), strict=True):
        groups = {c.name: [r for r in rows if r.truth.plan["condition"] == c.name] for c in CONDITIONS}
        _bars(panel, groups, ("ours", "whisper", "whisper_batched"), form, "cer")
        panel.set_title(form, fontsize=10)
    panels[0].set_ylabel("CER (95 % interval)")
    panels[1].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return drawing


def _der_by_voices(rows: Sequence[Row]) -> Any:
    from matplotlib import pyplot

    def two(row: Row) -> bool:
        return row.truth.plan["voices"] == 2 and row.truth.plan["condition"] != "real"

    drawing, panel = pyplot.subplots(figsize=(7, 3.2))
    groups = {
        "2 voices,\nboth sexes": [r for r in rows if two(r) and not r.truth.plan["same_sex"]],
        "2 voices,\none sex": [r for r in rows if two(r) and r.truth.plan["same_sex"]],
        "3 voices\nor more": [r for r in rows if r.truth.plan["voices"] > 2],
        "real\nrecording": [r for r in rows if r.truth.plan["condition"] == "real"],
    }
    _bars(panel, groups, ("ours", "pyannote", "senko"), "mono", "der")
    panel.set_ylabel("DER, no collar (95 % interval)")
    panel.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return drawing


def _speed(times: Mapping[str, Any]) -> Any:
    from matplotlib import pyplot

    drawing, panel = pyplot.subplots(figsize=(7, 2.8))
    columns = [
        (f"{name}, {form}", times[form][s]["rtf"])
        for form in times
        for s, name in (("ours", "callqa"), ("naive", "faster-whisper\n+ pyannote"))
    ]
    stages = list(dict.fromkeys(stage for _, rtf in columns for stage in rtf))
    left = [0.0] * len(columns)
    for number, stage in enumerate(stages):
        widths = [rtf.get(stage, 0.0) for _, rtf in columns]
        panel.barh(range(len(columns)), widths, left=left, label=stage, color=pyplot.get_cmap("tab10")(number))
        left = [a + b for a, b in zip(left, widths, strict=True)]
    panel.set_yticks(range(len(columns)), [name for name, _ in columns], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlabel("RTF: processing time / audio time")
    panel.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return drawing


def _bars(panel: Any, groups: Mapping[str, Sequence[Row]], stacks: Sequence[str], form: str, name: str) -> None:
    present = [s for s in stacks if any(figure(chosen(mine, s, form), name) for mine in groups.values())]  # type: ignore[arg-type]
    width = 0.8 / max(len(present), 1)
    for number, stack in enumerate(present):
        found = [figure(chosen(mine, stack, form), name) for mine in groups.values()]  # type: ignore[arg-type]
        places = [i + number * width for i, f in enumerate(found) if f]
        values = [f.value for f in found if f]
        spread = [[f.value - f.low for f in found if f], [f.high - f.value for f in found if f]]
        panel.bar(places, values, width, yerr=spread, label=NAMES[stack], color=COLOURS[stack], error_kw={"lw": 0.8})
    panel.set_xticks([i + 0.4 - width / 2 for i in range(len(groups))], list(groups), fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
