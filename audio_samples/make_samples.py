"""Make the sample calls from dialogues/: FLAC, truth files and manifest.csv.

python audio_samples/make_samples.py                   # what is committed here, again
python audio_samples/make_samples.py --only ID         # one call
python audio_samples/make_samples.py --both --out DIR  # every call as NAME.stereo.flac and NAME.mono.flac
"""

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import soundfile
import typer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # run as a script, this folder is on the path and its package is not

from audio_samples import line, tts  # noqa: E402
from audio_samples.synth import Call, Form, Spec, build_call, load_spec  # noqa: E402

MANIFEST_COLUMNS = (
    *("file", "agent_id", "agent_name", "team", "queue", "direction", "started_at", "caller", "line", "topic"),
)


def main(
    out: Annotated[Path, typer.Option(help="folder to write to")] = HERE,
    dialogues: Annotated[Path, typer.Option(help="folder with the dialogue files")] = HERE / "dialogues",
    only: Annotated[str | None, typer.Option(help="the id of one dialogue")] = None,
    both: Annotated[bool, typer.Option("--both", help="write NAME.stereo.flac and NAME.mono.flac")] = False,
) -> None:
    """Render the dialogues as telephone calls with truth files."""
    if both and out.resolve() == HERE:
        raise typer.BadParameter("--both is for measuring, not for the committed samples: give another --out")
    specs = [load_spec(path) for path in sorted(dialogues.glob("*.yaml")) if only in (None, path.stem)]
    if not specs:
        raise typer.BadParameter(f"no dialogue {only or '*'} in {dialogues}")
    out.mkdir(parents=True, exist_ok=True)
    folder = tts.assets_folder()
    tts.fetch(folder)
    voice = tts.Kokoro(folder)
    for spec in specs:
        forms: tuple[Form, ...] = ("stereo", "mono") if both else (spec.form,)
        calls = [build_call(spec, voice.say, form) for form in forms]
        for form, call in zip(forms, calls, strict=True):
            write_audio(out / (f"{spec.id}.{form}.flac" if both else f"{spec.id}.flac"), call)
        write_truth(out / f"{spec.id}.truth.json", {**calls[0].truth, "form": "both" if both else spec.form})
        typer.echo(f"{spec.id}: {calls[0].truth['duration']:.1f} s, {len(spec.lines)} turns, {'+'.join(forms)}")
    if only is None:
        write_manifest(out / "manifest.csv", specs, (".stereo.flac", ".mono.flac") if both else (".flac",))


def write_audio(path: Path, call: Call) -> None:
    """FLAC, 8 kHz, 16 bit, written whole and then renamed."""
    part = path.with_suffix(".part")
    soundfile.write(part, call.samples, line.RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
    part.replace(path)


def write_truth(path: Path, truth: dict[str, Any]) -> None:
    """One turn a line, so that a change of one turn is a change of one line."""
    turns = ",\n  ".join(json.dumps(turn, ensure_ascii=False) for turn in truth["turns"])
    rest = [f" {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in truth.items() if k != "turns"]
    path.write_text("{\n" + ",\n".join([*rest, f' "turns": [\n  {turns}\n ]']) + "\n}\n", encoding="utf-8")


def write_manifest(path: Path, specs: list[Spec], endings: tuple[str, ...]) -> None:
    """One row a file: what a telephone system would tell. It does not tell which channel the agent is on."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MANIFEST_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for spec in specs:
            for ending in endings:
                writer.writerow({"file": f"{spec.id}{ending}", **dict(spec.call), "topic": spec.topic})


if __name__ == "__main__":
    typer.run(main)
