"""What is no Mandarin on a telephone, or no speech: nothing fails, nothing is accused, low confidence says so."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.model import CallReport
from pipeline.text import count_characters
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from pipeline.analyze import Analyzer

pytestmark = pytest.mark.models
RATE_HZ = 8000
Signal = NDArray[np.float64]
SURE = 0.75  # the mean confidence of the sample calls lies above 0.85
HARMONICS = np.arange(1, 9)[:, None]


def seconds(count: float) -> Signal:
    return np.arange(round(count * RATE_HZ)) / RATE_HZ


def line_noise(count: float, level: float = 0.0005) -> Signal:
    return level * np.random.default_rng(0).standard_normal(round(count * RATE_HZ))


def keyboard() -> Signal:
    """Keys struck for ten seconds: short bursts that die away."""
    generator = np.random.default_rng(1)
    out = line_noise(10.0)
    for start_s in np.cumsum(generator.uniform(0.08, 0.4, 35)):
        at = round(start_s * RATE_HZ)
        burst = 0.2 * generator.standard_normal(400) * np.exp(-np.arange(400) / 60)
        out[at : at + 400] += burst[: len(out[at : at + 400])]
    return out


def voiced(pitch_hz: Signal) -> Signal:
    """Harmonics of a moving pitch, as of a voice without words."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    return 0.1 * np.sum(np.sin(HARMONICS * phase) / HARMONICS, axis=0)


def laughter() -> Signal:
    """Bouts of seven short falling sounds, five a second."""
    out = line_noise(8.0)
    for start_s in (1.0, 3.5, 6.0):
        for k in range(7):
            at, t = round((start_s + 0.21 * k) * RATE_HZ), seconds(0.12)
            out[at : at + len(t)] += np.sin(np.pi * t / 0.12) * voiced(260 - 12 * k - 250 * t)
    return out


def crying() -> Signal:
    """Long sounds that rise and fall around 450 Hz, a breath apart."""
    t = seconds(8.0)
    return np.maximum(np.sin(2 * np.pi * 0.45 * t), 0) * voiced(450 + 80 * np.sin(2 * np.pi * 0.9 * t)) + line_noise(
        8.0
    )


def sample(count: float) -> Signal:
    return soundfile.read(SAMPLES / "patient_unsure.flac", frames=round(count * RATE_HZ))[0]


@pytest.fixture
def heard(analyzer: "Analyzer", tmp_path: Path) -> Callable[[Signal], CallReport]:
    """Analyse a signal as a mono call."""

    def analyse(signal: Signal) -> CallReport:
        path = tmp_path / "call.wav"
        soundfile.write(path, np.clip(signal, -1, 1), RATE_HZ)
        return analyzer.analyze(path)

    return analyse


def confidence(report: CallReport) -> float:
    """Mean over characters, 0 without any."""
    counts = [count_characters(u.text) for u in report.facts.utterances]
    sums = sum(u.confidence * n for u, n in zip(report.facts.utterances, counts, strict=True))
    return sums / max(sum(counts), 1)


def accused(report: CallReport) -> list[str]:
    """Families of violations that rest on words."""
    return [f.family for f in report.judgement.findings if f.status == "violated" and f.utterance_index is not None]


@pytest.mark.parametrize("make", [keyboard, lambda: line_noise(8.0, 0.02)], ids=["keyboard", "noise"])
def test_sounds_that_are_no_voice_give_no_text(
    heard: Callable[[Signal], CallReport], make: Callable[[], Signal]
) -> None:
    report = heard(make())
    assert report.facts.utterances == ()
    assert accused(report) == []


@pytest.mark.parametrize("make", [laughter, crying])
def test_voices_without_words_accuse_nobody(heard: Callable[[Signal], CallReport], make: Callable[[], Signal]) -> None:
    report = heard(make())
    assert sum(count_characters(u.text) for u in report.facts.utterances) < 30
    assert accused(report) == []


@pytest.mark.parametrize("change", [lambda x: x[::-1], lambda x: x[::2]], ids=["backwards", "twice as fast and high"])
def test_speech_that_nobody_understands_is_heard_with_little_confidence(
    heard: Callable[[Signal], CallReport], change: Callable[[Signal], Signal]
) -> None:
    report = heard(change(sample(20.0)))
    assert confidence(report) < SURE
    assert accused(report) == []


def test_english_is_kept_as_heard_with_little_confidence(heard: Callable[[Signal], CallReport]) -> None:
    """The recording that pyannote.audio ships: two people on the telephone, in English."""
    spec = find_spec("pyannote.audio")
    assert spec is not None
    assert spec.origin is not None
    samples, rate_hz = soundfile.read(Path(spec.origin).parent / "sample" / "sample.wav")
    report = heard(samples[:: rate_hz // RATE_HZ])
    said = "".join(u.text for u in report.facts.utterances)
    told = [e for e in report.facts.events if e.kind == "untranscribed_speech"]
    assert said or told
    assert confidence(report) < SURE
    assert accused(report) == []


def test_mandarin_is_heard_with_confidence(heard: Callable[[Signal], CallReport]) -> None:
    """What the others are held against."""
    assert confidence(heard(sample(20.0))) > SURE
