"""From audio to finding, phrase by phrase: recall and precision of forbidden phrases, and the weights they stand on.

    make bench-phrases                 (needs the extra `samples`; two hours on two cores the first time)
    python -m tests.bench.bench_phrases --half report --voices 1      the held-out half, one voice a phrase
    python -m tests.bench.bench_phrases --fit                         weights for verification.yaml from the other half

Every forbidden phrase of the rulebook is said by synthetic agents at 25 and 12 dB SNR, and as many sentences that may
be taken for one (see phrase_clips.py). Twelve questions and answers make a stereo call; what was heard of a call is
kept in build/bench/phrases and not heard again until models, options or code change. Weights are fitted to one half
(phrases and voices of its own), figures are given for both and stand for the other one.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated

import soundfile
import typer

from audio_samples import line, tts
from audio_samples.synth import Line, Party, Spec, build_call
from pipeline import audio
from pipeline.analyze import Analyzer
from pipeline.config import Settings, load_settings
from pipeline.judge import Judge
from pipeline.model import CallFacts, CallMetadata, Finding, Recording
from pipeline.rules.verified import features
from pipeline.store import artefact
from pipeline.text import is_content
from tests.bench.phrase_clips import FAMILY, VOICES, VOICES_EACH, Clip, clips, forbidden_phrases
from tests.bench.phrase_figures import Outcome, table

CLIPS_A_CALL = 12
RATE_CPM = 250.0
AROUND_S = 0.3
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "bench" / "phrases"
RESULTS = Path(__file__).with_name("RESULTS_PHRASES.md")
HEAD = """# Forbidden phrases from audio to finding

Written by `make bench-phrases`. Synthetic telephone speech, stereo, the agent's channel known. counts: a finding that
is violated; waits: for a person to listen. Ratios with their 95 % intervals. Weights were fitted to the half "fit", the
half "report" has phrases, sentences and voices of its own. Text search: the phrase's characters in the same transcript.

"""


@dataclass(frozen=True, slots=True)
class Heard:
    """A call of clips: when each clip's question and answer were said, and what was heard."""

    clips: tuple[Clip, ...]
    turns: tuple[tuple[float, float], ...]
    answers: tuple[tuple[float, float], ...]
    facts: CallFacts


def main(
    half: Annotated[str, typer.Option(help="fit, report or all")] = "all",
    voices: Annotated[int, typer.Option(help="voices a phrase", min=1, max=VOICES_EACH)] = VOICES_EACH,
    fit: Annotated[bool, typer.Option(help="print weights fitted to the fit half")] = False,
) -> None:
    """Make the calls, hear them, judge them, and print how many phrases were found and how many were wrong."""
    settings = load_settings(FOLDER)
    judge = Judge(settings)
    every, over = clips(judge.rulebook, lambda facts: judge.judge(facts).findings)
    chosen = [c for c in every if c.turn < voices and half in ("all", c.half)]
    calls = tuple(_heard(settings, chosen))
    if fit:
        typer.echo(_fitted([h for h in calls if h.clips[0].half == "fit"]))
    phrases = forbidden_phrases(judge.rulebook)
    outcomes = [o for h in calls for o in _outcomes(h, judge.judge(h.facts).findings, phrases)]
    text = f"{table(outcomes)}\n\nNot found even in writing, passed over: {len(over)}\n"
    typer.echo(text)
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    written = json.dumps([asdict(o) for o in outcomes], ensure_ascii=False, indent=1)
    (FOLDER.parent / "phrases.json").write_text(written + "\n", encoding="utf-8")
    RESULTS.write_text(f"{HEAD}{text}", encoding="utf-8")


def _heard(settings: Settings, chosen: Sequence[Clip]) -> Iterator[Heard]:
    """The calls of the clips, made and heard where they are not kept from an earlier run."""
    fingerprint = Analyzer.fingerprint(settings)
    voice: tts.Kokoro | None = None
    analyzer: Analyzer | None = None
    packs = list(_packs(chosen))
    for number, pack in enumerate(packs):
        name = hashlib.sha256(repr(pack).encode()).hexdigest()[:16]
        path, truth_path = FOLDER / f"{name}.flac", FOLDER / f"{name}.truth.json"
        if not truth_path.is_file():
            if voice is None:
                tts.fetch(tts.assets_folder())
                voice = tts.Kokoro(tts.assets_folder())
            FOLDER.mkdir(parents=True, exist_ok=True)
            call = build_call(_spec(name, pack), voice.say)
            soundfile.write(path, call.samples, line.RATE_HZ)
            truth_path.write_text(json.dumps(call.truth, ensure_ascii=False), encoding="utf-8")
        facts = artefact.read_facts(FOLDER, name)
        if facts is None or facts.engine.fingerprint != fingerprint:
            analyzer = analyzer or Analyzer(settings)
            facts = analyzer.analyze(path, _recording(name, path)).facts
            artefact.write_facts(FOLDER, facts)
            typer.echo(f"heard {number + 1} of {len(packs)} calls", err=True)
        turns = json.loads(truth_path.read_text(encoding="utf-8"))["turns"]
        times = [(t["start"], t["end"]) for t in turns]
        yield Heard(pack, tuple(times[::2]), tuple(times[1::2]), facts)


