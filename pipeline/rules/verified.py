"""When the audio's word is enough: limits on the probes of a call (`pipeline.probe`), fitted to measured calls.

Evidence is a probe's log ratio, plus 1.5 for every syllable of the phrase beyond the third, five at most: the more
sounds agree, the less the recogniser's own spelling has to be doubted. From SAID_FROM the phrase counts as said; from
REVIEW_FROM a person has to listen, if it sounds near enough (REVIEW_MAX_DISTANCE); below nothing is made of it.

Measured with Whisper base int8 by `python -m tests.bench.bench_probes`: twelve recordings of dialogues that the samples
do not hold, with every run of words of the calls as a phrase to look for, and 142 telephone clips, each at 25 and 12 dB
SNR, that say a phrase of the rulebook or something confusable. Of overlapping places the strongest; those that
characters or equal sounds find anyway are left out. Said / not said by evidence:

    below -12   -12..-8   -8..-6   -6..-4   -4..-2   -2..0   0..0.5   from 0.5
      4 / 181    5 / 66    9 / 13   10 / 7   12 / 6   15 / 4    0 / 0     38 / 0

So 41 % of what was said behind other spelling counts, all of it rightly (38 of 38: precision above 0.92 with 95 %
confidence; so few say no more); another 32 % goes to review, 30 right and 10 wrong. The limits were chosen on an
earlier recognition of the same speech (33 / 0 from 0.5), so these figures are no independent proof. There the clean
您想提什么意见 came nearest to a false hit, heard as 急什么 at -0.1: on a telephone t and j before i are one sound, and
no limit parts them. Another recogniser has other ratios: measure again before relying on these limits.
"""

import math
from collections.abc import Iterable
from typing import Literal

from pipeline.model import Probe
from pipeline.text import count_characters

Verdict = Literal["said", "unsure"]

SAID_FROM = 0.5
REVIEW_FROM = -6.0
REVIEW_MAX_DISTANCE = 0.25  # per syllable: half of a syllable of two, three quarters of one of three
PER_SYLLABLE = 1.5
COUNTED_SYLLABLES = (3, 5)
_SLOPE, _INTERCEPT = 0.47, 2.20  # logistic regression of "said" on the evidence, on the places above


def verdict(probe: Probe) -> Verdict | None:
    """Whether the phrase was said ("said"), a person has to listen ("unsure") or nothing speaks for it (None)."""
    found = evidence(probe)
    if found >= SAID_FROM:
        return "said"
    return "unsure" if found >= REVIEW_FROM and probe.distance <= REVIEW_MAX_DISTANCE else None


def evidence(probe: Probe) -> float:
    """Natural log ratio for the phrase, with the bonus for its length."""
    least, most = COUNTED_SYLLABLES
    return probe.log_ratio + PER_SYLLABLE * (min(count_characters(probe.phrase), most) - least)


def confidence(probe: Probe) -> float:
    """Probability 0..1 that the phrase was said: 0.36 at REVIEW_FROM, 0.92 at SAID_FROM."""
    return 1 / (1 + math.exp(-(_SLOPE * evidence(probe) + _INTERCEPT)))


def strongest(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """Of hidden phrases that claim the same characters the likeliest: the audio holds one of them at most."""
    kept: list[Probe] = []
    for probe in sorted(
        (p for p in probes if p.hidden), key=lambda p: (-evidence(p), p.utterance_index, p.text_start, p.phrase)
    ):
        if not any(_overlap(probe, other) for other in kept):
            kept.append(probe)
    return tuple(kept)


def _overlap(a: Probe, b: Probe) -> bool:
    return a.utterance_index == b.utterance_index and a.text_start < b.text_end and b.text_start < a.text_end
