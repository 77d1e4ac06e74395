"""Speed, memory and accuracy of ours beside a naive stack, in one run: python -m tests.bench.bench_stack [DIR].

Each stack meets mono and stereo calls in a fresh process, one after the other, with the same models and threads.
Prints a table a form, writes all figures to build/bench/stack.json, and the tables with machine and versions to
its section of tests/bench/RESULTS.md when the recordings are the sample calls.
"""

import json
import os
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

import av
from rich import box
from rich.console import Console
from rich.table import Table

from pipeline import __version__
from pipeline.analyze import ENGINE_PACKAGES
from pipeline.config import load_settings
from pipeline.evaluate import SUFFIXES
from tests.bench import results_page

ROOT = Path(__file__).parents[2]
OUT = ROOT / "build" / "bench"
SAMPLES = ROOT / "audio_samples"
STACKS = ("ours", "naive")

INTRODUCTION = """## The sample calls

Written by `make bench`: ours beside a naive stack (faster-whisper with library defaults on the whole file, the stock
pyannote pipeline at step 0.1, words to speakers by overlap, the first to speak is the agent) in one run. RTF:
processing time / audio time. The calls are synthetic: these figures compare versions, they foretell none on real calls.
"""

# (key, heading, decimals): lower is better, but for the roles.
ROWS = (
    ("rtf_total", "RTF, total", 3),
    ("peak_memory_mib", "peak memory, MiB", 0),
    ("load_s", "time to load, s", 1),
    ("cer", "CER", 3),
    ("cer_as_written", "CER as written (traditional characters and digits count)", 3),
    ("toneless_pinyin_error_rate", "toneless-pinyin error", 3),
    ("der", "DER, no collar", 3),
    ("der_collar_0.25_s", "DER, 0.25 s collar", 3),
    ("role_accuracy", "role accuracy of turns", 3),
)


def main(folder: Path) -> None:
    """Measure every recording with a truth file in `folder`."""
    forms = recordings(folder)
    console = Console()
    if not any(forms.values()):
        console.print(f"{folder} holds no recording with a NAME.truth.json beside it")
        raise SystemExit(2)
    OUT.mkdir(parents=True, exist_ok=True)
    threads = load_settings().batch.threads_per_worker
    results: dict[str, Any] = {"cores": os.cpu_count(), "threads": threads, "load_average": os.getloadavg()[0]}
    for form, paths in forms.items():
        if not paths:
            continue
        results[form] = {}
        for stack in STACKS:
            console.print(f"{stack}: {len(paths)} {form} calls …")
            results[form][stack] = run_child(stack, form, paths, threads)
        console.print(table(form, results[form]))
    (OUT / "stack.json").write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")
    console.print(f"all figures: {(OUT / 'stack.json').relative_to(ROOT)}")
    if folder.resolve() == SAMPLES:
        results_page.put("samples", section(results))
        console.print(f"written: {results_page.RESULTS.relative_to(ROOT)}")
    if results["load_average"] > 1:
        console.print(f"the machine was busy (load {results['load_average']:.1f}): the times are worse than they are")


def recordings(folder: Path) -> dict[str, list[Path]]:
    """{"mono": …, "stereo": …}: the recordings in the folder that have a truth file."""
    forms: dict[str, list[Path]] = {"mono": [], "stereo": []}
    for truth in sorted(folder.glob("*.truth.json")):
        name = truth.name.removesuffix(".truth.json")
        candidates = (folder / f"{name}{form}{suffix}" for form in ("", ".mono", ".stereo") for suffix in SUFFIXES)
        for path in candidates:
            if path.is_file():
                with av.open(str(path)) as container:
                    forms["stereo" if container.streams.audio[0].channels == 2 else "mono"].append(path.absolute())
    return forms


def run_child(stack: str, form: str, paths: list[Path], threads: int) -> dict[str, Any]:
    out = OUT / f"{stack}-{form}.json"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "tests.bench.child", stack, str(out), *map(str, paths)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    values: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return values


def table(form: str, results: dict[str, dict[str, Any]]) -> Table:
    """One line a figure: ours, naive, ours / naive."""
    ours, naive = results["ours"], results["naive"]
    shown = Table(title=f"{form}: {len(ours['calls'])} calls, {ours['audio_s']:.0f} s of audio")
    for heading in ("", *STACKS, "ours / naive"):
        shown.add_column(heading, justify="right" if heading else "left")
    for stage in dict.fromkeys((*ours["rtf"], *naive["rtf"])):
        shown.add_row(*line(f"RTF, {stage}", ours["rtf"].get(stage), naive["rtf"].get(stage), 3))
    for key, heading, decimals in ROWS:
        shown.add_row(*line(heading, ours[key], naive[key], decimals))
    right, wrong, missed = (
        sum(count[name] for count in ours["families"].values())
        for name in ("true_positives", "false_positives", "missed")
    )
    shown.add_row("planted findings: right, wrong, missed", f"{right}, {wrong}, {missed}", "none made", "")
    return shown


def section(results: dict[str, Any]) -> str:
    """The tables as Markdown, with what they were measured on."""
    page = Console(file=StringIO(), width=140)
    for form in ("mono", "stereo"):
        if form in results:
            shown = table(form, results[form])
            page.print(f"### {shown.title}\n", highlight=False)
            shown.title, shown.box = None, box.MARKDOWN
            page.print(shown)
    assert isinstance(page.file, StringIO)
    versions = ", ".join(f"{name} {version(name)}" for name in ENGINE_PACKAGES)
    return (
        f"{INTRODUCTION}\n{date.today()}, callqa {__version__}, {results['cores']} cores, "
        f"{results['threads']} threads, load before the run {results['load_average']:.1f}; {versions}.\n\n"
        f"{page.file.getvalue().strip()}\n"
    )


def line(heading: str, ours: float | None, naive: float | None, decimals: int) -> tuple[str, str, str, str]:
    texts = ["–" if value is None else f"{value:.{decimals}f}" for value in (ours, naive)]
    ratio = f"{ours / naive:.2f}" if ours is not None and naive else "–"
    return heading, texts[0], texts[1], ratio


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
