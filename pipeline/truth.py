"""Truth files: what was really said in a recording, and what a judge must and must not find in it.

NAME.truth.json beside NAME.wav or NAME.flac (or NAME.mono.*, NAME.stereo.*):
{"id", "topic", "duration", "turns": [{"start", "end", "role": "agent|patient", "text"}],
 "expect": [[family, turn_index or null]...], "forbid": [family...]}; a family may be written "family:status".
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.model import Finding, Role

TURN_TOLERANCE_S = 1.0  # a finding may start this much before or after the turn that it is expected in
SUFFIXES = (".wav", ".flac")
FORMS = ("", ".mono", ".stereo")
TRUTH_SUFFIX = ".truth.json"


@dataclass(frozen=True, slots=True)
class TruthTurn:
    """What was really said, by whom, when. speaker tells two agents apart."""

    start_s: float
    end_s: float
    role: Role
    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that must be made: in this turn, or anywhere when turn is None. status: violated or remedied."""

    family: str
    status: str
    turn: int | None


@dataclass(frozen=True, slots=True)
class Truth:
    """One truth file."""

    call_id: str
    turns: tuple[TruthTurn, ...]
    expect: tuple[Expected, ...]
    forbid: tuple[str, ...]


def load_truth(path: Path) -> Truth:
    """Read one truth file. Raises ConfigError naming file and what is wrong."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        turns = tuple(map(_turn, values["turns"]))
        return Truth(
            call_id=values["id"],
            turns=turns,
            expect=tuple(_expected(family, turn, len(turns)) for family, turn in values.get("expect", ())),
            forbid=tuple(values.get("forbid", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is not a valid truth file: {error!r}; see audio_samples/ for examples") from error


def recordings_of(path: Path) -> tuple[Path, ...]:
    """The recordings beside a truth file that it is about."""
    name = path.name.removesuffix(TRUTH_SUFFIX)
    beside = (path.with_name(f"{name}{form}{suffix}") for form in FORMS for suffix in SUFFIXES)
    return tuple(candidate for candidate in beside if candidate.is_file())


def name_of(family: str, status: str) -> str:
    """As truth files and figures write it: the family alone when violated."""
    return family if status == "violated" else f"{family}:{status}"


def meets(finding: Finding, expected: Expected, turns: Sequence[TruthTurn]) -> bool:
    """Whether a finding is the one expected: family, status, and its turn give or take TURN_TOLERANCE_S."""
    if name_of(finding.family, finding.status) != name_of(expected.family, expected.status):
        return False
    if expected.turn is None or finding.start_s is None:
        return expected.turn is None or finding.utterance_index is None
    turn = turns[expected.turn]
    end_s = finding.start_s if finding.end_s is None else finding.end_s
    return end_s > turn.start_s - TURN_TOLERANCE_S and finding.start_s < turn.end_s + TURN_TOLERANCE_S


def _turn(values: dict[str, Any]) -> TruthTurn:
    role = values["role"]
    if role not in ("agent", "patient"):
        raise ValueError(f"role {role!r} is neither agent nor patient")
    return TruthTurn(float(values["start"]), float(values["end"]), role, values["text"], values.get("speaker") or role)


def _expected(family: str, turn: int | None, turns: int) -> Expected:
    if turn is not None and not 0 <= turn < turns:
        raise ValueError(f"{family} is expected in turn {turn}, but turns run from 0 to {turns - 1}")
    name, _, status = family.partition(":")
    return Expected(name, status or "violated", turn)
