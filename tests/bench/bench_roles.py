"""Does the probability of the roles say how often they are right? python -m tests.bench.bench_roles [--fit]

The dev calls of bench_accuracy, as they are heard (what is not kept yet is heard first). Whole calls in good order are
nearly all right, so what is asked is harder: beginnings and stretches of 2 to 12 utterances, a tenth or a fifth of the
utterances given to another speaker as a confused diarizer does, characters replaced as by a recogniser in noise. Each
dialogue counts alike. Dialogues of the part "report" that were written by hand are the check, nothing is fitted to
them.

--fit prints the mapping for pipeline/config/lexicon/roles.yaml fitted to the dev calls, and its figures when each
dialogue is judged by a mapping that was fitted without it.
"""

import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline import roles
from pipeline.config import load_settings
from pipeline.model import Utterance
from tests.bench.accuracy import compose, corpus, stacks
from tests.bench.accuracy.heard import Heard

CONFUSED = (0.0, 0.1, 0.2)
GARBLED = (0.0, 0.15, 0.3)
SIZES = (2, 3, 4, 6, 8, 12)
BINS = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)
SEED = 1
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A stretch of a call: what was said of it. margin: of the summed weights, see pipeline.roles."""

    dialogue: str
    probability: float
    margin: float
    right: bool


def main(
    fit: Annotated[bool, typer.Option("--fit", help="fit the mapping to the dev calls")] = False,
    minutes: Annotated[float, typer.Option(help="stop hearing calls after so long")] = 1e6,
) -> None:
    """Print the reliability of the shipped mapping, and with --fit a new one."""
    until_s = time.monotonic() + 60 * minutes
    draw = random.Random(SEED)
    dev = [case for name, said in _calls("dev", until_s) for case in _cases(name, said, draw)]
    written = [case for name, said in _calls("report", until_s) for case in _cases(name, said, draw)]
    for name, cases in (("dev", dev), ("dialogues written by hand", written)):
        typer.echo(f"{name}: {_figures(cases, _column(cases, 'probability'))}\n{_reliability(cases)}\n")
    if fit:
        slope, offset = _fitted(dev)
        typer.echo(f"fitted: slope {slope:.2f}, offset {offset:.2f}: {_figures(dev, _mapped(dev, slope, offset))}")
        typer.echo(f"each dialogue without itself: {_figures(dev, _left_out(dev))}")
        typer.echo(f"dialogues written by hand: {_figures(written, _mapped(written, slope, offset))}")


def _calls(part: str, until_s: float) -> Iterator[tuple[str, tuple[Utterance, ...]]]:
    """(dialogue, its utterances with their true roles) of each recording, machines left out."""
    settings = load_settings()
    plans = [p for p in compose.plans(part) if part == "dev" or p.spec.id.startswith(("hb_", "hr_"))]  # type: ignore[arg-type]
    truths = tuple(corpus.make(plans, typer.echo, until_s))
    recordings = [t.with_name(t.name.replace(".truth.json", f".{form}.flac")) for t in truths for form in corpus.FORMS]
    todo = stacks.tasks("ours", recordings, settings)
    for task, heard in stacks.hear_all(todo, lambda s: stacks.load(s, settings), typer.echo, until_s):
        name = task.path.name.split(".")[0]
        yield name, tuple(_truly(heard, corpus.truth(task.path.with_name(f"{name}.truth.json"))))


def _truly(heard: Heard, truth: dict[str, Any]) -> Iterator[Utterance]:
    for index, one in enumerate(sorted(heard.said, key=lambda u: u.start_s)):
        shares = Counter[str]()
        for turn in (*truth["turns"], *({**p, "role": "unknown"} for p in truth["prompts"])):
            shares[turn["role"]] += max(0.0, min(one.end_s, turn["end"]) - max(one.start_s, turn["start"]))
        role = max(shares, key=lambda r: shares[r])
        if role != "unknown":
            yield Utterance(index, role, one.speaker, one.start_s, one.end_s, one.text, one.text)  # type: ignore[arg-type]


def _cases(name: str, said: Sequence[Utterance], draw: random.Random) -> Iterator[Case]:
    speakers = sorted({u.speaker for u in said})
    if len(speakers) < 2:
        return
    characters = "".join(u.text for u in said)
    for confused in CONFUSED:
        for garbled in GARBLED:
            for size in (*(s for s in SIZES if s < len(said)), len(said)):
                for start in sorted({0, draw.randrange(len(said) - size + 1)}):
                    part = [_damaged(u, speakers, characters, confused, garbled, draw) for u in said[start:][:size]]
                    yield from _case(name, part)


def _damaged(
    said: Utterance, speakers: Sequence[str], characters: str, confused: float, garbled: float, draw: random.Random
) -> Utterance:
    others = [s for s in speakers if s != said.speaker]
    text = "".join(draw.choice(characters) if draw.random() < garbled else c for c in said.text)
    return replace(said, speaker=draw.choice(others) if draw.random() < confused else said.speaker, text=text)


def _case(name: str, part: Sequence[Utterance]) -> Iterator[Case]:
    """What is decided of a part, unless one side says nothing in it: then nothing is right."""
    times: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in part:
        times[one.speaker][one.role] += one.duration_s
    truth = {speaker: counter.most_common(1)[0][0] for speaker, counter in times.items()}
    if len(set(truth.values())) == 2:
        decision = roles.decide(tuple(part))
        yield Case(name, decision.confidence, decision.margin, decision.roles == truth)


def _column(cases: Sequence[Case], name: str) -> Values:
    return np.array([float(getattr(case, name)) for case in cases])


def _weights(cases: Sequence[Case]) -> Values:
    counts = Counter(case.dialogue for case in cases)
    weights = np.array([1 / counts[case.dialogue] for case in cases])
    return weights / weights.sum()


def _mapped(cases: Sequence[Case], slope: float, offset: float) -> Values:
    return np.clip(1 / (1 + np.exp(-(slope * np.log1p(_column(cases, "margin")) + offset))), 0.5, 0.995)


def _fitted(cases: Sequence[Case]) -> tuple[float, float]:
    margins, right, weights = np.log1p(_column(cases, "margin")), _column(cases, "right"), _weights(cases)

    def cost(parameters: Values) -> float:
        odds = parameters[0] * margins + parameters[1]
        return float(np.sum(weights * np.logaddexp(0, np.where(right > 0, -odds, odds))))

    slope, offset = minimize(cost, [1.0, 0.0], method="Nelder-Mead").x
    return float(slope), float(offset)


def _left_out(cases: Sequence[Case]) -> Values:
    found = np.zeros(len(cases))
    for name in {case.dialogue for case in cases}:
        mapping = _fitted([case for case in cases if case.dialogue != name])
        mine = [i for i, case in enumerate(cases) if case.dialogue == name]
        found[mine] = _mapped([cases[i] for i in mine], *mapping)
    return found


def _bins(probabilities: Values) -> Iterator[tuple[float, float, NDArray[np.bool_]]]:
    for low, high in pairwise(BINS):
        inside = (probabilities >= low) & (probabilities < high)
        if inside.any():
            yield low, high, inside


def _figures(cases: Sequence[Case], probabilities: Values) -> str:
    right, weights = _column(cases, "right"), _weights(cases)
    brier = float(np.sum(weights * (probabilities - right) ** 2))
    gaps = [abs(float(np.sum(weights[i] * (probabilities[i] - right[i])))) for _, _, i in _bins(probabilities)]
    return f"{len(cases)} stretches, Brier {brier:.4f}, calibration error {math.fsum(gaps):.4f}"


def _reliability(cases: Sequence[Case]) -> str:
    said, right = _column(cases, "probability"), _column(cases, "right")
    rows = [
        f"| {low:.2f}-{min(high, 1):.2f} | {i.sum()} | {said[i].mean():.3f} | {right[i].mean():.3f} |"
        for low, high, i in _bins(said)
    ]
    return "\n".join(("| said | stretches | mean said | right |", "| --- | --: | --: | --: |", *rows))


if __name__ == "__main__":
    typer.run(main)
