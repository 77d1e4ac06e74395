"""What mending the spelling does to the error rate: wins, harms, and which errors are left.

    python -m tests.bench.bench_spelling          (needs the extra `samples`; 30 minutes the first time, then seconds)
    python -m tests.bench.bench_spelling --fit    (prints the weights of pipeline/spelling/__init__.py anew)

Weights and limits are chosen on the part `tune`; `report` (other sentences on other subjects, other voices mixed) and
`calls` (the dialogues of the samples and those held back, two channels) are only measured. A correction is right when
the utterance is nearer to what was said with it than without it, wrong when it is farther, else neutral.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import process_time

import jiwer
import numpy as np
import typer

from pipeline import sounds
from pipeline.config import load_settings
from pipeline.config.terms import load_terms
from pipeline.judge import Judge
from pipeline.model import Correction, Utterance
from pipeline.spelling import FEATURES, Speller
from pipeline.text import for_scoring, toneless_pinyin
from tests.bench.spelling_speech import Said, heard

RESAMPLES = 1000
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Mended:
    """One turn before and after."""

    said: Said
    before: Utterance
    after: Utterance

    def errors(self, text: str) -> int:
        return _errors(for_scoring(self.said.truth), for_scoring(text))

    def effect(self, correction: Correction) -> int:
        """How many errors the correction alone takes away; below 0: adds."""
        text = self.before.text
        alone = text[: correction.start] + correction.corrected + text[correction.end :]
        return self.errors(text) - self.errors(alone)


def main(*, fit: bool = False) -> None:
    """Print the figures of each part, or the weights."""
    turns = heard()
    speller = _speller()
    if fit:
        _fit([t for t in turns if t.part == "tune"], speller)
        return
    for part in ("tune", "report", "calls"):
        _report(part, [t for t in turns if t.part == part], speller)


def _speller() -> Speller:
    """As the analyzer makes it."""
    settings = load_settings()
    terms = [term for listed in load_terms().values() for term in listed]
    guarded = Judge(settings).rulebook.phrases_to_verify("agent")
    return Speller(terms, min_probability=settings.spelling.min_probability, protected=sorted(guarded))


def _report(part: str, turns: Sequence[Said], speller: Speller) -> None:
    started = process_time()
    mended = [Mended(t, u, speller.mend(u)) for t, u in _recognised(turns)]
    seconds = process_time() - started
    lost = sum(len(for_scoring(t.truth)) for t in turns if t.utterance is None)
    audio_s = sum(t.end_s - t.start_s for t in turns)
    typer.echo(f"\n{part}: {len(turns)} turns, {audio_s:.0f} s, RTF of mending {seconds / audio_s:.5f}")
    counts = np.array(
        [(len(for_scoring(m.said.truth)), m.errors(m.before.text), m.errors(m.after.text)) for m in mended]
    )
    length, before, after = (int(n) + lost for n in counts.sum(axis=0))
    low, high = _interval(counts)
    typer.echo(
        f"  CER {before / length:.4f} -> {after / length:.4f}: {1 - after / before:.1%} less ({low:.1%} to {high:.1%})"
    )
    rates = [_pinyin_errors(mended, which) / length for which in ("before", "after")]
    typer.echo(f"  toneless-pinyin errors {rates[0]:.4f} -> {rates[1]:.4f}")
    effects = [(m, c, m.effect(c)) for m in mended for c in m.after.corrections]
    right, wrong = sum(e > 0 for *_, e in effects), sum(e < 0 for *_, e in effects)
    typer.echo(f"  corrections: {right} right, {wrong} wrong, {len(effects) - right - wrong} neutral")
    for m, c, _ in [e for e in effects if e[2] < 0][:SHOWN]:
        typer.echo(f"    wrong {c.original} -> {c.corrected} ({c.probability:.2f}) in {m.before.text} / {m.said.truth}")
    kinds = Counter(kind for m in mended for kind, _ in _left(m))
    typer.echo("  errors left: " + ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()))
    same = Counter(pair for m in mended for kind, pair in _left(m) if kind == "same sound")
    typer.echo("    same sound most often: " + " ".join(f"{pair}:{n}" for pair, n in same.most_common(SHOWN)))


def _recognised(turns: Iterable[Said]) -> Iterator[tuple[Said, Utterance]]:
    for turn in turns:
        if turn.utterance is not None:
            yield turn, turn.utterance


def _errors(truth: str, text: str) -> int:
    if not truth:
        return len(text)
    found = jiwer.process_characters(truth, text)
    return found.substitutions + found.insertions + found.deletions


def _pinyin_errors(mended: Iterable[Mended], which: str) -> int:
    total = 0
    for m in mended:
        text = m.before.text if which == "before" else m.after.text
        found = jiwer.process_words(*(" ".join(toneless_pinyin(for_scoring(t))) for t in (m.said.truth, text)))
        total += found.substitutions + found.insertions + found.deletions
    return total


def _interval(counts: np.ndarray) -> tuple[float, float]:
    """95 % of the relative reduction when turns are drawn again, with replacement."""
    drawn = np.random.default_rng(1).integers(0, len(counts), (RESAMPLES, len(counts)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.percentile(1 - sums[:, 2] / sums[:, 1], (2.5, 97.5))
    return float(low), float(high)


def _left(m: Mended) -> Iterator[tuple[str, str]]:
    """The kind of each error that is left, and what stands there for what was said."""
    truth, text = for_scoring(m.said.truth), for_scoring(m.after.text)
    for chunk in jiwer.process_characters(truth, text).alignments[0] if truth else ():
        meant = truth[chunk.ref_start_idx : chunk.ref_end_idx]
        written = text[chunk.hyp_start_idx : chunk.hyp_end_idx]
        if chunk.type == "substitute":
            yield from ((_kind(a, b), b + a) for a, b in zip(meant, written, strict=True))
        elif chunk.type != "equal":
            yield from ((chunk.type, "") for _ in max(meant, written, key=len))


def _kind(said: str, written: str) -> str:
    distance = sounds.distance(sounds.encode(said), sounds.encode(written))
    return "same sound" if distance == 0 else "near sound" if distance <= sounds.OTHER_COST else "other sound"


def _fit(turns: Sequence[Said], speller: Speller) -> None:
    """Logistic regression of `the change takes errors away` on the features of every candidate; five-fold check."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, helps, groups = [], [], []
    for turn, utterance in _recognised(turns):
        whole = Mended(turn, utterance, utterance)
        for r in speller.readings(utterance):
            change = Correction(r.start, r.end, utterance.text[r.start : r.end], r.term, "", 0.0)
            features.append(r.features)
            helps.append(whole.effect(change) > 0)
            groups.append(turn.truth)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    folds = GroupKFold(5).split(features, helps, groups)
    guessed = cross_val_predict(model, features, helps, cv=list(folds), method="predict_proba")[:, 1]
    typer.echo(f"{len(helps)} candidates, {sum(helps)} right; log loss of five folds {log_loss(helps, guessed):.4f}")
    model.fit(features, helps)
    weights = model[-1].coef_[0] / model[0].scale_
    typer.echo(" ".join(f"{name} {weight:.3f}" for name, weight in zip(FEATURES, weights, strict=True)))
    typer.echo(f"intercept {model[-1].intercept_[0] - float((weights * model[0].mean_).sum()):.3f}")


if __name__ == "__main__":
    typer.run(main)
