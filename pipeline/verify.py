"""Hits are checked in the audio before they count: what is asked of the recogniser, and of which places.

Asked about are the *hits* of dear rules (`Rulebook.phrases_to_verify`: phrase rules from major on) and the places that
only sound nearly like one of their phrases (`pipeline.probe`), or do when they are read again because the recogniser
was unsure of its words (`pipeline.doubtful`). For each the recogniser scores its own words and the same words with the
phrase put in; then, where the phrase is not refuted by that already, the stretch is read again on its own and the
likeliest reading with the phrase is scored against the likeliest without. The phrases never reach its prompt. What
comes of it are facts (`CallFacts.probes`); what they are worth is said in `pipeline.rules.verified`.

A rulebook that came after the analysis brings hits that nobody has listened to: they are for review until
`Verifier.again` has put the recording to the recogniser once more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import groupby, islice
from pathlib import Path

from pipeline import audio, crosstalk, doubtful, probe
from pipeline.alike import Candidate
from pipeline.config import Settings
from pipeline.engines import Reading, Samples, Span, Transcriber
from pipeline.errors import AudioError
from pipeline.model import CallFacts, Probe, Role, Utterance
from pipeline.rereading import second
from pipeline.rules import Rulebook
from pipeline.rules.operators.phrase import PhraseOperator
from pipeline.rules.phrases import Hit
from pipeline.rules.spoken import CallView, SpokenTurn
from pipeline.text import count_characters, is_content

AGAIN_FROM = -2.5  # log ratio per syllable of a hidden place below which it is not worth a second reading,
NEARLY = 0.15  # unless it sounds as nearly like the phrase as this, per syllable
AROUND_S = 0.8  # of the neighbours' speech on both sides of a place that is read again

Key = tuple[int, int, str]
"""Utterance, position in its text, phrase: what a probe is about."""


@dataclass(frozen=True, slots=True)
class Question:
    """A place to ask about. said: the utterance it stands in; of a hit over several of a turn, those as one.

    by_expression: an expression hits its words; other phrases may still hide among so many.
    """

    said: Utterance
    place: Candidate
    by_expression: bool = False

    @property
    def key(self) -> Key:
        return self.place.utterance_index, self.place.first, self.place.phrase

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Questions about the same text stand together: the recogniser hears it once."""
        return self.said.index, len(self.said.text), self.place.first, self.place.phrase


