"""From a file to the samples everything else works on, and what is derived from them directly."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from pipeline.audio.channels import choose_channels
from pipeline.audio.decode import Decoded, decode
from pipeline.audio.warning import warning
from pipeline.config.settings import AudioSettings
from pipeline.errors import AudioError
from pipeline.model import AudioFacts, Envelope

Samples = NDArray[np.float32]

LONG_S = 3600.0

# Priming and padding of lossy codecs, and rounding of headers, stay below this; a damaged file loses more.
_LENGTH_TOLERANCE_S, _LENGTH_TOLERANCE_RATIO = 0.2, 0.002


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded call, at the level it was recorded at.

    samples: float32 (rows, n), full scale = 1.0; two rows for layout "stereo" (one party each), one row for "mono" and
    "dual_mono" whatever the file had. Not to be written to: the rows may share memory. sample_rate_hz: native, or 16000
    for a file that would not fit into memory otherwise (then `facts.warnings` says so).
    """

    samples: Samples
    sample_rate_hz: int
    facts: AudioFacts

    @property
    def duration_s(self) -> float:
        return float(self.samples.shape[1] / self.sample_rate_hz)


def load(path: Path, settings: AudioSettings) -> Audio:
    """Decode a recording of any supported format.

    Damage gives a partial result with `facts.damaged` and warnings. Raises AudioError, naming file, value, limit and
    remedy, for what is no recording, is shorter than `min_duration_s`, or passes a limit.
    """
    decoded = decode(path, settings)
    decoded_s = decoded.samples.shape[1] / decoded.sample_rate_hz
    if decoded_s < settings.min_duration_s:
        raise AudioError(
            f"{path} has {decoded_s:.2f} s of sound, less than audio.min_duration_s = {settings.min_duration_s:g} s; "
            "nothing can be said of so short a call: leave it out, or lower the setting"
        )
    chosen = choose_channels(path, decoded.samples, decoded.sample_rate_hz, settings)
    rows = decoded.samples if len(chosen.rows) == len(decoded.samples) else decoded.samples[list(chosen.rows)]
    short, missing = _short_of_declared(decoded, decoded_s)
    facts = AudioFacts(
        codec=decoded.codec,
        container=decoded.container,
        sample_rate_hz=decoded.sample_rate_hz,
        channels=len(decoded.samples),
        layout=chosen.layout,
        declared_s=decoded.declared_s,
        decoded_s=decoded_s,
        lost_packets=decoded.lost_packets,
        damaged=short or decoded.lost_packets > 0 or decoded.filled_s > _LENGTH_TOLERANCE_S,
        warnings=decoded.warnings + missing + chosen.warnings,
    )
    return Audio(rows, decoded.sample_rate_hz, facts)


def _short_of_declared(decoded: Decoded, decoded_s: float) -> tuple[bool, tuple[str, ...]]:
    if decoded.declared_s is None:
        return False, ()
    missing_s = decoded.declared_s - decoded_s
    if missing_s <= _LENGTH_TOLERANCE_S + _LENGTH_TOLERANCE_RATIO * decoded.declared_s:
        return False, ()
    detail = f"{decoded_s:.2f} of {decoded.declared_s:.2f} s could be decoded; fetch the file again if it can be had"
    return True, (warning("short_of_declared", detail),)


def engine_channels(audio: Audio, rate_hz: int = 16_000) -> NDArray[np.float32 | np.float16]:
    """The rows of `audio` at the rate of the engines: float32 (rows, n16), not levelled.

    A call of more than LONG_S is kept as float16, to half of the memory: rounding lies 66 dB below each sample.
    Source: soxr, high quality (linear phase, pass band to 0.91 of the lower Nyquist frequency).
    """
    long = audio.duration_s > LONG_S
    if audio.sample_rate_hz == rate_hz:
        return audio.samples.astype(np.float16) if long else audio.samples
    if long:
        return _resampled_by_blocks(audio, rate_hz)
    rows = [
        soxr.resample(np.ascontiguousarray(row), audio.sample_rate_hz, rate_hz, quality="HQ") for row in audio.samples
    ]
    return rows[0][None] if len(rows) == 1 else np.stack(rows)


def _resampled_by_blocks(audio: Audio, rate_hz: int) -> NDArray[np.float16]:
    """The rows at another rate, a minute at a time, so that no second copy of a long call is needed."""
    length = audio.samples.shape[1]
    out = np.zeros((len(audio.samples), round(length * rate_hz / audio.sample_rate_hz)), np.float16)
    step = 60 * audio.sample_rate_hz
    for row, target in zip(audio.samples, out, strict=True):
        stream = soxr.ResampleStream(audio.sample_rate_hz, rate_hz, 1, dtype="float32", quality="HQ")
        at = 0
        for start in range(0, length, step):
            block = np.ascontiguousarray(row[start : start + step])
            part = stream.resample_chunk(block, last=start + step >= length)[: len(target) - at]
            target[at : at + len(part)] = part
            at += len(part)
    return out


def envelope(audio: Audio, hop_s: float = 0.05) -> Envelope:
    """Peaks of each row for drawing a waveform, 0..255, one per `hop_s` (the last may cover less)."""
    hop = max(1, round(hop_s * audio.sample_rate_hz))
    starts = np.arange(0, audio.samples.shape[1], hop)
    peaks = []
    for row in audio.samples:
        highest = np.maximum(np.maximum.reduceat(row, starts), -np.minimum.reduceat(row, starts))
        peaks.append(tuple(int(peak) for peak in np.rint(np.clip(highest, 0.0, 1.0) * 255.0)))
    return Envelope(hop_s=hop / audio.sample_rate_hz, peaks=tuple(peaks))


def sha256_of(path: Path) -> str:
    """SHA-256 of the file's bytes in hexadecimal. Raises AudioError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}; check the path and its permissions") from error
