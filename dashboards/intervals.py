"""Uncertainty of shares, means and differences; pure functions, 95 % unless said otherwise.

Shares: Wilson's score interval (E. B. Wilson, JASA 22, 1927), which stays within 0..1 and is honest for small counts.
Differences of shares: Newcombe's hybrid of two Wilson intervals (R. G. Newcombe, Stat. Med. 17, 1998, method 10).
Means: Student's t; differences of means: Welch's t with Satterthwaite's degrees of freedom.
All of them take calls for independent draws; calls of one agent are alike, so an interval over few agents is a little
too narrow. Ranks use `shrunken`, which takes that into account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from scipy.special import stdtrit

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; low, high: None where nothing can be said of the uncertainty. count: calls behind."""

    value: float
    low: float | None
    high: float | None
    count: int

    @property
    def certain(self) -> bool:
        """Of a difference: whether the interval leaves out 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a mean and its spread are made of: how many values, their sum, and the sum of their squares."""

    count: int
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    @property
    def variance(self) -> float | None:
        """Of the values (n - 1), None for fewer than two."""
        if self.count < 2:
            return None
        return max(0.0, (self.squares - self.total * self.total / self.count) / (self.count - 1))


def share(hits: int, count: int) -> Estimate | None:
    """Wilson's interval of hits among count, 0..1; None of nothing. Raises ValueError for more hits than counted."""
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} of {count} is no share")
    if count == 0:
        return None
    p, zz = hits / count, Z * Z
    middle = (p + zz / (2 * count)) / (1 + zz / count)
    half = Z / (1 + zz / count) * sqrt(p * (1 - p) / count + zz / (4 * count * count))
    return Estimate(p, 0.0 if hits == 0 else middle - half, 1.0 if hits == count else middle + half, count)


def mean(sums: Sums, lowest: float = float("-inf"), highest: float = float("inf")) -> Estimate | None:
    """Student's t interval, cut to what is possible; without an interval for one value, None of nothing."""
    if sums.mean is None:
        return None
    if sums.variance is None:
        return Estimate(sums.mean, None, None, sums.count)
    half = _t(sums.count - 1) * sqrt(sums.variance / sums.count)
    return Estimate(sums.mean, max(lowest, sums.mean - half), min(highest, sums.mean + half), sums.count)


def share_change(hits: int, count: int, hits_before: int, count_before: int) -> Estimate | None:
    """How much larger a share is than before, -1..1 (Newcombe 10). None when either is of nothing."""
    now, before = share(hits, count), share(hits_before, count_before)
    if now is None or before is None:
        return None
    assert now.low is not None and now.high is not None and before.low is not None and before.high is not None
    change = now.value - before.value
    down = sqrt((now.value - now.low) ** 2 + (before.high - before.value) ** 2)
    up = sqrt((now.high - now.value) ** 2 + (before.value - before.low) ** 2)
    return Estimate(change, change - down, change + up, count + count_before)


def mean_change(now: Sums, before: Sums) -> Estimate | None:
    """How much larger a mean is than before (Welch). None when either is of nothing; no interval below two values."""
    if now.mean is None or before.mean is None:
        return None
    change, count = now.mean - before.mean, now.count + before.count
    if now.variance is None or before.variance is None:
        return Estimate(change, None, None, count)
    a, b = now.variance / now.count, before.variance / before.count
    if a + b == 0:
        return Estimate(change, change, change, count)
    freedom = (a + b) ** 2 / (a * a / (now.count - 1) + b * b / (before.count - 1))
    half = _t(freedom) * sqrt(a + b)
    return Estimate(change, change - half, change + half, count)


def shrunken(
    groups: Sequence[Sums], lowest: float = float("-inf"), highest: float = float("inf")
) -> tuple[Estimate, ...]:
    """Each group's mean drawn towards the mean of all, the more the fewer values it has; in the order of the groups.

    Empirical Bayes with one variance within and one between groups, by moments (one-way analysis of variance; Searle,
    Casella and McCulloch, Variance Components, 1992, ch. 3). A group of no value gets the mean of all. The interval is
    that of the normal posterior. Without two groups of values, or two values in one: the mean of all, no interval.
    """
    held = [g for g in groups if g.count]
    total, count = sum(g.total for g in held), sum(g.count for g in held)
    if not count:
        return ()
    centre = total / count
    freedom = count - len(held)
    if len(held) < 2 or freedom < 1:
        return tuple(Estimate(g.mean if g.mean is not None else centre, None, None, g.count) for g in groups)
    within = max(0.0, sum(g.squares - g.total * g.total / g.count for g in held) / freedom)
    between_squares = sum(g.count * (g.total / g.count - centre) ** 2 for g in held)
    size = (count - sum(g.count**2 for g in held) / count) / (len(held) - 1)
    between = max(0.0, (between_squares / (len(held) - 1) - within) / size)
    if between == 0:  # nothing speaks for a difference: the mean of all, as sure as that is known
        half = Z * sqrt(within / count)
        return tuple(Estimate(centre, max(lowest, centre - half), min(highest, centre + half), g.count) for g in groups)
    return tuple(_posterior(g, centre, within, between, lowest, highest) for g in groups)


def _posterior(group: Sums, centre: float, within: float, between: float, lowest: float, highest: float) -> Estimate:
    weight = group.count * between / (group.count * between + within)
    value = centre if group.mean is None else weight * group.mean + (1 - weight) * centre
    half = Z * sqrt((1 - weight) * between)
    return Estimate(value, max(lowest, value - half), min(highest, value + half), group.count)


def _t(freedom: float) -> float:
    return float(stdtrit(freedom, (1 + LEVEL) / 2))