@dataclass(frozen=True, slots=True)
class Ear:
    """The recogniser on the sound of one call. signals: by channel, (n,) each at 16 kHz, as they were transcribed."""

    transcriber: Transcriber
    signals: tuple[Samples, ...]
    _readings: dict[tuple[int, Span], tuple[Reading, ...]] = field(default_factory=dict)  # several phrases, one place

    def score(self, said: Utterance, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        return self.transcriber.score(self.signals[said.channel or 0], Span(said.start_s, said.end_s), texts)

    def read(self, said: Utterance, span: Span) -> tuple[Reading, ...]:
        """Readings of a part of an utterance on its own."""
        key = (said.channel or 0, span)
        if key not in self._readings:
            self._readings[key] = self.transcriber.reread(self.signals[said.channel or 0], span)
        return self._readings[key]

    def ask_again(self, said: Utterance, found: Probe) -> Probe:
        """The probe with what a second reading of its place says; as it was where there is none."""
        signal = self.signals[said.channel or 0]
        span = Span(max(found.start_s - AROUND_S, said.start_s), min(found.end_s + AROUND_S, said.end_s))
        heard = second(self.read(said, span), found.phrase)
        if heard is None:
            return found
        without, *ways = self.transcriber.score(signal, span, (heard.clean, *heard.said))
        with_it = max((w for w in ways if w is not None), default=None)
        return replace(
            found,
            second_text=heard.text,
            second_distance=heard.distance,
            second_share=heard.share,
            clean_text=heard.clean,
            second_ratio=None if with_it is None or without is None else round(with_it - without, 3),
        )


def asked(facts: CallFacts, rulebook: Rulebook, ear: Callable[[], Ear]) -> CallFacts:
    """The facts with a probe for every place of a dear phrase. ear: called only when there is anything to ask."""
    ear = cache(ear)  # one for the call: it may have to decode the recording, and it keeps its readings
    known = {(p.utterance_index, p.text_start, p.phrase) for p in facts.probes}
    questions = {q.key: q for q in _questions(facts, rulebook, ear) if q.key not in known}
    found: list[Probe] = []
    for _, group in groupby(sorted(questions.values(), key=lambda q: q.order), key=lambda q: q.order[:2]):
        together = tuple(group)
        found += _answers(together[0].said, tuple(q.place for q in together), ear())
    ordered = sorted((*facts.probes, *found), key=lambda p: (p.utterance_index, p.text_start, p.phrase))
    return replace(facts, probes=tuple(ordered), verified=True)


def unasked(facts: CallFacts, rulebook: Rulebook) -> bool:
    """Whether a dear rule hits words of this call that nobody has listened to a second time."""
    known = {(p.utterance_index, p.text_start, p.phrase) for p in facts.probes}
    return any(q.key not in known for q in _hits(facts, rulebook))


class Verifier:
    """Asks about stored calls again, with a recogniser that is loaded when the first call needs it."""

    def __init__(self, settings: Settings, rulebook: Rulebook, load: Callable[[], Transcriber]) -> None:
        """load: gives the recogniser; called once at most."""
        self._settings, self._rulebook, self._load = settings, rulebook, load

    def again(self, facts: CallFacts) -> CallFacts:
        """The facts with probes for all that the rulebook hits now; the same facts when there is nothing to ask.

        Raises AudioError when the recording is gone or is another one now: the hits then stay for review.
        """
        if not unasked(facts, self._rulebook):
            return facts
        return asked(facts, self._rulebook, lambda: self._ear(facts))

    @cached_property
    def _transcriber(self) -> Transcriber:
        return self._load()

    def _ear(self, facts: CallFacts) -> Ear:
        return Ear(self._transcriber, signals_of(facts, self._settings))


def signals_of(facts: CallFacts, settings: Settings) -> tuple[Samples, ...]:
    """What the recogniser heard of a stored call, by channel, from its recording.

    Raises AudioError when the file is not there, cannot be decoded or holds other bytes than were analysed.
    """
    path = Path(facts.recording.path)
    if not path.is_file():
        raise AudioError(f"{path} is not there any more: new hits in it stay for review; bring it back and run again")
    if audio.sha256_of(path) != facts.recording.sha256:
        raise AudioError(f"{path} holds another recording now; put the old one back, or analyse it: callqa run {path}")
    signals = audio.engine_channels(audio.load(path, settings.audio), settings.audio.engine_rate_hz)
    if len(signals) > 1 and facts.audio.layout != "stereo":  # only one channel carries speech
        return (max(signals, key=lambda s: float(abs(s).sum())),)
    if len(signals) > 1:
        return tuple(crosstalk.suppress(signals[i], signals[1 - i]) for i in (0, 1))
    return (signals[0],)


def _answers(said: Utterance, places: tuple[Candidate, ...], ear: Ear) -> Iterator[Probe]:
    """What the recogniser says of the places of one utterance."""
    for first in probe.settle(said, places, ear.score):
        yield ear.ask_again(said, first) if _is_worth_it(first) else first


def _is_worth_it(found: Probe) -> bool:
    """Whether a second reading may tell anything: long phrases bear more."""
    bound = AGAIN_FROM * count_characters(found.phrase)
    return not found.hidden or found.distance <= NEARLY or found.log_ratio >= bound


def _questions(facts: CallFacts, rulebook: Rulebook, ear: Callable[[], Ear]) -> Iterator[Question]:
    """The hits, and of the places that sound alike, or do when they are read again, those that overlap no hit."""
    hits = tuple(_hits(facts, rulebook))
    yield from hits
    for role in sorted({u.role for u in facts.utterances}):
        phrases = rulebook.phrases_to_verify(role)
        mine = {u.index: u for u in facts.utterances if u.role == role}
        if phrases:
            alike = probe.candidates(tuple(mine.values()), phrases)
            for hidden in (*alike, *_reread(mine.values(), phrases, ear)):
                if not any(_overlap(hidden, hit.place) for hit in hits if not hit.by_expression):
                    yield Question(mine[hidden.utterance_index], hidden)


def _reread(said: Iterable[Utterance], phrases: frozenset[str], ear: Callable[[], Ear]) -> Iterator[Candidate]:
    """What other readings of the stretches that the recogniser was unsure of hold."""
    for utterance in said:
        for stretch in doubtful.stretches(utterance):
            yield from doubtful.held(stretch, ear().read(utterance, stretch.span), phrases)


def _hits(facts: CallFacts, rulebook: Rulebook) -> Iterator[Question]:
    """Where the words themselves hit a dear rule, each place and phrase once."""
    view = CallView(replace(facts, probes=()))
    found: dict[Key, Question] = {}
    for rule in rulebook.dear():
        if isinstance(rule.operator, PhraseOperator):
            for turn in _turns(view, rule.role):
                for hit in (h for h in rule.operator.words.hits(turn) if h.how != "fuzzy"):  # those only sound alike
                    question = _question(turn, hit)
                    found.setdefault(question.key, question)
    return iter(found.values())


def _turns(view: CallView, role: Role | None) -> Iterable[SpokenTurn]:
    return view.turns_of(role) if role is None else (*view.turns_of(role), *view.turns_of("unknown"))


def _question(turn: SpokenTurn, hit: Hit) -> Question:
    """About a hit, by its first utterance; an end in a later one counts on over the texts between."""
    (first, begin), (last, finish) = _position(turn, hit.span.start), _position(turn, hit.span.end - 1)
    parts = turn.utterances[first : last + 1]
    before = sum(len(u.text) for u in parts[:-1])
    phrase = turn.flat[hit.span.start : hit.span.end] if hit.how == "regex" else hit.phrase
    place = Candidate(phrase, parts[0].index, begin, before + finish, 0.0)
    return Question(parts[0] if len(parts) == 1 else _joined(parts), place, hit.how == "regex")


def _position(turn: SpokenTurn, place: int) -> tuple[int, int]:
    """Which utterance of the turn a spoken character stands in, and where in its text."""
    spoken = ((n, at) for n, u in enumerate(turn.utterances) for at, c in enumerate(u.text) if is_content(c))
    return next(islice(spoken, place, None))


def _joined(parts: Sequence[Utterance]) -> Utterance:
    """Utterances of one turn as one, under the name of the first."""
    return replace(
        parts[0],
        end_s=parts[-1].end_s,
        text="".join(p.text for p in parts),
        words=tuple(word for p in parts for word in p.words),
        sounds="",
        corrections=(),
    )


def _overlap(a: Candidate, b: Candidate) -> bool:
    return a.utterance_index == b.utterance_index and a.first <= b.last and b.first <= a.last
