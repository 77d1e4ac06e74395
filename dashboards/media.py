"""Recordings as a browser can play them, on the same time line as the transcript.

Telephone formats (A-law, GSM, AMR) are unknown to browsers, seeking in MP3 and AAC is guesswork there, and a damaged
file plays with other gaps than the analysis heard. So everything but undamaged WAV PCM and FLAC is decoded once, by
the analysis' own decoder, into a FLAC file in the data folder's cache: the second of the transcript is exactly the
second of the player.
"""

import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

import soundfile as sf

from dashboards.data import StoredRecording
from pipeline.audio import load
from pipeline.config.settings import AudioSettings
from pipeline.errors import AudioError

_PLAIN = {(".wav", "pcm_s16le"): "audio/wav", (".wav", "pcm_u8"): "audio/wav", (".flac", "flac"): "audio/flac"}
CACHE_MAX_BYTES = 4 * 1024**3
_one_at_a_time = threading.Lock()  # a decoded call lies in memory whole


@dataclass(frozen=True, slots=True)
class Playable:
    """A file that a browser plays, and its media type."""

    path: Path
    media_type: str


def playable(recording: StoredRecording, home: Path, settings: AudioSettings) -> Playable:
    """The recording itself when a browser plays it exactly, else its FLAC copy in the cache, made when it is missing.

    Raises AudioError when the file is missing, unreadable or holds no sound that can be decoded.
    """
    if not recording.path.is_file():
        raise AudioError(f"{recording.path} does not exist any more; restore the recording or its folder to hear it")
    media_type = _PLAIN.get((recording.path.suffix.lower(), recording.codec))
    if media_type and recording.intact:
        return Playable(recording.path, media_type)
    cached = home / "cache" / "audio" / f"{recording.sha256}.flac"
    with _one_at_a_time:
        if cached.is_file():
            os.utime(cached)
        else:
            _convert(recording.path, cached, settings)
            _prune(cached.parent, keep=cached)
    return Playable(cached, "audio/flac")


def _convert(recording: Path, target: Path, settings: AudioSettings) -> None:
    """Decode `recording` into `target` (FLAC, 16 bit, native rate and channels), written beside it and renamed."""
    audio = load(recording, settings)
    fresh = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sf.write(fresh, audio.samples.T, audio.sample_rate_hz, format="FLAC", subtype="PCM_16")
        fresh.replace(target)
    except (OSError, sf.SoundFileError) as error:
        raise AudioError(f"{recording} cannot be made playable: {error}; check the rights and the free disk") from error
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
