"""What a stack made of a recording, in one form for all stacks, and kept until recording or stack changes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.model import CallReport, Role, StageTime, Turn, Utterance
from tests.builders import make_audio_facts, make_engine, make_report


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A recognised word; channel: None on mono. probability: the recogniser's own, 0..1."""

    channel: int | None
    text: str
    start_s: float
    end_s: float
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """Who spoke when."""

    speaker: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Said:
    """Words of one speaker together; level and rate as the stack measured them, None where it did not."""

    channel: int | None
    speaker: str
    start_s: float
    end_s: float
    text: str
    level_dbfs: float | None = None
    speech_rate_cpm: float | None = None
    gross_rate_cpm: float | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """A silence, an overlap, or speech without a transcript."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """roles: of each speaker, where the stack says. cpu_s, wall_s: what it took (kept ones: what it took then)."""

    words: tuple[HeardWord, ...] = ()
    turns: tuple[HeardTurn, ...] = ()
    said: tuple[Said, ...] = ()
    happenings: tuple[Happening, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    role_confidence: float | None = None
    stages: tuple[tuple[str, float], ...] = ()
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def role_of(self, speaker: str) -> str:
        """agent, patient or unknown."""
        return dict(self.roles).get(speaker, "unknown")


def to_report(name: str, heard: Heard, *, stereo: bool, decoded_s: float) -> CallReport:
    """As a report of ours that holds what evaluation looks at: text, times, speakers, roles, stage times."""
    utterances = tuple(
        Utterance(i, _role(heard, u.speaker), u.speaker, u.start_s, u.end_s, u.text, u.text, channel=u.channel)
        for i, u in enumerate(sorted(heard.said, key=lambda u: u.start_s))
    )
    layout = "stereo" if stereo else "mono"
    report = make_report(
        name,
        turns=tuple(Turn(t.speaker, t.start_s, t.end_s) for t in heard.turns),
        utterances=utterances,
        audio=make_audio_facts(layout=layout, channels=1 + stereo, decoded_s=decoded_s),
        findings=(),
    )
    stages = tuple(StageTime(stage, seconds) for stage, seconds in heard.stages)
    return replace(report, facts=replace(report.facts, engine=make_engine(stage_times=stages)))


def _role(heard: Heard, speaker: str) -> Role:
    role = heard.role_of(speaker)
    return "agent" if role == "agent" else "patient" if role == "patient" else "unknown"


def read(path: Path, key: str) -> Heard | None:
    """What was kept under this key; None when nothing was, or of another recording or version."""
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return _heard(kept["heard"]) if kept["key"] == key else None


def write(path: Path, key: str, heard: Heard) -> None:
    """Keep it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"key": key, "heard": asdict(heard)}, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _heard(values: Mapping[str, Any]) -> Heard:
    rest = {k: values[k] for k in ("role_confidence", "cpu_s", "wall_s")}
    return Heard(
        words=tuple(HeardWord(**v) for v in values["words"]),
        turns=tuple(HeardTurn(**v) for v in values["turns"]),
        said=tuple(Said(**v) for v in values["said"]),
        happenings=tuple(Happening(**v) for v in values["happenings"]),
        roles=tuple((s, r) for s, r in values["roles"]),
        stages=tuple((s, t) for s, t in values["stages"]),
        **rest,
    )
