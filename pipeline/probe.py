"""Phrases that were said but misspelt: where they may hide, and what the audio says of each place.

The recogniser writes 提什么 where 急什么 was said. No spelling and no equal pinyin finds that, so every utterance is
searched for stretches that *sound nearly* like a phrase worth it (`candidates`), and the recogniser is asked how well
its own words and the same words with the phrase put in fit the audio (`settle`). Whether a ratio is enough is not said
here: facts are kept apart from judgements (see `pipeline.rules.verified`).

Distance: see `pipeline.sounds`. A syllable too many, too few or quite another costs more than a phrase of three
syllables can bear: every X什么 would be suspected of being 急什么. Where the recogniser was unsure of a word of the
place, more is borne: 海沉默 was 喊什么.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain, groupby, islice

import numpy as np

from pipeline.alike import Candidate, Line, search
from pipeline.model import Probe, Utterance, Word
from pipeline.sounds import encode, numbers
from pipeline.text import is_content

Score = Callable[[Utterance, tuple[str, ...]], tuple[float | None, ...]]
"""(utterance, texts) -> summed log-probability of each text given the utterance's audio, None where it has none."""

MIN_SYLLABLES = 2
MAX_DISTANCE = 0.3  # per syllable of the phrase, where the recogniser was sure of its words
# Where it was not sure of one of them. Of the places between the two limits in half of the phrase bench 7 of 319 held
# the phrase, of those with sure words 1 of 507: they would be most of what a normal call is asked about.
MAX_DISTANCE_UNSURE = 0.45
UNSURE_WORD = 0.6
MAX_PER_UTTERANCE = 8  # the nearest ones; bounds the cost of a long utterance
MAX_SCORED_S = 28.0  # the recogniser hears no more at once
AROUND_S = 8.0
ECHO_CHARACTERS = 3
_SAME = 1e-6


def candidates(utterances: Sequence[Utterance], phrases: Iterable[str]) -> tuple[Candidate, ...]:
    """Where the phrases may hide, by utterance and position; at most MAX_PER_UTTERANCE of each utterance.

    phrases: spoken characters only; those of fewer than MIN_SYLLABLES are passed over. Full stops end a stretch. Places
    that a phrase fills exactly (by characters or by sound) are found without this: nothing that overlaps one is given.
    """
    line = Line(utterances)
    by_index = {u.index: u for u in utterances}
    sought = {p: numbers(encode(p)) for p in phrases}
    ordered = sorted((p for p in sought if len(sought[p]) >= MIN_SYLLABLES), key=lambda p: (len(sought[p]), p))
    found: list[Candidate] = []
    exact: set[tuple[int, int]] = set()
    for length, group in groupby(ordered, key=lambda p: len(sought[p])):
        names = tuple(group)
        total, starts = search(np.stack([sought[n] for n in names]), line.numbers)
        for row, column in zip(*np.nonzero(total <= MAX_DISTANCE_UNSURE * length), strict=True):
            first, cost = int(starts[row, column]), float(total[row, column])
            if cost < _SAME:
                exact.update(line.places(first, int(column)))
            else:
                found.append(line.candidate(names[row], first, int(column), cost / length))
    clean = [c for c in found if not any((c.utterance_index, p) in exact for p in range(c.first, c.last + 1))]
    return tuple(_nearest([c for c in clean if c.distance <= _limit(by_index[c.utterance_index], c)]))


def with_phrase(text: str, place: Candidate, begins: int = 0) -> str:
    """The text with the phrase put into its place. begins: where `text` begins in the text that the place is of."""
    return text[: place.first - begins] + place.phrase + text[place.last + 1 - begins :]


def ways(text: str, place: Candidate, begins: int = 0) -> tuple[str, ...]:
    """Texts that hold the phrase at its place, the plain one (`with_phrase`) first: which is meant the audio decides.

    What was misheard is misheard the same way next to it: 推什么推 is 催什么催, not 催什么推. Where the place has a
    syllable less than the phrase, its neighbour may be the missing one: 不是我管 of 不是我管你 is 不是我管的.
    """
    first, last = place.first - begins, place.last - begins
    plain = with_phrase(text, place, begins)
    heard = [c for c in text[first : last + 1] if is_content(c)]
    if len(heard) == len(place.phrase):
        instead = {h: p for h, p in zip(heard, place.phrase, strict=True) if h != p}
        before = "".join(instead.get(c, c) for c in text[max(0, first - ECHO_CHARACTERS) : first])
        after = "".join(instead.get(c, c) for c in text[last + 1 : last + 1 + ECHO_CHARACTERS])
        rest = text[last + 1 + ECHO_CHARACTERS :]
        more = [text[: max(0, first - ECHO_CHARACTERS)] + before + place.phrase + after + rest]
    elif len(heard) < len(place.phrase):
        left = next((at for at in range(first - 1, -1, -1) if is_content(text[at])), first)
        right = next((at for at in range(last + 1, len(text)) if is_content(text[at])), last)
        more = [text[:left] + place.phrase + text[last + 1 :], text[:first] + place.phrase + text[right + 1 :]]
    else:
        more = []
    return tuple(dict.fromkeys((plain, *more)))


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
    texts = [ways(part.text, c, begins) for c in hidden]
    decoded, *scores = score(part, (part.text, *chain.from_iterable(texts)))
    found = iter(scores)
    for candidate, mine in zip(hidden, texts, strict=True):
        best = max((s for s in islice(found, len(mine)) if s is not None), default=None)
        if best is not None and decoded is not None:
            yield _probe(utterance, candidate, best, decoded)


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


def _limit(utterance: Utterance, candidate: Candidate) -> float:
    unsure = any(word.probability < UNSURE_WORD for word in _words_of(utterance, candidate))
    return MAX_DISTANCE_UNSURE if unsure else MAX_DISTANCE


def _words_of(utterance: Utterance, candidate: Candidate) -> tuple[Word, ...]:
    """The words that the stretch touches, by spoken characters: blanks and commas of words and text may differ.

    () where they do not speak as many characters.
    """
    ends = list(accumulate(sum(map(is_content, word.text)) for word in utterance.words))
    spoken = list(accumulate(map(is_content, utterance.text)))
    if not ends or not spoken or ends[-1] != spoken[-1]:
        return ()
    first, last = (bisect_right(ends, spoken[min(at, len(spoken) - 1)] - 1) for at in (candidate.first, candidate.last))
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
