"""What a browser is given: the file itself where it plays exactly, else a FLAC of the same seconds."""

import os

import numpy as np
import pytest
import soundfile as sf

from dashboards import media
from dashboards.data import StoredRecording
from dashboards.media import playable
from pipeline.errors import AudioError
from tests.dashboards.conftest import settings_for

RATE = 8000
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE * 2) / RATE)


def recording(path, codec, *, intact=True):
    return StoredRecording("c1", "ab" * 32, path, codec, intact)


@pytest.fixture
def audio(tmp_path):
    return settings_for(tmp_path).audio


def test_plain_wav_and_flac_are_served_as_they_are(tmp_path, audio):
    for name, codec, media_type in (("a.wav", "pcm_s16le", "audio/wav"), ("a.FLAC", "flac", "audio/flac")):
        path = tmp_path / name
        sf.write(path, TONE, RATE)
        found = playable(recording(path, codec), tmp_path, audio)
        assert (found.path, found.media_type) == (path, media_type)


@pytest.mark.parametrize(
    ("name", "subtype", "codec"),
    [
        ("a.wav", "ALAW", "pcm_alaw"),
        ("a.wav", "ULAW", "pcm_mulaw"),
        ("a.wav", "GSM610", "gsm_ms"),
        ("a.mp3", None, "mp3"),
    ],
)
def test_telephone_formats_become_flac_of_the_same_length(tmp_path, audio, name, subtype, codec):
    path = tmp_path / name
    sf.write(path, TONE, RATE, subtype=subtype)
    found = playable(recording(path, codec), tmp_path, audio)
    assert found.media_type == "audio/flac"
    heard, rate = sf.read(found.path)
    assert rate == RATE
    assert abs(len(heard) - len(TONE)) < 0.15 * RATE  # MP3 pads its ends
    middle = heard[RATE // 2 : RATE * 3 // 2]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)
    path.touch()
    assert playable(recording(path, codec), tmp_path, audio) == found
    assert [p.name for p in found.path.parent.iterdir()] == ["ab" * 32 + ".flac"]


def test_damaged_wav_is_played_as_the_analysis_heard_it(tmp_path, audio):
    path = tmp_path / "a.wav"
    sf.write(path, TONE, RATE)
    path.write_bytes(path.read_bytes()[:20_044])  # the header still claims two seconds
    found = playable(recording(path, "pcm_s16le", intact=False), tmp_path, audio)
    assert found.media_type == "audio/flac"
    assert sf.info(found.path).frames == 10_000


def test_stereo_stays_stereo(tmp_path, audio):
    path = tmp_path / "a.wav"
    sf.write(path, np.stack([TONE, TONE * 0], axis=1), RATE, subtype="ULAW")
    heard, _ = sf.read(playable(recording(path, "pcm_mulaw"), tmp_path, audio).path)
    assert heard.shape[1] == 2
    assert np.abs(heard[:, 1]).max() < 0.01


def test_missing_and_foreign_files_say_so(tmp_path, audio):
    with pytest.raises(AudioError, match="does not exist any more"):
        playable(recording(tmp_path / "gone.wav", "pcm_s16le"), tmp_path, audio)
    for text in ("not audio at all", "#EXTM3U\n#EXTINF:10,\nhttp://203.0.113.9/a.ts\n"):
        path = tmp_path / "text.wav"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AudioError, match=r"text\.wav"):
            playable(recording(path, "pcm_alaw"), tmp_path, audio)


def test_cache_forgets_what_was_not_played_for_longest(tmp_path, audio, monkeypatch):
    monkeypatch.setattr(media, "CACHE_MAX_BYTES", 60_000)
    folder = tmp_path / "cache" / "audio"
    folder.mkdir(parents=True)
    for number, name in enumerate(("old.flac", "young.flac")):
        (folder / name).write_bytes(b"x" * 20_000)
        os.utime(folder / name, (number, number))
    path = tmp_path / "a.wav"
    sf.write(path, np.random.default_rng(1).normal(0, 0.2, RATE * 2), RATE, subtype="ULAW")
    kept = playable(recording(path, "pcm_mulaw"), tmp_path, audio).path
    assert 20_000 < kept.stat().st_size < 40_000
    assert {p.name for p in folder.iterdir()} == {kept.name, "young.flac"}
