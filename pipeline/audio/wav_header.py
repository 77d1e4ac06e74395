"""What a RIFF/WAVE header claims, read from its chunks, because demuxers hide the lies in it.

Source: Multimedia Programming Interface and Data Specifications 1.0 (RIFF), chunk = 4-byte id, 32-bit little-endian
size, data padded to an even length.
"""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

_MAX_CHUNKS = 64  # real files have a handful; a crafted one must not keep us walking
_MIN_HIDDEN_S = 0.1  # sound behind the declared end that is worth decoding


@dataclass(frozen=True, slots=True)
class WavHeader:
    """declared_s: data size / byte rate, None where the header gives none. open_ended: the size field is one of the
    values that streaming writers leave (0 or about 4 GiB). ignore_length: the data goes on behind the declared end.
    """

    declared_s: float | None = None
    open_ended: bool = False
    ignore_length: bool = False


def read_wav_header(file: BinaryIO) -> WavHeader:
    """Walk the chunks of a RIFF file up to its data. Never raises on nonsense: that is the demuxer's to refuse."""
    file_bytes = file.seek(0, os.SEEK_END)
    position = 12
    byte_rate = 0
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return WavHeader()
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"fmt ":
            fields = file.read(12)
            byte_rate = struct.unpack("<I", fields[8:12])[0] if len(fields) == 12 else 0
        elif name == b"data":
            return _judge_data(file, position + 8, size, byte_rate, file_bytes)
        position += 8 + size + size % 2
    return WavHeader()


def _judge_data(file: BinaryIO, start: int, size: int, byte_rate: int, file_bytes: int) -> WavHeader:
    if byte_rate == 0:
        return WavHeader()
    # 0xFFFFFFFF, and values just below the 2 and 4 GiB signs that pipes write (sox, ffmpeg, arecord)
    if size == 0 or size >= 0xFFFF_0000 or 0x7FFF_0000 <= size <= 0x8000_0000:
        return WavHeader(open_ended=file_bytes > start)
    end = start + size + size % 2
    hidden = file_bytes - end
    file.seek(end)
    honest = hidden < _MIN_HIDDEN_S * byte_rate or _looks_like_chunk(file.read(8), hidden)
    return WavHeader(declared_s=size / byte_rate, ignore_length=not honest)


def _looks_like_chunk(head: bytes, room: int) -> bool:
    if len(head) < 8 or not all(0x20 <= byte < 0x7F for byte in head[:4]):
        return False
    return int(struct.unpack("<I", head[4:])[0]) + 8 <= room + 1
