"""One call: path to CallReport. The only place that knows the order of the steps."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

from pipeline import __version__, align, audio, crosstalk, machines, measures, memory, roles, verify
from pipeline.config import Settings
from pipeline.config.terms import load_terms
from pipeline.engines import Diarizer, Samples, Span, Transcriber, weights
from pipeline.judge import Judge
from pipeline.model import (
    CallFacts,
    CallReport,
    EngineInfo,
    Recording,
    Role,
    StageTime,
    Turn,
    Utterance,
)
from pipeline.pauses import Punctuation, marked_facts
from pipeline.sounds import encode
from pipeline.spelling import Speller
from pipeline.spelling.characters import shipped

# Counted up by hand when a change of code alone changes facts: stored calls are then analysed again.
FACTS_GENERATION = 5
ENGINE_PACKAGES = ("faster-whisper", "ctranslate2", "pyannote.audio", "torch", "librosa", "av")
STAGES = ("decode", "find speech", "transcribe", "measure", "verify", "judge")


MACHINE = "machine"  # the speaker of announcements: it has no role


@dataclass(frozen=True, slots=True)
class Heard:
    """What the engines made of a call, before anything is measured.

    signals: what they heard, by channel, (n,) each at the engines' rate.
    """

    turns: tuple[Turn, ...]
    speech: tuple[tuple[Span, ...], ...]
    spoken: tuple[align.Spoken, ...]
    signals: tuple[Samples, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Who said what. marked: the same utterances with the marks that the recogniser left out."""

    utterances: tuple[Utterance, ...]
    marked: tuple[Utterance, ...]
    role_confidence: float


