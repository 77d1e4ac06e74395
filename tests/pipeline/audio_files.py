"""Recordings made for tests: plausible talk-like signals and encoders for every supported format."""

from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.config.settings import AudioSettings, load_settings

Signal = NDArray[np.float32]


def audio_settings(**overrides: float) -> AudioSettings:
    return load_settings(Path("nowhere")).audio.model_copy(update=overrides)


def talk(duration_s: float = 4.0, rate_hz: int = 8000, seed: int = 0, level: float = 0.1) -> Signal:
    """Bursts of low-passed noise, 0.5 s on and 0.3 s off, RMS about `level` in the bursts."""
    generator = np.random.default_rng(seed)
    n = round(duration_s * rate_hz)
    noise = np.convolve(generator.standard_normal(n + 8), np.ones(8) / np.sqrt(8), mode="valid")[:n]
    burst = (np.arange(n) / rate_hz + 0.13 * seed) % 0.8 < 0.5
    return (level * noise * burst).clip(-0.99, 0.99).astype(np.float32)


def sine(frequency_hz: float, amplitude: float, duration_s: float, rate_hz: int = 8000) -> Signal:
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * frequency_hz * t)).astype(np.float32)


def write(
    path: Path, *channels: Signal, rate_hz: int = 8000, subtype: str | None = None, format: str | None = None
) -> Path:
    """Write with libsndfile: wav, flac, mp3, ogg."""
    soundfile.write(path, np.stack(channels, axis=1), rate_hz, subtype=subtype, format=format)
    return path


def encode(path: Path, codec: str, signal: Signal, rate_hz: int = 8000, bit_rate: int | None = None) -> Path:
    """Write one channel with FFmpeg's encoders: m4a, amr, aac, mkv."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.layout = "mono"
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray((signal[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate_hz)
        for converted in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path
