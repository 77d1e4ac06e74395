"""Plans -> recordings with exact truth, in both forms, in the user's cache folder.

A truth file is one of `pipeline.truth` (so `callqa evaluate FOLDER` reads it too) with more beside it: of every turn
its `level_dbfs` and the times of its `characters`; `prompts`: what machines say; `sounds`: music, ring-back and keys;
`plan`: what the call was made for.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import soundfile

from audio_samples import line, tts
from audio_samples.make_samples import write_audio, write_truth
from audio_samples.synth import (
    BRIDGED_GAP_S,
    LEAD_S,
    TAIL_S,
    Call,
    Form,
    Placed,
    add_switch_sounds,
    place,
)
from pipeline.measures import active_level
from tests.bench.accuracy.compose import Plan
from tests.bench.accuracy.conditions import condition, transmit

GENERATION = 1  # counted up by hand when a change of code alone changes recordings
TRUTH_GENERATION = 2  # likewise when it changes truth files
FORMS: tuple[Form, ...] = ("stereo", "mono")
PROMPT_CPM = 230.0
PROMPT_DBFS = -24.0
MUSIC_DBFS = -29.0
RT60_S, TAIL_DB = 0.35, -6.0

Sides = dict[str, np.ndarray]


def folder(part: str) -> Path:
    """Where the recordings of a part lie."""
    return platformdirs.user_cache_path("callqa") / "bench" / "accuracy" / part


def digest(plan: Plan) -> str:
    """What decides a call's samples and truth."""
    text = json.dumps([GENERATION, asdict(plan)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def truth(path: Path) -> dict[str, Any]:
    """A truth file's values."""
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def make(plans: Sequence[Plan], told: Callable[[str], None], until_s: float) -> Iterator[Path]:
    """The truth files of the plans; what is not there yet is made first (half a second of processor time a second).

    told: hears of each call that is made. Once the clock (time.monotonic) passes until_s, none is made any more and
    those that are not there are left out. A call is written whole, its truth last.
    """
    voice: tts.Kokoro | None = None
    for number, plan in enumerate(plans):
        path = folder(plan.part) / f"{plan.spec.id}.truth.json"
        if not _is_made(path, plan):
            if time.monotonic() > until_s:
                continue
            if voice is None:
                tts.fetch(tts.assets_folder())
                voice = tts.Kokoro(tts.assets_folder())
            values = _make(path, plan, voice)
            told(f"made {plan.spec.id} ({number + 1} of {len(plans)}): {values['duration']:.0f} s")
        yield path


def _is_made(path: Path, plan: Plan) -> bool:
    before = truth(path) if path.is_file() else {}
    return all(before.get(name) == value for name, value in _stamp(plan).items())


def _stamp(plan: Plan) -> dict[str, Any]:
    return {"digest": digest(plan), "truth_generation": TRUTH_GENERATION}


def _make(path: Path, plan: Plan, voice: tts.Kokoro) -> dict[str, Any]:
    """Write the recordings, unless they are there and only the truth is of another generation, and the truth."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sides, values = lay_out(plan, voice)
    if not path.is_file() or truth(path)["digest"] != digest(plan):
        for form in FORMS:
            call = Call(transmitted(plan, sides, form), values)
            write_audio(path.with_name(f"{plan.spec.id}.{form}.flac"), call)
    write_truth(path, {**values, **_stamp(plan)})
    return values


def lay_out(plan: Plan, voice: tts.Kokoro) -> tuple[Sides, dict[str, Any]]:
    """Both sides of a call before they go down the line, (n,) each, and its truth.

    The same plan gives the same samples. A turn's level is its active speech level (ITU-T P.56) as it is spoken here,
    without noise and coding.
    """
    spec, generator = plan.spec, np.random.default_rng([plan.spec.seed, 77])
    placed = place(spec, voice.say, np.random.default_rng([spec.seed, 0]))
    count = max([p.end for p in placed], default=round((spec.ring_s + LEAD_S) * line.RATE_HZ))
    sides = {side: np.zeros(count + round(TAIL_S * line.RATE_HZ)) for side in ("agent", "patient")}
    turns = []
    for turn in placed:
        party = spec.party(turn.line.party)
        samples = turn.samples
        if party.name in plan.echoes:
            samples = line.room(samples, RT60_S, TAIL_DB, generator)
        sides[party.role][turn.start : turn.end] += samples
        level = active_level(samples.astype(np.float32), line.RATE_HZ)
        turns.append({**_turn(plan, turn, voice), "level_dbfs": round(level.level_dbfs, 2) if level else None})
    sounds: list[tuple[str, int, int]] = [("music", a, b) for a, b in add_switch_sounds(spec, placed, sides["agent"])]
    if spec.ring_s:
        sounds.insert(0, ("ring", 0, round(spec.ring_s * line.RATE_HZ)))
    before, told, heard = _before(plan, voice, generator)
    shift = len(before["agent"])
    sides = {side: np.concatenate([before[side], sides[side]]) for side in sides}
    sounds = [*heard, *((kind, a + shift, b + shift) for kind, a, b in sounds)]
    values = {
        "id": spec.id,
        "topic": spec.topic,
        "form": "both",
        "duration": round(len(sides["agent"]) / line.RATE_HZ, 3),
        "turns": [_shifted(turn, shift / line.RATE_HZ) for turn in turns],
        "expect": [],
        "forbid": [],
        "prompts": told,
        "sounds": [[kind, round(a / line.RATE_HZ, 3), round(b / line.RATE_HZ, 3)] for kind, a, b in sounds],
        "plan": _plan(plan),
    }
    return sides, values


def real_recordings() -> Path:
    """The real recording that pyannote.audio ships (30 s, two people, English), with its truth, in a folder of its own.

    Its words are English, so only speech and speakers are measured on it.
    """
    found = find_spec("pyannote.audio")  # imported, its sample module would read the recording through torchcodec
    if found is None or found.origin is None:
        raise RuntimeError("pyannote.audio is not installed; run: make setup")
    source, target = Path(found.origin).parent / "sample", folder("real")
    target.mkdir(parents=True, exist_ok=True)
    samples, rate_hz = soundfile.read(source / "sample.wav", always_2d=True)
    soundfile.write(target / "pyannote_sample.mono.flac", samples[:, :1], rate_hz)
    rows = [row.split() for row in (source / "sample.rttm").read_text(encoding="utf-8").splitlines()]
    first = rows[0][7]
    turns = [
        {
            **{"start": float(row[3]), "end": round(float(row[3]) + float(row[4]), 3), "text": ""},
            **{"role": "agent" if row[7] == first else "patient", "speaker": row[7]},
            **{"speech": [[float(row[3]), round(float(row[3]) + float(row[4]), 3)]], "characters": []},
        }
        for row in rows
    ]
    values = {
        "id": "pyannote_sample",
        "topic": "其他",
        "form": "mono",
        "duration": len(samples) / rate_hz,
        "turns": turns,
    }
    more = {"expect": [], "forbid": [], "prompts": [], "sounds": [], "plan": {"condition": "real", "voices": 2}}
    write_truth(target / "pyannote_sample.truth.json", {**values, **more})
    return target / "pyannote_sample.truth.json"


def _turn(plan: Plan, placed: Placed, voice: tts.Kokoro) -> dict[str, Any]:
    """Truth of one turn, times from the first sample of the dialogue on."""
    party = plan.spec.party(placed.line.party)
    start_s, end_s = placed.start / line.RATE_HZ, placed.end / line.RATE_HZ
    spans = line.speech_spans(placed.samples, BRIDGED_GAP_S)
    late_s = start_s - placed.cut_s
    signs = voice.times(placed.line.text, party.voice, placed.line.rate_cpm or party.rate_cpm)
    return {
        "start": round(start_s, 3),
        "end": round(end_s, 3),
        "role": party.role,
        "speaker": party.voice,
        "text": placed.line.text,
        "speech": [[round(start_s + a, 3), round(start_s + b, 3)] for a, b in spans],
        "characters": [
            [c, _within(late_s + a, start_s, end_s), _within(late_s + b, start_s, end_s)] for c, a, b in signs
        ],
    }


def _within(time_s: float, start_s: float, end_s: float) -> float:
    """The synthesiser lets a last sign ring on into silence: what is heard ends with the turn."""
    return round(min(max(time_s, start_s), end_s), 3)


def _shifted(turn: dict[str, Any], by_s: float) -> dict[str, Any]:
    return {
        **turn,
        "start": round(turn["start"] + by_s, 3),
        "end": round(turn["end"] + by_s, 3),
        "speech": [[round(a + by_s, 3), round(b + by_s, 3)] for a, b in turn["speech"]],
        "characters": [[c, round(a + by_s, 3), round(b + by_s, 3)] for c, a, b in turn["characters"]],
    }


def _before(
    plan: Plan, voice: tts.Kokoro, generator: np.random.Generator
) -> tuple[Sides, list[dict[str, Any]], list[tuple[str, int, int]]]:
    """What is heard before the switch puts the call through: both sides, what a machine said, and what sounded."""
    agent: list[np.ndarray] = []
    told: list[dict[str, Any]] = []
    sounds: list[tuple[str, int, int]] = []

    def length() -> int:
        return sum(map(len, agent))

    if plan.prompt:
        agent.append(np.zeros(round(0.5 * line.RATE_HZ)))
        said = voice.say(plan.prompt, plan.prompt_voice, PROMPT_CPM)
        samples = line.set_level(line.trim(line.telephone_band(said, tts.RATE_HZ)), PROMPT_DBFS)
        start_s, spans = length() / line.RATE_HZ, line.speech_spans(samples, BRIDGED_GAP_S)
        agent.append(samples)
        times = {"start": round(start_s, 3), "end": round(length() / line.RATE_HZ, 3)}
        speech = [[round(start_s + a, 3), round(start_s + b, 3)] for a, b in spans]
        told.append({**times, "speaker": plan.prompt_voice, "text": plan.prompt, "speech": speech})
    if plan.music_s:
        music = line.hold_music(plan.music_s, MUSIC_DBFS, generator)
        sounds.append(("music", length(), length() + len(music)))
        agent.append(music)
    patient = [np.zeros(length())]
    if plan.keys:
        gap, pressed = np.zeros(round(0.7 * line.RATE_HZ)), line.keys(plan.keys, -20.0)
        sounds.append(("keys", length() + len(gap), length() + len(gap) + len(pressed)))
        patient += [gap, pressed, gap]
        agent.append(np.zeros(2 * len(gap) + len(pressed)))
    empty = [np.zeros(0)]
    return {"agent": np.concatenate(agent or empty), "patient": np.concatenate(patient)}, told, sounds


def transmitted(plan: Plan, sides: Sides, form: Form) -> np.ndarray:
    """A call as it arrives, (n, channels) in −1..1."""
    spec = plan.spec
    channels = [sides["agent"] + sides["patient"]] if form == "mono" else [sides["agent"], sides["patient"]]
    if form == "stereo" and spec.agent_channel == 1:
        channels.reverse()
    noise_dbfs = max(p.level_dbfs for p in spec.parties) - spec.snr_db
    generator = np.random.default_rng([spec.seed, 2])
    return np.stack([transmit(c, condition(plan.condition), noise_dbfs, generator) for c in channels], axis=1)


def _plan(plan: Plan) -> dict[str, Any]:
    """What figures are grouped by."""
    spoken = {one.party for one in plan.spec.lines}
    voices = [p.voice for p in plan.spec.parties if p.name in spoken]
    sexes = {v[1] for v in voices}
    return {
        "condition": plan.condition,
        "voices": len(voices) + bool(plan.prompt),
        "same_sex": len(sexes) == 1,
        "prompt": bool(plan.prompt),
        "echo": bool(plan.echoes),
        "parties": {p.name: {"voice": p.voice, "rate_cpm": p.rate_cpm} for p in plan.spec.parties if p.name in spoken},
    }
