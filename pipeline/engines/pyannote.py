"""Who speaks when: pyannote segmentation finds speech and overlap, CAM++ tells the voices apart.

The stock pipeline clusters one embedding per 10 s window and local speaker; where the local segmentation already
merged two similar voices, nothing can part them again. Here voices are embedded in short windows inside the detected
speech, clustered over the whole call, and decoded frame by frame with changes of speaker made cheap at pauses and
where the segmentation itself saw a change.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.config import DiarizationSettings
from pipeline.engines import Diarization, Samples, Span, runtime
from pipeline.engines.campplus import BATCH, FRAME_HOP, FRAME_LENGTH, CampPlus, features
from pipeline.engines.campplus_network import DIMENSION, MEL_BANDS
from pipeline.engines.clustering import cluster
from pipeline.engines.keys import key_presses
from pipeline.engines.tones import tonal
from pipeline.errors import EngineError
from pipeline.model import Turn

RATE_HZ = 16_000
CHUNK_S = 10.0  # the length that segmentation-3.0 was trained on
SPEECH_ON, SPEECH_OFF = 0.5, 0.35  # hysteresis on the share of windows that hear speech
OVERLAP_ON = 0.5
CHUNK_BATCH = 4
LOCAL_SPEAKERS, AT_ONCE = 3, 2  # of segmentation-3.0: its classes are the sets of at most two of three speakers
BLOCK_S = 120.0  # of windows embedded at a time: their front-end features take 30 MB
STRETCH_S = 20.0  # of speech that goes through the front end in one piece
EVEN = 4  # a batch is filled up to a multiple of this: every new size costs the making of kernels
SMOOTH_S = 0.1

Task = TypeVar("Task")
Result = TypeVar("Result")


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

    def __init__(
        self,
        segmentation: Path,
        embedding: Path,
        settings: DiarizationSettings,
        *,
        device: str,
        threads: int = 1,
    ) -> None:
        """Load both models. Raises EngineError when a file is no checkpoint of its model.

        threads: batches that are computed side by side. Each is best computed by one thread (`runtime.set_threads`):
        two that share one waited for each other as long as they worked.
        """
        runtime.prepare()
        from pyannote.audio import Model  # noqa: PLC0415 - only after prepare()
        from pyannote.audio.utils.powerset import Powerset  # noqa: PLC0415

        self._settings = settings
        self._device = torch.device(device)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 and device == "cpu" else None
        try:
            model = Model.from_pretrained(segmentation)
            if model is None:
                raise EngineError(f"{segmentation} is no pyannote checkpoint; run: callqa models install")
            self._segment = model.eval().to(self._device)
            self._powerset = Powerset(LOCAL_SPEAKERS, AT_ONCE).to(self._device)
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
        step = round(self._settings.step_ratio * CHUNK_S * RATE_HZ)
        length = round(CHUNK_S * RATE_HZ)
        starts = range(0, max(len(samples) - length, 0) + step, step)
        batches = [starts[i : i + CHUNK_BATCH] for i in range(0, len(starts), CHUNK_BATCH)]
        chunks = np.concatenate(list(self._map(lambda batch: self._segmented(samples, batch), batches)))
        heard = _aggregate(chunks, step / RATE_HZ, CHUNK_S, len(samples) / RATE_HZ)
        # The segmentation takes ringing and busy tones, and keys that are pressed, for speech.
        times_s = (np.arange(len(heard.speech), dtype=np.float64) + 0.5) * heard.hop_s
        voiced = ~(tonal(samples, times_s) | key_presses(samples, times_s))
        return replace(heard, speech=heard.speech * voiced, overlap=heard.overlap * voiced)

    @torch.inference_mode()
    def _segmented(self, samples: Samples, starts: range) -> NDArray[np.float32]:
        """Who of the local speakers speaks, 0 or 1, in the chunks that start there: (chunks, frames, 3)."""
        chunks = np.zeros((len(starts), round(CHUNK_S * RATE_HZ)), np.float32)
        for chunk, start in zip(chunks, starts, strict=True):
            part = samples[start : start + len(chunk)]
            chunk[: len(part)] = part
        scores = self._segment(torch.from_numpy(chunks)[:, None].to(self._device))
        active: NDArray[np.float32] = self._powerset(scores).cpu().numpy().astype(np.float32)
        return active

    def _map(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """The results in order, several computed at once where there are threads for it."""
        return map(work, tasks) if self._pool is None else self._pool.map(work, tasks)

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

        A block of the call at a time: the features of a whole three-hour call take gigabytes.
        """
        rows = [np.zeros((0, DIMENSION), np.float32)]
        for _, block in groupby(windows, key=lambda w: int(w.start_s // BLOCK_S)):
            heads = torch.cat(list(self._map(lambda part: self._heads(samples, part), _stretches(tuple(block)))))
            fill = -len(heads) % EVEN
            even = torch.cat((heads, heads[-1:].expand(fill, -1, -1)))
            rows += self._map(self._network.embed_heads, torch.split(even, BATCH))
            if fill:
                rows[-1] = rows[-1][:-fill]
        return np.concatenate(rows)

    def _heads(self, samples: Samples, windows: tuple[Span, ...]) -> torch.Tensor:
        """Front-end features of the windows of one stretch of speech, each seen once: (windows, frames, 320)."""
        origin = round(windows[0].start_s * 100)  # in frames of 10 ms
        frames = features(_wide(samples[origin * FRAME_HOP : round(windows[-1].end_s * RATE_HZ) + FRAME_LENGTH]))
        if not len(frames):
            frames = features(_wide(samples[max(len(samples) - FRAME_LENGTH, 0) :]))  # the last breath of the file
        if not len(frames):
            frames = torch.zeros(1, MEL_BANDS)  # a file shorter than a frame
        heads = self._network.stretch(frames)
        size = round(self._settings.embedding_window_s * RATE_HZ / FRAME_HOP)
        return torch.stack([heads[_frames_of(window, origin, len(heads), size)] for window in windows])


def _wide(samples: Samples) -> NDArray[np.float32]:
    return samples.astype(np.float32, copy=False)


def _stretches(windows: tuple[Span, ...]) -> tuple[tuple[Span, ...], ...]:
    """The windows in groups of at most STRETCH_S without a pause inside."""
    groups: list[list[Span]] = []
    for window in windows:
        if groups and window.start_s < groups[-1][-1].end_s and window.end_s - groups[-1][0].start_s <= STRETCH_S:
            groups[-1].append(window)
        else:
            groups.append([window])
    return tuple(map(tuple, groups))


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
