"""Recordings as they should not be: each gives one clear message, or what can be read with a warning."""

import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from pipeline.audio import load, sha256_of
from pipeline.errors import AudioError
from tests.pipeline.audio_files import audio_settings, encode, sine, talk, write

SETTINGS = audio_settings()


def codes(warnings: tuple[str, ...]) -> set[str]:
    return {text.split(":", 1)[0] for text in warnings}


def refused(path: Path, *parts: str, **overrides: float) -> str:
    """The message of the AudioError; it names the file and each of `parts`."""
    with pytest.raises(AudioError) as caught:
        load(path, SETTINGS.model_copy(update=overrides))
    message = str(caught.value)
    for part in (str(path), *parts):
        assert part in message
    return message


def with_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """Ten seconds, 8 kHz, 16 bit: 44 bytes of header, sizes at 4 and 40, rate at 24, channels at 22."""
    return write(tmp_path / "good.wav", talk(10.0), subtype="PCM_16")


def patched(path: Path, offset: int, layout: str, value: int) -> Path:
    content = bytearray(path.read_bytes())
    struct.pack_into(layout, content, offset, value)
    return with_bytes(path, bytes(content))


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.wav", "No such file", "check the path")


def test_an_empty_file(tmp_path: Path) -> None:
    refused(with_bytes(tmp_path / "a.wav", b""), "empty (0 bytes)", "fetch it again")


def test_a_folder(tmp_path: Path) -> None:
    refused(tmp_path, "is a folder", "callqa run")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    refused(tmp_path / "a.wav", "a pipe", "copy the recording into a file")


@contextmanager
def without_rights() -> Iterator[None]:
    """Root reads everything, so give the rights up for a while."""
    if os.getuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_unreadable_file() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folder cannot even be entered without rights
        Path(folder).chmod(0o755)
        path = write(Path(folder) / "a.wav", talk())
        path.chmod(0)
        with without_rights():
            refused(path, "Permission denied", "check the disk and the permissions")
            with pytest.raises(AudioError, match=r"cannot be read: Permission denied; check the path"):
                sha256_of(path)


def test_a_file_in_a_folder_that_may_not_be_entered() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.wav", talk())
        with without_rights():
            if os.getuid() != 0:
                Path(folder).chmod(0)
            refused(path, "Permission denied", "check the path and its permissions")
        Path(folder).chmod(0o700)


def test_text_renamed_to_wav(tmp_path: Path) -> None:
    refused(with_bytes(tmp_path / "a.wav", "这不是录音\n".encode() * 200), "not a recording", "convert it")


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.wav", "a.ogg"])
def test_noise_bytes_give_no_sound(tmp_path: Path, name: str) -> None:
    content = np.random.default_rng(1).integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    refused(with_bytes(tmp_path / name, content))


@pytest.mark.parametrize("playlist", ["m3u8", "ffconcat", "sdp", "dash", "ffmetadata"])
def test_a_playlist_opens_no_other_file(tmp_path: Path, wav: Path, playlist: str) -> None:
    content = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{wav}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{wav}'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period/></MPD>',
        "ffmetadata": ";FFMETADATA1\ntitle=x\n",
    }[playlist]
    for name in (f"list.{playlist}", "list.wav"):
        refused(with_bytes(tmp_path / name, content.encode()), "not a recording")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.wav", "concat:good.wav", "file:good.wav", "pipe:0"])
def test_an_address_is_not_followed(address: str) -> None:
    refused(Path(address), "No such file")


def test_a_video_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    refused(path, "no audio track", "check that the file is a recording")


def test_a_call_of_a_fifth_of_a_second(tmp_path: Path) -> None:
    refused(write(tmp_path / "a.wav", talk(0.2)), "0.20 s", "audio.min_duration_s = 0.3", "lower the setting")


def test_five_different_channels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", *(talk(2.0, 44100, seed) for seed in range(5)), rate_hz=44100)
    refused(path, "5 channels", "at most 2", "ffmpeg")


def test_a_header_that_claims_65535_channels(wav: Path) -> None:
    refused(patched(wav, 22, "<H", 65535))


