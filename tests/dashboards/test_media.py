"""What a browser is given: the file itself where it plays exactly, else a FLAC of the same seconds."""

import numpy as np
import pytest
import soundfile as sf

from dashboards.media import playable
from pipeline.errors import AudioError

RATE = 8000
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE * 2) / RATE)


def test_plain_wav_is_served_as_it_is(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, TONE, RATE)
    found = playable(path, "00", tmp_path)
    assert (found.path, found.media_type) == (path, "audio/wav")


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "ALAW"), ("a.wav", "ULAW"), ("a.wav", "GSM610"), ("a.mp3", None)]
)
def test_telephone_formats_become_flac_of_the_same_length(tmp_path, name, subtype):
    path = tmp_path / name
    sf.write(path, TONE, RATE, subtype=subtype)
    found = playable(path, "00", tmp_path)
    assert found.media_type == "audio/flac"
    heard, rate = sf.read(found.path)
    assert rate == RATE
    assert abs(len(heard) - len(TONE)) < 0.15 * RATE  # MP3 pads its ends
    middle = heard[RATE // 2 : RATE * 3 // 2]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)
    assert playable(path, "00", tmp_path).path == found.path
    assert [p.name for p in found.path.parent.iterdir()] == ["00.flac"]


def test_stereo_stays_stereo(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, np.stack([TONE, TONE * 0], axis=1), RATE, subtype="ULAW")
    heard, _ = sf.read(playable(path, "00", tmp_path).path)
    assert heard.shape[1] == 2
    assert np.abs(heard[:, 1]).max() < 0.01


def test_missing_and_foreign_files_say_so(tmp_path):
    with pytest.raises(AudioError, match="does not exist any more"):
        playable(tmp_path / "gone.wav", "00", tmp_path)
    text = tmp_path / "text.wav"
    text.write_text("not audio at all", encoding="utf-8")
    with pytest.raises(AudioError, match="cannot be opened for playing"):
        playable(text, "00", tmp_path)
    playlist = tmp_path / "list.wav"
    playlist.write_text("#EXTM3U\n#EXTINF:10,\nhttp://203.0.113.9/a.ts\n", encoding="utf-8")
    with pytest.raises(AudioError):
        playable(playlist, "00", tmp_path)
