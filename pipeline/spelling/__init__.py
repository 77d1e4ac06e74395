"""Mending the recogniser's spelling with the terms of hospital calls: 新内科 to 心内科, 意地以保 to 异地医保.

The recogniser hears better than it spells. Every stretch of an utterance that sounds like a term of the lexicon
(`pipeline.config.terms`) is a candidate; what speaks for it is put into one probability:

- `gain`: how much likelier the utterance's characters are with the term than as recognised, natural logarithm: a
  character bigram model (`characters`) in which each term of the lexicon is one more way to go on. Where the recogniser
  wrote a word that people use (厨房, not 处方) or another term, there is little to gain;
- the distance between the sounds, in all and of the farthest syllable, how many characters change, how long the term
  is;
- how sure the recogniser was of its own characters.

The weights are a logistic regression on the part `tune` of tests/bench/spelling_sentences.yaml. Measured with Whisper
base int8 by `python -m tests.bench.bench_spelling` (telephone clips at 25 and 12 dB SNR, 95 % interval in brackets):

    part                                CER before  after                       changes right / wrong / neutral
    report (no part in any choice)          0.3035  0.2039, 33 % less (29..37)  255 / 11 / 13
    calls (known when the lexicon was       0.0963  0.0599, 38 % less (32..45)  143 /  5 /  3
    written; 26 dialogues, two channels)

What is wrong is mostly a stretch that was garbled anyway and reads like a term now. Measure again after a change of
lexicon or recogniser.

A term replaces as many characters as it has, so word times and offsets stay; `raw_text` keeps what was recognised and
`corrections` lists every change. Digits and Latin letters are never touched, 您 and 你 never exchanged, 不, 没 and 别
never taken away. A change that would make or unmake a phrase that must not be said is left alone: those are settled by
the audio (`pipeline.verify`), not by a dictionary.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline import sounds
from pipeline.model import Correction, Utterance, Word
from pipeline.spelling import characters
from pipeline.spelling.candidates import Candidate, TermIndex
from pipeline.text import is_content

TERM_SHARE = 0.25  # of what is said at any moment, all terms of the lexicon together
LEAST_PROBABILITY = 0.01  # of a recognised word, so that logarithms stay small

# Logistic regression on what 6946 candidates in 292 clips did to the error rate.
FEATURES = ("gain", "distance", "farthest", "length", "changed_share", "doubt", "equal")
_WEIGHTS = (0.177, -2.638, -2.377, 0.779, -0.797, 0.730, 0.667)
_INTERCEPT = -2.497


@dataclass(frozen=True, slots=True)
class Reading:
    """A candidate with what speaks for it. start, end: in the utterance's text, end excluded.

    features: see `FEATURES`; probability: 0..1 that the change makes the text more like what was said.
    """

    start: int
    end: int
    term: str
    features: tuple[float, ...]
    probability: float


class Speller:
    """The lexicon and the character model, loaded once (0.1 s), for any number of utterances."""

    def __init__(self, terms: Iterable[str], *, min_probability: float, protected: Iterable[str] = ()) -> None:
        """terms: see `pipeline.config.terms`. protected: phrases that no change may make or unmake."""
        self._index = TermIndex(terms)
        self._model = characters.shipped()
        self._term_logprob = math.log(TERM_SHARE / max(self._index.count, 1))
        self._min_probability = min_probability
        self._protected = tuple(dict.fromkeys((p, sounds.encode(p)) for p in protected))

    def mend(self, utterance: Utterance) -> Utterance:
        """The utterance with its likeliest changes made: in `text`, in the words, and listed in `corrections`."""
        chosen: list[Reading] = []
        for reading in sorted(self.readings(utterance), key=lambda r: (-r.probability, r.start, r.end, r.term)):
            if reading.probability < self._min_probability:
                break
            apart = all(reading.end <= other.start or other.end <= reading.start for other in chosen)
            if apart and not self._touches_protected(utterance.text, reading):
                chosen.append(reading)
        return _changed(utterance, sorted(chosen, key=lambda r: r.start)) if chosen else utterance

    def readings(self, utterance: Utterance) -> tuple[Reading, ...]:
        """Every term that may hide in the utterance, with what speaks for it."""
        text = utterance.text
        codes = iter(sounds.encode(text))
        trust = _probabilities(utterance)
        found: list[Reading] = []
        for spoken, group in groupby(range(len(text)), key=lambda at: is_content(text[at])):
            if spoken:
                places = tuple(group)
                first, last = places[0], places[-1] + 1
                heard = "".join(next(codes) for _ in places)
                found += self._readings_of(text[first:last], heard, trust[first:last], first)
        return tuple(found)

    def _readings_of(self, stretch: str, codes: str, trust: Sequence[float], offset: int) -> list[Reading]:
        candidates = tuple(self._index.find(stretch, codes))
        terms = {(c.start, c.end) for c in candidates if not c.changed}
        line = _Line(stretch, candidates, self._model, self._term_logprob)
        found = []
        for candidate in candidates:
            if candidate.changed and (candidate.start, candidate.end) not in terms:  # one term is as good as another
                features = _features(candidate, line.gain(candidate), trust)
                place = (offset + candidate.start, offset + candidate.end)
                found.append(Reading(*place, candidate.term, features, _probability(features)))
        return found

    def _touches_protected(self, text: str, reading: Reading) -> bool:
        """Whether a protected phrase stands there before the change or after it, but not both."""
        longest = max((len(phrase) for phrase, _ in self._protected), default=0)
        low, high = max(reading.start - longest, 0), reading.end + longest
        before = text[low:high]
        after = text[low : reading.start] + reading.term + text[reading.end : high]
        heard, read = ("".join(filter(is_content, part)) for part in (before, after))
        heard_codes, read_codes = sounds.encode(heard), sounds.encode(read)
        return any(
            (phrase in heard) != (phrase in read) or (codes in heard_codes) != (codes in read_codes)
            for phrase, codes in self._protected
        )


class _Line:
    """The likeliest way to say a stretch as it stands, up to and from each of its characters."""

    def __init__(
        self, stretch: str, candidates: Sequence[Candidate], model: characters.Characters, term_logprob: float
    ) -> None:
        self._stretch = stretch
        self._model = model
        self._term = term_logprob
        self._terms_from: dict[int, list[int]] = {}
        terms_to: dict[int, list[int]] = {}
        for c in candidates:
            if not c.changed:
                self._terms_from.setdefault(c.start, []).append(c.end)
                terms_to.setdefault(c.end, []).append(c.start)
        steps = [model.logprob(stretch[k - 1] if k else "", c) for k, c in enumerate(stretch)]
        self._until = [0.0]
        for end, step in enumerate(steps, start=1):
            ways = [self._until[end - 1] + step, *(self._until[s] + term_logprob for s in terms_to.get(end, ()))]
            self._until.append(max(ways))
        self._onward = [0.0] * (len(stretch) + 1)
        for start in range(len(stretch) - 1, -1, -1):
            ways = [steps[start] + self._onward[start + 1]]
            self._onward[start] = max(ways + [term_logprob + self._onward[e] for e in self._terms_from.get(start, ())])

    def gain(self, candidate: Candidate) -> float:
        """Natural log-probability of the stretch with the candidate's term less that of the stretch as it stands."""
        onward = 0.0
        if candidate.end < len(self._stretch):
            step = self._model.logprob(candidate.term[-1], self._stretch[candidate.end])
            ways = [step + self._onward[candidate.end + 1]]
            onward = max(ways + [self._term + self._onward[e] for e in self._terms_from.get(candidate.end, ())])
        return self._until[candidate.start] + self._term + onward - self._until[-1]


