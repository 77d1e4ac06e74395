"""The stack one would build in an afternoon, to measure ours against: every library at its defaults.

faster-whisper on the whole file (per channel on stereo) with word times, the stock pyannote.audio pipeline, words to
speakers by overlap, the first to speak is the agent. Same models, same quantisation, same threads as ours.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from pipeline.config import Settings
from pipeline.engines import Samples, runtime, weights
from pipeline.model import CallReport, Role, StageTime, Turn, Utterance, Word
from tests.builders import make_audio_facts, make_engine, make_report

RATE_HZ = 16_000


class NaiveStack:
    """Loaded once, for any number of calls."""

    def __init__(self, settings: Settings) -> None:
        runtime.prepare()
        from faster_whisper import WhisperModel

        threads = settings.batch.threads_per_worker
        runtime.set_threads(threads)
        models = settings.models
        folder = weights.verified_folder("packaged-base", models)
        self._whisper = WhisperModel(str(folder), device="cpu", compute_type=models.compute_type, cpu_threads=threads)
        self._pipeline = stock_pipeline(settings)

    def analyze(self, path: Path) -> CallReport:
        """One call to a report that holds what evaluation looks at: text, times, speakers, roles, stage times."""
        from faster_whisper import decode_audio

        times: dict[str, float] = {}
        with timed(times, "decode"):
            channels = decode_audio(str(path), sampling_rate=RATE_HZ, split_stereo=True)
            left, right = channels
            signals = (left,) if np.array_equal(left, right) else (left, right)
        heard = self._stereo(signals, times) if len(signals) == 2 else self._mono(signals[0], times)
        first = min(heard[1], key=lambda u: u.start_s).speaker if heard[1] else None
        ordered = sorted(heard[1], key=lambda u: u.start_s)
        report = make_report(
            path.stem,
            turns=heard[0],
            utterances=tuple(replace(u, index=i, role=_role(u.speaker, first)) for i, u in enumerate(ordered)),
            audio=make_audio_facts(
                layout="stereo" if len(signals) == 2 else "mono",
                channels=len(signals),
                decoded_s=len(left) / RATE_HZ,
            ),
            findings=(),
        )
        stages = tuple(StageTime(stage, seconds) for stage, seconds in times.items())
        return replace(report, facts=replace(report.facts, engine=make_engine(stage_times=stages)))

    def _stereo(
        self, signals: tuple[Samples, ...], times: dict[str, float]
    ) -> tuple[tuple[Turn, ...], tuple[Utterance, ...]]:
        said = []
        for channel, samples in enumerate(signals):
            with timed(times, "transcribe"):
                segments = self._segments(samples)
            said += [_utterance(f"C{channel}", _words(s), channel) for s in segments if s.words]
        return tuple(Turn(u.speaker, u.start_s, u.end_s, u.channel) for u in said), tuple(said)

    def _mono(self, samples: Samples, times: dict[str, float]) -> tuple[tuple[Turn, ...], tuple[Utterance, ...]]:
        import torch

        with timed(times, "find speech"):
            wave = {"waveform": torch.from_numpy(samples[None]), "sample_rate": RATE_HZ}
            annotation = self._pipeline(wave, num_speakers=2).speaker_diarization
            turns = tuple(Turn(str(s), t.start, t.end) for t, _, s in annotation.itertracks(yield_label=True))
        with timed(times, "transcribe"):
            words = [word for segment in self._segments(samples) for word in _words(segment)]
        labelled = [(_nearest(word, turns), word) for word in words]
        groups = [(speaker, [w for _, w in group]) for speaker, group in groupby(labelled, key=lambda pair: pair[0])]
        return turns, tuple(_utterance(speaker, group, None) for speaker, group in groups)

    def _segments(self, samples: Samples) -> list[Any]:
        segments, _ = self._whisper.transcribe(samples, language="zh", word_timestamps=True)
        return list(segments)


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


@contextmanager
def timed(times: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    times[stage] = times.get(stage, 0.0) + time.perf_counter() - start


def _words(segment: Any) -> list[Word]:
    return [Word(w.word, w.start, w.end, w.probability) for w in segment.words or ()]


def _nearest(word: Word, turns: Iterable[Turn]) -> str:
    """The speaker of the turn that overlaps the word most, else of the nearest one."""
    best = max(
        turns, key=lambda t: min(word.end_s, t.end_s) - max(word.start_s, t.start_s), default=Turn("nobody", 0.0, 0.0)
    )
    return best.speaker


def _utterance(speaker: str, words: list[Word], channel: int | None) -> Utterance:
    text = "".join(w.text for w in words)
    return Utterance(0, "unknown", speaker, words[0].start_s, words[-1].end_s, text, text, tuple(words), 0.9, channel)


def _role(speaker: str, first: str | None) -> Role:
    return "agent" if speaker == first else "patient"
