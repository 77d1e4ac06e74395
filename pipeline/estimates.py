"""What a sample says of all calls: means and rates of a stratified random sample, with 95 % intervals.

    estimate = mean([Observed("8023", 140, (88.0, 91.5)), Observed("8031", 96, (70.0, 85.0, 79.0))])
    estimate.value, estimate.low, estimate.high

With N_h calls in stratum h, n_h of them looked at, W_h = N_h / N, f_h = n_h / N_h (Cochran, Sampling Techniques, 3rd
ed. 1977; the numbers of his equations):

    mean                    y_st = sum W_h y_h                                          (5.1)
    variance                v = sum W_h^2 (1 - f_h) s_h^2 / n_h                         (5.13, finite population)
    interval of a mean      y_st +- t v^0.5, degrees of freedom by Satterthwaite        (5.16)

A stratum with a single call shows no spread. Such strata are collapsed: each takes the variance between the values of
all of them (5A.12; it holds what differs between the strata too, so it errs to the wide side), a lone one that of the
whole sample. Strata in which nobody was looked at are left out of the mean; `covered_calls` says how much is left.

A rate is the mean of noughts and ones. Its interval is Clopper and Pearson's for the effective sample size (Korn &
Graubard, Survey Methodology 24, 1998), which keeps its level for rare violations, where the interval above does not.
The effective size is the smaller of p (1 - p) / v and 1 / sum W_h^2 (1 - f_h) / n_h (what unequal weights leave of n,
Kish 1965): a stratum in which nothing was found has v = 0, as if without doubt, and must not narrow the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, variance

from scipy.stats import beta
from scipy.stats import t as student

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Observed:
    """One stratum. calls: N, all there are. values: of the calls that were looked at, n of them."""

    name: str
    calls: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sample says. low, high: 95 % interval, None where a single value shows no spread.

    sampled: n; covered_calls: N of the strata with a value; all_calls: N.
    """

    value: float
    low: float | None
    high: float | None
    sampled: int
    covered_calls: int
    all_calls: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A stratum's share in the variance."""

    weight: float
    unseen: float  # 1 - f
    n: int
    spread: float  # s squared
    df: float

    @property
    def variance(self) -> float:
        return self.weight**2 * self.unseen * self.spread / self.n


def mean(strata: Sequence[Observed]) -> Estimate | None:
    """The mean over all calls, None without any value."""
    seen = [stratum for stratum in strata if stratum.values]
    if not seen:
        return None
    parts = _parts(seen)
    value = _weighted(seen)
    if parts is None:
        return _estimate(strata, value, None, None)
    v = sum(part.variance for part in parts)
    reach = float(student.ppf((1 + LEVEL) / 2, _degrees(parts, v))) * sqrt(v) if v else 0.0
    return _estimate(strata, value, value - reach, value + reach)


def rate(strata: Sequence[Observed]) -> Estimate | None:
    """The share of all calls for which a value is 1 (values are 0 or 1), None without any value."""
    seen = [stratum for stratum in strata if stratum.values]
    if not seen:
        return None
    p = _weighted(seen)
    n = _effective_size(seen, p)
    if n == inf:  # every call was looked at
        return _estimate(strata, p, p, p)
    hits, tail = n * p, (1 - LEVEL) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return _estimate(strata, p, low, high)


def _weighted(seen: Sequence[Observed]) -> float:
    calls = sum(stratum.calls for stratum in seen)
    return sum(stratum.calls / calls * fmean(stratum.values) for stratum in seen)


def _parts(seen: Sequence[Observed]) -> list[_Part] | None:
    """Each stratum's share in the variance; None when a single value is all there is and not all was looked at."""
    calls = sum(stratum.calls for stratum in seen)
    singles = [stratum.values[0] for stratum in seen if len(stratum.values) == 1 and stratum.calls > 1]
    borrowed = singles if len(singles) > 1 else [value for stratum in seen for value in stratum.values]
    parts = []
    for stratum in seen:
        n = len(stratum.values)
        unseen = max(0.0, 1 - n / stratum.calls)
        lone = n == 1
        if lone and unseen and len(borrowed) < 2:
            return None
        spread = 0.0 if not unseen else variance(borrowed) if lone else variance(stratum.values)
        df = float(len(borrowed) - 1) / max(1, len(singles)) if lone else float(n - 1)
        parts.append(_Part(stratum.calls / calls, unseen, n, spread, df))
    return parts


def _degrees(parts: Sequence[_Part], v: float) -> float:
    """Satterthwaite's effective degrees of freedom, at least 1."""
    below = sum(part.variance**2 / part.df for part in parts if part.variance)
    return max(1.0, v * v / below) if below else inf


def _effective_size(seen: Sequence[Observed], p: float) -> float:
    """The size of the simple random sample that is worth as much; infinite when every call was looked at."""
    calls = sum(stratum.calls for stratum in seen)
    spread = sum(
        (stratum.calls / calls) ** 2 * max(0.0, 1 - len(stratum.values) / stratum.calls) / len(stratum.values)
        for stratum in seen
    )
    if not spread:
        return inf
    parts = _parts(seen)
    v = sum(part.variance for part in parts) if parts else 0.0
    return min(1 / spread, p * (1 - p) / v if v > 0 and 0 < p < 1 else inf)


def _estimate(strata: Sequence[Observed], value: float, low: float | None, high: float | None) -> Estimate:
    return Estimate(
        value=value,
        low=low,
        high=high,
        sampled=sum(len(stratum.values) for stratum in strata),
        covered_calls=sum(stratum.calls for stratum in strata if stratum.values),
        all_calls=sum(stratum.calls for stratum in strata),
    )
