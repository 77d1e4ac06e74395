"""Figures of many recordings: ratios of sums with 95 % intervals, drawn by call."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tests.bench.accuracy.metrics import Form, Known, Pair

DRAWS = 1000
SEED = 20261122


@dataclass(frozen=True, slots=True)
class Row:
    """One recording heard by one stack. figures: each a sum and what it is over."""

    stack: str
    truth: Known
    figures: Mapping[str, Pair]

    @property
    def form(self) -> Form:
        """mono or stereo."""
        return self.truth.form


@dataclass(frozen=True, slots=True)
class Figure:
    """value: ratio of sums. low, high: 95 % interval. over: the sum it is over. calls: how many had anything."""

    value: float
    low: float
    high: float
    over: float
    calls: int


def figure(rows: Iterable[Row], name: str) -> Figure | None:
    """A figure of some recordings; None when none of them has it.

    The interval is a percentile bootstrap over calls (1000 draws, recorded seed). Where nothing went wrong a bootstrap
    would say 0 to 0; then `high` is Wilson's bound for no event in so many (of counts; of times and levels it stays).
    """
    pairs = np.array([r.figures[name] for r in rows if name in r.figures], dtype=float).reshape(-1, 2)
    pairs = pairs[pairs[:, 1] > 0]
    if not len(pairs):
        return None
    over = float(pairs[:, 1].sum())
    value = float(pairs[:, 0].sum() / over)
    if value == 0 and np.all(pairs == np.round(pairs)):
        z = NormalDist().inv_cdf(0.975)
        return Figure(0.0, 0.0, z**2 / (over + z**2), over, len(pairs))
    drawn = np.random.default_rng(SEED).integers(0, len(pairs), (DRAWS, len(pairs)))
    sums = pairs[drawn].sum(axis=1)
    low, high = np.percentile(sums[:, 0] / np.maximum(sums[:, 1], 1e-9), [2.5, 97.5])
    return Figure(value, float(low), float(high), over, len(pairs))


def chosen(rows: Iterable[Row], stack: str, form: Form | None = None) -> tuple[Row, ...]:
    """The rows of a stack, of one form or of both."""
    return tuple(r for r in rows if r.stack == stack and form in (None, r.form))


def grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, tuple[Row, ...]]:
    """Rows by a key, keys in order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {name: tuple(groups[name]) for name in sorted(groups)}


def shown(figure: Figure | None, *, percent: bool = False, digits: int = 3) -> str:
    """value (low–high), "–" for none."""
    if figure is None:
        return "–"
    scale, unit = (100, " %") if percent else (1, "")
    digits = 1 if percent else digits
    value, low, high = (f"{scale * v:.{digits}f}" for v in (figure.value, figure.low, figure.high))
    return f"{value}{unit} ({low}–{high})"


def markdown(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table; the first column left, the others right."""
    rule = ["---", *["--:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heading, rule, *lines))