def _packs(chosen: Sequence[Clip]) -> Iterator[tuple[Clip, ...]]:
    """Clips of one kind, voice and noise level, CLIPS_A_CALL at a time."""

    def key(clip: Clip) -> tuple[str, str, int, str, float]:
        return clip.half, clip.kind, clip.turn, clip.voice, clip.snr_db

    for _, group in groupby(sorted(chosen, key=key), key=key):
        alike = tuple(group)
        for first in range(0, len(alike), CLIPS_A_CALL):
            yield alike[first : first + CLIPS_A_CALL]


def _spec(name: str, pack: tuple[Clip, ...]) -> Spec:
    voices = VOICES[pack[0].half]
    other = voices[(voices.index(pack[0].voice) + 1) % len(voices)]
    parties = (
        Party("a", "agent", pack[0].voice, rate_cpm=RATE_CPM),
        Party("p", "patient", other, rate_cpm=RATE_CPM),
    )
    lines = tuple(one for c in pack for one in (Line("p", c.patient), Line("a", c.agent)))
    return Spec(name, "其他", "stereo", int(name[:6], 16), parties, lines, snr_db=pack[0].snr_db)


def _recording(name: str, path: Path) -> Recording:
    return Recording(name, str(path), audio.sha256_of(path), path.stat().st_size, CallMetadata(agent_channel=0))


def _outcomes(heard: Heard, findings: tuple[Finding, ...], phrases: Sequence[str]) -> Iterator[Outcome]:
    """What became of each clip, and what plain text search would have made of the same words."""
    mine = [f for f in findings if f.family == FAMILY and f.start_s is not None]
    for clip, question, answer in zip(heard.clips, heard.turns, heard.answers, strict=True):
        start_s = question[0] if clip.kind == "by_patient" else answer[0]
        there = [f for f in mine if start_s - AROUND_S <= (f.start_s or 0.0) <= answer[1] + AROUND_S]
        said = [
            u.text
            for u in heard.facts.utterances
            if u.role == "agent" and u.end_s > answer[0] - AROUND_S and u.start_s < answer[1] + AROUND_S
        ]
        flat = "".join(c for c in "".join(said) if is_content(c))
        yield Outcome(
            kind=clip.kind,
            half=clip.half,
            snr_db=clip.snr_db,
            voice=clip.voice,
            phrase=clip.phrase,
            text=clip.patient if clip.kind == "by_patient" else clip.agent,
            heard=flat,
            statuses=tuple(sorted(Counter(f.status for f in there))),
            matched="、".join(f"{f.matched_text}（{f.status}，{f.confidence:.2f}）" for f in there),
            by_text=any(phrase in flat for phrase in phrases),
        )


def _fitted(calls: Sequence[Heard]) -> str:
    """Weights of the probability that a phrase was said: logistic regression over the probes of the calls."""
    from sklearn.linear_model import LogisticRegression

    rows, said = [], []
    for heard in calls:
        for place in heard.facts.probes:
            middle_s = (place.start_s + place.end_s) / 2
            at = next((i for i, (a, b) in enumerate(heard.answers) if a - AROUND_S <= middle_s <= b + AROUND_S), None)
            if at is None:
                continue
            clip = heard.clips[at]
            right = clip.kind != "near" and place.phrase in "".join(c for c in clip.agent if is_content(c))
            alike = not right and clip.kind != "near" and len(set(place.phrase) & set(clip.phrase)) > 1
            if not alike:  # 不归我们管 where 不归我管 was said is neither right nor wrong
                rows.append(list(features(place).values()))
                said.append(right)
                names = list(features(place))
    model = LogisticRegression(C=1.0, max_iter=5000).fit(rows, said)
    weights = {"intercept": model.intercept_[0], **dict(zip(names, model.coef_[0], strict=True))}
    lines = "".join(f"  {name}: {value:.3f}\n" for name, value in weights.items())
    return f"{len(rows)} places, {sum(said)} of them said\nweights:\n{lines}"


if __name__ == "__main__":
    typer.run(main)
