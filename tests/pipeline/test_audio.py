"""Decoding what is sound: formats, channels, resampling, envelope, levels untouched."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import WARNING_CODES, engine_channels, envelope, load, loading, sha256_of
from tests.pipeline.audio_files import audio_settings, encode, sine, talk, write


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize(
    ("name", "subtype", "codec", "tolerance_db"),
    [
        ("a.wav", "PCM_U8", "pcm_u8", 0.2),
        ("a.wav", "PCM_16", "pcm_s16le", 0.01),
        ("a.wav", "PCM_24", "pcm_s24le", 0.01),
        ("a.wav", "PCM_32", "pcm_s32le", 0.01),
        ("a.wav", "FLOAT", "pcm_f32le", 0.01),
        ("a.wav", "DOUBLE", "pcm_f64le", 0.01),
        ("a.wav", "ALAW", "pcm_alaw", 0.1),
        ("a.wav", "ULAW", "pcm_mulaw", 0.1),
        ("a.wav", "GSM610", "gsm_ms", 1.5),
        ("a.flac", "PCM_16", "flac", 0.01),
        ("a.flac", "PCM_24", "flac", 0.01),
        ("a.mp3", None, "mp3float", 0.5),
        ("a.ogg", "VORBIS", "vorbis", 0.5),
        ("a.opus", "OPUS", "opus", 1.0),
        ("a.aiff", "PCM_16", "pcm_s16be", 0.01),
        ("a.au", "ULAW", "pcm_mulaw", 0.1),
    ],
)
def test_a_format_keeps_length_and_level(
    tmp_path: Path, name: str, subtype: str | None, codec: str, tolerance_db: float
) -> None:
    tone = sine(440, 0.1 * np.sqrt(2), 3.0)  # RMS 0.1 = -20 dBFS
    container = "OGG" if name.endswith("opus") else None
    audio = load(write(tmp_path / name, tone, subtype=subtype, format=container), audio_settings())
    assert audio.facts.codec == codec
    assert audio.facts.layout == "mono"
    assert audio.samples.dtype == np.float32
    assert audio.duration_s == pytest.approx(3.0, abs=0.05)
    assert audio.facts.decoded_s == audio.duration_s
    assert not audio.facts.damaged
    assert rms_db(audio.samples) == pytest.approx(-20.0, abs=tolerance_db)


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "bit_rate", "decoder", "tolerance_db"),
    [
        ("a.m4a", "aac", 16000, None, "aac", 1.0),
        ("a.aac", "aac", 16000, None, "aac", 1.0),
        ("a.amr", "libopencore_amrnb", 8000, 12200, "amrnb", 5.0),  # a speech codec does not keep tones
        ("a.webm", "libopus", 48000, None, "opus", 1.0),
        ("a.mkv", "pcm_s16le", 44100, None, "pcm_s16le", 1.0),
    ],
)
def test_a_format_that_needs_ffmpegs_encoder(
    tmp_path: Path, name: str, codec: str, rate_hz: int, bit_rate: int | None, decoder: str, tolerance_db: float
) -> None:
    path = encode(tmp_path / name, codec, sine(440, 0.1 * np.sqrt(2), 3.0, rate_hz), rate_hz, bit_rate)
    audio = load(path, audio_settings())
    assert audio.facts.codec == decoder
    assert audio.sample_rate_hz == rate_hz
    assert audio.duration_s == pytest.approx(3.0, abs=0.15)
    assert not audio.facts.damaged
    assert rms_db(audio.samples[:, rate_hz:-rate_hz]) == pytest.approx(-20.0, abs=tolerance_db)


@pytest.mark.parametrize(("suffix", "subtype"), [("gsm", "GSM610"), ("ulaw", "ULAW"), ("al", "ALAW")])
def test_a_headerless_exchange_file_is_known_by_its_suffix(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = write(tmp_path / f"a.{suffix}", sine(440, 0.1 * np.sqrt(2), 3.0), subtype=subtype, format="RAW")
    audio = load(path, audio_settings())
    assert (audio.sample_rate_hz, audio.facts.channels) == (8000, 1)
    assert audio.duration_s == pytest.approx(3.0, abs=0.05)
    assert audio.facts.declared_s is None
    assert rms_db(audio.samples) == pytest.approx(-20.0, abs=1.5)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 32000, 44100, 48000])
def test_every_rate_reaches_the_engines_with_its_pitch_and_level(tmp_path: Path, rate_hz: int) -> None:
    path = write(tmp_path / "a.wav", sine(1000, 0.1 * np.sqrt(2), 2.0, rate_hz), rate_hz=rate_hz)
    channels = engine_channels(load(path, audio_settings()))
    assert channels.shape == (1, 32000)
    assert channels.dtype == np.float32
    middle = channels[0, 8000:24000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 1000  # one second: bins of 1 Hz
    assert rms_db(middle) == pytest.approx(-20.0, abs=0.05)


def test_a_call_of_hours_is_kept_narrow_and_sounds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.wav", talk(130.0, seed=1), talk(130.0, seed=2))
    audio = load(path, audio_settings())
    whole = engine_channels(audio)
    monkeypatch.setattr(loading, "LONG_S", 60.0)
    narrow = engine_channels(audio)
    assert narrow.dtype == np.float16
    assert narrow.shape == whole.shape
    difference = narrow.astype(np.float32) - whole
    assert rms_db(difference) < rms_db(whole) - 60
    assert engine_channels(replace(audio, sample_rate_hz=16000)).dtype == np.float16


def test_two_parties_stay_two_channels(tmp_path: Path) -> None:
    agent, patient = talk(seed=1), talk(seed=2)
    audio = load(write(tmp_path / "a.wav", agent, patient), audio_settings())
    assert audio.facts.layout == "stereo"
    assert audio.facts.warnings == ()
    np.testing.assert_allclose(audio.samples, np.stack([agent, patient]), atol=1e-4)


def test_crosstalk_is_no_copy(tmp_path: Path) -> None:
    agent, patient = talk(seed=1), talk(seed=2)
    path = write(tmp_path / "a.wav", agent + 0.05 * patient, patient + 0.05 * agent)
    assert load(path, audio_settings()).facts.layout == "stereo"


def test_the_echo_of_a_monologue_is_no_copy(tmp_path: Path) -> None:
    agent = talk(seed=1, level=0.2)
    path = write(tmp_path / "a.wav", agent, 0.03 * agent)  # 30 dB below: the other party has not spoken yet
    assert load(path, audio_settings()).facts.layout == "stereo"


@pytest.mark.parametrize(
    ("gain", "lag", "offset", "subtype"),
    [(1.0, 0, 0.0, "PCM_16"), (0.5, 0, 0.0, "PCM_16"), (0.7, 11, 0.01, "PCM_16"), (0.8, -5, 0.0, "ULAW")],
)
def test_the_same_signal_twice_is_one(tmp_path: Path, gain: float, lag: int, offset: float, subtype: str) -> None:
    left = talk(8.0, seed=3)
    right = np.roll(left, lag) * np.float32(gain) + np.float32(offset)
    audio = load(write(tmp_path / "a.wav", left, right, subtype=subtype), audio_settings())
    assert audio.facts.layout == "dual_mono"
    assert audio.facts.channels == 2
    assert audio.samples.shape[0] == 1
    assert engine_channels(audio).shape[0] == 1
    assert any(text.startswith("same_signal_twice:") for text in audio.facts.warnings)


def test_the_same_signal_twice_survives_mp3(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", talk(8.0, seed=3), 0.6 * talk(8.0, seed=3))
    assert load(path, audio_settings()).facts.layout == "dual_mono"


def test_four_channels_with_two_parties_become_stereo(tmp_path: Path) -> None:
    agent, patient, nobody = talk(seed=1), talk(seed=2), np.zeros(32000, np.float32)
    audio = load(write(tmp_path / "a.wav", nobody, agent, patient, agent), audio_settings())
    assert (audio.facts.channels, audio.facts.layout) == (4, "stereo")
    np.testing.assert_allclose(audio.samples, np.stack([agent, patient]), atol=1e-4)
    assert any(text.startswith("channels_dropped:") for text in audio.facts.warnings)


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    import av

    path = tmp_path / "call.mp4"
    tone = sine(440, 0.1 * np.sqrt(2), 2.0, 16000)
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("mpeg4", rate=10), container.add_stream("aac", rate=16000)
        video.width, video.height, video.pix_fmt, sound.layout = 64, 48, "yuv420p", "mono"
        for _ in range(20):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    audio = load(path, audio_settings())
    assert audio.facts.codec == "aac"
    assert audio.duration_s == pytest.approx(2.0, abs=0.15)


def test_envelope_shows_the_peak_of_each_hop(tmp_path: Path) -> None:
    signal = np.zeros(8000, np.float32)
    signal[100], signal[4000] = 0.5, -1.0
    drawn = envelope(load(write(tmp_path / "a.wav", signal, subtype="FLOAT"), audio_settings()), hop_s=0.05)
    assert drawn.hop_s == 0.05
    assert len(drawn.peaks) == 1
    assert {index: peak for index, peak in enumerate(drawn.peaks[0]) if peak} == {0: 128, 10: 255}
    assert len(drawn.peaks[0]) == 20


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")  # the first example of FIPS 180
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("name", ["通话 录音 📞.wav", "-rf.wav", "concat:x.wav", "http:x.wav", "a%20b?.wav"])
def test_a_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    assert load(write(tmp_path / name, talk()), audio_settings()).duration_s == 4.0


def test_every_warning_code_is_one_word() -> None:
    assert len(set(WARNING_CODES)) == len(WARNING_CODES)
    assert all(code.isidentifier() and code.islower() for code in WARNING_CODES)
