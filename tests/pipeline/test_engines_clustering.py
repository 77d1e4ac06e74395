"""How many voices: unit vectors scattered around known directions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.config import DiarizationSettings, load_settings
from pipeline.engines.clustering import cluster

DIMENSION = 192
Rows = NDArray[np.float32]


def settings(**overrides: int) -> DiarizationSettings:
    return load_settings().diarization.model_copy(update=overrides)


def voices(cosine: float, *counts: int, scatter: float = 0.6, seed: int = 0) -> tuple[Rows, Rows]:
    """`counts[k]` unit rows around direction k, and the directions; any two directions have this cosine."""
    generator = np.random.default_rng(seed)
    basis = np.linalg.qr(generator.standard_normal((DIMENSION, len(counts) + 1)))[0].T
    directions = np.sqrt(cosine) * basis[0] + np.sqrt(1 - cosine) * basis[1:]
    noise = scatter / np.sqrt(DIMENSION)
    rows = np.concatenate(
        [d + noise * generator.standard_normal((n, DIMENSION)) for d, n in zip(directions, counts, strict=True)]
    )
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32), directions.astype(np.float32)


def found(rows: Rows, clean: NDArray[np.bool_] | None = None, **overrides: int) -> Rows:
    return cluster(rows, clean=np.ones(len(rows), bool) if clean is None else clean, settings=settings(**overrides))


def test_one_voice_is_not_cut_in_two() -> None:
    rows, directions = voices(0.0, 60)
    centroids = found(rows)
    assert len(centroids) == 1
    assert centroids[0] @ directions[0] > 0.98


@pytest.mark.parametrize("cosine", [0.1, 0.5, 0.8])
def test_two_voices_are_told_apart_even_when_they_are_alike(cosine: float) -> None:
    rows, directions = voices(cosine, 40, 25)
    centroids = found(rows)
    assert len(centroids) == 2
    assert np.max(centroids @ directions.T, axis=1) == pytest.approx([1, 1], abs=0.02)
    assert np.linalg.norm(centroids, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_three_voices() -> None:
    rows, directions = voices(0.4, 40, 30, 20)
    centroids = found(rows)
    assert len(centroids) == 3
    assert sorted(np.argmax(centroids @ directions.T, axis=1)) == [0, 1, 2]


def test_a_third_voice_is_only_believed_when_enough_is_heard_of_it() -> None:
    assert len(found(voices(0.4, 40, 30, 5)[0])) == 2
    assert len(found(voices(0.4, 40, 30, 8)[0])) == 3


def test_a_third_voice_is_only_believed_when_it_is_surely_another() -> None:
    assert len(found(voices(0.88, 40, 30, 20)[0])) == 2


def test_the_settings_bound_the_count() -> None:
    rows = voices(0.3, 40, 30, 20)[0]
    assert len(found(rows, max_speakers=2)) == 2
    assert len(found(rows, max_speakers=1)) == 1
    assert len(found(voices(0.0, 40)[0], min_speakers=2)) == 2


def test_rows_with_two_voices_at_once_are_left_out() -> None:
    rows, directions = voices(0.2, 20, 20, 10)
    clean = np.arange(len(rows)) < 40
    centroids = found(rows, clean)
    assert len(centroids) == 2
    assert np.max(centroids @ directions[2]) < 0.5


def test_with_too_few_clean_rows_all_are_used() -> None:
    rows = voices(0.1, 20, 20)[0]
    assert len(found(rows, np.arange(len(rows)) < 3)) == 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_few_rows(count: int) -> None:
    rows, directions = voices(0.0, count, scatter=0.1)
    centroids = found(rows)
    assert len(centroids) == 1
    assert centroids[0] @ directions[0] > 0.98


def test_the_same_rows_give_the_same_voices() -> None:
    rows = voices(0.5, 30, 30)[0]
    assert np.array_equal(found(rows), found(rows))
