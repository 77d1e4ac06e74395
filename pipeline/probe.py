"""Phrases that were said but misspelt: where they may hide, and what the audio says of each place.

The recogniser writes 提什么 where 急什么 was said. No spelling and no equal pinyin finds that, so every utterance is
searched for stretches that *sound nearly* like a phrase worth it (`candidates`), and the recogniser is asked how well
its own words and the same words with the phrase put in fit the audio (`settle`). Whether a ratio is enough is not said
here: facts are kept apart from judgements (see `pipeline.rules.verified`).

Distance: see `pipeline.sounds`. A syllable too many, too few or quite another costs more than a phrase of three
syllables can bear: every X什么 would be suspected of being 急什么.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Probe, Utterance, Word
from pipeline.sounds import INDEL_COST, WALL, WALL_COST, costs, encode, numbers
from pipeline.text import syllables

Score = Callable[[Utterance, tuple[str, ...]], tuple[float | None, ...]]
"""(utterance, texts) -> summed log-probability of each text given the utterance's audio, None where it has none."""

MIN_SYLLABLES = 3  # two syllables sound like too many words
MAX_DISTANCE = (
    0.3  # per syllable of the phrase; farther ones tripled the cost of a normal call and found one in a hundred
)
MAX_PER_UTTERANCE = 6  # the nearest ones; bounds the cost of a long utterance
MAX_SCORED_S = 28.0  # the recogniser hears no more at once
AROUND_S = 8.0
_SAME = 1e-6

_HARD_STOPS = frozenset("。？！?!；;")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of an utterance that sounds nearly like a phrase.

    first, last: its spoken characters by position in the utterance's text, both included. distance: per syllable of
    the phrase, above 0.
    """

    phrase: str
    utterance_index: int
    first: int
    last: int
    distance: float


def candidates(utterances: Sequence[Utterance], phrases: Iterable[str]) -> tuple[Candidate, ...]:
    """Where the phrases may hide, by utterance and position; at most MAX_PER_UTTERANCE of each utterance.

    phrases: spoken characters only; those of fewer than MIN_SYLLABLES are passed over. Full stops end a stretch. Places
    that a phrase fills exactly (by characters or by sound) are found without this: nothing that overlaps one is given.
    """
    line = _Line(utterances)
    sought = {p: numbers(encode(p)) for p in phrases}
    ordered = sorted((p for p in sought if len(sought[p]) >= MIN_SYLLABLES), key=lambda p: (len(sought[p]), p))
    heard = numbers("".join(line.sounds))
    found: list[Candidate] = []
    exact: set[tuple[int, int]] = set()
    for length, group in groupby(ordered, key=lambda p: len(sought[p])):
        names = tuple(group)
        total, starts = _search(np.stack([sought[n] for n in names]), heard)
        for row, column in zip(*np.nonzero(total <= MAX_DISTANCE * length), strict=True):
            first, cost = int(starts[row, column]), float(total[row, column])
            if cost < _SAME:
                exact.update(line.places(first, int(column)))
            else:
                found.append(line.candidate(names[row], first, int(column), cost / length))
    clean = [c for c in found if not any((c.utterance_index, p) in exact for p in range(c.first, c.last + 1))]
    return tuple(_nearest(clean))


def nearest(text: str, phrase: str) -> Candidate | None:
    """The stretch of a text that sounds most like the phrase; None where none is near at all."""
    line = _Line([Utterance(0, "unknown", "", 0.0, 0.0, text, text)])
    wanted = numbers(encode(phrase))
    if not len(wanted):
        return None
    total, starts = _search(wanted[None, :], numbers("".join(line.sounds)))
    column = int(np.argmin(total[0]))
    cost, first = float(total[0, column]), int(starts[0, column])
    inside = first <= column and WALL not in line.sounds[first : column + 1]
    return line.candidate(phrase, first, column, cost / len(wanted)) if inside else None


def with_phrase(text: str, place: Candidate, begins: int = 0) -> str:
    """The text with the phrase put into its place. begins: where `text` begins in the text that the place is of."""
    return text[: place.first - begins] + place.phrase + text[place.last + 1 - begins :]


def settle(utterance: Utterance, hidden: Sequence[Candidate], score: Score) -> tuple[Probe, ...]:
    """Ask the recogniser about the candidates of one utterance.

    Each probe compares the utterance as decoded with the utterance with the phrase put in, so that both texts explain
    the same audio: all of it up to MAX_SCORED_S, else the words within AROUND_S of the place. Spelling that was mended
    counts as it was heard. Candidates whose audio or text cannot be scored give no probe.
    """
    utterance = replace(utterance, text=_as_heard(utterance))
    whole = utterance.duration_s <= MAX_SCORED_S
    return tuple(p for group in ([hidden] if whole else [[c] for c in hidden]) for p in _asked(utterance, group, score))


def _asked(utterance: Utterance, hidden: Sequence[Candidate], score: Score) -> Iterator[Probe]:
    part, begins = (utterance, 0) if utterance.duration_s <= MAX_SCORED_S else _around(utterance, hidden[0])
    decoded, *readings = score(part, (part.text, *(with_phrase(part.text, c, begins) for c in hidden)))
    for candidate, reading in zip(hidden, readings, strict=True):
        if reading is not None and decoded is not None:
            yield _probe(utterance, candidate, reading, decoded)


def _around(utterance: Utterance, candidate: Candidate) -> tuple[Utterance, int]:
    """The words near the candidate as an utterance of their own, and where its text begins in the whole text.

    All of it where words and text differ: nobody knows then which audio the text belongs to.
    """
    if _blanks(utterance) is None:
        return utterance, 0
    start_s, end_s = _time_of(utterance, candidate)
    words = tuple(w for w in utterance.words if w.end_s >= start_s - AROUND_S and w.start_s <= end_s + AROUND_S)
    before = sum(len(w.text) for w in utterance.words[: utterance.words.index(words[0])])
    begins = max(before - (_blanks(utterance) or 0), 0)
    text = utterance.text[begins : begins + sum(len(w.text) for w in words)]
    return replace(utterance, start_s=words[0].start_s, end_s=words[-1].end_s, text=text, words=words), begins


def _probe(utterance: Utterance, candidate: Candidate, reading: float, decoded: float) -> Probe:
    start_s, end_s = _time_of(utterance, candidate)
    words = _words_of(utterance, candidate)
    return Probe(
        phrase=candidate.phrase,
        utterance_index=utterance.index,
        text_start=candidate.first,
        text_end=candidate.last + 1,
        start_s=start_s,
        end_s=end_s,
        distance=round(candidate.distance, 4),
        phrase_logprob=round(reading, 3),
        decoded_logprob=round(decoded, 3),
        log_ratio=round(reading - decoded, 3),
        word_probability=round(sum(w.probability for w in words) / len(words), 4) if words else None,
    )


def _words_of(utterance: Utterance, candidate: Candidate) -> tuple[Word, ...]:
    """The words that the stretch touches; () where words and text differ in length."""
    blanks = _blanks(utterance)
    if blanks is None:
        return ()
    ends = list(accumulate(len(word.text) for word in utterance.words))
    first, last = (bisect_right(ends, blanks + at) for at in (candidate.first, candidate.last))
    return utterance.words[first : last + 1]


def _time_of(utterance: Utterance, candidate: Candidate) -> tuple[float, float]:
    """From the first to the last word that the stretch touches; the utterance's time where nobody knows."""
    words = _words_of(utterance, candidate)
    return (words[0].start_s, words[-1].end_s) if words else (utterance.start_s, utterance.end_s)


