"""A call laid out for measuring: its lines, who speaks when, and whose voice is where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.config.settings import MeasureSettings
from pipeline.measures.intervals import Intervals, difference, intersection, total, union
from pipeline.measures.level import Samples
from pipeline.measures.line import Line, line_of
from pipeline.measures.reasons import Reason
from pipeline.measures.timeline import Stretch, overlapping_turns, stretches_of
from pipeline.model import Layout, Role, Turn, Utterance


class Recorded(Protocol):
    """What is needed of a decoded call (pipeline.audio.Audio): float32 (rows, n) at the level it was recorded at."""

    @property
    def samples(self) -> Samples: ...
    @property
    def sample_rate_hz(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Where one voice is: `spans` on line `row`, and the part of them in which it is alone there."""

    row: int
    spans: Intervals
    alone: Intervals


@dataclass(frozen=True, slots=True)
class Scene:
    """lines: one per row. stretches: the turns with roles. speech: where anybody speaks. overlaps: where two do, or
    why that cannot be known."""

    lines: tuple[Line, ...]
    turns: tuple[Turn, ...]
    utterances: tuple[Utterance, ...]
    stretches: tuple[Stretch, ...]
    speech: Intervals
    overlaps: Intervals | Reason
    settings: MeasureSettings

    def span_of(self, utterance: Utterance) -> Span:
        """Where the utterance is. On a shared line, other speakers' turns take from `alone`."""
        spans = ((utterance.start_s, utterance.end_s),)
        row = self._row(utterance.channel)
        return Span(row, spans, difference(spans, self._turns_of_others({utterance.speaker}, row, spans)))

    def span_of_role(self, role: Role) -> Span | Reason:
        """Where all turns of a role are, on the line that carries most of them."""
        speakers = {s.speaker for s in self.stretches if s.role == role}
        by_row = {
            row: union(
                (t.start_s, t.end_s) for t in self.turns if t.speaker in speakers and self._row(t.channel) == row
            )
            for row in range(len(self.lines))
        }
        row = max(by_row, key=lambda r: total(by_row[r]))
        if not by_row[row]:
            return self.absence()
        return Span(row, by_row[row], difference(by_row[row], self._turns_of_others(speakers, row, by_row[row])))

    def absence(self) -> Reason:
        """Why a role has no turns: nobody speaks, or those who do have no role, or it said nothing."""
        nameless = any(s.role == "unknown" for s in self.stretches)
        return "unknown_role" if self.speech and (nameless or not self.stretches) else "no_speech"

    def _row(self, channel: int | None) -> int:
        return channel if channel is not None and 0 <= channel < len(self.lines) else 0

    def _turns_of_others(self, speakers: set[str], row: int, spans: Intervals) -> Intervals:
        low, high = spans[0][0], spans[-1][1]
        others = (
            (t.start_s, t.end_s)
            for t in self.turns
            if t.speaker not in speakers and self._row(t.channel) == row and t.start_s < high and t.end_s > low
        )
        return union(others)


def lay_out(
    audio: Recorded,
    turns: Iterable[Turn],
    utterances: Sequence[Utterance],
    speech: Sequence[Iterable[tuple[float, float]]],
    layout: Layout,
    settings: MeasureSettings,
) -> Scene:
    """Bring a call's parts together. Only the first row counts unless the layout is "stereo"."""
    ordered = tuple(sorted(turns, key=lambda t: (t.start_s, t.end_s)))
    rows = len(audio.samples) if layout == "stereo" else 1
    per_row = tuple(union(speech[row]) if row < len(speech) else () for row in range(rows))
    everybody = union(*per_row)
    stretches = stretches_of(ordered, utterances)
    lines = tuple(
        line_of(samples, audio.sample_rate_hz, own, everybody)
        for samples, own in zip(audio.samples, per_row, strict=False)
    )
    return Scene(lines, ordered, tuple(utterances), stretches, everybody, _overlaps(per_row, stretches), settings)


def _overlaps(per_row: Sequence[Intervals], stretches: Sequence[Stretch]) -> Intervals | Reason:
    """Stereo: both channels active. One line: what the diarization heard; none may mean that it cannot hear any."""
    if not any(per_row):
        return "no_speech"
    if len(per_row) == 2:
        return intersection(*per_row) if all(per_row) else "single_channel"
    return overlapping_turns(stretches) or "mono_overlap"
