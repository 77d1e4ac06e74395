"""Weights of the words around a forbidden phrase (config/lexicon/context.yaml), fitted to written sentences.

    python -m tests.bench.context_fit            how well each writer's sentences are told by the others'
    python -m tests.bench.context_fit --write    and the weights fitted to all of them

Logistic regression over `rules.context.features`. Limits and figures come from sentences of writers that the weights
were not fitted to: one writer is left out at a time.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from pipeline.rules.context import Context, Feature, context_text, features, share_of_each
from pipeline.rules.lines import flatten
from pipeline.rules.spoken import Span
from pipeline.sounds import decode, encode, spelled

SENTENCES = Path(__file__).with_name("context_sentences.yaml")
WEIGHTS = Path(__file__).parents[2] / "pipeline" / "config" / "lexicon" / "context.yaml"
SAID = "said"
KINDS = ("quoted", "same_words", "remedied")
STRENGTH = 20.0  # of the regression: its inverse is the penalty on weights
MIN_SENTENCES = 3  # that have a feature
MIN_WEIGHT = 0.3
PRECISION = 0.9  # of what counts, so much is said in earnest (one in three is): the lowest limit that reaches it
LOST = 0.02  # of what is said in earnest, so much is dropped
HEAD = """\
# What the words around a forbidden phrase say: whether it is said in earnest (pipeline/rules/context.py tells what is
# what). Made by `python -m tests.bench.context_fit --write` from tests/bench/context_sentences.yaml, not by hand.
# By sentences of writers left out in turn: {figures}.
fitted_to: {fitted_to}"""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One turn of an agent. kind: said (in earnest), or why it is not held against anybody."""

    writer: str
    kind: str
    phrase: str
    agent: str

    @property
    def place(self) -> tuple[str, Span]:
        """The sounds of the turn, and where the phrase stands. Raises ValueError when it does not."""
        flat, phrase = flatten(self.agent), flatten(self.phrase)
        start = flat.index(phrase)
        return encode(self.agent), Span(start, start + len(phrase))


@dataclass(frozen=True, slots=True)
class Told:
    """What was made of sentences that the weights had not seen. meant: the probability of each."""

    sentences: tuple[Sentence, ...]
    meant: NDArray[np.float64]

    def share(self, kind: str, below: float) -> float:
        """Of a kind, those under a limit."""
        mine = [one.kind == kind for one in self.sentences]
        return float((self.meant[mine] < below).mean())

    @property
    def said(self) -> NDArray[np.bool_]:
        return np.array([one.kind == SAID for one in self.sentences])

    def violated_from(self) -> float:
        """The lowest limit from which on PRECISION is reached."""
        limits = np.arange(0.05, 1.0, 0.01)
        short = [float(self.said[self.meant >= limit].mean()) < PRECISION for limit in limits]
        return round(float(limits[np.flatnonzero(short)[-1] + 1]), 2)

    def review_from(self) -> float:
        """Under which LOST of what was said in earnest lies."""
        return round(float(np.quantile(self.meant[self.said], LOST)), 2)


@cache
def sentences() -> tuple[Sentence, ...]:
    """All sentences that the weights are fitted to."""
    written = YAML(typ="safe").load(SENTENCES)["writers"]
    return tuple(
        Sentence(writer, row["kind"], row["phrase"], row["agent"]) for writer, rows in written.items() for row in rows
    )


def fitted(chosen: Sequence[Sentence], review_from: float = 0.0, violated_from: float = 0.5) -> Context:
    """The weights that tell these sentences apart."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [set(features(*one.place)) for one in chosen]
    often = Counter(feature for row in rows for feature in row)
    kept = {feature for feature, count in often.items() if count >= MIN_SENTENCES and _is_spelt(feature)}
    table: Any = DictVectorizer()
    model = LogisticRegression(C=STRENGTH, max_iter=2000).fit(
        table.fit_transform([{" ".join(feature): share_of_each(len(row)) for feature in row & kept} for row in rows]),
        [one.kind == SAID for one in chosen],
    )
    weights: dict[Feature, float] = {}
    for name, weight in zip(table.feature_names_, model.coef_[0], strict=True):
        side, _, sounds = name.partition(" ")
        if abs(weight) >= MIN_WEIGHT:
            weights[side, sounds] = round(float(weight), 2)
    return Context(weights, round(float(model.intercept_[0]), 3), violated_from, review_from)


def told(chosen: Sequence[Sentence]) -> Told:
    """Each sentence by weights that were fitted to the other writers'."""
    meant = np.zeros(len(chosen))
    for writer in dict.fromkeys(one.writer for one in chosen):
        context = fitted([one for one in chosen if one.writer != writer])
        for place, one in enumerate(chosen):
            if one.writer == writer:
                meant[place] = context.probability(*one.place)
    return Told(tuple(chosen), meant)


def _is_spelt(feature: Feature) -> bool:
    """Whether it can be written as pinyin: Latin letters and sounds that nobody knows cannot."""
    return all(one in "^$" or spelled(decode(one)[0]) == one for one in feature[1])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="write the weights, fitted to all sentences")
    chosen = options.parse_args()
    known = sentences()
    outcome = told(known)
    review_from, violated_from = outcome.review_from(), outcome.violated_from()
    parts = [
        f"{kind} {outcome.share(kind, review_from):.0%} dropped, "
        f"{outcome.share(kind, violated_from) - outcome.share(kind, review_from):.0%} for review"
        for kind in (SAID, *KINDS)
    ]
    context = fitted(known, review_from, violated_from)
    print(f"{len(known)} sentences, {len(context.weights)} weights, limits {review_from} and {violated_from}")
    print("\n".join(parts))
    if chosen.write:
        counts = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in known).items())
        head = HEAD.format(figures=";\n# ".join(parts), fitted_to=f"{len(known)} sentences ({counts})")
        WEIGHTS.write_text(context_text(context, head), encoding="utf-8")


if __name__ == "__main__":
    main()
