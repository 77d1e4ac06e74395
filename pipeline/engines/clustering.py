"""How many voices there are, and what each sounds like."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from pipeline.config import DiarizationSettings

Rows = NDArray[np.float32]

MIN_CLEAN_ROWS = 4
# Centroids of one voice cut in two have a cosine of 0.87 to 0.94 (192-dimensional CAM++, 1 s windows, 8 kHz speech),
# those of two people 0.42 to 0.85. A call has two parties, so two are kept apart unless they are surely one, and a
# third is only believed when it is surely another.
ONE_VOICE_COSINE = 0.92
ONE_VOICE_COSINE_IN_DOUBT = 0.8  # where two parties are not to be expected
# A real person talking freely is less like himself than a synthetic voice: one such voice cut in two came down to 0.74
# in pyannote's own sample recording, where a true third voice of a transferred call lies at 0.59.
FURTHER_VOICE_COSINE = 0.68
FURTHER_VOICE_MIN_ROWS = 8


def cluster(
    embeddings: Rows, *, clean: NDArray[np.bool_], settings: DiarizationSettings, expect_two: bool = True
) -> Rows:
    """Unit-length centroids (voices, 192) of unit-length embeddings (n, 192), at least one.

    clean: (n,) rows that hold one voice only; the others are left out unless that leaves too few. The count of voices
    lies between settings.min_speakers and settings.max_speakers, as far as there are rows.
    """
    rows = embeddings[clean] if clean.sum() >= MIN_CLEAN_ROWS else embeddings
    most = min(settings.max_speakers, len(rows))
    best = _centroids(rows, min(settings.min_speakers, most))[0]
    for count in range(len(best) + 1, most + 1):
        centroids, smallest = _centroids(rows, count)
        cosine = float(np.max((centroids @ centroids.T)[np.triu_indices(count, 1)]))
        if count == 2 and cosine >= (ONE_VOICE_COSINE if expect_two else ONE_VOICE_COSINE_IN_DOUBT):
            break
        if count > 2 and (cosine >= FURTHER_VOICE_COSINE or smallest < FURTHER_VOICE_MIN_ROWS):
            break
        best = centroids
    return best


def _centroids(rows: Rows, count: int) -> tuple[Rows, int]:
    """K-means on the sphere: centroids and the size of the smallest cluster."""
    if count == 1:
        return _unit(rows.mean(axis=0, keepdims=True)), len(rows)
    labels = KMeans(n_clusters=count, n_init=10, random_state=0).fit_predict(rows)
    means = np.stack([rows[labels == k].mean(axis=0) for k in range(count)])
    return _unit(means), int(np.bincount(labels, minlength=count).min())


def _unit(rows: Rows) -> Rows:
    unit: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
