"""Who speaks when: pyannote segmentation finds speech and overlap, CAM++ tells the voices apart.

The stock pipeline clusters one embedding per 10 s window and local speaker; where the local segmentation already
merged two similar voices, nothing can part them again. Here voices are embedded in short windows inside the detected
speech, clustered over the whole call, and decoded frame by frame with changes of speaker made cheap at pauses and
where the segmentation itself saw a change.
"""

import pickle
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.config import DiarizationSettings
from pipeline.engines import Diarization, Samples, Span, runtime
from pipeline.engines.campplus import BATCH, DIMENSION, FRAME_HOP, FRAME_LENGTH, CampPlus, features
from pipeline.engines.clustering import cluster
from pipeline.engines.tones import tonal
from pipeline.errors import EngineError
from pipeline.model import Turn

RATE_HZ = 16_000
CHUNK_S = 10.0  # the length that segmentation-3.0 was trained on
SPEECH_ON, SPEECH_OFF = 0.5, 0.35  # hysteresis on the share of windows that hear speech
OVERLAP_ON = 0.5
FEATURE_BLOCK_S = 300.0
SMOOTH_S = 0.1


@dataclass(frozen=True, slots=True)
class Activity:
    """Per frame of hop_s, averaged over all windows that saw it, each in 0..1.

    speech: anybody speaks. overlap: two speak. change: the set of local speakers changes here.
    """

    hop_s: float
    speech: NDArray[np.float32]
    overlap: NDArray[np.float32]
    change: NDArray[np.float32]

    def spans(self, mask: NDArray[np.bool_]) -> tuple[Span, ...]:
        """The runs of True in a per-frame mask as spans."""
        return tuple(Span(a * self.hop_s, b * self.hop_s) for a, b in _runs(mask))


