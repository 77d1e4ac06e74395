"""How well the audio tells a misspelt phrase from other words: the figures behind pipeline/rules/verified.py.

    python -m tests.bench.bench_probes          (needs the extra `samples`; 6 minutes on two cores, 10 the first time)

Two sources, neither used for anything else. Calls: the dialogues held back in dialogues/, mono and stereo; every run of
one to four words of three to six characters from any of them is looked for as if it were a phrase. Clips: the sentences
of phrase_clips.yaml in seven voices at 25 and 12 dB SNR, with the rulebook's phrases. Right is a place whose phrase was
said there (in clips, a phrase of the same rule).
"""

import random
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import soxr
import typer
from ruamel.yaml import YAML

from audio_samples import line, tts
from audio_samples.synth import build_call, load_spec
from pipeline import align, probe
from pipeline.analyze import load_transcriber
from pipeline.config import load_settings
from pipeline.engines import Samples, Span, Transcriber
from pipeline.model import Probe, Turn, Utterance
from pipeline.rules import Rulebook, load_rulebook
from pipeline.rules.verified import evidence, strongest, verdict
from pipeline.text import is_content, normalise, toneless_pinyin

HERE = Path(__file__).parent
RATE_HZ = 16_000
VOICES = tuple(v for v in tts.NATURAL_CPM if v != "zf_xiaoni")
SNRS_DB = (25.0, 12.0)
PER_UTTERANCE = 5  # said and not said places of one utterance of a call, so that long ones do not outweigh the rest
EDGES = (-12.0, -8.0, -6.0, -4.0, -2.0, 0.0, 0.5)


@dataclass(frozen=True, slots=True)
class Place:
    """One probe, and whether it is right."""

    probe: Probe
    heard: str
    right: bool


def main() -> None:
    """Print how many places were right and wrong by their evidence."""
    folder = tts.assets_folder()
    tts.fetch(folder)
    voice = tts.Kokoro(folder)
    transcriber = load_transcriber(load_settings())
    for name, places in (("clips", list(_clips(voice, transcriber))), ("calls", list(_calls(voice, transcriber)))):
        typer.echo(f"{name}: evidence, right / wrong")
        counts = [[0, 0] for _ in range(len(EDGES) + 1)]
        for place in places:
            counts[bisect_right(EDGES, evidence(place.probe))][not place.right] += 1
        for low, (right, wrong) in zip((-np.inf, *EDGES), counts, strict=True):
            typer.echo(f"  from {low:6.1f}: {right:4d} / {wrong}")
        for judged in ("said", "unsure", None):
            right = [p.right for p in places if verdict(p.probe) == judged]
            typer.echo(f"  {judged or 'neither'}: {sum(right)} right, {len(right) - sum(right)} wrong")
        for place in sorted((p for p in places if not p.right), key=lambda p: -evidence(p.probe))[:5]:
            typer.echo(f"  nearest wrong: {place.heard} as {place.probe.phrase} {evidence(place.probe):.1f}")


def _clips(voice: tts.Kokoro, transcriber: Transcriber) -> Iterator[Place]:
    listed = YAML(typ="safe", pure=True).load((HERE / "phrase_clips.yaml").read_text(encoding="utf-8"))
    said = [(VOICES[(i + shift) % 7], c["phrase"], c["text"]) for i, c in enumerate(listed["said"]) for shift in (0, 3)]
    clean = [(VOICES[i % 7], "", text) for i, text in enumerate(listed["clean"])]
    book = load_rulebook()
    phrases = book.phrases_to_verify("agent")
    for _, group in groupby(sorted(said + clean, key=lambda c: c[0]), key=lambda c: c[0]):
        clips = list(group)
        for snr_db in SNRS_DB:
            for first in range(0, len(clips), 9):
                part = clips[first : first + 9]
                samples, spans = _strung([voice.say(text, name, 265.0) for name, _, text in part], snr_db)
                words = transcriber.transcribe(samples, spans).words
                for (_, phrase, text), span, heard in zip(part, spans, words, strict=True):
                    for u in align.utterances((align.Spoken(Turn("C0", span.start_s, span.end_s), heard),)):
                        hidden = probe.candidates([u], phrases)
                        if not phrase:  # a clean sentence with the very sounds of a phrase is no matter for the audio
                            hidden = tuple(c for c in hidden if not _sounds_in(c.phrase, text))
                        for p in _settled(u, hidden, samples, transcriber):
                            right = bool(phrase) and (_sounds_in(p.phrase, text) or _alike(book, p.phrase, phrase))
                            yield Place(p, u.text[p.text_start : p.text_end], right)


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


