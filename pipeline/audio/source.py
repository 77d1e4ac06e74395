"""Open a file for decoding without trusting it: one regular file, known containers, no other file and no network."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av

from pipeline.audio.warning import warning
from pipeline.audio.wav_header import read_wav_header
from pipeline.config.settings import AudioSettings
from pipeline.errors import AudioError

# FFmpeg demuxer names. Anything that names other files or addresses (hls, concat, sdp, dash, …) is left out.
CONTAINERS = ("wav", "w64", "mp3", "aac", "mov", "matroska", "ogg", "flac", "amr", "au", "aiff", "caf", "gsm", "asf")
# Headerless telephone-exchange files, told by their suffix only (Asterisk's names). All are 8 kHz mono on the line.
_RAW_FORMATS = {".gsm": "gsm", ".ulaw": "mulaw", ".ul": "mulaw", ".alaw": "alaw", ".al": "alaw", ".g722": "g722"}
# Demuxers whose "duration" is a guess from file size and bit rate, unless a length tag is found.
_GUESSED_LENGTH = ("aac", "amr", "gsm", "mulaw", "alaw", "g722")
_MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_REMEDY = (
    "supported are wav (PCM, A-law, u-law, GSM), mp3, m4a/AAC, ogg/opus, flac, amr and the sound of mp4/mkv/webm; "
    "check that the file is a recording and was copied whole, or convert it: ffmpeg -i IN -ar 8000 OUT.wav"
)


@dataclass(frozen=True, slots=True)
class Source:
    """An opened container.

    declared_s: the length its header claims, None if it claims none. expected_s: the best guess beforehand, for
    sizing buffers only. warnings: what the header already shows.
    """

    container: Any  # av.container.InputContainer
    stream: Any  # av.audio.stream.AudioStream
    container_name: str
    declared_s: float | None
    expected_s: float | None
    warnings: tuple[str, ...]


def check_file(path: Path, settings: AudioSettings) -> int:
    """Size in bytes of a regular, non-empty file below the limit; raises AudioError otherwise."""
    try:
        status = path.stat()
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}; check the path and its permissions") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(
            f"{path} is a folder, not a recording; name the files in it, or use `callqa run` on the folder"
        )
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{path} is a device or a pipe, not a file; copy the recording into a file first")
    if status.st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes); fetch it again from the recorder")
    if status.st_size > settings.max_file_bytes:
        raise AudioError(
            f"{path} has {status.st_size} bytes, more than audio.max_file_bytes = {settings.max_file_bytes}; "
            "split the recording, or raise the setting"
        )
    return status.st_size


@contextmanager
def open_source(path: Path, settings: AudioSettings) -> Iterator[Source]:
    """Open `path` for decoding and close it afterwards.

    The demuxer gets an open file, never a name it could take for an address or a playlist; containers and protocols
    are a whitelist, and any attempt to open something else is refused. Raises AudioError.
    """
    check_file(path, settings)
    try:
        file: BinaryIO
        with path.open("rb") as file, _open_container(path, file) as container:
            yield _describe(path, container)
    except OSError as error:  # reading the file itself failed; av's errors are turned into AudioError where they occur
        if isinstance(error, av.FFmpegError):
            raise
        raise AudioError(f"{path} cannot be read: {error}; check the disk and the permissions") from error


def _open_container(path: Path, file: BinaryIO) -> Any:
    head = file.read(12)
    file.seek(0)
    options = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "none", "err_detect": "crccheck"}
    raw = None if head[:4] in (b"RIFF", b"RF64") else _RAW_FORMATS.get(path.suffix.lower())
    if raw:
        options["format_whitelist"] = raw
    if raw in ("mulaw", "alaw"):
        options |= {"sample_rate": "8000", "ch_layout": "mono"}
    if head[:4] == b"RIFF":
        header = read_wav_header(file)
        file.seek(0)
        if header.ignore_length:
            options["ignore_length"] = "1"
    try:
        return av.open(
            file, "r", format=raw, container_options=options, io_open=_refuse, metadata_errors="replace", timeout=None
        )
    except (av.FFmpegError, PermissionError) as error:
        raise AudioError(
            f"{path} is not a recording that can be decoded ({_reason(error)}; begins with {head!r}); {_REMEDY}"
        ) from error


def _refuse(url: str, flags: int, options: dict[str, str]) -> BinaryIO:  # noqa: ARG001 - PyAV's signature
    raise PermissionError("it refers to another file or address, which is never followed")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _describe(path: Path, container: Any) -> Source:
    name = str(container.format.name)
    streams = container.streams.audio
    if not streams:
        raise AudioError(f"{path} ({name}) has no audio track; {_REMEDY}")
    stream = streams[0]
    warnings = []
    if len(streams) > 1:
        warnings.append(warning("several_audio_tracks", f"{len(streams)} audio tracks, the first is used"))
    if stream.duration is not None:
        expected_s: float | None = float(stream.duration * stream.time_base)
    else:
        expected_s = None if container.duration is None else container.duration / av.time_base
    declared_s = expected_s
    if name in _GUESSED_LENGTH or (name == "mp3" and not _has_mp3_length(path)):
        declared_s = None
    elif name == "wav":
        declared_s, wav_warnings = _wav_declared(path, expected_s)
        warnings += wav_warnings
    return Source(container, stream, name, declared_s, expected_s, tuple(warnings))


def _wav_declared(path: Path, expected_s: float | None) -> tuple[float | None, list[str]]:
    """The header's own claim: the demuxer silently corrects it to the size of the file."""
    with path.open("rb") as header_file:
        header = read_wav_header(header_file)
    if header.ignore_length:
        detail = f"the header promises {header.declared_s:.2f} s, but the sound goes on behind it"
        return header.declared_s, [warning("longer_than_declared", detail)]
    if header.open_ended:
        return None, [
            warning("unknown_length", "the WAV header leaves the length open; decoded to the end of the file")
        ]
    return (expected_s if header.declared_s is None else header.declared_s), []


def _has_mp3_length(path: Path) -> bool:
    """Whether the first frame carries a length tag; without one the demuxer guesses from the bit rate."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3" and len(head) == 10:
            size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            file.seek(10 + size)
        else:
            file.seek(0)
        block = file.read(4096)
    return any(tag in block for tag in _MP3_LENGTH_TAGS)
