"""Recordings as a browser can play them, on the same time line as the transcript.

Telephone formats (A-law, GSM, AMR) are unknown to browsers, seeking in MP3 and AAC is guesswork there, and a damaged
file plays with other gaps than the analysis heard. So everything but undamaged WAV PCM and FLAC is decoded once, by
the analysis' own decoder, into a FLAC file in the data folder's cache: the second of the transcript is exactly the
second of the player.
"""

import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from dashboards.data import StoredRecording
from pipeline.audio import load
from pipeline.config.settings import AudioSettings
from pipeline.errors import AudioError

_PLAIN = {(".wav", "pcm_s16le"): "audio/wav", (".wav", "pcm_u8"): "audio/wav", (".flac", "flac"): "audio/flac"}
Samples = NDArray[np.float32]
CACHE_MAX_BYTES = 4 * 1024**3
_one_at_a_time = threading.Lock()  # a decoded call lies in memory whole


@dataclass(frozen=True, slots=True)
class Playable:
    """A file that a browser plays, and its media type."""

    path: Path
    media_type: str


def playable(
    recording: StoredRecording, home: Path, settings: AudioSettings, clip_s: tuple[float, float] | None = None
) -> Playable:
    """The recording itself when a browser plays it exactly, else its FLAC copy in the cache, made when it is missing.

    clip_s: a FLAC of what lies between these seconds, and of nothing else. Raises AudioError when the file is missing,
    unreadable or holds no sound that can be decoded.
    """
    if not recording.path.is_file():
        raise AudioError(f"{recording.path} does not exist any more; restore the recording or its folder to hear it")
    whole = _whole(recording, home, settings)
    if clip_s is None:
        return whole
    name = f"{recording.sha256}.{round(1000 * clip_s[0])}-{round(1000 * clip_s[1])}.flac"
    return _cached(_cache(home) / name, lambda target: _cut(whole.path, target, clip_s))


def _whole(recording: StoredRecording, home: Path, settings: AudioSettings) -> Playable:
    media_type = _PLAIN.get((recording.path.suffix.lower(), recording.codec))
    if media_type and recording.intact:
        return Playable(recording.path, media_type)
    cached = _cache(home) / f"{recording.sha256}.flac"
    return _cached(cached, lambda target: _convert(recording.path, target, settings))


def _cache(home: Path) -> Path:
    return home / "cache" / "audio"


def _cached(path: Path, make: Callable[[Path], None]) -> Playable:
    with _one_at_a_time:
        if path.is_file():
            os.utime(path)
        else:
            make(path)
            _prune(path.parent, keep=path)
    return Playable(path, "audio/flac")


def _convert(recording: Path, target: Path, settings: AudioSettings) -> None:
    """Decode `recording` into `target` (FLAC, 16 bit, native rate and channels), written beside it and renamed."""
    audio = load(recording, settings)
    _write(recording, target, audio.samples.T, audio.sample_rate_hz)


def _cut(source: Path, target: Path, clip_s: tuple[float, float]) -> None:
    """What lies between two seconds of a file that a browser plays, as FLAC."""
    try:
        with sf.SoundFile(source) as file:
            first, last = (min(file.frames, round(s * file.samplerate)) for s in clip_s)
            file.seek(first)
            samples, rate_hz = file.read(max(0, last - first), dtype="float32", always_2d=True), file.samplerate
    except (OSError, sf.SoundFileError) as error:
        raise AudioError(f"{source} cannot be read: {error}; restore the recording or its folder to hear it") from error
    if not len(samples):
        raise AudioError(f"{source} has nothing from {clip_s[0]:.1f} to {clip_s[1]:.1f} s; choose another moment")
    _write(source, target, samples, rate_hz)


def _write(source: Path, target: Path, samples: Samples, rate_hz: int) -> None:
    """samples: (n, channels) float32 within -1..1."""
    fresh = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sf.write(fresh, samples, rate_hz, format="FLAC", subtype="PCM_16")
        fresh.replace(target)
    except (OSError, sf.SoundFileError) as error:
        raise AudioError(f"{source} cannot be made playable: {error}; check the rights and the free disk") from error
    finally:
        fresh.unlink(missing_ok=True)


def _prune(folder: Path, keep: Path) -> None:
    """Remove the copies that were not played for longest until the cache is below its limit."""
    copies = sorted((p for p in folder.glob("*.flac") if p != keep), key=lambda p: p.stat().st_mtime, reverse=True)
    total = keep.stat().st_size
    for copy in copies:
        total += copy.stat().st_size
        if total > CACHE_MAX_BYTES:
            copy.unlink(missing_ok=True)
