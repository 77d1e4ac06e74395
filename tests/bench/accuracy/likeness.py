"""How alike two synthetic voices are to CAM++: the cosine of their mean embeddings over turns of the corpus."""

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
import soxr

from pipeline.config import Settings
from pipeline.engines import weights
from tests.bench.accuracy.corpus import folder, truth

RATE_HZ = 16_000
TURNS_EACH, LEAST_S = 4, 3.0
Cosines = Mapping[tuple[str, str], float]


def cosines(truths: Sequence[Path], settings: Settings) -> Cosines:
    """{(voice, voice): −1..1}, names in order. Kept; measured anew when the corpus holds other voices."""
    path = folder("heard") / "likeness.json"
    turns = _turns(truths)
    if path.is_file():
        kept = {tuple(pair.split("+")): value for pair, value in json.loads(path.read_text(encoding="utf-8")).items()}
        if {v for pair in kept for v in pair} == set(turns):
            return kept  # type: ignore[return-value]
    from pipeline.engines.campplus import CampPlus, features

    network = CampPlus(weights.verified_folder("campplus", settings.models) / "campplus_cn_en_common.pt")
    means = {}
    for voice, spoken in turns.items():
        rows = [network.embed(features(soxr.resample(samples, 8000, RATE_HZ))[None])[0] for samples in spoken]
        mean = np.mean(rows, axis=0)
        means[voice] = mean / np.linalg.norm(mean)
    found = {(a, b): float(means[a] @ means[b]) for a, b in combinations(sorted(means), 2)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({f"{a}+{b}": value for (a, b), value in found.items()}), encoding="utf-8")
    return found


def word(voices: Sequence[str], known: Cosines) -> str:
    """more alike, less alike: above or below the median of all pairs of one sex; "" where it is not known."""
    pair = tuple(sorted(voices))
    alike = [value for (a, b), value in known.items() if a[1] == b[1]]
    if pair not in known or not alike:
        return ""
    return "more alike" if known[pair] >= median(alike) else "less alike"  # type: ignore[index]


def _turns(truths: Sequence[Path]) -> dict[str, list[np.ndarray]]:
    """A few long turns of each voice as they arrived, float32 (n,) at 8 kHz, each from its own channel."""
    found: dict[str, list[np.ndarray]] = {}
    for path in truths:
        recording = path.with_name(path.name.replace(".truth.json", ".stereo.flac"))
        if not recording.is_file():
            continue
        values = truth(path)
        samples, rate_hz = soundfile.read(recording, dtype="float32", always_2d=True)
        for turn in values["turns"]:
            kept = found.setdefault(turn["speaker"], [])
            if turn["end"] - turn["start"] < LEAST_S or len(kept) >= TURNS_EACH:
                continue
            part = samples[round(turn["start"] * rate_hz) : round(turn["end"] * rate_hz)]
            kept.append(part[:, int(np.argmax(np.square(part).sum(axis=0)))])
    return {voice: spoken for voice, spoken in sorted(found.items()) if spoken}
