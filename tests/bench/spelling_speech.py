"""Speech for bench_spelling, decoded once: what was said and the words that the recogniser gave, kept in the cache.

Clips: the sentences of spelling_sentences.yaml, each in one of seven voices, strung on a telephone line at 25 and
12 dB SNR. Calls: the dialogues of the samples and those held back, two channels, cut at their true turns.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import soxr
from ruamel.yaml import YAML

from audio_samples import line, tts
from audio_samples.synth import build_call, load_spec
from pipeline import align
from pipeline.analyze import load_transcriber
from pipeline.config import load_settings
from pipeline.engines import Samples, Span, Transcriber
from pipeline.model import Turn, Utterance, Word

HERE = Path(__file__).parent
RATE_HZ = 16_000
VOICES = tuple(v for v in tts.NATURAL_CPM if v != "zf_xiaoni")
SNRS_DB = (25.0, 12.0)
PER_STRING = 9
DIALOGUES = (HERE / "dialogues", HERE.parent.parent / "audio_samples" / "dialogues")


@dataclass(frozen=True, slots=True)
class Said:
    """One turn. part: tune, report or calls; group: its dialogue or subject; where: in which audio."""

    part: str
    group: str
    where: str
    truth: str
    start_s: float
    end_s: float
    words: tuple[Word, ...]

    @property
    def utterance(self) -> Utterance | None:
        """As alignment makes it; None when nothing was recognised."""
        turn = Turn("C0", self.start_s, self.end_s)
        return next(iter(align.utterances((align.Spoken(turn, self.words),))), None)


def heard() -> tuple[Said, ...]:
    """All turns; decoded on the first call (15 minutes on two cores), then read from the cache."""
    kept = platformdirs.user_cache_path("callqa") / "bench" / f"spelling-{_digest()}.json"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps([asdict(s) for s in _decoded()], ensure_ascii=False), encoding="utf-8")
        part.replace(kept)
    return tuple(_said(item) for item in json.loads(kept.read_text(encoding="utf-8")))


def _said(item: dict[str, Any]) -> Said:
    return Said(**{**item, "words": tuple(Word(**w) for w in item["words"])})


def _sources() -> tuple[Path, ...]:
    return (HERE / "spelling_sentences.yaml", *(p for folder in DIALOGUES for p in sorted(folder.glob("*.yaml"))))


def _digest() -> str:
    parts = [path.read_text(encoding="utf-8") for path in _sources()]
    settings = load_settings()
    parts += [str(settings.transcription.model_dump(mode="json")), settings.models.whisper, str(SNRS_DB)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _decoded() -> Iterator[Said]:
    folder = tts.assets_folder()
    tts.fetch(folder)
    voice = tts.Kokoro(folder)
    transcriber = load_transcriber(load_settings())
    for where, samples, turns in audio(voice):
        yield from _channel(where, samples, turns, transcriber)


def _channel(
    where: str, samples: Samples, turns: Sequence[tuple[str, str, str, Span]], transcriber: Transcriber
) -> Iterator[Said]:
    words = transcriber.transcribe(samples, tuple(span for *_, span in turns)).words
    for (part, group, truth, span), told in zip(turns, words, strict=True):
        yield Said(part, group, where, truth, span.start_s, span.end_s, told)


def audio(voice: tts.Kokoro) -> Iterator[tuple[str, Samples, list[tuple[str, str, str, Span]]]]:
    """Each signal: its name, samples (n,) at 16 kHz, and its turns (part, group, text, span)."""
    yield from _clips(voice)
    for path in _sources()[1:]:
        spec = load_spec(path)
        call = build_call(spec, voice.say, "stereo")
        for channel in (0, 1):
            role = "agent" if channel == spec.agent_channel else "patient"
            own = [t for t in call.truth["turns"] if t["role"] == role]
            turns = [("calls", spec.id, t["text"], Span(t["start"], t["end"])) for t in own]
            yield f"{spec.id}/{channel}", _at_16k(call.samples[:, channel]), turns


def _clips(voice: tts.Kokoro) -> Iterator[tuple[str, Samples, list[tuple[str, str, str, Span]]]]:
    listed = YAML(typ="safe", pure=True).load(_sources()[0].read_text(encoding="utf-8"))
    groups = [(part, group, texts) for part, groups in listed.items() for group, texts in groups.items()]
    for number, (part, group, texts) in enumerate(groups):
        name = VOICES[number % len(VOICES)]
        other = VOICES[(number + 3) % len(VOICES)]
        for snr_db in SNRS_DB:
            for first in range(0, len(texts), PER_STRING):
                some = texts[first : first + PER_STRING]
                samples, spans = _strung(
                    [voice.say(t, (name, other)[i % 2], 260.0) for i, t in enumerate(some)], snr_db
                )
                turns = [(part, group, text, span) for text, span in zip(some, spans, strict=True)]
                yield f"{group}/{snr_db:g}/{first}", samples, turns


def _strung(spoken: Sequence[np.ndarray], snr_db: float) -> tuple[Samples, tuple[Span, ...]]:
    """Turns on one telephone line, 0.7 s apart; samples (n,) at 16 kHz."""
    pause = np.zeros(round(0.7 * line.RATE_HZ))
    parts, spans = [pause], []
    for one in spoken:
        turn = line.set_level(line.trim(line.telephone_band(one, tts.RATE_HZ)), -25.0)
        start_s = sum(map(len, parts)) / line.RATE_HZ
        spans.append(Span(start_s, start_s + len(turn) / line.RATE_HZ))
        parts += [turn, pause]
    whole = np.concatenate(parts)
    sent = line.compand(whole + line.noise(len(whole), -25.0 - snr_db, np.random.default_rng(5)), "mu")
    return _at_16k(sent), tuple(spans)


def _at_16k(samples: np.ndarray) -> Samples:
    return np.asarray(soxr.resample(samples, line.RATE_HZ, RATE_HZ), np.float32)
