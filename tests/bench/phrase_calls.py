"""The clips as telephone calls: spoken, heard and verified once, then kept in the user's cache folder.

Twelve questions and answers make a stereo call. What is kept, and what it is known by:

- the recording: its sentences, voices and noise, and the code that speaks them (`audio_samples/`);
- what was heard of it: the recording and the analyser's fingerprint (models, options, FACTS_GENERATION);
- what the audio says of phrases: the above, the phrases looked for and the code that looks (`pipeline/verify.py` and
  what it stands on). Where only this changed, recordings are put to the recogniser again without being transcribed.

A run that is killed loses the calls in work; the next one goes on.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import platformdirs
import soundfile
import typer

from audio_samples import line, synth, tts
from audio_samples.synth import Line, Party, Spec, build_call
from pipeline import alike, audio, doubtful, probe, rereading, sounds, verify
from pipeline.analyze import Analyzer, load_transcriber
from pipeline.config import Settings, load_settings
from pipeline.engines import Transcriber
from pipeline.judge import Judge
from pipeline.model import CallFacts, CallMetadata, Recording
from pipeline.store import artefact
from tests.bench.phrase_clips import CASTS, HARD_DB, Clip, cast_of

CLIPS_A_CALL = 12
RATE_CPM = 250.0
PROCESSES = 2

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Heard:
    """A call of clips: when each clip's question and answer were said (seconds), and what was heard."""

    clips: tuple[Clip, ...]
    turns: tuple[Span, ...]
    answers: tuple[Span, ...]
    facts: CallFacts


class NotAllError(Exception):
    """Time was up before every call was heard. left: calls to go."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} calls are left to be heard; run again to go on")


def cache_folder() -> Path:
    """Where recordings and what was heard of them lie."""
    return platformdirs.user_cache_path("callqa") / "bench" / "phrases"


def kept(chosen: Sequence[Clip]) -> tuple[Heard, ...]:
    """The calls of the clips that were heard already, by today's code."""
    cache = Cache(cache_folder())
    return tuple(found for pack in packs(chosen) if (found := cache.read(pack)) is not None)


def heard(chosen: Sequence[Clip], limit_s: float | None = None) -> tuple[Heard, ...]:
    """The calls of the clips, made and heard where they are not kept from an earlier run.

    limit_s: no call is begun after this time. Raises NotAllError when it was too short.
    """
    every = tuple(packs(chosen))
    begun_s = time.monotonic()
    cache = Cache(cache_folder())
    waiting = [pack for pack in every if cache.read(pack) is None]
    waiting.sort(key=_order)
    left = len(waiting)
    if waiting:
        context = get_context("spawn")
        with ProcessPoolExecutor(min(PROCESSES, os.cpu_count() or 1), context, _start, (cache.folder,)) as pool:
            futures = [pool.submit(_hear, pack, None if limit_s is None else begun_s + limit_s) for pack in waiting]
            for done in as_completed(futures):
                if not done.result():
                    continue
                left -= 1
                typer.echo(f"{left} of {len(every)} calls to go, {time.monotonic() - begun_s:.0f} s", err=True)
    if left:
        raise NotAllError(left)
    return kept(chosen)


