"""Words and turns to utterances, on time lines that one can follow by hand."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.align import MAX_UTTERANCE_S, Spoken, disjoint, handed_over, tightened, untranscribed, utterances
from pipeline.model import Turn, Word


def turns(*triples: tuple[str, float, float]) -> tuple[Turn, ...]:
    return tuple(Turn(speaker, start_s, end_s) for speaker, start_s, end_s in triples)


def said(speaker: str, start_s: float, end_s: float, text: str, probability: float = 0.9) -> Spoken:
    """A turn with one word per character."""
    step = (end_s - start_s) / max(len(text), 1)
    words = tuple(Word(c, start_s + i * step, start_s + (i + 1) * step, probability) for i, c in enumerate(text))
    return Spoken(Turn(speaker, start_s, end_s), words)


def test_turns_that_do_not_overlap_stay_as_they_are() -> None:
    apart = turns(("A", 0, 2), ("B", 2, 4), ("A", 5, 6))
    assert disjoint(apart) == apart


def test_an_overlap_is_cut_in_its_middle() -> None:
    assert disjoint(turns(("A", 0, 4), ("B", 3, 6))) == turns(("A", 0, 3.5), ("B", 3.5, 6))


def test_a_turn_inside_another_splits_it() -> None:
    assert disjoint(turns(("A", 0, 10), ("B", 4, 5))) == turns(("A", 0, 4), ("B", 4, 5), ("A", 5, 10))


def test_turns_that_start_or_end_together() -> None:
    assert disjoint(turns(("A", 0, 10), ("B", 0, 4))) == turns(("B", 0, 2), ("A", 2, 10))
    assert disjoint(turns(("A", 0, 10), ("B", 6, 10))) == turns(("A", 0, 8), ("B", 8, 10))


def test_a_turn_inside_a_turn_inside_a_turn() -> None:
    nested = turns(("A", 0, 10), ("B", 2, 6), ("C", 3, 4))
    assert disjoint(nested) == turns(("A", 0, 2), ("B", 2, 3), ("C", 3, 4), ("B", 4, 6), ("A", 6, 10))


def test_the_channel_is_kept() -> None:
    pieces = disjoint((Turn("C1", 0, 10, 1), Turn("C1", 4, 5, 1)))
    assert {p.channel for p in pieces} == {1}


any_turns = st.lists(
    st.builds(
        lambda speaker, start, length: Turn(speaker, start / 10, (start + length) / 10),
        st.sampled_from("ABC"),
        st.integers(0, 100),
        st.integers(1, 60),
    ),
    max_size=8,
).map(tuple)


@given(any_turns)
def test_disjoint_turns_never_overlap_and_cover_the_same_time(given_turns: tuple[Turn, ...]) -> None:
    pieces = disjoint(given_turns)
    assert all(a.end_s <= b.start_s for a, b in pairwise(pieces))
    assert all(p.end_s > p.start_s for p in pieces)
    for moment in (t / 10 + 0.0123 for t in range(170)):
        before = {t.speaker for t in given_turns if t.start_s < moment < t.end_s}
        after = [p.speaker for p in pieces if p.start_s < moment < p.end_s]
        assert len(after) == bool(before)
        assert set(after) <= before


def test_one_speakers_pieces_are_joined_over_a_short_pause() -> None:
    heard = utterances((said("S1", 0, 1, "您好，"), said("S1", 1.8, 3, "请讲。"), said("S1", 3.9, 5, "您说")))
    assert [(u.index, u.start_s, u.end_s, u.text) for u in heard] == [(0, 0, 3, "您好，请讲。"), (1, 3.9, 5, "您说")]


def test_somebody_else_in_between_starts_a_new_utterance() -> None:
    heard = utterances((said("S1", 0, 1, "您好"), said("S2", 1.1, 1.3, "嗯"), said("S1", 1.4, 3, "请讲")))
    assert [(u.speaker, u.text) for u in heard] == [("S1", "您好"), ("S2", "嗯"), ("S1", "请讲")]


def test_an_utterance_ends_before_it_grows_too_long() -> None:
    heard = utterances(tuple(said("S1", 10 * i, 10 * i + 9.8, "说") for i in range(4)))
    assert [(u.start_s, u.end_s) for u in heard] == [(0, 29.8), (30, 39.8)]
    assert all(u.duration_s <= MAX_UTTERANCE_S for u in heard)


def test_pieces_without_words_give_no_utterance_and_do_not_part_what_is_around() -> None:
    heard = utterances((said("S1", 0, 1, "您好"), said("S2", 1.1, 1.3, "。"), said("S1", 1.4, 3, "请讲")))
    assert [u.text for u in heard] == ["您好请讲"]


def test_characters_are_simplified_in_context_and_what_was_heard_is_kept() -> None:
    (heard,) = utterances((said("S1", 0, 4, "這個頭髮，看著"),))
    assert heard.raw_text == "這個頭髮，看著"
    assert heard.text == "这个头发，看着"
    assert "".join(w.text for w in heard.words) == heard.text
    assert [w.start_s for w in heard.words] == sorted(w.start_s for w in heard.words)


def test_confidence_is_the_mean_over_spoken_words() -> None:
    words = (Word("您", 0, 1, 0.8), Word("好", 1, 2, 0.4), Word("，", 2, 2, 0.0))
    (heard,) = utterances((Spoken(Turn("S1", 0, 2), words),))
    assert abs((heard.confidence or 0) - 0.6) < 1e-9
    assert heard.role == "unknown"


def test_speech_without_words_is_reported_when_it_is_long_enough() -> None:
    events = untranscribed((said("S1", 0, 1, "您好"), said("S2", 2, 2.7, ""), said("S2", 3, 4.5, "…")))
    assert [(e.kind, e.start_s, e.end_s, e.value) for e in events] == [("untranscribed_speech", 3, 4.5, 1.5)]


def test_nothing_said() -> None:
    assert disjoint(()) == ()
    assert utterances(()) == ()
    assert untranscribed(()) == ()


def test_pieces_that_are_handed_over_take_their_part_of_the_turns_with_them() -> None:
    """The diarizer gave an announcement, and the greeting behind it, to one voice."""
    spoken = (said("A", 0, 4, "请按一"), said("A", 5, 8, "您好"), said("B", 8, 9, "你好"))
    moved, left = handed_over(spoken, turns(("A", 0, 8.1), ("B", 8, 9)), {0}, "machine")
    assert [piece.turn.speaker for piece in moved] == ["machine", "A", "B"]
    assert [piece.words for piece in moved] == [piece.words for piece in spoken]
    assert left == turns(("machine", 0, 4), ("A", 4, 8.1), ("B", 8, 9))


def test_what_is_handed_over_leaves_the_other_channel_alone() -> None:
    own, other = Turn("C0", 0, 4, 0), Turn("C1", 1, 2, 1)
    moved, left = handed_over((Spoken(own, ()), Spoken(other, ())), (own, other), {0}, "machine")
    assert left == (Turn("machine", 0, 4, 0), other)
    assert [piece.turn for piece in moved] == list(left)


def test_slivers_of_a_turn_that_was_handed_over_are_dropped() -> None:
    _, left = handed_over((said("A", 0.1, 3.95, "请按一"),), turns(("A", 0, 4), ("A", 5, 5.1)), {0}, "machine")
    assert left == turns(("machine", 0.1, 3.95), ("A", 5, 5.1))


def test_turns_are_measured_from_the_first_sound_to_the_last() -> None:
    """0.05 s early, 0.07 s late: what the segmentation adds, wherever nobody else is heard."""
    assert tightened(turns(("A", 1, 3), ("B", 4, 6))) == turns(("A", 1.05, 2.93), ("B", 4.05, 5.93))


def test_where_one_turn_goes_over_into_another_nothing_is_taken_away() -> None:
    assert tightened(turns(("A", 1, 3), ("B", 3.02, 6))) == turns(("A", 1.05, 3), ("B", 3.02, 5.93))
    assert tightened(turns(("A", 1, 9), ("B", 4, 5))) == turns(("A", 1.05, 8.93), ("B", 4, 5))


def test_the_other_channel_is_another_line() -> None:
    left, right = tightened((Turn("C0", 1, 3, 0), Turn("C1", 2, 5, 1)))
    assert (left.start_s, left.end_s, right.start_s, right.end_s) == (1.05, 2.93, 2.05, 4.93)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.001, 9)), max_size=12))
def test_no_turn_is_lost_or_turned_round_by_tightening(spans: list[tuple[float, float]]) -> None:
    before = tuple(Turn("A", start_s, start_s + size_s) for start_s, size_s in spans)
    after = tightened(before)
    assert len(after) == len(before)
    for turn, kept in zip(before, after, strict=True):
        assert turn.start_s <= kept.start_s < kept.end_s <= turn.end_s
        assert kept.duration_s >= turn.duration_s / 2 - 1e-9