def _blanks(utterance: Utterance) -> int | None:
    """How many blanks the words begin with that the text does not; None where words and text differ in length.

    Characters may differ: they were simplified or mended one by one.
    """
    spoken = "".join(word.text for word in utterance.words)
    return len(spoken) - len(spoken.lstrip()) if len(spoken.strip()) == len(utterance.text) else None


def _as_heard(utterance: Utterance) -> str:
    """The text before its spelling was mended."""
    text = utterance.text
    for mended in utterance.corrections:
        text = text[: mended.start] + mended.original + text[mended.end :]
    return text


class _Line:
    """All utterances as one row of sounds, a wall after each utterance and at each full stop."""

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self.sounds: list[str] = []
        self._utterance: list[int] = []
        self._position: list[int] = []
        for said in utterances:
            spoken = zip(syllables(said.text), said.sounds or encode(said.text), strict=True)
            heard = {syllable.index: code for syllable, code in spoken}
            for position, character in enumerate(said.text):
                if position in heard or character in _HARD_STOPS:
                    self._add(heard.get(position, WALL), said.index, position)
            self._add(WALL, said.index, len(said.text))

    def _add(self, sound: str, utterance: int, position: int) -> None:
        self.sounds.append(sound)
        self._utterance.append(utterance)
        self._position.append(position)

    def places(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """(utterance, position in its text) of the syllables first to last."""
        return zip(self._utterance[first : last + 1], self._position[first : last + 1], strict=True)

    def candidate(self, phrase: str, first: int, last: int, distance: float) -> Candidate:
        return Candidate(phrase, self._utterance[first], self._position[first], self._position[last], distance)


def _search(wanted: NDArray[np.intp], heard: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Cost of the best stretch that ends at each syllable, and where it starts; both (phrases, syllables heard).

    wanted: (phrases, length). Sellers' algorithm for all phrases of one length at once, with at most one syllable too
    many between two of the phrase.
    """
    length = wanted.shape[1]
    table = costs()
    wall = (heard == numbers(WALL)[0]) * WALL_COST
    cost = np.zeros((len(wanted), len(heard) + 1))  # column j: the stretch ends before syllable j
    start = np.broadcast_to(np.arange(len(heard) + 1), cost.shape)
    for k in range(length):
        replaced = cost[:, :-1] + table[wanted[:, k]][:, heard]
        left_out = cost + INDEL_COST
        better = replaced < left_out[:, 1:]
        cost = np.concatenate((left_out[:, :1], np.where(better, replaced, left_out[:, 1:])), axis=1)
        start = np.concatenate((start[:, :1], np.where(better, start[:, :-1], start[:, 1:])), axis=1)
        if 0 < k < length - 1:  # a syllable too many before the first or after the last is no part of the stretch
            added = cost[:, :-1] + INDEL_COST + wall
            better = added < cost[:, 1:]
            start = np.concatenate((start[:, :1], np.where(better, start[:, :-1], start[:, 1:])), axis=1)
            cost = np.concatenate((cost[:, :1], np.where(better, added, cost[:, 1:])), axis=1)
    return cost[:, 1:], start[:, 1:]


def _nearest(found: list[Candidate]) -> Iterator[Candidate]:
    """Of stretches of one phrase that overlap the nearest; of an utterance the MAX_PER_UTTERANCE nearest."""
    kept: dict[int, list[Candidate]] = {}
    for candidate in sorted(found, key=lambda c: (c.distance, c.last - c.first, c.first, c.phrase)):
        mine = kept.setdefault(candidate.utterance_index, [])
        overlaps = (o for o in mine if o.phrase == candidate.phrase)
        if len(mine) < MAX_PER_UTTERANCE and not any(
            o.first <= candidate.last and candidate.first <= o.last for o in overlaps
        ):
            mine.append(candidate)
    for _, mine in sorted(kept.items()):
        yield from sorted(mine, key=lambda c: (c.first, c.last, c.phrase))
