"""One channel of a call, with what every measure on it needs: speech, noise, where it clips, its pitch."""

from dataclasses import dataclass

from pipeline.config.settings import MeasureSettings
from pipeline.measures.intervals import Intervals, difference, intersection, total
from pipeline.measures.level import Samples, active_level, clipping_level, clipping_ratio, cut, noise_level_dbfs
from pipeline.measures.pitch import PitchTrack, median_and_range, track_pitch, voiced_s
from pipeline.measures.reasons import Reason

_TAIL_S = 0.1  # around speech: breaths and echoes that are neither speech nor line noise


@dataclass(frozen=True, slots=True)
class Line:
    """samples: (n,) as recorded. speech: where somebody speaks on it. noise_dbfs: None when there is no pause.

    clipping_level: absolute value from which samples are cut off, +inf when nothing is.
    """

    samples: Samples
    sample_rate_hz: int
    speech: Intervals
    noise_dbfs: float | None
    clipping_level: float
    pitch: PitchTrack


@dataclass(frozen=True, slots=True)
class Span:
    """Where one voice is on line `row`. spans: its turns; alone: the part of them in which no other voice is on that
    line; heard: the part of them with speech activity."""

    row: int
    spans: Intervals
    alone: Intervals
    heard: Intervals

    @property
    def heard_s(self) -> float:
        return total(self.heard)


def line_of(samples: Samples, sample_rate_hz: int, speech: Intervals, speech_of_all: Intervals) -> Line:
    """Measure a channel once. speech_of_all: of every channel, so that an echo of the other party is no noise."""
    duration_s = len(samples) / sample_rate_hz
    wide = [(start - _TAIL_S, end + _TAIL_S) for start, end in speech_of_all]
    pauses = difference(((0.0, duration_s),), wide)
    return Line(
        samples=samples,
        sample_rate_hz=sample_rate_hz,
        speech=speech,
        noise_dbfs=noise_level_dbfs(samples, sample_rate_hz, pauses),
        clipping_level=clipping_level(samples),
        pitch=track_pitch(samples, sample_rate_hz, speech),
    )


def level_of(line: Line, span: Span, settings: MeasureSettings) -> float | Reason:
    """Active speech level in dBFS of a voice where it is alone."""
    if not span.heard:
        return "no_speech"
    samples = cut(line.samples, line.sample_rate_hz, span.alone)
    level = active_level(samples, line.sample_rate_hz)
    active_s = 0.0 if level is None else level.activity_ratio * len(samples) / line.sample_rate_hz
    if level is None or active_s < settings.min_level_speech_s:
        return _too_little(span, settings.min_level_speech_s)
    if clipping_ratio(samples, line.clipping_level) > settings.max_clipping_ratio:
        return "clipped"
    if line.noise_dbfs is not None and level.level_dbfs - line.noise_dbfs < settings.min_snr_db:
        return "low_snr"
    return level.level_dbfs


def pitch_of(line: Line, span: Span, settings: MeasureSettings) -> tuple[float, float] | Reason:
    """Median in Hz and range in semitones of a voice where it is alone."""
    if not span.heard:
        return "no_speech"
    hz = line.pitch.within(span.alone)
    if voiced_s(hz) < settings.min_pitch_voiced_s:
        return _too_little(span, settings.min_pitch_voiced_s)
    return median_and_range(hz)


def clipping_of(line: Line, span: Span) -> float | Reason:
    """Share of the samples in a voice's turns that are cut off."""
    samples = cut(line.samples, line.sample_rate_hz, span.spans)
    return clipping_ratio(samples, line.clipping_level) if len(samples) else "no_speech"


def snr_of(line: Line, settings: MeasureSettings) -> float | Reason:
    """Active level of the speech on the line (noise included) above the noise between, in dB."""
    level = active_level(cut(line.samples, line.sample_rate_hz, line.speech), line.sample_rate_hz)
    if level is None:
        return "no_speech"
    if total(line.speech) < settings.min_level_speech_s:
        return "too_little_speech"
    return "no_pause" if line.noise_dbfs is None else level.level_dbfs - line.noise_dbfs


def _too_little(span: Span, needed_s: float) -> Reason:
    """Whether it is the other voice that leaves too little, or there never was enough."""
    alone_s = total(intersection(span.heard, span.alone))
    return "mono_overlap" if span.heard_s >= needed_s > alone_s else "too_little_speech"


def rate_of(characters: int, seconds: float, settings: MeasureSettings) -> float | Reason:
    """Characters a minute."""
    if characters < settings.min_rate_characters:
        return "too_few_characters"
    return 60.0 * characters / seconds if seconds > 0.0 else "no_speech"
