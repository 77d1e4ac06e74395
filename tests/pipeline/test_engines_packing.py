"""Packing spans into windows, by hand: where each lies, what gain it gets, and whose a word is."""

import numpy as np
import pytest

from pipeline.engines import Span
from pipeline.engines.packing import PAD_S, Piece, place, render, windows
from pipeline.model import Word
from tests.conftest import RATE_HZ, tone

SOUND = tone(300, 60.0)


def test_spans_are_padded_packed_with_gaps_and_start_a_new_window_when_full() -> None:
    packed = windows(SOUND, (Span(1, 11), Span(15, 25), Span(30, 45)), limit_s=24.0, gap_s=0.4)
    assert [[p.span for p in window] for window in packed] == [[0, 1], [2]]
    first, second = packed[0]
    assert (first.source.start_s, first.source.end_s) == pytest.approx((1 - PAD_S, 11 + PAD_S))
    assert second.window_start_s == pytest.approx(first.window_end_s + 0.4)
    assert packed[1][0].window_start_s == 0


def test_padding_stops_half_way_to_the_neighbour_and_at_the_ends() -> None:
    ((first, second, last),) = windows(SOUND, (Span(0.05, 2.0), Span(2.1, 4.0), Span(50, 60)), limit_s=29, gap_s=0.4)
    assert first.source.start_s == pytest.approx(0.025)
    assert first.source.end_s == second.source.start_s == pytest.approx(2.05)
    assert last.source.end_s == 60


def test_float16_is_heard_as_float32_is() -> None:
    ((window),) = windows(SOUND, (Span(1, 3),), limit_s=29, gap_s=0.4)
    options = {"level_dbfs": -20.0, "max_gain_db": 30.0}
    wide, narrow = render(SOUND, window, **options), render(SOUND.astype(np.float16), window, **options)
    assert narrow.dtype == np.float32
    assert np.allclose(wide, narrow, atol=1e-3)


@pytest.mark.parametrize(("amplitude", "level_dbfs"), [(0.5, -20.0), (0.05, -20.0), (1e-3, -33.0)])
def test_every_piece_is_brought_to_the_level_as_far_as_the_gain_reaches(amplitude: float, level_dbfs: float) -> None:
    sound = tone(300, 4.0, amplitude)
    (window,) = windows(sound, (Span(1, 3),), limit_s=29, gap_s=0.4)
    out = render(sound, window, level_dbfs=-20.0, max_gain_db=30.0)
    middle = out[RATE_HZ // 2 : RATE_HZ]
    assert 20 * np.log10(np.sqrt(np.mean(middle**2))) == pytest.approx(level_dbfs, abs=0.1)


PIECES = (Piece(0, Span(10.0, 12.0), 0.0), Piece(1, Span(20.0, 23.0), 2.4))


@pytest.mark.parametrize(
    ("start_s", "end_s", "span"),
    [(1.0, 2.2, 0), (1.9, 2.7, 1), (2.05, 2.15, 0), (2.25, 2.35, 1), (5.6, 6.0, 1)],
    ids=["mostly in the first", "mostly in the second", "gap, nearer first", "gap, nearer second", "behind the end"],
)
def test_a_word_belongs_where_most_of_it_lies(start_s: float, end_s: float, span: int) -> None:
    assert place(Word("好", start_s, end_s, 0.9), PIECES)[0] == span
