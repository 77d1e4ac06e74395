"""CAM++ and the diarizer on the recording that pyannote.audio ships with its reference: a real telephone talk."""

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from pipeline.config import Settings
from pipeline.engines import Samples, weights
from pipeline.engines.der import Labelled, diarization_error
from tests.conftest import RATE_HZ, tone

if TYPE_CHECKING:
    from pipeline.engines.pyannote import PyannoteDiarizer

pytestmark = pytest.mark.models


def shipped(name: str) -> Path:
    spec = find_spec("pyannote.audio")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "sample" / name


@pytest.fixture(scope="module")
def recording() -> Samples:
    samples, rate_hz = soundfile.read(shipped("sample.wav"), dtype="float32")
    assert rate_hz == RATE_HZ
    return samples


@pytest.fixture(scope="module")
def reference() -> Labelled:
    rows = [line.split() for line in shipped("sample.rttm").read_text().splitlines()]
    return tuple((float(r[3]), float(r[3]) + float(r[4]), r[7]) for r in rows)


def test_one_person_sounds_more_like_himself_than_like_another(
    model_settings: Settings, diarizer: "PyannoteDiarizer", recording: Samples
) -> None:
    from pipeline.engines.campplus import CampPlus, features

    network = CampPlus(weights.verified_folder("campplus", model_settings.models) / "campplus_cn_en_common.pt")
    alone = ((11.0, 14.0), (18.7, 21.4), (14.8, 17.8), (22.0, 25.0))  # two stretches of each of the two speakers
    a1, a2, b1, b2 = (
        network.embed(features(recording[round(s * RATE_HZ) : round(e * RATE_HZ)])[None])[0] for s, e in alone
    )
    assert np.linalg.norm(a1) == pytest.approx(1, abs=1e-4)
    same = min(a1 @ a2, b1 @ b2)
    different = max(a1 @ b1, a1 @ b2, a2 @ b1, a2 @ b2)
    assert same > different + 0.2


def test_features_do_not_depend_on_where_a_chunk_ends(
    diarizer: "PyannoteDiarizer", recording: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.engines import campplus

    whole = campplus.features(recording[: 5 * RATE_HZ])
    monkeypatch.setattr(campplus, "FEATURE_CHUNK_S", 2)
    assert np.allclose(whole, campplus.features(recording[: 5 * RATE_HZ]), atol=1e-3)
    assert campplus.features(recording[:399]).shape == (0, 80)


def test_the_real_talk_is_diarized_as_its_reference_says(
    diarizer: "PyannoteDiarizer", recording: Samples, reference: Labelled
) -> None:
    found = diarizer.diarize(recording)
    hypothesis = tuple((t.start_s, t.end_s, t.speaker) for t in found.turns)
    assert {t.speaker for t in found.turns} == {"S1", "S2"}
    error = diarization_error(reference, hypothesis, collar_s=0)
    assert error.rate is not None
    assert error.rate <= 0.10
    assert error.confusion_s < 0.5


def test_turns_and_speech_are_in_order_and_inside_the_recording(
    diarizer: "PyannoteDiarizer", recording: Samples
) -> None:
    found = diarizer.diarize(recording[: 13 * RATE_HZ])
    assert list(found.turns) == sorted(found.turns, key=lambda t: (t.start_s, t.end_s))
    assert all(a.end_s < b.start_s for a, b in pairwise(found.speech))
    edges = [edge for part in (*found.turns, *found.speech) for edge in (part.start_s, part.end_s)]
    assert min(edges) >= 0
    assert max(edges) <= 13.02
    assert found.turns[0].speaker == "S1"


def test_the_same_samples_give_the_same_turns(diarizer: "PyannoteDiarizer", recording: Samples) -> None:
    part = recording[5 * RATE_HZ : 17 * RATE_HZ]
    assert diarizer.diarize(part) == diarizer.diarize(part)


@pytest.mark.parametrize("seconds", [0.05, 0.3, 12.0])
def test_silence_holds_no_speech(diarizer: "PyannoteDiarizer", seconds: float) -> None:
    silence = np.zeros(round(seconds * RATE_HZ), np.float32)
    assert diarizer.speech(silence) == ()
    assert diarizer.diarize(silence).turns == ()


def test_a_tone_holds_no_speech(diarizer: "PyannoteDiarizer") -> None:
    assert diarizer.speech(tone(425, 6.0)) == ()


def test_a_very_short_recording_of_a_voice_does_no_harm(diarizer: "PyannoteDiarizer", recording: Samples) -> None:
    found = diarizer.diarize(recording[round(11.0 * RATE_HZ) : round(11.5 * RATE_HZ)])
    assert {t.speaker for t in found.turns} <= {"S1"}
    assert all(0 <= t.start_s < t.end_s <= 0.52 for t in found.turns)
