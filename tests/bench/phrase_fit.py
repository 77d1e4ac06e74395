"""Weights of the probability that a phrase was said: logistic regression over the places asked about in the clips."""

from collections.abc import Iterator, Sequence

from pipeline.model import Probe
from pipeline.rules.verified import features
from pipeline.text import is_content
from tests.bench.phrase_calls import Heard
from tests.bench.phrase_clips import Clip

AROUND_S = 0.3


def places(call: Heard) -> Iterator[tuple[Probe, Clip, bool]]:
    """The probes of a call with their clip and whether the phrase was said there.

    Left out: 不归我们管 where 不归我管 was said is neither right nor wrong.
    """
    for probe in call.facts.probes:
        middle_s = (probe.start_s + probe.end_s) / 2
        spans = zip(call.clips, call.answers, strict=True)
        clip = next((c for c, (a, b) in spans if a - AROUND_S <= middle_s <= b + AROUND_S), None)
        if clip is None:
            continue
        right = clip.kind != "near" and probe.phrase in "".join(c for c in clip.agent if is_content(c))
        alike = not right and clip.kind != "near" and len(set(probe.phrase) & set(clip.phrase)) > 1
        if not alike:
            yield probe, clip, right


def fitted(calls: Sequence[Heard]) -> str:
    """The weights as lines of verification.yaml."""
    from sklearn.linear_model import LogisticRegression

    found = [(features(probe), right) for call in calls for probe, _, right in places(call)]
    rows, said = [list(f.values()) for f, _ in found], [right for _, right in found]
    model = LogisticRegression(C=1.0, max_iter=5000).fit(rows, said)
    weights = {"intercept": model.intercept_[0], **dict(zip(found[0][0], model.coef_[0], strict=True))}
    lines = "".join(f"  {name}: {value:.3f}\n" for name, value in weights.items())
    return f"{len(rows)} places, {sum(said)} of them said\nweights:\n{lines}"
