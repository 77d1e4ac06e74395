"""Measures of each side of a call: the agent's and the patient's."""

from collections.abc import Sequence
from typing import Literal

from pipeline.measures.line import level_of, pitch_of, rate_of
from pipeline.measures.reasons import Reason, either
from pipeline.measures.scene import Scene
from pipeline.measures.spoken import Spoken
from pipeline.model import Measure

Side = Literal["agent", "patient"]


def measure_side(scene: Scene, side: Side, spoken: Sequence[Spoken], spl_offset_db: float) -> tuple[Measure, ...]:
    """Everything named after a side. Level and pitch over its turns, on one line only where it speaks alone."""
    own = [s for s in spoken if s.utterance.role == side]
    level, pitch = _level_and_pitch(scene, side)
    talk = _talk_s(scene, side)
    characters, speech_rate, gross_rate = _rates(scene, own)
    return (
        either(f"{side}_active_level_dbfs", level),
        either(f"{side}_estimated_spl_db", level if isinstance(level, str) else level + spl_offset_db),
        either(f"{side}_speech_rate_cpm", speech_rate),
        either(f"{side}_gross_rate_cpm", gross_rate),
        either(f"{side}_talk_ratio", _talk_ratio(talk, _talk_s(scene, "patient" if side == "agent" else "agent"))),
        either(f"{side}_talk_s", talk),
        either(f"{side}_pitch_median_hz", pitch if isinstance(pitch, str) else pitch[0]),
        either(f"{side}_pitch_range_semitones", pitch if isinstance(pitch, str) else pitch[1]),
        either(f"{side}_loudness_jumps_count", _jumps_count(scene, own)),
        either(f"{side}_characters_count", characters),
    )


def _level_and_pitch(scene: Scene, side: Side) -> tuple[float | Reason, tuple[float, float] | Reason]:
    span = scene.span_of_role(side)
    if isinstance(span, str):
        return span, span
    line = scene.lines[span.row]
    return level_of(line, span, scene.settings), pitch_of(line, span, scene.settings)


def _talk_s(scene: Scene, side: Side) -> float | Reason:
    """Speech activity within the side's turns, in seconds; overlapped speech counts for both."""
    span = scene.span_of_role(side)
    return span if isinstance(span, str) else span.heard_s


def _talk_ratio(own_s: float | Reason, other_s: float | Reason) -> float | Reason:
    """Share of what both sides talk, 0..1; 1 when the other side is known to say nothing."""
    if isinstance(own_s, str):
        return own_s
    if other_s == "no_speech":
        return 1.0 if own_s > 0.0 else "no_speech"
    if isinstance(other_s, str):
        return other_s
    return own_s / (own_s + other_s) if own_s + other_s > 0.0 else "no_speech"


def _rates(scene: Scene, own: Sequence[Spoken]) -> tuple[float | Reason, float | Reason, float | Reason]:
    """Characters; characters a minute of speech activity; characters a minute of the utterances' whole time."""
    if not own:
        absent = scene.absence()
        return absent, absent, absent
    characters = sum(s.characters for s in own)
    voiced_s = sum(s.voiced_s for s in own)
    gross_s = sum(s.utterance.duration_s for s in own)
    return (
        float(characters),
        rate_of(characters, voiced_s, scene.settings),
        rate_of(characters, gross_s, scene.settings),
    )


def _jumps_count(scene: Scene, own: Sequence[Spoken]) -> float | Reason:
    """How often the side becomes louder by more than the setting; only known if a turn could be compared at all."""
    jumps = [s.jump_db for s in own if not isinstance(s.jump_db, str)]
    if not own:
        return scene.absence()
    return float(sum(jump > scene.settings.loudness_jump_db for jump in jumps)) if jumps else "too_few_turns"