@dataclass(slots=True)
class _Clock:
    """Seconds spent per stage, and a word to whoever watches."""

    on_stage: Callable[[str], None]
    times: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.on_stage(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            memory.give_back()  # what a stage leaves free is not the next one's: 0.13 GB of a call of an hour
            self.times[name] = self.times.get(name, 0.0) + time.perf_counter() - start


class Analyzer:
    """The engines of one process, loaded once, for any number of calls."""

    def __init__(
        self, settings: Settings, transcriber: Transcriber | None = None, diarizer: Diarizer | None = None
    ) -> None:
        """Load the models (about 2 s). Raises EngineError when weights are missing or damaged, RuleError likewise."""
        self._settings = settings
        self._judge = Judge(settings)
        self._diarizer = diarizer or _load_diarizer(settings)
        self._transcriber = transcriber or load_transcriber(settings)
        self._speller = _load_speller(settings, self._judge)
        self._punctuation = Punctuation(shipped(), self._judge.rulebook.phrases_to_verify("agent"))
        self._engine = _engine_info(settings)

    @staticmethod
    def fingerprint(settings: Settings) -> str:
        """Digest of everything that decides the facts of given bytes: models, options, code. Loads no model."""
        return _fingerprint(settings)

    def analyze(
        self, path: Path, recording: Recording | None = None, on_stage: Callable[[str], None] = lambda _: None
    ) -> CallReport:
        """Decode, hear, measure and judge one recording.

        recording: identity and metadata; None: made from the path alone. on_stage is told the stage that begins.
        Raises AudioError for a file that cannot be used and EngineError when a model fails.
        """
        clock = _Clock(on_stage)
        with clock.stage("decode"):
            identity = recording or _anonymous(path)
            sound = audio.load(path, self._settings.audio)
            signals = audio.engine_channels(sound, self._settings.audio.engine_rate_hz)
            long = sound.duration_s > audio.LONG_S
            if long:  # a call of hours is held once only: as it is heard, then as it is measured
                sound = replace(sound, samples=sound.samples[:, :0].copy())
        heard, live = self._hear(signals, clock)
        heard = _tightened(_machines_apart(heard))
        del signals
        with clock.stage("measure"):
            said = self._said(identity, heard)
            if long:
                heard = replace(heard, signals=())
                sound = audio.load(path, self._settings.audio)
            if live is not None:
                sound = _one_row(sound, live)
            facts = self._facts(identity, sound, heard, said)
        del sound  # of a call of hours verification decodes its own
        with clock.stage("verify"):
            facts = verify.asked(facts, self._judge.rulebook, lru_cache(1)(partial(self._ear, facts, heard)))
            facts = marked_facts(facts, said.marked)
        with clock.stage("judge"):
            judgement = self._judge.judge(facts)
        times = tuple(StageTime(stage, seconds) for stage, seconds in clock.times.items())
        return CallReport(replace(facts, engine=replace(facts.engine, stage_times=times)), judgement)

    def _ear(self, facts: CallFacts, heard: Heard) -> verify.Ear:
        """The recogniser on what it heard; of a call of hours, decoded once more."""
        signals = heard.signals or verify.signals_of(facts, self._settings)
        return verify.Ear(self._transcriber, signals)

    def _hear(self, signals: Samples, clock: _Clock) -> tuple[Heard, int | None]:
        """What is heard in signals (rows, n) at the engines' rate; and the one of two channels that carries speech."""
        if len(signals) == 1:
            return self._hear_mix(signals[0], clock), None
        heard = self._hear_channels(signals, clock)
        live = tuple(channel for channel, speech in enumerate(heard.speech) if speech)
        if len(live) != 1:
            return heard, None
        # One party was not recorded, or both are on one channel: only the voices can tell.
        return self._hear_mix(signals[live[0]], clock, expect_two=False), live[0]

    def _hear_mix(self, samples: Samples, clock: _Clock, *, expect_two: bool = True) -> Heard:
        """Mono: voices are told apart by the diarizer, each stretch is transcribed once."""
        with clock.stage("find speech"):
            diarization = self._diarizer.diarize(samples, expect_two=expect_two)
            pieces = align.disjoint(diarization.turns)
        with clock.stage("transcribe"):
            transcript = self._transcriber.transcribe(samples, tuple(Span(p.start_s, p.end_s) for p in pieces))
        spoken = tuple(align.Spoken(p, w) for p, w in zip(pieces, transcript.words, strict=True))
        return Heard(diarization.turns, (diarization.speech,), spoken, (samples,))

    def _hear_channels(self, signals: Samples, clock: _Clock) -> Heard:
        """One party per channel: the channel is the speaker; what leaks over from the other side is muted first."""
        turns: list[Turn] = []
        speech: list[tuple[Span, ...]] = []
        spoken: list[align.Spoken] = []
        heard: list[Samples] = []
        for channel, samples in enumerate(signals):
            with clock.stage("find speech"):
                own = crosstalk.suppress(samples, signals[1 - channel])
                spans = self._diarizer.speech(own)
            with clock.stage("transcribe"):
                transcript = self._transcriber.transcribe(own, spans)
            pieces = tuple(Turn(f"C{channel}", s.start_s, s.end_s, channel) for s in spans)
            spoken += [align.Spoken(p, w) for p, w in zip(pieces, transcript.words, strict=True)]
            turns += pieces
            speech.append(spans)
            heard.append(own)
        turns.sort(key=lambda t: (t.start_s, t.end_s))
        return Heard(tuple(turns), tuple(speech), tuple(spoken), tuple(heard))

    def _said(self, recording: Recording, heard: Heard) -> Said:
        """Utterances, their spelling mended, with their roles."""
        said = align.utterances(heard.spoken)
        if self._speller is not None:
            said = tuple(map(self._speller.mend, said))
        people = tuple(u for u in said if u.speaker != MACHINE)
        decision = _roles(people, recording.metadata.agent_channel)
        said = tuple(replace(u, role=decision.roles.get(u.speaker, "unknown"), sounds=encode(u.text)) for u in said)
        marked = self._punctuation.restored(said, heard.signals, self._settings.audio.engine_rate_hz)
        return Said(said, marked, decision.confidence)

    def _facts(self, recording: Recording, sound: audio.Audio, heard: Heard, said: Said) -> CallFacts:
        settings = self._settings.measures
        line = recording.metadata.line
        measured = measures.measure_call(
            sound,
            turns=heard.turns,
            utterances=said.utterances,
            speech=tuple(tuple((s.start_s, s.end_s) for s in channel) for channel in heard.speech),
            settings=settings,
            spl_offset_db=settings.line_spl_offsets_db.get(line or "", settings.spl_offset_db),
            spl_calibrated=line in settings.line_spl_offsets_db,
        )
        return CallFacts(
            recording=recording,
            audio=sound.facts,
            turns=heard.turns,
            utterances=measured.utterances,
            events=tuple(
                sorted((*measured.events, *align.untranscribed(heard.spoken)), key=lambda e: (e.start_s, e.kind))
            ),
            measures=measured.call,
            role_confidence=said.role_confidence,
            envelope=audio.envelope(sound),
            engine=self._engine,
            analyzed_at=datetime.now(UTC),
        )


def _tightened(heard: Heard) -> Heard:
    """Turns and speech as they are measured. Utterances keep the stretches in which their words were heard."""
    speech = tuple(tuple(Span(*align.tightened_span(s.start_s, s.end_s)) for s in channel) for channel in heard.speech)
    return replace(heard, turns=align.tightened(heard.turns), speech=speech)


def _machines_apart(heard: Heard) -> Heard:
    """Announcements of the exchange given to a speaker of their own, whichever voice or channel they came with."""
    order = sorted(range(len(heard.spoken)), key=lambda i: heard.spoken[i].turn.start_s)
    pieces = [
        machines.Piece(one.turn.speaker, one.turn.start_s, one.turn.end_s, "".join(w.text for w in one.words))
        for one in (heard.spoken[i] for i in order)
    ]
    found = {order[i] for i in machines.said_by_machines(pieces)}
    if not found:
        return heard
    spoken, turns = align.handed_over(heard.spoken, heard.turns, found, MACHINE)
    return replace(heard, spoken=spoken, turns=turns)


def _one_row(sound: audio.Audio, channel: int) -> audio.Audio:
    """A two-channel call as a mono one, for when only this channel carries speech."""
    told = any(text.startswith("dead_channel") for text in sound.facts.warnings)
    more = () if told else (audio.warning("dead_channel", f"nobody speaks on channel {1 - channel}"),)
    facts = replace(sound.facts, layout="mono", warnings=sound.facts.warnings + more)
    return replace(sound, samples=sound.samples[channel : channel + 1], facts=facts)


def _roles(said: tuple[Utterance, ...], agent_channel: int | None) -> roles.RoleDecision:
    """The telephone system's word on the agent's channel where it gives one, else what the words tell."""
    if agent_channel is None or any(u.channel is None for u in said):
        return roles.decide(said)
    sides: dict[str, Role] = {u.speaker: "agent" if u.channel == agent_channel else "patient" for u in said}
    return roles.RoleDecision(sides, 1.0)


def _anonymous(path: Path) -> Recording:
    """A recording that no store knows: named after its file."""
    digest = audio.sha256_of(path)
    return Recording(call_id=path.stem, path=str(path), sha256=digest, size_bytes=path.stat().st_size)


def _load_diarizer(settings: Settings) -> Diarizer:
    from pipeline.engines import runtime  # noqa: PLC0415 - heavy, only where a model is wanted

    segmentation = weights.verified_folder("segmentation-3.0", settings.models) / "pytorch_model.bin"
    embedding = weights.verified_folder("campplus", settings.models) / "campplus_cn_en_common.pt"
    runtime.prepare(allow_hub=settings.models.allow_hub)
    runtime.set_threads(1)
    from pipeline.engines.pyannote import PyannoteDiarizer  # noqa: PLC0415

    return PyannoteDiarizer(
        segmentation,
        embedding,
        settings.diarization,
        device=settings.models.device,
        threads=settings.batch.threads_per_worker,
    )


def load_transcriber(settings: Settings) -> Transcriber:
    """The recogniser alone (about 1 s). Raises EngineError when its weights are missing or damaged."""
    models = settings.models
    packaged = models.whisper == "packaged-base"
    folder = weights.verified_folder("packaged-base", models) if packaged else models.whisper
    from pipeline.engines.whisper import WhisperTranscriber  # noqa: PLC0415 - heavy, only where a model is wanted

    return WhisperTranscriber(folder, models, settings.transcription, threads=settings.batch.threads_per_worker)


def _load_speller(settings: Settings, judge: Judge) -> Speller | None:
    """What must not be said is neither written nor wiped out by a lexicon: it is settled by the audio."""
    if not settings.spelling.enabled:
        return None
    terms = (term for listed in load_terms(settings.spelling.lexicons).values() for term in listed)
    guarded = sorted(judge.rulebook.phrases_to_verify("agent"))
    return Speller(terms, min_probability=settings.spelling.min_probability, protected=guarded)


def _model_names(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Each model with the digest of its main file, from the manifest (a model of the user's own by its name)."""
    names = [(w.name, w.files[0].sha256[:12]) for w in weights.needed(settings.models)]
    if settings.models.whisper != "packaged-base":
        names.append(("whisper", settings.models.whisper))
    return tuple(names)


def _engine_info(settings: Settings) -> EngineInfo:
    options = {**settings.transcription.model_dump(mode="json"), **settings.diarization.model_dump(mode="json")}
    options |= {"device": settings.models.device, "compute_type": settings.models.compute_type}
    return EngineInfo(
        fingerprint=_fingerprint(settings),
        callqa_version=__version__,
        models=_model_names(settings),
        versions=tuple((name, version(name)) for name in ENGINE_PACKAGES),
        options=tuple((name, json.dumps(value)) for name, value in sorted(options.items())),
    )


def _fingerprint(settings: Settings) -> str:
    """Line calibrations are left out: they shift estimated levels, which `recheck` does without hearing calls again."""
    parts = {
        "generation": FACTS_GENERATION,
        "models": _model_names(settings),
        "compute_type": settings.models.compute_type,
        "audio": settings.audio.model_dump(mode="json"),
        "transcription": settings.transcription.model_dump(mode="json"),
        "diarization": settings.diarization.model_dump(mode="json"),
        "spelling": _spelling_options(settings),
        "measures": settings.measures.model_dump(mode="json", exclude={"spl_offset_db", "line_spl_offsets_db"}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _spelling_options(settings: Settings) -> dict[str, object]:
    """What decides the spelling: the limit and the terms, wherever their files lie."""
    if not settings.spelling.enabled:
        return {}
    return {"min_probability": settings.spelling.min_probability, "terms": dict(load_terms(settings.spelling.lexicons))}
