"""Whether a forbidden phrase is meant: what the words around it say, as one probability.

“不归我管” brushes somebody off; “您说他跟您讲不归我管，是吧” repeats it, “这药不能随便停” means something else and
“我不清楚，我帮您问一下” is made good at once. Lists of exceptions name what somebody thought of; this weighs all words
around the phrase: a logistic regression over one and two syllables together,

    before, after            within WINDOW of the phrase on that side
    beside                   the same on either side
    next_before, next_after  right at its edge; ^ and $ stand for the turn's beginning and end

Sounds, since the recogniser hears better than it spells, and those that telephone lines blur most (z/zh, c/ch, s/sh,
in/ing, en/eng, an/ang) as one; without the phrase itself, since every phrase can be both. What a long turn holds counts
no more than what a short one does: the sum is divided by the root of how many features there are.
Weights and limits lie in config/lexicon/context.yaml with the sentences that they were fitted to and the figures they
reach. A rule asks for them by `weigh_context: true` inside `phrase`: below `review_from` its hit is dropped (kept with
the reason, it counts nowhere), below `violated_from` a person has to listen.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from pipeline.config import shipped_files
from pipeline.config.yaml_source import Node, parse
from pipeline.rules.spoken import Span
from pipeline.rules.verified import LIMITS, limits_of
from pipeline.sounds import UNKNOWN, decode, spelled

SIDES = ("before", "after", "beside", "next_before", "next_after")
WINDOW = (20, 32)  # syllables before and after: as far as the sentences reach that the weights were fitted to
FEW = 40  # features: where there are less, each counts no more than if there were so many
_EDGES = "^$"
_LONGEST = 2  # syllables of a feature

Feature = tuple[str, str]
"""A side, and code characters (`pipeline.sounds`) or edges."""


@dataclass(frozen=True, slots=True)
class Context:
    """weights: of each feature. violated_from, review_from: limits of the probability, 0..1."""

    weights: Mapping[Feature, float]
    intercept: float
    violated_from: float
    review_from: float

    def probability(self, sounds: str, span: Span) -> float:
        """That the phrase at `span` of a turn with these sounds is said in earnest, 0..1."""
        there = set(features(sounds, span))
        total = math.fsum(self.weights.get(feature, 0.0) for feature in there)  # the same in whichever order
        return (1 + math.tanh((self.intercept + total * share_of_each(len(there))) / 2)) / 2


def share_of_each(count: int) -> float:
    """What each of so many features counts."""
    return 1 / math.sqrt(max(count, FEW))


def features(sounds: str, span: Span) -> Iterator[Feature]:
    """What is there around a span of a turn's sounds; some may come twice."""
    sounds = _blurred(sounds)
    before = sounds[max(0, span.start - WINDOW[0]) : span.start]
    after = sounds[span.end : span.end + WINDOW[1]]
    for side, text in (("before", before), ("after", after)):
        for length in range(1, _LONGEST + 1):
            for start in range(len(text) - length + 1):
                gram = text[start : start + length]
                yield side, gram
                yield "beside", gram
    for length in range(1, _LONGEST + 1):
        yield "next_before", ("^" + before)[-length:]
        yield "next_after", (after + "$")[:length]


def context_of(text: str, name: str) -> Context:
    """Read a file like the shipped one.

    Raises RuleError, with file and line, for a name that is missing or not known and for a weight that is none.
    """
    node = parse(text, name)
    node.allow(("fitted_to", *LIMITS, "intercept", "weights"))
    inner = node.node("weights")
    inner.allow(SIDES)
    weights: dict[Feature, float] = {}
    for side in SIDES:
        for sounds, weight in _weights(inner, side):
            if (side, sounds) in weights:
                raise inner.error(f"{_spelt(sounds)!r} has a weight twice; keep one of them", side)
            weights[side, sounds] = weight
    return Context(weights, node.number("intercept", low=-100, high=100), *limits_of(node))


def context_text(context: Context, head: str) -> str:
    """The file that `context_of` reads. head: its first lines, up to the limits."""
    lines = [head, *(f"{key}: {getattr(context, key):g}" for key in LIMITS), f"intercept: {context.intercept:.3f}"]
    lines.append("weights:  # syllables, weight")
    for side in SIDES:
        lines.append(f"  {side}: |")
        mine = [(_spelt(sounds), weight) for (own, sounds), weight in context.weights.items() if own == side]
        lines += [f"    {spelt} {weight:.2f}" for spelt, weight in sorted(mine)]
    return "\n".join(lines) + "\n"


@cache
def shipped() -> Context:
    """The weights and limits that come with the package."""
    return context_of(shipped_files.text("lexicon/context.yaml"), "lexicon/context.yaml")


def _weights(node: Node, side: str) -> Iterator[tuple[str, float]]:
    for line in filter(str.strip, node.text(side).splitlines()):
        *syllables, last = line.split()
        codes = [one if one in _EDGES else spelled(one) for one in syllables]
        try:
            weight = float(last)
        except ValueError:
            weight = math.nan
        sounds = _blurred("".join(code or UNKNOWN for code in codes))
        if not 0 < len(sounds) <= _LONGEST or UNKNOWN in sounds or not math.isfinite(weight):
            raise node.error(f"{line!r} is no weight; write one or two syllables and a number: ni shuo -0.25", side)
        yield sounds, weight


def _blurred(sounds: str) -> str:
    return "".join(map(_blurred_one, sounds))


@lru_cache(maxsize=1024)
def _blurred_one(sound: str) -> str:
    """What stands for a sound and for those that it is mistaken for: the plainer syllable, where there is one."""
    (name,) = decode(sound)
    plainer = re.sub("(?<=[aei])ng$", "n", re.sub("^([zcs])h", r"\1", name))
    found = spelled(plainer) if plainer != name else None
    return found if found is not None and len(found) == 1 else sound


def _spelt(sounds: str) -> str:
    return " ".join(one if one in _EDGES else decode(one)[0] for one in sounds)
