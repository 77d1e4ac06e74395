"""Spans of speech packed into windows that the recogniser hears at once, and words taken back out of them."""

from dataclasses import dataclass

import numpy as np

from pipeline.engines import Samples, Span
from pipeline.model import Word

RATE_HZ = 16_000
PAD_S = 0.12  # of real signal kept on both sides of a span, so that soft onsets survive
FADE_S = 0.01
CUT_SEARCH_S = 8.0  # an over-long span is cut at the quietest moment within its last seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a span inside a window. Both intervals have the same length."""

    span: int
    source: Span
    window_start_s: float

    @property
    def window_end_s(self) -> float:
        return self.window_start_s + self.source.duration_s


Window = tuple[Piece, ...]


def windows(samples: Samples, spans: tuple[Span, ...], *, limit_s: float, gap_s: float) -> tuple[Window, ...]:
    """Pack spans, padded and cut where too long, into windows of at most limit_s with gap_s of silence between."""
    total_s = len(samples) / RATE_HZ
    packed: list[Window] = []
    current: list[Piece] = []
    at_s = 0.0
    for i, span in enumerate(spans):
        before_s = spans[i - 1].end_s if i else 0.0
        after_s = spans[i + 1].start_s if i + 1 < len(spans) else total_s
        start_s = max(span.start_s - PAD_S, min((before_s + span.start_s) / 2, span.start_s), 0.0)
        end_s = min(span.end_s + PAD_S, max((after_s + span.end_s) / 2, span.end_s), total_s)
        for part in cut(samples, Span(start_s, end_s), limit_s):
            if current and at_s + part.duration_s > limit_s:
                packed.append(tuple(current))
                current, at_s = [], 0.0
            current.append(Piece(i, part, at_s))
            at_s += part.duration_s + gap_s
    if current:
        packed.append(tuple(current))
    return tuple(packed)


def render(samples: Samples, window: Window, *, level_dbfs: float, max_gain_db: float) -> Samples:
    """The window's samples: each piece levelled, faded at its edges, silence between."""
    out = np.zeros(round(window[-1].window_end_s * RATE_HZ) + 1, np.float32)
    for piece in window:
        part = samples[round(piece.source.start_s * RATE_HZ) : round(piece.source.end_s * RATE_HZ)]
        part = part.astype(np.float32)  # a copy, and wide where the call is kept narrow
        rms = float(np.sqrt(np.mean(np.square(part, dtype=np.float64)))) if len(part) else 0.0
        if rms > 0:
            gain_db = min(level_dbfs - 20 * np.log10(rms), max_gain_db)
            part *= np.float32(10 ** (gain_db / 20))
        fade = min(round(FADE_S * RATE_HZ), len(part) // 2)
        if fade:
            ramp = np.linspace(0, 1, fade, dtype=np.float32)
            part[:fade] *= ramp
            part[-fade:] *= ramp[::-1]
        at = round(piece.window_start_s * RATE_HZ)
        part = part[: len(out) - at]
        out[at : at + len(part)] = np.clip(part, -1, 1)
    return out


def place(word: Word, window: Window) -> tuple[int, Word]:
    """The span a word belongs to, and the word in the source's time, kept inside its piece.

    It belongs where most of it lies; one that lies in a gap altogether, to the nearer side.
    """
    middle_s = (word.start_s + word.end_s) / 2

    def fit(piece: Piece) -> tuple[float, float]:
        inside_s = min(word.end_s, piece.window_end_s) - max(word.start_s, piece.window_start_s)
        return max(inside_s, 0.0), -max(piece.window_start_s - middle_s, middle_s - piece.window_end_s, 0.0)

    piece = max(window, key=fit)
    shift_s = piece.source.start_s - piece.window_start_s
    start_s = min(max(word.start_s + shift_s, piece.source.start_s), piece.source.end_s)
    end_s = min(max(word.end_s + shift_s, start_s), piece.source.end_s)
    return piece.span, Word(word.text, start_s, end_s, word.probability)


def cut(samples: Samples, span: Span, limit_s: float) -> tuple[Span, ...]:
    """Cut a span into parts of at most limit_s, each cut at the quietest 50 ms near the end of a part."""
    parts = []
    start_s = span.start_s
    hop = round(0.05 * RATE_HZ)
    while span.end_s - start_s > limit_s:
        search_s = min(CUT_SEARCH_S, limit_s / 2)
        first = round((start_s + limit_s - search_s) * RATE_HZ)
        frames = samples[first : round((start_s + limit_s) * RATE_HZ)]
        frames = frames[: len(frames) // hop * hop].reshape(-1, hop)
        quietest = int(np.argmin(np.square(frames, dtype=np.float64).mean(axis=1)))
        cut_s = (first + quietest * hop + hop / 2) / RATE_HZ
        parts.append(Span(start_s, cut_s))
        start_s = cut_s
    return (*parts, Span(start_s, span.end_s))
