"""What the audio's word is worth: one probability that a phrase was said, from the facts of its probe.

Facts are gathered by `pipeline.verify`; the weights lie in config/lexicon/verification.yaml with the recogniser that
they were measured with and the figures they stand on (`make bench-phrases` measures them). Logistic in

    log_ratio          how much better the phrase explains the utterance than what was recognised, natural log
    cost               between the sounds of phrase and words: distance times syllables
    syllables          of the phrase, COUNTED_SYLLABLES at most: short phrases sound like too much else
    hidden             1 where other sounds were recognised than those of the phrase
    second_share       of the second readings' probability, that of those with the phrase's sounds
    second_distance    of the likeliest second reading to the phrase, per syllable
    second_ratio       the likeliest second reading with the phrase against the likeliest without, natural log
    word_probability   how sure the recogniser was of its words there; less than nothing where they are other words

Ratios are cut off at ±LARGEST: beyond, they tell no more. For a rule that looks at one role the probability is
multiplied with the role confidence. What becomes of a finding then is said in `rules.settle`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pipeline.config import shipped_files
from pipeline.config.yaml_source import Node, parse
from pipeline.model import Probe
from pipeline.text import count_characters

Verdict = Literal["said", "unsure"]

LIMITS = ("violated_from", "review_from")
LARGEST = 12.0
COUNTED_SYLLABLES = 6
_UNHEARD_DISTANCE = 1.0
_UNKNOWN_PROBABILITY = 0.5
_NAMES = (
    *(
        "log_ratio",
        "cost",
        "syllables",
        "hidden",
        "second_share",
        "second_distance",
        "second_ratio",
        "word_probability",
    ),
    "intercept",
)


@dataclass(frozen=True, slots=True)
class Verification:
    """Weights by name (`intercept` among them), and the limits, 0..1."""

    weights: Mapping[str, float]
    violated_from: float
    review_from: float

    def probability(self, probe: Probe) -> float:
        """That the phrase was said there, 0..1."""
        total = self.weights["intercept"]
        total += sum(self.weights[name] * value for name, value in features(probe).items())
        return 1 / (1 + math.exp(-total))

    def verdict(self, probe: Probe) -> Verdict | None:
        """Of a hidden phrase: whether it was said, a person has to listen, or nothing speaks for it (None)."""
        found = self.probability(probe)
        if found >= self.violated_from:
            return "said"
        return "unsure" if found >= self.review_from else None

    def strongest(self, probes: Iterable[Probe]) -> tuple[Probe, ...]:
        """Of hidden phrases that claim the same characters the likeliest: the audio holds one of them at most."""
        kept: list[Probe] = []
        hidden = [p for p in probes if p.hidden]
        for probe in sorted(hidden, key=lambda p: (-self.probability(p), p.utterance_index, p.text_start, p.phrase)):
            if not any(_overlap(probe, other) for other in kept):
                kept.append(probe)
        return tuple(kept)


def features(probe: Probe) -> dict[str, float]:
    """What the probability is made of. A place that was not read again: nothing was heard there."""
    ratio = 0.0 if probe.second_ratio is None else probe.second_ratio
    distance = probe.second_distance
    sure = _UNKNOWN_PROBABILITY if probe.word_probability is None else probe.word_probability
    syllables = count_characters(probe.phrase)
    return {
        "log_ratio": _cut(probe.log_ratio),
        "cost": probe.distance * syllables,
        "syllables": float(min(syllables, COUNTED_SYLLABLES)),
        "hidden": float(probe.hidden),
        "second_share": probe.second_share or 0.0,
        "second_distance": _UNHEARD_DISTANCE if distance is None else distance,
        "second_ratio": _cut(-LARGEST if probe.second_share is None else ratio),
        "word_probability": -sure if probe.hidden else sure,
    }


def verification_of(text: str, name: str) -> Verification:
    """Read a file like the shipped one. Raises RuleError with the line for a name that is missing or not known."""
    node = parse(text, name)
    node.allow(("recogniser", *LIMITS, "weights"))
    inner = node.node("weights")
    inner.allow(_NAMES)
    weights = {key: inner.number(key, low=-100, high=100) for key in _NAMES}
    return Verification(weights, *limits_of(node))


def limits_of(node: Node) -> tuple[float, float]:
    """`violated_from` and `review_from` of a file of weights, 0..1. Raises RuleError where they contradict."""
    upper, lower = (node.number(key, low=0, high=1) for key in LIMITS)
    if lower > upper:
        raise node.error(f"review_from = {lower:g} lies above violated_from = {upper:g}", "review_from")
    return upper, lower


@cache
def shipped() -> Verification:
    """The weights and limits that come with the package."""
    return verification_of(shipped_files.text("lexicon/verification.yaml"), "verification.yaml")


def verdict(probe: Probe) -> Verdict | None:
    """`Verification.verdict` by the shipped weights."""
    return shipped().verdict(probe)


def confidence(probe: Probe) -> float:
    """`Verification.probability` by the shipped weights."""
    return shipped().probability(probe)


def strongest(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """`Verification.strongest` by the shipped weights."""
    return shipped().strongest(probes)


def _cut(ratio: float) -> float:
    return max(-LARGEST, min(LARGEST, ratio))


def _overlap(a: Probe, b: Probe) -> bool:
    return a.utterance_index == b.utterance_index and a.text_start < b.text_end and b.text_start < a.text_end
