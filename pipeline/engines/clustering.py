"""How many voices there are, and what each sounds like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from pipeline.config import DiarizationSettings

Rows = NDArray[np.float32]

MIN_CLEAN_ROWS = 4
# Centroids of one voice cut in two have a cosine of 0.87 to 0.94 (192-dimensional CAM++, 1 s windows, 8 kHz speech),
# those of two people 0.42 to 0.85. A call has two parties, so two are kept apart unless they are surely one.
ONE_VOICE_COSINE = 0.92
ONE_VOICE_COSINE_IN_DOUBT = 0.8  # where two parties are not to be expected
# A third voice is only believed when it is unlike both others and the clusters stay as clear-cut as without it. The
# cosine alone does not tell: a real person talking freely, cut in two, came down to 0.74 (pyannote's own sample, where
# the silhouette falls from 0.29 to 0.24); a true third voice of a transferred call lies at 0.59 and 0.71 (silhouette
# rising from 0.38 to 0.45 and from 0.34 to 0.35).
FURTHER_VOICE_COSINE = 0.8
SILHOUETTE_MAY_FALL = 0.02
SILHOUETTE_ROWS = 2000  # a sample: the silhouette compares every row with every other
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
    best = _centroids(rows, min(settings.min_speakers, most))
    for count in range(len(best.centroids) + 1, most + 1):
        more = _centroids(rows, count)
        if count == 2:
            if more.nearest_cosine >= (ONE_VOICE_COSINE if expect_two else ONE_VOICE_COSINE_IN_DOUBT):
                break
        elif not _is_another(more, best, rows):
            break
        best = more
    return best.centroids


@dataclass(frozen=True, slots=True)
class _Clusters:
    """centroids: (voices, 192), unit length. labels: (n,) the voice of each row."""

    centroids: Rows
    labels: NDArray[np.int64]

    @property
    def nearest_cosine(self) -> float:
        """Cosine of the two centroids that are most alike."""
        pairs = np.triu_indices(len(self.centroids), 1)
        return float(np.max((self.centroids @ self.centroids.T)[pairs]))

    @property
    def smallest(self) -> int:
        return int(np.bincount(self.labels, minlength=len(self.centroids)).min())

    def silhouette(self, rows: Rows) -> float:
        """How clear-cut the clusters are, -1..1 (Rousseeuw 1987), by cosine distance."""
        size = min(len(rows), SILHOUETTE_ROWS)
        return float(silhouette_score(rows, self.labels, metric="cosine", sample_size=size, random_state=0))


def _is_another(more: _Clusters, fewer: _Clusters, rows: Rows) -> bool:
    """Whether the voice that `more` has beyond `fewer` is a person of its own."""
    return (
        more.nearest_cosine < FURTHER_VOICE_COSINE
        and more.smallest >= FURTHER_VOICE_MIN_ROWS
        and more.silhouette(rows) >= fewer.silhouette(rows) - SILHOUETTE_MAY_FALL
    )


def _centroids(rows: Rows, count: int) -> _Clusters:
    """K-means of unit-length rows."""
    if count == 1:
        return _Clusters(_unit(rows.mean(axis=0, keepdims=True)), np.zeros(len(rows), np.int64))
    # A few hundred rows are done in milliseconds; threads waiting for each other took ten times as long.
    with threadpool_limits(limits=1):
        labels = KMeans(n_clusters=count, n_init=10, random_state=0).fit_predict(rows).astype(np.int64)
    means = np.stack([rows[labels == k].mean(axis=0) for k in range(count)])
    return _Clusters(_unit(means), labels)


def _unit(rows: Rows) -> Rows:
    unit: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
