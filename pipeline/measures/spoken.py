"""Measures of each utterance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from pipeline.measures.line import Span, clipping_of, level_of, pitch_of, rate_of
from pipeline.measures.reasons import Reason, either, measured
from pipeline.measures.scene import Scene
from pipeline.measures.timeline import replies, utterance_of
from pipeline.model import Event, Measure, Measures, Utterance
from pipeline.text import count_characters

_MIN_EARLIER_TURNS = 2  # a single earlier turn (a read-out greeting) is no habit


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance with what was measured of it, before it is written down as `Measures`."""

    utterance: Utterance
    span: Span
    level_dbfs: float | Reason
    jump_db: float | Reason
    characters: int
    voiced_s: float


def measure_spoken(scene: Scene) -> tuple[Spoken, ...]:
    """Levels, jumps and counts of all utterances."""
    spans = [scene.span_of(utterance) for utterance in scene.utterances]
    levels = [level_of(scene.lines[span.row], span, scene.settings) for span in spans]
    jumps = _jumps(scene.utterances, levels)
    return tuple(
        Spoken(
            utterance=utterance,
            span=span,
            level_dbfs=level,
            jump_db=jump,
            characters=count_characters(utterance.text),
            voiced_s=span.heard_s,
        )
        for utterance, span, level, jump in zip(scene.utterances, spans, levels, jumps, strict=True)
    )


def _jumps(utterances: Sequence[Utterance], levels: Sequence[float | Reason]) -> list[float | Reason]:
    """Level of each utterance above the median of the same speaker's earlier ones, in dB; negative: quieter."""
    earlier: dict[str, list[float]] = {}
    jumps: list[float | Reason] = []
    for utterance, level in zip(utterances, levels, strict=True):
        before = earlier.setdefault(utterance.speaker, [])
        if isinstance(level, str):
            jumps.append(level)
            continue
        jumps.append(level - median(before) if len(before) >= _MIN_EARLIER_TURNS else "too_few_turns")
        before.append(level)
    return jumps


def jump_events(spoken: Sequence[Spoken], loudness_jump_db: float) -> tuple[Event, ...]:
    """The utterances that are more than `loudness_jump_db` louder than their speaker was before."""
    return tuple(
        Event("loudness_jump", s.utterance.start_s, s.utterance.end_s, s.utterance.role, s.utterance.index, s.jump_db)
        for s in spoken
        if not isinstance(s.jump_db, str) and s.jump_db > loudness_jump_db
    )


def with_measures(scene: Scene, spoken: Sequence[Spoken], spl_offset_db: float) -> tuple[Utterance, ...]:
    """The utterances with their measures filled in."""
    latencies = _latencies(scene)
    return tuple(
        replace(s.utterance, measures=Measures(_measures(scene, s, spl_offset_db, latencies.get(s.utterance.index))))
        for s in spoken
    )


def _latencies(scene: Scene) -> dict[int, float]:
    """Reply latency by utterance index: of the utterance with which a side takes the floor."""
    found: dict[int, float] = {}
    for stretch, latency_s in replies(scene.stretches, scene.settings):
        utterance = utterance_of(stretch, scene.utterances)
        if utterance is not None:
            found.setdefault(utterance.index, latency_s)
    return found


def _measures(scene: Scene, s: Spoken, spl_offset_db: float, latency_s: float | None) -> tuple[Measure, ...]:
    span, line = s.span, scene.lines[s.span.row]
    pitch = pitch_of(line, span, scene.settings)
    level = s.level_dbfs
    return (
        either("active_level_dbfs", level),
        either("estimated_spl_db", level if isinstance(level, str) else level + spl_offset_db),
        either("loudness_jump_db", s.jump_db),
        either("clipping_ratio", clipping_of(line, span)),
        measured("characters_count", s.characters),
        measured("voiced_s", s.voiced_s),
        either("speech_rate_cpm", rate_of(s.characters, s.voiced_s, scene.settings)),
        either("gross_rate_cpm", rate_of(s.characters, s.utterance.duration_s, scene.settings)),
        either("pitch_median_hz", pitch if isinstance(pitch, str) else pitch[0]),
        either("pitch_range_semitones", pitch if isinstance(pitch, str) else pitch[1]),
        either("reply_latency_s", "no_reply" if latency_s is None else latency_s),
    )
