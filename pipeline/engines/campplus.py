"""CAM++ speaker embeddings: 192 numbers that lie close together when the same person speaks."""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the customary name

from pipeline.engines.campplus_network import DIMENSION, MEL_BANDS, Network

SAMPLE_RATE_HZ = 16_000
FRAME_HOP = 160  # samples: 10 ms
FRAME_LENGTH = 400  # samples: 25 ms
FEATURE_CHUNK_S = 60
HEAD_STEP = 50  # frames
BATCH = 16  # larger ones allocate anew for every layer: page faults cost more than they save


def features(samples: NDArray[np.float32]) -> Tensor:
    """Kaldi log-mel features of 16 kHz mono samples (n,): (frames, 80), one frame every 10 ms.

    Computed in chunks so that hours of audio need no more memory than a minute. Windows cut from the result equal
    features computed on the window alone; the mean is taken off per window by `CampPlus.embed`.
    """
    from torchaudio.compliance import kaldi  # noqa: PLC0415 - needs runtime.prepare() first

    rows = []
    step = FEATURE_CHUNK_S * SAMPLE_RATE_HZ
    for start in range(0, max(1, len(samples) - FRAME_LENGTH + 1), step):
        chunk = samples[start : start + step + FRAME_LENGTH - FRAME_HOP]
        if len(chunk) < FRAME_LENGTH:
            break
        # Kaldi scales samples to 16 bit; a constant factor vanishes with the mean, the floor of the log does not.
        wave = torch.from_numpy(np.ascontiguousarray(chunk))[None] * 32768.0
        rows.append(kaldi.fbank(wave, num_mel_bins=MEL_BANDS, sample_frequency=SAMPLE_RATE_HZ, dither=0.0))
    return torch.cat(rows) if rows else torch.zeros(0, MEL_BANDS)


class CampPlus:
    """The embedding network with its weights, in inference mode."""

    def __init__(self, weights: Path, device: str = "cpu") -> None:
        """Raises KeyError or RuntimeError when the file holds other weights."""
        self._device = torch.device(device)
        self._network = Network(torch.load(weights, map_location="cpu", weights_only=True), self._device)

    @torch.inference_mode()
    def embed(self, windows: Tensor) -> NDArray[np.float32]:
        """Unit-length embeddings (n, 192) of feature windows (n, frames, 80), each centred by its own mean."""
        rows = [self.embed_heads(self.head(batch)) for batch in torch.split(windows, BATCH) if len(batch)]
        return np.concatenate(rows) if rows else np.zeros((0, DIMENSION), np.float32)

    @torch.inference_mode()
    def head(self, windows: Tensor) -> Tensor:
        """Front-end features (n, frames, 320) of windows (n, frames, 80), each centred by its own mean."""
        own = windows.to(self._device)
        return self._network.head(own - own.mean(dim=1, keepdim=True))

    @torch.inference_mode()
    def stretch(self, frames: Tensor) -> Tensor:
        """Front-end features (frames, 320) of a stretch of speech (frames, 80), centred by its mean.

        A window cut from them embeds as one cut from the features, but for its edges and the wider mean. Filled up to
        a multiple of HEAD_STEP: every new length costs the making of kernels.
        """
        own = frames.to(self._device)
        filled = F.pad(own - own.mean(dim=0), (0, 0, 0, -len(own) % HEAD_STEP))
        return self._network.head(filled[None])[0, : len(own)]

    @torch.inference_mode()
    def embed_heads(self, heads: Tensor) -> NDArray[np.float32]:
        """Unit-length embeddings (n, 192) of front-end features (n, frames, 320)."""
        rows: NDArray[np.float32] = F.normalize(self._network.embed(heads), dim=1).cpu().numpy()
        return rows


class CampPlusEmbedding:
    """CAM++ in the shape that pyannote.audio pipelines expect of an embedding."""

    sample_rate = SAMPLE_RATE_HZ
    dimension = DIMENSION
    metric = "cosine"

    def __init__(self, network: CampPlus, min_speech_s: float = 0.3) -> None:
        self._network = network
        self._min_frames = round(min_speech_s * 100)

    @cached_property
    def min_num_samples(self) -> int:
        return self._min_frames * FRAME_HOP + FRAME_LENGTH

    def __call__(self, waveforms: Tensor, masks: Tensor | None = None) -> NDArray[np.float32]:
        """Embeddings (batch, 192) of waveforms (batch, 1, samples); masks (batch, frames) choose the speaker's frames.

        Rows with too little speech are NaN, as pyannote expects. Features are computed once per waveform.
        """
        rows = np.full((len(waveforms), DIMENSION), np.nan, np.float32)
        previous: Tensor | None = None
        frames = torch.zeros(0, MEL_BANDS)
        for i, waveform in enumerate(waveforms):
            if previous is None or not torch.equal(waveform, previous):
                frames, previous = features(waveform[0].numpy()), waveform
            chosen = frames
            if masks is not None:
                mask = F.interpolate(masks[i][None, None].float(), size=len(frames), mode="nearest")[0, 0] > 0.5
                chosen = frames[mask]
            if len(chosen) >= self._min_frames:
                rows[i] = self._network.embed(chosen[None])[0]
        return rows
