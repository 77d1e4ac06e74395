"""A call laid out for measuring: its lines, who speaks when, and whose voice is where."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.config.settings import MeasureSettings
from pipeline.measures.intervals import Intervals, difference, inside, intersection, total, union
from pipeline.measures.level import Samples
from pipeline.measures.line import Line, Span, line_of
from pipeline.measures.reasons import Reason
from pipeline.measures.timeline import Stretch, overlapping_turns, stretches_of
from pipeline.model import Role, Turn, Utterance


class Recorded(Protocol):
    """What is needed of a decoded call (pipeline.audio.Audio): float32 (rows, n) at the level it was recorded at."""

    @property
    def samples(self) -> Samples: ...
    @property
    def sample_rate_hz(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """lines: one per row. turns: by start; stretches: the same with roles. speech: where anybody speaks.

    overlaps: where two speak at once, or why that cannot be known.
    """

    lines: tuple[Line, ...]
    turns: tuple[Turn, ...]
    longest_turn_s: float
    utterances: tuple[Utterance, ...]
    stretches: tuple[Stretch, ...]
    speech: Intervals
    overlaps: Intervals | Reason
    settings: MeasureSettings

    def span_of(self, utterance: Utterance) -> Span:
        """Where the utterance is."""
        spans = ((utterance.start_s, utterance.end_s),)
        return self._span(self._row(utterance.channel), spans, {utterance.speaker})

    def span_of_role(self, role: Role) -> Span | Reason:
        """Where all turns of a role are, on the line that carries most of them."""
        speakers = {s.speaker for s in self.stretches if s.role == role}
        own = [turn for turn in self.turns if turn.speaker in speakers]
        if not own:
            return self.absence()
        by_row = [
            union((t.start_s, t.end_s) for t in own if self._row(t.channel) == row) for row, _ in enumerate(self.lines)
        ]
        row = max(range(len(by_row)), key=lambda r: total(by_row[r]))
        return self._span(row, by_row[row], speakers)

    def _span(self, row: int, spans: Intervals, speakers: set[str]) -> Span:
        low, high = spans[0][0], spans[-1][1]
        heard = intersection(inside(self.lines[row].speech, low, high), spans)
        return Span(row, spans, difference(spans, self._others(speakers, row, low, high)), heard)

    def absence(self) -> Reason:
        """Why a role has no turns: nobody speaks, or those who do have no role, or it said nothing."""
        nameless = any(s.role == "unknown" for s in self.stretches)
        return "unknown_role" if self.speech and (nameless or not self.stretches) else "no_speech"

    def _row(self, channel: int | None) -> int:
        return channel if channel is not None and 0 <= channel < len(self.lines) else 0

    def _others(self, speakers: set[str], row: int, low: float, high: float) -> Intervals:
        """Other speakers' turns on the line between two times."""
        first = bisect_left(self.turns, low - self.longest_turn_s, key=lambda t: t.start_s)
        last = bisect_left(self.turns, high, key=lambda t: t.start_s)
        near = (t for t in self.turns[first:last] if t.speaker not in speakers and self._row(t.channel) == row)
        return union((t.start_s, t.end_s) for t in near)


def lay_out(
    audio: Recorded,
    turns: Iterable[Turn],
    utterances: Sequence[Utterance],
    speech: Sequence[Iterable[tuple[float, float]]],
    settings: MeasureSettings,
) -> Scene:
    """Bring a call's parts together. A second row of the audio is a second line."""
    ordered = tuple(sorted(turns, key=lambda t: (t.start_s, t.end_s)))
    rows = len(audio.samples)
    per_row = tuple(union(speech[row]) if row < len(speech) else () for row in range(rows))
    everybody = union(*per_row)
    stretches = stretches_of(ordered, utterances)
    lines = tuple(
        line_of(samples, audio.sample_rate_hz, own, everybody)
        for samples, own in zip(audio.samples, per_row, strict=True)
    )
    return Scene(
        lines=lines,
        turns=ordered,
        longest_turn_s=max((turn.duration_s for turn in ordered), default=0.0),
        utterances=tuple(utterances),
        stretches=stretches,
        speech=everybody,
        overlaps=_overlaps(per_row, stretches),
        settings=settings,
    )


def _overlaps(per_row: Sequence[Intervals], stretches: Sequence[Stretch]) -> Intervals | Reason:
    """Stereo: both channels active. One line: what the diarization heard; none may mean that it cannot hear any."""
    if not any(per_row):
        return "no_speech"
    if len(per_row) == 2:
        return intersection(*per_row) if all(per_row) else "single_channel"
    return overlapping_turns(stretches) or "mono_overlap"