@pytest.mark.parametrize("rate_hz", [0, 4_000, 96_000, 4_000_000_000])
def test_a_header_that_claims_an_impossible_rate(wav: Path, rate_hz: int) -> None:
    refused(patched(wav, 24, "<I", rate_hz))


def test_an_unsupported_rate_is_named_with_its_limits(wav: Path) -> None:
    refused(patched(wav, 24, "<I", 96_000), "96000 Hz", "8000 to 48000 Hz", "convert it")


def test_a_header_without_sound(wav: Path) -> None:
    refused(with_bytes(wav, wav.read_bytes()[:44]), "no sound")


def test_an_m4a_that_lost_its_index(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", "aac", talk(4.0, 16000), 16000)
    refused(with_bytes(path, path.read_bytes()[:9000]), "not a recording", "copied whole")


def test_longer_than_the_limit_stops_while_decoding(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.zeros(8000 * 60, np.float32))  # 60 s of silence in a few hundred bytes
    refused(path, "audio.max_duration_s = 30", "split", max_duration_s=30.0)


def test_more_memory_than_the_limit(wav: Path) -> None:
    refused(wav, "1 channels, 8000 Hz", "audio.max_samples_bytes = 100000", max_samples_bytes=100_000)


def test_more_bytes_than_the_limit(wav: Path) -> None:
    refused(wav, "160044 bytes", "audio.max_file_bytes = 1000", max_file_bytes=1000)


# --- partial results -------------------------------------------------------------------------------------------------


def test_a_truncated_wav(wav: Path) -> None:
    facts = load(with_bytes(wav, wav.read_bytes()[:80_044]), SETTINGS).facts
    assert facts.declared_s == 10.0
    assert facts.decoded_s == pytest.approx(5.0, abs=0.01)
    assert facts.damaged
    assert "short_of_declared" in codes(facts.warnings)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3"])
def test_a_truncated_file_gives_what_is_left(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, talk(20.0))
    content = path.read_bytes()
    facts = load(with_bytes(path, content[: len(content) // 2]), SETTINGS).facts
    assert facts.declared_s == pytest.approx(20.0, abs=0.1)
    assert 7.0 < facts.decoded_s < 13.0
    assert facts.damaged
    assert "short_of_declared" in codes(facts.warnings)


def test_an_mp3_damaged_in_the_middle_is_read_to_its_end(tmp_path: Path) -> None:
    tone = np.concatenate([sine(500, 0.3, 20.0), sine(1500, 0.3, 20.0)])
    path = write(tmp_path / "a.mp3", tone)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 4000] = np.random.default_rng(2).integers(0, 256, 4000, dtype=np.uint8).tobytes()
    audio = load(with_bytes(path, bytes(content)), SETTINGS)
    assert audio.facts.damaged
    assert audio.facts.declared_s == pytest.approx(40.0, abs=0.1)
    assert 30.0 < audio.facts.decoded_s < 40.0
    last_second = np.abs(np.fft.rfft(audio.samples[0, -8800:-800]))
    assert np.argmax(last_second) == 1500


@pytest.mark.parametrize(("name", "container"), [("a.flac", None), ("a.opus", "OGG")])
def test_a_hole_becomes_silence_so_that_later_times_stay_right(
    tmp_path: Path, name: str, container: str | None
) -> None:
    talked = talk(40.0)
    talked[8000 * 30 :] = sine(1000, 0.3, 10.0)
    path = write(tmp_path / name, talked, subtype="OPUS" if container else None, format=container)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + third // 4] = np.random.default_rng(3).integers(0, 256, third // 4, np.uint8).tobytes()
    audio = load(with_bytes(path, bytes(content)), SETTINGS)
    assert audio.facts.damaged
    assert "filled_gap" in codes(audio.facts.warnings)
    assert audio.duration_s == pytest.approx(40.0, abs=0.05)
    at_35_s = audio.samples[0, 35 * audio.sample_rate_hz : 36 * audio.sample_rate_hz]
    assert np.argmax(np.abs(np.fft.rfft(at_35_s))) == 1000


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_the_open_length_of_a_streaming_writer(wav: Path, size: int) -> None:
    facts = load(patched(wav, 40, "<I", size), SETTINGS).facts
    assert (facts.declared_s, facts.decoded_s, facts.damaged) == (None, 10.0, False)
    assert codes(facts.warnings) == {"unknown_length"}


def test_a_header_that_promises_too_much(wav: Path) -> None:
    facts = load(patched(wav, 40, "<I", 160_000_000), SETTINGS).facts
    assert (facts.declared_s, facts.decoded_s, facts.damaged) == (10_000.0, 10.0, True)
    assert codes(facts.warnings) == {"short_of_declared"}


def test_a_header_that_promises_too_little(wav: Path) -> None:
    facts = load(patched(wav, 40, "<I", 16_000), SETTINGS).facts
    assert (facts.declared_s, facts.decoded_s) == (1.0, 10.0)
    assert codes(facts.warnings) == {"longer_than_declared"}


def test_a_chunk_behind_the_data_is_no_hidden_sound(wav: Path) -> None:
    note = b"LIST" + struct.pack("<I", 20_000) + b"INFO" + bytes(19_996)
    facts = load(with_bytes(wav, wav.read_bytes() + note), SETTINGS).facts
    assert (facts.declared_s, facts.decoded_s, facts.warnings) == (10.0, 10.0, ())


def test_silence_only(tmp_path: Path) -> None:
    for signal in (np.zeros(32_000, np.float32), talk(4.0, level=0.0002)):
        audio = load(write(tmp_path / "a.wav", signal), SETTINGS)
        assert audio.facts.decoded_s == 4.0
        assert codes(audio.facts.warnings) == {"silent"}


def test_music_only_is_sound(tmp_path: Path) -> None:
    chord = sum(sine(f, 0.1, 4.0) for f in (262, 330, 392))
    facts = load(write(tmp_path / "a.wav", chord), SETTINGS).facts
    assert (facts.decoded_s, facts.damaged, facts.warnings) == (4.0, False, ())


@pytest.mark.parametrize("dead", [0, 1])
def test_one_dead_channel_is_kept_and_named(tmp_path: Path, dead: int) -> None:
    channels = [talk(4.0), np.zeros(32_000, np.float32)]
    audio = load(write(tmp_path / "a.wav", *(channels if dead else channels[::-1])), SETTINGS)
    assert audio.facts.layout == "stereo"
    assert audio.samples.shape[0] == 2
    assert codes(audio.facts.warnings) == {"dead_channel"}
    assert f"channel {dead} " in audio.facts.warnings[0]


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    signal = talk(2.0)
    signal[100:110] = np.nan
    signal[200] = 1e20
    audio = load(write(tmp_path / "a.wav", signal, subtype="FLOAT"), SETTINGS)
    assert np.isfinite(audio.samples).all()
    assert codes(audio.facts.warnings) == {"invalid_samples"}


def test_too_large_at_its_own_rate_is_read_at_16_khz(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(1000, 0.1, 6.0, 48000), rate_hz=48000)
    audio = load(path, audio_settings(max_samples_bytes=1_000_000))  # 1.15 MB at 48 kHz, 0.38 MB at 16 kHz
    assert audio.sample_rate_hz == 16_000
    assert audio.duration_s == pytest.approx(6.0, abs=0.01)
    assert codes(audio.facts.warnings) == {"resampled_while_reading"}
    assert np.argmax(np.abs(np.fft.rfft(audio.samples[0, 16_000:32_000]))) == 1000


@pytest.mark.slow
def test_three_hours_are_read_within_the_memory_of_their_samples(tmp_path: Path, peak_rss: Callable[[], int]) -> None:
    path = tmp_path / "a.wav"
    ten_minutes = talk(600.0)
    with soundfile.SoundFile(path, "w", 8000, 1, "ULAW") as file:
        for _ in range(18):
            file.write(ten_minutes)
    before = peak_rss()
    audio = load(path, SETTINGS)
    assert audio.duration_s == 10_800.0
    assert peak_rss() - before < 1.6 * audio.samples.nbytes


@pytest.fixture
def peak_rss() -> Callable[[], int]:
    """Reads the highest resident size of this process so far, in bytes; Linux can be told to forget the past."""
    Path("/proc/self/clear_refs").write_text("5")

    def read() -> int:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    return read
