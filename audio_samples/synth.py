"""One dialogue -> one telephone call with known truth: who said what, from when to when, and what is to be found."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ruamel.yaml import YAML

from audio_samples import line, tts

Form = Literal["stereo", "mono"]
Say = Callable[[str, str, float], np.ndarray]
"""(text, voice, 字/分) -> float32 samples at 24 kHz."""

DEFAULT_LEVEL_DBFS = -23.0
DEFAULT_RATE_CPM = 230.0
LEAD_S, TAIL_S = 0.6, 0.8
PAUSE_RANGE_S = (0.25, 0.8)
MUSIC_BELOW_AGENT_DB = 6.0
RING_BELOW_AGENT_DB = 4.0
BRIDGED_GAP_S = 0.2

FAMILIES = (
    *("forbidden_phrase", "greeting", "closing", "courtesy_words", "speech_rate_fast", "speech_rate_slow"),
    *("loudness_low", "loudness_high", "silence", "interruption"),
    *("medical_advice", "cure_promise", "disparagement", "pressure", "brush_off", "rude_tone", "privacy_leak"),
    "emergency",
)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody on the line. level_dbfs: active speech level. rate_cpm: 字/分 including pauses within a turn."""

    name: str
    role: Literal["agent", "patient"]
    voice: str
    level_dbfs: float = DEFAULT_LEVEL_DBFS
    rate_cpm: float = DEFAULT_RATE_CPM


@dataclass(frozen=True, slots=True)
class Line:
    """One turn as written. pause_s: from the end of all speech so far; negative starts before it; None: by chance.

    gain_db, rate_cpm: depart from the party's own. music: the pause before is filled with hold music.
    expect: what must be found at this turn.
    """

    party: str
    text: str
    pause_s: float | None = None
    gain_db: float = 0.0
    rate_cpm: float | None = None
    music: bool = False
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """A dialogue file.

    snr_db: the loudest party's level over the line noise. leak_db: cross-talk between the channels, None for none.
    expect: what must be found in the call as a whole. undecided: families that may be found or not; every other one of
    FAMILIES that is not expected is forbidden, and those named in forbid. call: what the telephone system tells.
    """

    id: str
    topic: str
    form: Form
    seed: int
    parties: tuple[Party, ...]
    lines: tuple[Line, ...]
    expect: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    snr_db: float = 36.0
    law: line.Law = "mu"
    agent_channel: int = 0
    ring_s: float = 0.0
    leak_db: float | None = None
    call: tuple[tuple[str, str], ...] = ()

    def party(self, name: str) -> Party:
        return next(p for p in self.parties if p.name == name)


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call. samples: (n, channels) in −1..1 at `line.RATE_HZ`; truth: as it is written to the truth file."""

    samples: np.ndarray
    truth: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """A turn in its place: samples (n,) at 8 kHz from sample `start` on. cut_s: how much silence of the synthesiser's
    came before them and was cut off."""

    line: Line
    start: int
    samples: np.ndarray
    cut_s: float = 0.0

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


def load_spec(path: Path) -> Spec:
    """Read a dialogue file. Raises TypeError, KeyError or ValueError on a key or value that is not known."""
    values: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    parties = tuple(Party(name=name, **fields) for name, fields in values.pop("parties").items())
    names = {p.name for p in parties}
    lines = []
    for fields in values.pop("turns"):
        (who,) = names & fields.keys()
        rest = {key: value for key, value in fields.items() if key != who}
        rest["expect"] = tuple(rest.get("expect", ()))
        lines.append(Line(party=who, text=fields[who], **rest))
    values["call"] = tuple((key, str(value)) for key, value in values.get("call", {}).items())
    values |= {key: tuple(values.get(key, ())) for key in ("expect", "undecided", "forbid")}
    spec = Spec(parties=parties, lines=tuple(lines), **values)
    if spec.id != path.stem or spec.form not in ("stereo", "mono") or spec.agent_channel not in (0, 1):
        raise ValueError(f"{path}: id must be {path.stem}, form stereo or mono, agent_channel 0 or 1")
    return spec


def build_call(spec: Spec, say: Say, form: Form | None = None) -> Call:
    """Speak the dialogue and send it down the line. The same spec gives the same samples.

    form: None takes the dialogue's own. stereo: one party per channel; mono: both mixed on one.
    """
    placed = place(spec, say, np.random.default_rng([spec.seed, 0]))
    count = max(p.end for p in placed) + round(TAIL_S * line.RATE_HZ)
    sides = {"agent": np.zeros(count), "patient": np.zeros(count)}
    for turn in placed:
        sides[spec.party(turn.line.party).role][turn.start : turn.end] += turn.samples
    add_switch_sounds(spec, placed, sides["agent"])
    chosen = form or spec.form
    truth = _truth(spec, placed, count / line.RATE_HZ, chosen)
    return Call(samples=_transmit(spec, sides, chosen), truth=truth)


def place(spec: Spec, say: Say, generator: np.random.Generator) -> tuple[Placed, ...]:
    """Every turn spoken and put where the dialogue wants it. Raises ValueError when one overtakes another."""
    placed: list[Placed] = []
    end_s = spec.ring_s + LEAD_S
    for turn in spec.lines:
        cut_s, samples = _voice(spec.party(turn.party), turn, say)
        by_chance = float(generator.uniform(*PAUSE_RANGE_S))
        start = round((end_s + (by_chance if turn.pause_s is None else turn.pause_s)) * line.RATE_HZ)
        if placed and start <= placed[-1].start:
            raise ValueError(f"{spec.id}: {turn.text} starts before the turn that it cuts into")
        placed.append(Placed(turn, start, samples, cut_s))
        end_s = max(p.end for p in placed) / line.RATE_HZ
    return tuple(placed)


def _voice(party: Party, turn: Line, say: Say) -> tuple[float, np.ndarray]:
    spoken = say(turn.text, party.voice, turn.rate_cpm or party.rate_cpm)
    cut_s, samples = line.trimmed(line.telephone_band(spoken, tts.RATE_HZ))
    return cut_s, line.set_level(samples, party.level_dbfs + turn.gain_db)


def add_switch_sounds(spec: Spec, placed: tuple[Placed, ...], side: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Ring-back before the first turn and hold music before the turns that ask for it, on the agent's side.

    Returns where the music is, in samples.
    """
    agent_dbfs = max(p.level_dbfs for p in spec.parties if p.role == "agent")
    ring = line.ring_tone(spec.ring_s, agent_dbfs - RING_BELOW_AGENT_DB)
    side[: len(ring)] += ring
    generator = np.random.default_rng([spec.seed, 1])
    music = []
    for before, turn in pairwise(placed):
        if turn.line.music:
            seconds = (turn.start - before.end) / line.RATE_HZ - 1.0  # half a second to switch, both ways
            start = before.end + round(0.5 * line.RATE_HZ)
            tune = line.hold_music(seconds, agent_dbfs - MUSIC_BELOW_AGENT_DB, generator)
            side[start : start + len(tune)] += tune
            music.append((start, start + len(tune)))
    return tuple(music)


