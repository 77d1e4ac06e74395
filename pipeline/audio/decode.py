"""Decode packet by packet: what can be read is kept, what cannot is counted, and nothing outgrows the limits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from pipeline.audio.source import Source, open_source
from pipeline.audio.warning import warning
from pipeline.config.settings import AudioSettings
from pipeline.errors import AudioError

Samples = NDArray[np.float32]

_MIN_RATE_HZ, _MAX_RATE_HZ = 8_000, 48_000
_MAX_CHANNELS = 8
_MIN_GAP_S = 0.02  # shorter jumps of the time stamps are rounding
_MAX_OPEN_GAP_S = 60.0  # longest jump that is believed when the header gives no length
_MAX_READ_ERRORS = 200  # in a row; a demuxer that has lost its way does not find it again
_MAX_SAMPLE = 16.0  # 24 dB above full scale: louder is no sound but a wrong sample format
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}


@dataclass(frozen=True, slots=True)
class Decoded:
    """All channels of a file. samples: float32 (channels, n), full scale = 1.0. declared_s: None if not claimed."""

    samples: Samples
    sample_rate_hz: int
    codec: str
    container: str
    declared_s: float | None
    lost_packets: int
    filled_s: float
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    packets: int = 0
    lost: int = 0
    filled_s: float = 0.0
    ended_early: bool = False
    invalid_samples: int = 0


@dataclass(slots=True)
class _Sink:
    """Growing buffer with limits. `rate_hz` is that of the buffer; `resampler` is set where the file's differs."""

    path: Path
    settings: AudioSettings
    channels: int
    source_rate_hz: int
    rate_hz: int
    expected_s: float
    filled: int = 0
    origin_s: float | None = None  # time stamp of the first frame
    buffer: Samples = field(init=False)
    resampler: soxr.ResampleStream | None = field(init=False)

    def __post_init__(self) -> None:
        limit_s = self.settings.max_duration_s + 1.0
        self.buffer = np.empty((self.channels, int(min(self.expected_s + 1.0, limit_s) * self.rate_hz)), np.float32)
        same = self.rate_hz == self.source_rate_hz
        self.resampler = (
            None if same else soxr.ResampleStream(self.source_rate_hz, self.rate_hz, self.channels, dtype="float32")
        )

    @property
    def seconds(self) -> float:
        return self.filled / self.rate_hz

    def add(self, block: Samples, *, last: bool = False) -> None:
        """Append (channels, n); raises AudioError when the length or memory limit is passed."""
        if self.resampler is not None:
            block = self.resampler.resample_chunk(np.ascontiguousarray(block.T), last=last).T
        end = self.filled + block.shape[1]
        if end > self.settings.max_duration_s * self.rate_hz:
            raise AudioError(
                f"{self.path} is longer than audio.max_duration_s = {self.settings.max_duration_s:g} s; "
                "split the recording, or raise the setting"
            )
        if end * self.channels * 4 > self.settings.max_samples_bytes:
            raise AudioError(
                f"{self.path} ({self.channels} channels, {self.rate_hz} Hz) needs more than audio.max_samples_bytes = "
                f"{self.settings.max_samples_bytes} of memory after {self.seconds:.0f} s; convert it to 8 or 16 kHz, "
                "split it, or raise the setting"
            )
        if end > self.buffer.shape[1]:
            grown = np.empty((self.channels, end + end // 2), np.float32)
            grown[:, : self.filled] = self.buffer[:, : self.filled]
            self.buffer = grown
        self.buffer[:, self.filled : end] = block
        self.filled = end


def decode(path: Path, settings: AudioSettings) -> Decoded:
    """Decode the first audio track of a file.

    Damaged packets are counted and left out; time that the container skips is filled with silence, so that later
    times stay right. A file whose samples at its own rate would pass `max_samples_bytes` is decoded at
    `engine_rate_hz` instead. Raises AudioError when nothing can be decoded or a limit is passed.
    """
    with open_source(path, settings) as source:
        tally = _Tally()
        sink: _Sink | None = None
        for frame in _frames(source, tally):
            if sink is None:
                sink = _sink_for(path, settings, source, frame)
            if frame.sample_rate != sink.source_rate_hz or len(frame.layout.channels) != sink.channels:
                tally.lost += 1  # a header invented by damage
                continue
            _fill_gap(sink, source, frame, tally)
            sink.add(_to_float(frame, tally))
        if sink is None or sink.filled == 0:
            raise AudioError(
                f"{path} ({source.container_name}) holds no sound that can be decoded "
                f"({tally.lost} of {tally.packets} packets damaged); fetch it again from the recorder"
            )
        if sink.resampler is not None:
            sink.add(np.empty((sink.channels, 0), np.float32), last=True)
        return Decoded(
            samples=sink.buffer[:, : sink.filled],
            sample_rate_hz=sink.rate_hz,
            codec=str(source.stream.codec_context.name),
            container=source.container_name,
            declared_s=source.declared_s,
            lost_packets=tally.lost,
            filled_s=tally.filled_s,
            warnings=source.warnings + _warnings(sink, tally),
        )


def _frames(source: Source, tally: _Tally) -> Iterator[Any]:
    """Every frame that decodes, in order."""
    errors_in_a_row = 0
    packets = source.container.demux(source.stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            errors_in_a_row += 1
            if errors_in_a_row >= _MAX_READ_ERRORS:
                tally.ended_early = True
                return
            packets = source.container.demux(source.stream)
            continue
        errors_in_a_row = 0
        tally.packets += packet.size > 0
        try:
            yield from packet.decode()
        except av.FFmpegError:
            tally.lost += 1


def _sink_for(path: Path, settings: AudioSettings, source: Source, frame: Any) -> _Sink:
    rate_hz, channels = int(frame.sample_rate), len(frame.layout.channels)
    if not _MIN_RATE_HZ <= rate_hz <= _MAX_RATE_HZ:
        raise AudioError(
            f"{path} says it has {rate_hz} Hz; {_MIN_RATE_HZ} to {_MAX_RATE_HZ} Hz are supported; "
            "its header may be damaged, else convert it: ffmpeg -i IN -ar 16000 OUT.wav"
        )
    if not 1 <= channels <= _MAX_CHANNELS:
        raise AudioError(
            f"{path} says it has {channels} channels; 1 to {_MAX_CHANNELS} can be read (and 2 analysed); its header "
            "may be damaged, else extract the two parties: ffmpeg -i IN -af 'pan=stereo|c0=c0|c1=c1' OUT.wav"
        )
    expected_s = source.expected_s or 60.0
    bytes_needed = min(expected_s, settings.max_duration_s) * rate_hz * channels * 4
    too_much = bytes_needed > settings.max_samples_bytes and rate_hz > settings.engine_rate_hz
    return _Sink(path, settings, channels, rate_hz, settings.engine_rate_hz if too_much else rate_hz, expected_s)


def _fill_gap(sink: _Sink, source: Source, frame: Any, tally: _Tally) -> None:
    """Silence for time the container skips (lost Ogg pages, damaged FLAC frames, pauses that Opus never sent)."""
    if frame.pts is None or frame.time_base is None:
        return
    at_s = float(frame.pts * frame.time_base)
    if sink.origin_s is None:
        sink.origin_s = at_s
    gap_s = at_s - sink.origin_s - sink.seconds
    # A lying time stamp must not invent hours: nothing beyond the declared end, or beyond a minute if none is declared.
    limit_s = _MAX_OPEN_GAP_S if source.declared_s is None else max(0.0, source.declared_s - sink.seconds)
    if sink.resampler is not None or not _MIN_GAP_S < gap_s <= limit_s:
        return
    sink.add(np.zeros((sink.channels, round(gap_s * sink.rate_hz)), np.float32))
    tally.filled_s += gap_s


def _to_float(frame: Any, tally: _Tally) -> Samples:
    """A frame as float32 (channels, n), full scale = 1.0, without NaN."""
    name = str(frame.format.name)
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, len(frame.layout.channels)).T
    kind = name.removesuffix("p")
    if kind in _FULL_SCALE:
        block: Samples = values.astype(np.float32)
        block -= np.float32(128.0 if kind == "u8" else 0.0)
        block /= np.float32(_FULL_SCALE[kind])
        return block
    block = values.astype(np.float32, copy=False)
    bad = ~(np.abs(block) <= _MAX_SAMPLE)  # true for NaN too
    if bad.any():
        tally.invalid_samples += int(bad.sum())
        block = np.clip(np.nan_to_num(block, nan=0.0), -_MAX_SAMPLE, _MAX_SAMPLE)
    return block


def _warnings(sink: _Sink, tally: _Tally) -> tuple[str, ...]:
    seen: tuple[tuple[bool, Callable[[], str]], ...] = (
        (tally.lost > 0, lambda: warning("lost_packets", f"{tally.lost} of {tally.packets} packets are damaged")),
        (tally.filled_s > 0, lambda: warning("filled_gap", f"{tally.filled_s:.2f} s are missing, filled with silence")),
        (tally.ended_early, lambda: warning("ends_early", f"nothing could be read behind {sink.seconds:.2f} s")),
        (tally.invalid_samples > 0, lambda: warning("invalid_samples", f"{tally.invalid_samples} values are no sound")),
        (
            sink.resampler is not None,
            lambda: warning("resampled_while_reading", f"{sink.source_rate_hz} Hz read as {sink.rate_hz} Hz"),
        ),
    )
    return tuple(text() for applies, text in seen if applies)
