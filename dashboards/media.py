"""Recordings as a browser can play them, on the same time line as the transcript.

Telephone formats (A-law, GSM, AMR) are unknown to browsers, seeking in MP3 and AAC is guesswork there, and a damaged
file plays with other gaps than the decoder left. So everything but plain WAV PCM and FLAC is decoded once into a FLAC
file in the data folder's cache; the second of the transcript is then exactly the second of the player.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.resampler import AudioResampler

from pipeline.errors import AudioError

_PLAIN = {("wav", "pcm_s16le"): "audio/wav", ("wav", "pcm_u8"): "audio/wav", ("flac", "flac"): "audio/flac"}
# The containers that recordings come in; no playlists, no network protocols (the file is opened by us, not by name).
_CONTAINERS = frozenset({"wav", "w64", "flac", "mp3", "ogg", "mov", "matroska", "amr", "aac", "aiff", "au", "gsm"})
CACHE_MAX_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Playable:
    """A file that a browser plays, and its media type."""

    path: Path
    media_type: str


def playable(recording: Path, sha256: str, home: Path) -> Playable:
    """`recording` itself when a browser plays it exactly, else its FLAC copy in the cache, made when it is missing.

    Raises AudioError when the file is missing, unreadable or holds no audio that can be decoded.
    """
    if not recording.is_file():
        raise AudioError(f"{recording} does not exist any more; restore the recording or its folder to listen to it")
    cached = home / "cache" / "audio" / f"{sha256}.flac"
    if cached.is_file():
        os.utime(cached)
        return Playable(cached, "audio/flac")
    try:
        with recording.open("rb") as file, av.open(file, mode="r") as container:
            stream = _audio_stream(container, recording)
            media_type = _PLAIN.get((container.format.name, stream.codec_context.name))
    except (OSError, av.FFmpegError) as error:
        raise AudioError(f"{recording} cannot be opened for playing: {error}; check the file and its rights") from error
    if media_type:
        return Playable(recording, media_type)
    _convert(recording, cached)
    _prune(cached.parent, keep=cached)
    return Playable(cached, "audio/flac")


def _audio_stream(container: av.container.InputContainer, recording: Path) -> av.AudioStream:
    if not _CONTAINERS.intersection(container.format.name.split(",")):
        raise AudioError(f"{recording} is a {container.format.name} container, which is not played; convert it to WAV")
    if not container.streams.audio:
        raise AudioError(f"{recording} holds no audio stream; nothing can be played")
    return container.streams.audio[0]


def _convert(recording: Path, target: Path) -> None:
    """Decode `recording` into `target` (FLAC, 16 bit, native rate and channels), written beside it and renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.flac")
    try:
        with recording.open("rb") as source, av.open(source, mode="r") as read, av.open(str(fresh), "w") as write:
            _transcode(read, _audio_stream(read, recording), write)
        fresh.replace(target)
    except (OSError, av.FFmpegError, ValueError) as error:
        raise AudioError(f"{recording} cannot be made playable: {error}; check the file and the free disk") from error
    finally:
        fresh.unlink(missing_ok=True)


def _transcode(read: av.container.InputContainer, stream: av.AudioStream, write: av.container.OutputContainer) -> None:
    out: av.AudioStream | None = None
    resampler: AudioResampler | None = None
    for packet in read.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue  # a damaged packet is skipped, exactly as the analysis skipped it
        for frame in frames:
            if out is None or resampler is None:
                out = write.add_stream("flac", rate=frame.sample_rate, layout=frame.layout.name)
                resampler = AudioResampler(format="s16", layout=frame.layout.name, rate=frame.sample_rate)
            frame.pts = None
            for ready in resampler.resample(frame):
                write.mux(out.encode(ready))
    if out is None:
        raise ValueError("no sample could be decoded")
    write.mux(out.encode(None))


def _prune(folder: Path, keep: Path) -> None:
    """Remove the copies that were not played for longest until the cache is below its limit."""
    copies = sorted((p for p in folder.glob("*.flac") if p != keep), key=lambda p: p.stat().st_mtime, reverse=True)
    total = keep.stat().st_size
    for copy in copies:
        total += copy.stat().st_size
        if total > CACHE_MAX_BYTES:
            copy.unlink(missing_ok=True)