def _transmit(spec: Spec, sides: dict[str, np.ndarray], form: Form) -> np.ndarray:
    if form == "mono":
        channels = [sides["agent"] + sides["patient"]]
    else:
        leak = 0.0 if spec.leak_db is None else 10 ** (spec.leak_db / 20)
        channels = [sides["agent"] + leak * sides["patient"], sides["patient"] + leak * sides["agent"]]
        if spec.agent_channel == 1:
            channels.reverse()
    noise_dbfs = max(p.level_dbfs for p in spec.parties) - spec.snr_db
    generator = np.random.default_rng([spec.seed, 2])
    heard = [line.compand(c + line.noise(len(c), noise_dbfs, generator), spec.law) for c in channels]
    return np.stack(heard, axis=1)


def _truth(spec: Spec, placed: tuple[Placed, ...], duration_s: float, form: Form) -> dict[str, Any]:
    found: list[list[str | int | None]] = [[family, None] for family in spec.expect]
    found += [[family, index] for index, p in enumerate(placed) for family in p.line.expect]
    told = {*spec.undecided, *(family for family, _ in found)}
    return {
        "id": spec.id,
        "topic": spec.topic,
        "form": form,
        "duration": round(duration_s, 3),
        "turns": [_truth_turn(spec, p) for p in placed],
        "expect": found,
        "forbid": [f for f in (*FAMILIES, *spec.forbid) if f not in told],
    }


def _truth_turn(spec: Spec, placed: Placed) -> dict[str, Any]:
    party = spec.party(placed.line.party)
    start_s = placed.start / line.RATE_HZ
    spans = line.speech_spans(placed.samples, BRIDGED_GAP_S)
    return {
        "start": round(start_s, 3),
        "end": round(placed.end / line.RATE_HZ, 3),
        "role": party.role,
        "speaker": party.voice,
        "text": placed.line.text,
        "speech": [[round(start_s + a, 3), round(start_s + b, 3)] for a, b in spans],
    }