def _features(candidate: Candidate, gain: float, trust: Sequence[float]) -> tuple[float, ...]:
    length, changed = candidate.end - candidate.start, len(candidate.changed)
    doubt = -sum(math.log(max(trust[k], LEAST_PROBABILITY)) for k in candidate.changed) / changed
    equal = float(candidate.distance == 0)
    return gain, candidate.distance, candidate.farthest, length, changed / length, doubt, equal


def _probability(features: Sequence[float]) -> float:
    score = _INTERCEPT + sum(weight * value for weight, value in zip(_WEIGHTS, features, strict=True))
    return 1 / (1 + math.exp(-max(min(score, 50.0), -50.0)))


def _probabilities(utterance: Utterance) -> tuple[float, ...]:
    """The recogniser's probability for each character of the text; its mean where words and text differ."""
    spoken = "".join(w.text for w in utterance.words)
    each = [w.probability for w in utterance.words for _ in w.text]
    blanks = len(spoken) - len(spoken.lstrip())
    if spoken.strip() != utterance.text:
        return (utterance.confidence or 0.5,) * len(utterance.text)
    return tuple(each[blanks : blanks + len(utterance.text)])


def _changed(utterance: Utterance, readings: Sequence[Reading]) -> Utterance:
    text = utterance.text
    corrections = []
    for r in readings:
        reason = f"sounds like a term of the lexicon, distance {r.features[1]:.2f}, gain {r.features[0]:.1f}"
        corrections.append(Correction(r.start, r.end, text[r.start : r.end], r.term, reason, round(r.probability, 3)))
    mended = _with(text, corrections)
    words = _mended_words(utterance, corrections)
    return replace(utterance, text=mended, words=words, corrections=(*utterance.corrections, *corrections))


def _with(text: str, corrections: Iterable[Correction]) -> str:
    for c in corrections:
        text = text[: c.start] + c.corrected + text[c.end :]
    return text


def _mended_words(utterance: Utterance, corrections: Sequence[Correction]) -> tuple[Word, ...]:
    """The same words in the new spelling; as they were where words and text differ."""
    spoken = "".join(w.text for w in utterance.words)
    if spoken.strip() != utterance.text:
        return utterance.words
    blanks = len(spoken) - len(spoken.lstrip())
    mended = spoken[:blanks] + _with(utterance.text, corrections) + spoken[blanks + len(utterance.text) :]
    words, at = [], 0
    for word in utterance.words:
        words.append(replace(word, text=mended[at : at + len(word.text)]))
        at += len(word.text)
    return tuple(words)