class PyannoteDiarizer:
    """segmentation-3.0 and CAM++ behind the Diarizer protocol."""

    def __init__(self, segmentation: Path, embedding: Path, settings: DiarizationSettings, *, device: str) -> None:
        """Load both models. Raises EngineError when a file is no checkpoint of its model."""
        runtime.prepare()
        from pyannote.audio import Inference, Model  # noqa: PLC0415 - only after prepare()

        self._settings = settings
        try:
            model = Model.from_pretrained(segmentation)
            if model is None:
                raise EngineError(f"{segmentation} is no pyannote checkpoint; run: callqa models install")
            self._segment = Inference(
                model,
                duration=CHUNK_S,
                step=settings.step_ratio * CHUNK_S,
                batch_size=8,
                skip_aggregation=True,
                device=torch.device(device),
            )
            self._network = CampPlus(embedding, device)
        except (RuntimeError, KeyError, pickle.UnpicklingError, OSError) as error:
            raise EngineError(
                f"{segmentation} or {embedding} could not be loaded: {error}; run: callqa models install"
            ) from error

    def speech(self, samples: Samples) -> tuple[Span, ...]:
        """Where anybody speaks in (n,) samples at 16 kHz; gaps shorter than merge_gap_s are bridged."""
        activity = self._activity(samples)
        return self._speech_spans(activity)

    def diarize(self, samples: Samples, *, expect_two: bool = True) -> Diarization:
        """Turns of each speaker ("S1", "S2", … in order of appearance) in (n,) samples at 16 kHz."""
        activity = self._activity(samples)
        speech = self._speech_spans(activity)
        if not speech:
            return Diarization((), ())
        windows = self._windows(activity, len(samples) / RATE_HZ)
        embeddings = self._embed(samples, windows)
        scores = _frame_scores(activity, windows, embeddings, self._settings, expect_two=expect_two)
        return Diarization(_turns(activity, scores, self._settings), speech)

    def _activity(self, samples: Samples) -> Activity:
        wave: dict[str, Any] = {"waveform": torch.from_numpy(samples[None]), "sample_rate": RATE_HZ}
        output: Any = self._segment(wave)
        heard = _aggregate(
            np.asarray(output.data, np.float32), output.sliding_window.step, CHUNK_S, len(samples) / RATE_HZ
        )
        # The segmentation takes ringing and busy tones for speech.
        voiced = ~tonal(samples, (np.arange(len(heard.speech), dtype=np.float64) + 0.5) * heard.hop_s)
        return replace(heard, speech=heard.speech * voiced, overlap=heard.overlap * voiced)

    def _speech_spans(self, activity: Activity) -> tuple[Span, ...]:
        spans = activity.spans(_hysteresis(activity.speech))
        return tuple(s for s in _bridge(spans, self._settings.merge_gap_s) if s.duration_s >= self._settings.min_turn_s)

    def _windows(self, activity: Activity, total_s: float) -> tuple[Span, ...]:
        """Embedding windows inside speech: embedding_window_s long, shorter where the speech is."""
        size, hop = self._settings.embedding_window_s, self._settings.embedding_hop_s
        windows = []
        for span in activity.spans(_hysteresis(activity.speech)):
            count = max(1, int(np.ceil((span.duration_s - size) / hop)) + 1)
            for start in np.linspace(span.start_s, max(span.start_s, span.end_s - size), count):
                windows.append(Span(float(start), float(min(start + size, span.end_s, total_s))))
        return tuple(w for w in windows if w.duration_s > 2 * FRAME_HOP / RATE_HZ)

    def _embed(self, samples: Samples, windows: tuple[Span, ...]) -> NDArray[np.float32]:
        """One unit-length row per window; windows shorter than the rest are filled by repeating their frames.

        Features are computed for FEATURE_BLOCK_S of windows at a time: those of a whole three-hour call take 0.35 GB.
        """
        size = round(self._settings.embedding_window_s * RATE_HZ / FRAME_HOP)
        rows = [np.zeros((0, DIMENSION), np.float32)]
        for _, block in groupby(windows, key=lambda w: int(w.start_s // FEATURE_BLOCK_S)):
            spans = tuple(block)
            origin = round(spans[0].start_s * 100)  # in frames of 10 ms: the block's frames are those of the whole call
            end = round(spans[-1].end_s * RATE_HZ) + FRAME_LENGTH
            frames = features(samples[origin * FRAME_HOP : end])
            if not len(frames):
                frames = features(samples[max(len(samples) - FRAME_LENGTH, 0) :])  # the last breath of the file
            chosen = [_frames_of(span, origin, len(frames), size) for span in spans]
            batches = (torch.stack(chosen[i : i + BATCH]) for i in range(0, len(chosen), BATCH))
            rows += [self._network.embed(frames[batch]) for batch in batches]
        return np.concatenate(rows)


def _frames_of(span: Span, origin: int, available: int, size: int) -> torch.Tensor:
    """`size` indices of a span's frames among those from `origin` on, repeated where the span is shorter."""
    first = min(max(round(span.start_s * 100) - origin, 0), available - 1)
    count = max(1, min(round(span.duration_s * 100), available - first, size))
    return first + torch.arange(size) % count


def _aggregate(chunks: NDArray[np.float32], step_s: float, chunk_s: float, total_s: float) -> Activity:
    """Average what overlapping windows (chunks, frames, speakers) saw, the middle of a window counting most."""
    count, length, _ = chunks.shape
    hop_s = chunk_s / length
    step = step_s / hop_s
    frames = max(int(np.ceil(total_s / hop_s)), 1)
    size = max(frames, int(np.ceil((count - 1) * step)) + length + 1)
    weight = np.hamming(length).astype(np.float32) + 0.01
    active = chunks.sum(axis=2)
    changed = np.zeros((count, length), np.float32)
    changed[:, 1:] = np.any(np.diff(chunks, axis=1) != 0, axis=2)
    totals = np.zeros((4, size), np.float64)
    for i in range(count):
        at = round(i * step)
        rows = (np.minimum(active[i], 1), np.clip(active[i] - 1, 0, 1), changed[i], np.ones(length, np.float32))
        for row, values in enumerate(rows):
            totals[row, at : at + length] += values * weight
    speech, overlap, change = (totals[:3] / np.maximum(totals[3], 1e-9))[:, :frames].astype(np.float32)
    return Activity(hop_s, speech, overlap, change)


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(runs, 2): the first frame of each run of True, and the one behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return edges.reshape(-1, 2)


def _hysteresis(speech: NDArray[np.float32]) -> NDArray[np.bool_]:
    """True in runs above SPEECH_OFF that somewhere reach SPEECH_ON."""
    weak = speech > SPEECH_OFF
    mask = np.zeros(len(speech), bool)
    for a, b in _runs(weak):
        mask[a:b] = speech[a:b].max() > SPEECH_ON
    return mask


def _bridge(spans: tuple[Span, ...], gap_s: float) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.start_s - merged[-1].end_s < gap_s:
            merged[-1] = Span(merged[-1].start_s, span.end_s)
        else:
            merged.append(span)
    return tuple(merged)


def _frame_scores(
    activity: Activity,
    windows: tuple[Span, ...],
    embeddings: NDArray[np.float32],
    settings: DiarizationSettings,
    *,
    expect_two: bool,
) -> NDArray[np.float32]:
    """(frames, speakers): how much each frame sounds like each voice, the mean over the windows that cover it."""
    middles = np.array([(w.start_s + w.end_s) / 2 for w in windows])
    frames = len(activity.speech)
    overlap = activity.overlap[np.minimum((middles / activity.hop_s).astype(int), frames - 1)]
    centroids = cluster(embeddings, clean=overlap < OVERLAP_ON, settings=settings, expect_two=expect_two)
    similarity = embeddings @ centroids.T
    totals = np.zeros((frames, len(centroids)), np.float32)
    weights = np.zeros(frames, np.float32)
    for window, row in zip(windows, similarity, strict=True):
        a, b = round(window.start_s / activity.hop_s), max(round(window.end_s / activity.hop_s), 1)
        # A triangle: what a window says of its middle counts more than what it says of its edges.
        triangle = 1.0 - np.abs(np.linspace(-1, 1, b - a + 2)[1:-1]) * 0.8
        share: NDArray[np.float32] = triangle[: max(frames - a, 0)].astype(np.float32)
        totals[a : a + len(share)] += share[:, None] * row
        weights[a : a + len(share)] += share
    scores: NDArray[np.float32] = (totals / np.maximum(weights, 1e-6)[:, None]).astype(np.float32)
    return scores


SHARPNESS = 12.0  # similarity to log-likelihood per frame-second
SWITCH_COST = 6.0  # inside speech that the segmentation sees as one voice
CHEAP_SWITCH_COST = 1.0  # at a pause, or where the segmentation saw a change


def _turns(activity: Activity, scores: NDArray[np.float32], settings: DiarizationSettings) -> tuple[Turn, ...]:
    """Decode the most likely speaker per frame (Viterbi), add the second voice in overlaps, name by appearance."""
    speech = _hysteresis(activity.speech)
    path = _viterbi(activity, scores, speech)
    overlap = (activity.overlap > OVERLAP_ON) & speech
    ranked = np.argsort(-scores, axis=1)
    raw: list[Turn] = []
    for speaker in range(scores.shape[1]):
        mask = speech & (path == speaker)
        if scores.shape[1] > 1:
            second = np.where(ranked[:, 0] == path, ranked[:, 1], ranked[:, 0])
            mask |= overlap & (second == speaker)
        spans = _bridge(activity.spans(mask), settings.merge_gap_s)
        raw += [Turn(str(speaker), s.start_s, s.end_s) for s in spans if s.duration_s >= settings.min_turn_s]
    raw.sort(key=lambda t: (t.start_s, t.end_s))
    names = {label: f"S{i + 1}" for i, label in enumerate(dict.fromkeys(t.speaker for t in raw))}
    return tuple(Turn(names[t.speaker], t.start_s, t.end_s) for t in raw)


def _viterbi(activity: Activity, scores: NDArray[np.float32], speech: NDArray[np.bool_]) -> NDArray[np.int64]:
    frames, speakers = scores.shape
    reach = max(1, round(SMOOTH_S / activity.hop_s))
    window = np.ones(2 * reach + 1)
    easy = np.minimum(np.convolve(np.maximum(activity.change, ~speech), window, mode="same"), 1.0)
    cost = SWITCH_COST + (CHEAP_SWITCH_COST - SWITCH_COST) * easy
    gain = np.where(speech[:, None], scores, 0.0) * SHARPNESS * activity.hop_s * 10
    back = np.zeros((frames, speakers), np.int64)
    best = gain[0].astype(np.float64)
    for t in range(1, frames):
        top = int(np.argmax(best))
        stay = best >= best[top] - cost[t]
        back[t] = np.where(stay, np.arange(speakers), top)
        best = np.where(stay, best, best[top] - cost[t]) + gain[t]
    path = np.zeros(frames, np.int64)
    path[-1] = int(np.argmax(best))
    for t in range(frames - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path
