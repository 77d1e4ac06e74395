"""How many voices there are, and what each sounds like."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from pipeline.config import DiarizationSettings

Rows = NDArray[np.float32]


def cluster(embeddings: Rows, *, clean: NDArray[np.bool_], settings: DiarizationSettings) -> Rows:
    """Unit-length centroids (voices, 192) of the rows marked clean (those of one voice; all when there are few)."""
    rows = embeddings[clean] if clean.sum() >= 4 else embeddings
    count = min(2, len(rows))
    if count < 2:
        return _unit(rows.mean(axis=0, keepdims=True))
    labels = KMeans(n_clusters=count, n_init=10, random_state=0).fit_predict(rows)
    return _unit(np.stack([rows[labels == k].mean(axis=0) for k in range(count)]))


def _unit(rows: Rows) -> Rows:
    unit: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
