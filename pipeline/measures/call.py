"""All measures of a call, in the order in which they depend on each other."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from pipeline.config.settings import MeasureSettings
from pipeline.measures.intervals import total
from pipeline.measures.level import clipping_ratio, cut
from pipeline.measures.line import Line, snr_of
from pipeline.measures.reasons import Reason, either
from pipeline.measures.scene import Recorded, Scene, lay_out
from pipeline.measures.sides import Side, measure_side
from pipeline.measures.spoken import jump_events, measure_spoken, with_measures
from pipeline.measures.timeline import interruptions, overlap_events, replies, silences
from pipeline.model import Event, Measure, Measures, Turn, Utterance

_SIDES: tuple[Side, ...] = ("agent", "patient")


class Measured(NamedTuple):
    """utterances: with their measures. events: by start. call: measures of each side and of the call as a whole."""

    utterances: tuple[Utterance, ...]
    events: tuple[Event, ...]
    call: Measures


def measure_call(
    audio: Recorded,
    turns: Sequence[Turn],
    utterances: Sequence[Utterance],
    speech: Sequence[Iterable[tuple[float, float]]],
    settings: MeasureSettings,
    *,
    spl_offset_db: float,
    spl_calibrated: bool = False,
) -> Measured:
    """Measure a call whose speakers have roles.

    audio: as recorded, not levelled; one row (a shared line) or two (one party each). turns: who spoke when,
    overlapping where two did. utterances: with roles; their speakers are those of the turns. speech: (start_s, end_s)
    of speech activity, one sequence per row. spl_offset_db: dB SPL at 0 dBFS on this line; spl_calibrated: whether it
    was measured there. What cannot be measured has no value and one of REASONS.
    """
    scene = lay_out(audio, turns, utterances, speech, settings)
    spoken = measure_spoken(scene)
    quiet = silences(scene.speech, scene.utterances, settings.min_silence_s)
    both = () if isinstance(scene.overlaps, str) else overlap_events(scene.overlaps, scene.stretches, scene.utterances)
    cut_ins = () if isinstance(scene.overlaps, str) else interruptions(scene.stretches, scene.utterances, settings)
    events = (*quiet, *both, *cut_ins, *jump_events(spoken, settings.loudness_jump_db))
    measures = (
        *(measure for side in _SIDES for measure in measure_side(scene, side, spoken, spl_offset_db)),
        either("snr_db", _snr_db(scene)),
        either("clipping_ratio", _clipping_ratio(scene.lines)),
        *_silence_measures(scene, quiet),
        *_overlap_measures(scene),
        *(either(f"{side}_interruptions_count", _count(scene, cut_ins, side)) for side in _SIDES),
        *_latency_measures(scene),
        either("spl_offset_db", spl_offset_db if spl_calibrated else "uncalibrated_line"),
    )
    filled = with_measures(scene, spoken, spl_offset_db)
    in_order = tuple(sorted(events, key=lambda e: (e.start_s, e.end_s, e.kind)))
    return Measured(filled, in_order, Measures(measures))


def _snr_db(scene: Scene) -> float | Reason:
    """Of the worst line with speech on it."""
    ratios = [snr_of(line, scene.settings) for line in scene.lines if line.speech]
    known = [ratio for ratio in ratios if not isinstance(ratio, str)]
    return min(known) if known else next(iter(ratios), "no_speech")


def _clipping_ratio(lines: Sequence[Line]) -> float | Reason:
    """Share of the samples inside speech activity that are cut off, over all lines."""
    spoken = [(line, cut(line.samples, line.sample_rate_hz, line.speech)) for line in lines]
    samples = sum(len(piece) for _, piece in spoken)
    if samples == 0:
        return "no_speech"
    return sum(clipping_ratio(piece, line.clipping_level) * len(piece) for line, piece in spoken) / samples


def _silence_measures(scene: Scene, quiet: Sequence[Event]) -> tuple[Measure, ...]:
    """silence_ratio: share of the time between the first and the last speech."""
    names = ("silence_total_s", "silence_ratio", "longest_silence_s")
    if not scene.speech:
        return tuple(either(name, "no_speech") for name in names)
    total_s = sum(event.duration_s for event in quiet)
    span_s = scene.speech[-1][1] - scene.speech[0][0]
    values = (total_s, total_s / span_s, max((event.duration_s for event in quiet), default=0.0))
    return tuple(either(name, value) for name, value in zip(names, values, strict=True))


def _overlap_measures(scene: Scene) -> tuple[Measure, ...]:
    """overlap_ratio: share of the time in which anybody speaks."""
    if isinstance(scene.overlaps, str):
        return either("overlap_s", scene.overlaps), either("overlap_ratio", scene.overlaps)
    overlap_s = total(scene.overlaps)
    return either("overlap_s", overlap_s), either("overlap_ratio", overlap_s / total(scene.speech))


def _count(scene: Scene, cut_ins: Sequence[Event], side: Side) -> float | Reason:
    if isinstance(scene.overlaps, str):
        return scene.overlaps
    if isinstance(absent := scene.span_of_role(side), str):
        return absent
    return float(sum(event.role == side for event in cut_ins))


def _latency_measures(scene: Scene) -> tuple[Measure, ...]:
    names = ("agent_reply_latency_median_s", "agent_reply_latency_max_s")
    agent = scene.span_of_role("agent")
    latencies = [s for stretch, s in replies(scene.stretches, scene.settings) if stretch.role == "agent"]
    if not latencies:
        reason: Reason = agent if isinstance(agent, str) else "no_reply"
        return tuple(either(name, reason) for name in names)
    return either(names[0], median(latencies)), either(names[1], max(latencies))
