"""The weights of the words around a phrase: made of the sentences here, and good for a writer they never saw."""

from collections import Counter

import numpy as np
import pytest

from pipeline.rules.context import Context, shipped
from pipeline.text import is_content
from tests.bench.context_fit import KINDS, PRECISION, SAID, Told, fitted, sentences, told
from tests.bench.phrase_clips import Part, listed


@pytest.fixture(scope="module")
def outcome() -> Told:
    return told(sentences())


def test_the_shipped_weights_are_those_of_the_sentences(outcome: Told) -> None:
    limits = outcome.review_from(), outcome.violated_from()
    assert (shipped().review_from, shipped().violated_from) == pytest.approx(limits, abs=0.02)
    again: Context = fitted(sentences())
    places = [one.place for one in sentences()]
    mine, theirs = ([by.probability(*place) for place in places] for by in (shipped(), again))
    assert np.abs(np.array(mine) - theirs).max() < 0.02  # digits differ from machine to machine


def test_sentences_of_a_writer_left_out_are_told_apart(outcome: Told) -> None:
    said = outcome.said
    counted = outcome.meant >= shipped().violated_from
    assert said[counted].mean() > PRECISION - 0.01
    assert counted[said].mean() > 0.9
    assert outcome.share(SAID, shipped().review_from) < 0.03
    for kind in KINDS:
        assert outcome.share(kind, shipped().review_from) > 0.7, kind
        assert outcome.share(kind, shipped().violated_from) > 0.9, kind


def test_a_random_answer_would_not_pass(outcome: Told) -> None:
    shuffled = np.random.default_rng(1).permutation(outcome.meant)
    assert outcome.said[shuffled >= shipped().violated_from].mean() < 0.5


def test_every_phrase_is_there_in_every_way() -> None:
    ways: dict[str, Counter[str]] = {}
    for one in sentences():
        ways.setdefault(one.phrase, Counter())[one.kind] += 1
    assert len(ways) >= 200
    assert all(found[SAID] and sum(found[kind] for kind in KINDS) for found in ways.values())


def test_nothing_that_is_reported_on_was_fitted_to() -> None:
    def bare(text: str) -> str:
        return "".join(filter(is_content, text))

    parts: tuple[Part, ...] = ("report", "unseen")
    reported = {bare(clip["agent"]) for part in parts for clips in listed(part).values() for clip in clips}
    assert len(reported) > 800
    assert not reported & {bare(one.agent) for one in sentences()}
