"""callqa tune: what is tried and proposed by hand-made trials, and one real measurement on a few seconds."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import tune as tuning
from pipeline.config import Settings, load_settings
from pipeline.errors import AudioError, ConfigError
from pipeline.evaluate import ErrorCount
from pipeline.trials import Option, Trial, measured, truth_beside
from pipeline.tune import save, tune
from tests.conftest import SAMPLES

NOW = Option(workers=1, threads=2, batch_windows=2, beam_size=5, compute_type="int8")


def trial(option: Option, speed: float, errors: int | None = 50) -> Trial:
    """100 s of audio at so many audio hours an hour, 1000 characters with so many errors."""
    counted = None if errors is None else ErrorCount(errors, 1000)
    return Trial(option, audio_s=100.0, wall_s=100.0 / speed, cpu_s=1.0, peak_bytes=1 << 30, errors=counted)


Tried = Callable[[dict[Option, Trial]], list[Option]]


@pytest.fixture
def with_trials(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Option], Trial]], None]:
    """Let trials give what a function says, on a machine of two cores with any recording."""

    def install(give: Callable[[Option], Trial]) -> None:
        monkeypatch.setattr(tuning, "measured", lambda option, *_: give(option))
        monkeypatch.setattr(tuning, "_cores", lambda: 2)
        monkeypatch.setattr(tuning, "_enough", lambda recordings, *_: tuple(recordings))

    return install


def tuned(minutes: float = 10) -> tuning.Tuning:
    return tune([Path("a.wav")], load_settings(), minutes=minutes, compute_types=("int8", "float32"))


def test_the_fastest_of_each_step_is_kept_for_the_next(with_trials: Callable[..., None]) -> None:
    def give(option: Option) -> Trial:
        speed = 10.0 + 5 * (option.workers == 2) + 2 * (option.batch_windows == 4) + (option.beam_size == 3)
        return trial(option, speed - 3 * (option.compute_type == "float32"))

    with_trials(give)
    found = tuned()
    assert found.trials[0].option == NOW
    assert found.best.option == Option(2, 1, 4, 3, "int8")
    assert found.changes
    assert Option(2, 1, 4, 2, "int8") in [t.option for t in found.trials]
    assert Option(1, 2, 4, 5, "int8") not in [t.option for t in found.trials]


def test_a_faster_way_that_hears_worse_is_not_proposed(with_trials: Callable[..., None]) -> None:
    with_trials(
        lambda option: trial(option, 10.0 + 10 * (option.beam_size == 2), errors=50 + 3 * (5 - option.beam_size))
    )
    assert tuned().best.option == NOW


def test_without_truth_nothing_that_changes_words_is_proposed(with_trials: Callable[..., None]) -> None:
    with_trials(lambda option: trial(option, 10.0 + 10 * (option.beam_size == 2), errors=None))
    found = tuned()
    assert (found.best.option, found.changes) == (NOW, False)
    assert found.best.cer is None


def test_a_little_faster_is_no_reason_to_change(with_trials: Callable[..., None]) -> None:
    with_trials(lambda option: trial(option, 10.2 if option.workers == 2 else 10.0))
    assert not tuned().changes


def test_what_memory_does_not_hold_is_named_and_not_tried(with_trials: Callable[..., None]) -> None:
    with_trials(lambda option: replace(trial(option, 10.0), peak_bytes=1 << 50))
    found = tuned()
    assert [t.option for t in found.trials] == [NOW]
    assert {s.reason for s in found.skipped} == {"not enough free memory"}


def test_when_time_is_up_the_rest_is_named(with_trials: Callable[..., None]) -> None:
    def give(option: Option) -> Trial:
        time.sleep(0.2)
        return trial(option, 10.0)

    with_trials(give)
    found = tuned(minutes=0.3 / 60)
    assert len(found.trials) == 1
    assert {s.reason for s in found.skipped} == {"no time left (--minutes)"}


def test_a_first_trial_that_does_not_end_is_an_error_with_a_remedy(with_trials: Callable[..., None]) -> None:
    def give(_: Option) -> Trial:
        raise TimeoutError

    with_trials(give)
    with pytest.raises(ConfigError, match="--minutes"):
        tuned()


def test_no_recordings_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match="callqa tune RECORDINGS"):
        tune([], load_settings(), minutes=1, compute_types=())


@pytest.mark.parametrize(
    ("cores", "splits"),
    [(1, ((1, 1),)), (2, ((2, 1), (1, 2))), (8, ((8, 1), (4, 2), (2, 4), (1, 8)))],
)
def test_all_cores_are_used_in_every_split(cores: int, splits: tuple[tuple[int, int], ...]) -> None:
    assert tuning._splits(cores) == splits


def test_recordings_are_repeated_where_there_are_fewer_than_workers(tmp_path: Path) -> None:
    for name, seconds in (("long", 3.0), ("short", 1.0)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(round(8000 * seconds), 0.1, np.float32), 8000)
    paths = [tmp_path / "long.wav", tmp_path / "short.wav"]
    assert [p.stem for p in tuning._enough(paths, 2.0, 3)] == ["short", "short", "short"]
    assert [p.stem for p in tuning._enough(paths, 4.5, 1)] == ["short", "long"]


def test_what_is_proposed_is_written_beside_what_stands_there(tmp_path: Path) -> None:
    (tmp_path / "callqa.yaml").write_text(
        "# ours\nbatch:\n  workers: 1  # was one\n  inbox: /calls\n", encoding="utf-8"
    )
    path = save(Option(4, 1, 8, 3, "float32"), tmp_path, None)
    settings = load_settings(tmp_path)
    assert Option.of(settings) == Option(4, 1, 8, 3, "float32")
    assert "# ours" in path.read_text(encoding="utf-8")
    assert settings.batch.inbox is not None


def test_truth_is_found_beside_each_form_of_a_recording(tmp_path: Path) -> None:
    (tmp_path / "a.truth.json").touch()
    names = ("a.wav", "a.mono.flac", "a.stereo.flac", "b.wav", "a.mp3")
    assert [truth_beside(tmp_path / n) is not None for n in names] == [True, True, True, False, False]


@pytest.fixture
def short_call(tmp_path: Path) -> Path:
    """The first 12 s of a mono sample call."""
    samples, rate_hz = soundfile.read(SAMPLES / "patient_unsure.flac", dtype="float32", frames=12 * 8000)
    path = tmp_path / "short.wav"
    soundfile.write(path, samples, rate_hz)
    return path


@pytest.mark.models
def test_a_real_trial_measures_time_memory_and_truth(model_settings: Settings, short_call: Path) -> None:
    shutil.copy(SAMPLES / "patient_unsure.truth.json", short_call.with_name("short.truth.json"))
    option = replace(Option.of(model_settings), workers=2, threads=1)
    own = np.ones(260_000_000)
    found = measured(option, [short_call, short_call, short_call], option.applied(model_settings), 500)
    assert found.audio_s == pytest.approx(36, abs=0.1)
    assert found.wall_s > 0
    assert found.cpu_s > 0
    assert 200e6 < found.peak_bytes < 2e9
    assert own.nbytes > 2e9  # what this process holds is not told as a worker's
    assert found.cer is not None
    assert 0 < found.cer < 1  # the truth is that of the whole call


@pytest.mark.models
def test_a_recording_that_cannot_be_used_is_told(model_settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"broken\.wav"):
        measured(Option.of(model_settings), [path], model_settings, 500)