def _calls(voice: tts.Kokoro, transcriber: Transcriber) -> Iterator[Place]:
    specs = [load_spec(path) for path in sorted((HERE / "dialogues").glob("*.yaml"))]
    everywhere = frozenset(run for spec in specs for turn in spec.lines for run in _runs(turn.text))
    chance = random.Random(1)
    for spec in specs:
        for form in ("stereo", "mono"):
            call = build_call(spec, voice.say, "stereo" if form == "stereo" else "mono")
            for channel in range(call.samples.shape[1]):
                role = ("agent" if channel == spec.agent_channel else "patient") if form == "stereo" else None
                turns = [t for t in call.truth["turns"] if role in (None, t["role"])]
                yield from _channel(_at_16k(call.samples[:, channel]), turns, everywhere, transcriber, chance)


def _channel(
    samples: Samples,
    turns: list[dict[str, Any]],
    everywhere: frozenset[str],
    transcriber: Transcriber,
    chance: random.Random,
) -> Iterator[Place]:
    """Places of one signal whose true turns are known (overlapping ones end where the next begins)."""
    pieces = align.disjoint(tuple(Turn(t["role"], t["start"], t["end"]) for t in turns))
    words = transcriber.transcribe(samples, tuple(Span(p.start_s, p.end_s) for p in pieces)).words
    for u in align.utterances(tuple(align.Spoken(p, w) for p, w in zip(pieces, words, strict=True))):
        truth = "".join(t["text"] for t in turns if t["end"] > u.start_s - 0.5 and t["start"] < u.end_s + 0.5)
        own = {run for run in everywhere if run in truth}
        said = list(probe.candidates([u], own))[:PER_UTTERANCE]
        wrong = [c for c in probe.candidates([u], everywhere - own) if not _sounds_in(c.phrase, truth)]
        chance.shuffle(wrong)
        for p in _settled(u, (*said, *wrong[:PER_UTTERANCE]), samples, transcriber):
            yield Place(p, u.text[p.text_start : p.text_end], p.phrase in own)


def _settled(
    u: Utterance, hidden: Sequence[probe.Candidate], samples: Samples, transcriber: Transcriber
) -> tuple[Probe, ...]:
    """The strongest of the places that overlap."""
    if not hidden:
        return ()
    return strongest(
        probe.settle(u, hidden, lambda part, texts: transcriber.score(samples, Span(part.start_s, part.end_s), texts))
    )


def _runs(text: str) -> Iterator[str]:
    for clause in re.split(r"[，。？！：；、]", normalise(text)):
        words = list(jieba.cut(clause))
        for first in range(len(words)):
            for last in range(first + 1, min(first + 4, len(words)) + 1):
                run = "".join(words[first:last])
                if 3 <= len(run) <= 6 and all(map(is_content, run)):
                    yield run


def _sounds_in(phrase: str, text: str) -> bool:
    return f"|{'|'.join(toneless_pinyin(phrase))}|" in f"|{'|'.join(toneless_pinyin(text))}|"


def _alike(book: Rulebook, a: str, b: str) -> bool:
    """Whether both stand in one rule and share two characters: 没看见我忙着 for 没看见我正忙着吗."""
    listed = ({p.characters for words in r.operator.phrase_lists() for p in words.phrases} for r in book.rules)
    return len(set(a) & set(b)) > 1 and any({a, b} <= phrases for phrases in listed)


def _at_16k(samples: np.ndarray) -> Samples:
    return np.asarray(soxr.resample(samples, line.RATE_HZ, RATE_HZ), np.float32)


if __name__ == "__main__":
    typer.run(main)