@dataclass(frozen=True)
class Cache:
    """Recordings, what was heard and what was asked, by their keys."""

    folder: Path
    settings: Settings = field(default_factory=lambda: settings())  # noqa: PLW0108 - the field hides the function's name

    def read(self, pack: tuple[Clip, ...]) -> Heard | None:
        """A call with everything that is known of it; None where anything is missing or older than the code."""
        name = call_name(pack)
        facts = artefact.read_facts(self.folder / self.asked_key, name) if self._truth(name).is_file() else None
        return None if facts is None else self._of(pack, facts)

    def transcribed(self, name: str) -> CallFacts | None:
        """A call as it was heard, whatever was asked of the audio then."""
        return artefact.read_facts(self.folder / self.heard_key, name)

    def audio_path(self, name: str) -> Path:
        return self.folder / "calls" / f"{name}.flac"

    def _truth(self, name: str) -> Path:
        return self.folder / "calls" / f"{name}.truth.json"

    def _of(self, pack: tuple[Clip, ...], facts: CallFacts) -> Heard:
        turns = json.loads(self._truth(call_name(pack)).read_text(encoding="utf-8"))["turns"]
        times = [(t["start"], t["end"]) for t in turns]
        return Heard(pack, tuple(times[::2]), tuple(times[1::2]), facts)

    def speak(self, pack: tuple[Clip, ...], voice: tts.Kokoro) -> None:
        """Make the recording and its truth; the truth last, it says that both are whole."""
        name = call_name(pack)
        call = build_call(_spec(name, pack), voice.say)
        self.audio_path(name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(self.audio_path(name), call.samples, line.RATE_HZ)
        part = self._truth(name).with_suffix(".part")
        part.write_text(json.dumps(call.truth, ensure_ascii=False), encoding="utf-8")
        part.replace(self._truth(name))

    def is_spoken(self, name: str) -> bool:
        return self._truth(name).is_file()

    @cached_property
    def heard_key(self) -> str:
        return f"heard-{Analyzer.fingerprint(self.settings)}"

    @cached_property
    def asked_key(self) -> str:
        rulebook = Judge(self.settings).rulebook
        looked_for = sorted(p for role in ("agent", "patient") for p in rulebook.phrases_to_verify(role))
        return (
            f"asked-{_digest(self.heard_key, *looked_for, _code_of(verify, probe, alike, doubtful, rereading, sounds))}"
        )


class _Worker:
    """One process: models are loaded when the first call needs them."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder)

    def hear(self, pack: tuple[Clip, ...]) -> None:
        name, cache = call_name(pack), self.cache
        if not cache.is_spoken(name):
            cache.speak(pack, self._voice)
        path = cache.audio_path(name)
        facts = cache.transcribed(name)
        if facts is None:
            facts = self._analyzer.analyze(path, _recording(name, path)).facts
            artefact.write_facts(cache.folder / cache.heard_key, facts)
        else:
            facts = self._asked(facts)
        artefact.write_facts(cache.folder / cache.asked_key, facts)

    def _asked(self, facts: CallFacts) -> CallFacts:
        signals = verify.signals_of(facts, self.cache.settings)
        ear = verify.Ear(self._transcriber, signals)
        return verify.asked(replace(facts, probes=(), verified=False), self._judge.rulebook, lambda: ear)

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.cache.settings)

    @cached_property
    def _analyzer(self) -> Analyzer:
        return Analyzer(self.cache.settings)

    @cached_property
    def _transcriber(self) -> Transcriber:
        return load_transcriber(self.cache.settings)

    @cached_property
    def _voice(self) -> tts.Kokoro:
        tts.fetch(tts.assets_folder())
        return tts.Kokoro(tts.assets_folder())


_WORKERS: list[_Worker] = []


def _start(folder: Path) -> None:
    _WORKERS.append(_Worker(folder))


def _hear(pack: tuple[Clip, ...], until_s: float | None) -> bool:
    """Whether it was heard: no call is begun when time is up."""
    if until_s is not None and time.monotonic() > until_s:
        return False
    _WORKERS[0].hear(pack)
    return True


def call_name(pack: tuple[Clip, ...]) -> str:
    """Of a call: digest of what is spoken in it and of the code that speaks."""
    spoken = [(c.kind, cast_of(c.voice), c.phrase, c.patient, c.agent, c.voice, c.snr_db) for c in pack]
    return _digest(repr(spoken), _code_of(synth, line, tts))


def _order(pack: tuple[Clip, ...]) -> tuple[bool, bool, bool, str]:
    """What the figures stand on comes first: a run that was cut short tells something already."""
    kind, part, snr_db = pack[0].kind, pack[0].part, pack[0].snr_db
    return snr_db <= HARD_DB, kind not in ("said", "near"), part == "development", call_name(pack)


def packs(chosen: Sequence[Clip]) -> Iterator[tuple[Clip, ...]]:
    """Clips of one part, company, voice and noise level, CLIPS_A_CALL at a time; those of new phrases apart."""

    def key(clip: Clip) -> tuple[bool, str, str, str, float]:
        return not clip.listed, clip.part, _company(clip), clip.voice, clip.snr_db

    for _, group in groupby(sorted(chosen, key=key), key=key):
        alike = tuple(group)
        for first in range(0, len(alike), CLIPS_A_CALL):
            yield alike[first : first + CLIPS_A_CALL]


def _company(clip: Clip) -> str:
    """Clips of one company may share a call: a remedy would excuse what was said in the clip before it."""
    is_apart = clip.part == "development" or clip.kind in ("said", "remedied")
    return clip.kind if is_apart else "clean"


def _spec(name: str, pack: tuple[Clip, ...]) -> Spec:
    voices = CASTS[cast_of(pack[0].voice)]
    other = voices[(voices.index(pack[0].voice) + 1) % len(voices)]
    parties = (
        Party("a", "agent", pack[0].voice, rate_cpm=RATE_CPM),
        Party("p", "patient", other, rate_cpm=RATE_CPM),
    )
    lines = tuple(one for c in pack for one in (Line("p", c.patient), Line("a", c.agent)))
    return Spec(name, "其他", "stereo", int(name[:6], 16), parties, lines, snr_db=pack[0].snr_db)


def _recording(name: str, path: Path) -> Recording:
    return Recording(name, str(path), audio.sha256_of(path), path.stat().st_size, CallMetadata(agent_channel=0))


def settings() -> Settings:
    """As shipped, one thread a process."""
    settings = load_settings(cache_folder())
    return settings.model_copy(update={"batch": settings.batch.model_copy(update={"threads_per_worker": 1})})


def _code_of(*modules: ModuleType) -> str:
    return _digest(*(Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
