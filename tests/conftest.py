"""What all tests share: the models, loaded once, and the sample calls."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.config import Settings, load_settings
from pipeline.engines import Samples, weights

if TYPE_CHECKING:
    from pipeline.analyze import Analyzer
    from pipeline.engines.pyannote import PyannoteDiarizer
    from pipeline.engines.whisper import WhisperTranscriber

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "audio_samples"
RATE_HZ = 16_000


def require(condition: object, reason: str) -> None:
    """Skip the test with this reason when something is missing; fail where CALLQA_REQUIRE_ALL=1 asks for everything."""
    if condition:
        return
    if os.environ.get("CALLQA_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (CALLQA_REQUIRE_ALL=1)")
    pytest.skip(reason)


def tone(frequency_hz: float, seconds: float, amplitude: float = 0.1) -> Samples:
    """A sine at 16 kHz."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * t)).astype(np.float32)


@pytest.fixture(scope="session")
def model_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shipped settings over an empty data folder, with all model weights there and verified."""
    settings = load_settings(tmp_path_factory.mktemp("home"))
    problems = [s.problem for s in weights.status(settings.models) if not s.ok]
    require(not problems, f"model weights: {'; '.join(map(str, problems))}; run: callqa models install")
    return settings


@pytest.fixture(scope="session")
def diarizer(model_settings: Settings) -> "PyannoteDiarizer":
    """segmentation-3.0 and CAM++."""
    from pipeline.engines import runtime

    runtime.prepare()
    runtime.set_threads(2)
    from pipeline.engines.pyannote import PyannoteDiarizer

    models = model_settings.models
    return PyannoteDiarizer(
        weights.verified_folder("segmentation-3.0", models) / "pytorch_model.bin",
        weights.verified_folder("campplus", models) / "campplus_cn_en_common.pt",
        model_settings.diarization,
        device="cpu",
    )


@pytest.fixture(scope="session")
def transcriber(model_settings: Settings) -> "WhisperTranscriber":
    """Whisper base."""
    from pipeline.engines.whisper import WhisperTranscriber

    models = model_settings.models
    folder = weights.verified_folder("packaged-base", models)
    return WhisperTranscriber(folder, models, model_settings.transcription, threads=2)


@pytest.fixture(scope="session")
def analyzer(model_settings: Settings, transcriber: "WhisperTranscriber", diarizer: "PyannoteDiarizer") -> "Analyzer":
    """The whole of one call, with the real models."""
    from pipeline.analyze import Analyzer

    return Analyzer(model_settings, transcriber, diarizer)
