"""What a sample says of all calls: computed by hand, and how often the interval holds the truth."""

import random
from collections.abc import Sequence

import pytest
from scipy.stats import t as student

from pipeline.estimates import Estimate, Observed, mean, rate


def test_a_mean_of_two_strata_by_hand() -> None:
    found = mean([Observed("A", 10, (80.0, 90.0)), Observed("B", 30, (60.0, 70.0, 80.0))])
    assert found is not None
    # 0.25 * 85 + 0.75 * 70; v = 0.0625 * 0.8 * 50 / 2 + 0.5625 * 0.9 * 100 / 3 = 1.25 + 16.875
    assert found.value == 73.75
    reach = student.ppf(0.975, 18.125**2 / (1.25**2 / 1 + 16.875**2 / 2)) * 18.125**0.5
    assert found.low == pytest.approx(73.75 - reach)
    assert found.high == pytest.approx(73.75 + reach)
    assert (found.sampled, found.covered_calls, found.all_calls) == (5, 40, 40)


def test_a_simple_sample_is_the_text_books() -> None:
    found = mean([Observed("*", 100, tuple(map(float, range(1, 11))))])
    assert found is not None
    # mean 5.5, s^2 = 9.1666…, f = 0.1, t(9) = 2.2622: 5.5 -+ 2.2622 * (0.9 * 9.16667 / 10)^0.5 = 5.5 -+ 2.0547
    assert (found.value, found.low, found.high) == (
        5.5,
        pytest.approx(3.4453, abs=1e-4),
        pytest.approx(7.5547, abs=1e-4),
    )


def test_when_every_call_was_looked_at_there_is_no_doubt_left() -> None:
    assert mean([Observed("A", 2, (1.0, 3.0)), Observed("B", 1, (5.0,))]) == Estimate(3.0, 3.0, 3.0, 3, 3, 3)
    assert rate([Observed("A", 4, (0.0, 1.0, 0.0, 0.0))]) == Estimate(0.25, 0.25, 0.25, 4, 4, 4)


def test_single_calls_take_the_spread_between_them() -> None:
    found = mean([Observed(str(n), 10, (value,)) for n, value in enumerate((70.0, 80.0, 90.0))])
    assert found is not None
    # each: (1/3)^2 * 0.9 * 100; together 30; two degrees of freedom shared by three strata: 2
    assert found.value == pytest.approx(80.0)
    assert found.high == pytest.approx(80 + student.ppf(0.975, 2) * 30**0.5)


def test_one_call_alone_shows_no_spread_and_nothing_gives_nothing() -> None:
    assert mean([Observed("A", 10, (70.0,))]) == Estimate(70.0, None, None, 1, 10, 10)
    assert mean([]) is None
    assert mean([Observed("A", 10, ())]) is None
    assert rate([Observed("A", 10, ())]) is None


def test_what_nobody_looked_at_is_told() -> None:
    found = mean([Observed("A", 10, (80.0, 90.0)), Observed("B", 30, ())])
    assert found is not None
    assert (found.value, found.covered_calls, found.all_calls) == (85.0, 10, 40)


def test_unequal_chances_are_weighed() -> None:
    """Nine violations in a small stratum that was looked at hard are no nine violations of the centre."""
    found = rate([Observed("small", 10, (1.0,) * 9 + (0.0,)), Observed("large", 990, (0.0,) * 10)])
    assert found is not None
    assert found.value == pytest.approx(0.009)


def test_a_rate_by_hand() -> None:
    found = rate([Observed("*", 100, (1.0,) + (0.0,) * 9)])
    assert found is not None
    # v = 0.9 * (0.1 * 0.9 * 10 / 9) / 10 = 0.009, p q / v = 10: Clopper and Pearson's interval of 1 in 10
    assert (found.value, found.low, found.high) == (
        0.1,
        pytest.approx(0.00253, abs=1e-5),
        pytest.approx(0.44502, abs=1e-5),
    )


def test_nothing_found_is_not_nothing_there() -> None:
    found = rate([Observed("*", 1000, (0.0,) * 20)])
    assert found is not None
    # effective size 20 / 0.98; upper bound 1 - 0.025^(1/n)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1 - 0.025 ** (0.98 / 20), abs=1e-9)


POPULATIONS = {
    "equal": ([200] * 10, [0.05] * 10, 5),
    "unequal": ([50, 100, 400, 30, 80], [0.02, 0.1, 0.05, 0.3, 0.0], 8),
    "one each": ([60] * 40, [0.08] * 40, 1),
    "half of all": ([20] * 12, [0.1] * 12, 10),
    "rare": ([60] * 12, [0.01] * 12, 4),
    "one stratum": ([500], [0.1], 30),
}


@pytest.mark.parametrize("name", POPULATIONS)
def test_the_interval_holds_the_truth_as_often_as_it_says(name: str) -> None:
    """1000 samples from a made population: nominal 95 %; a mean's may fall to 92 % (three standard errors: 2.1 %)."""
    sizes, chances, n = POPULATIONS[name]
    dice = random.Random(20261122)
    wrong = [[float(dice.random() < chance) for _ in range(size)] for size, chance in zip(sizes, chances, strict=True)]
    scores = [[max(0.0, min(100.0, dice.gauss(92, 8) - 25 * y)) for y in stratum] for stratum in wrong]
    held = {"rate": 0, "mean": 0}
    for _ in range(1000):
        chosen = [dice.sample(range(size), min(n, size)) for size in sizes]
        for kind, values, estimator in (("rate", wrong, rate), ("mean", scores, mean)):
            found = estimator(_observed(values, chosen))
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            held[kind] += found.low <= sum(map(sum, values)) / sum(sizes) <= found.high
    assert held["rate"] >= 945
    assert held["mean"] >= 920


def _observed(values: Sequence[Sequence[float]], chosen: Sequence[Sequence[int]]) -> list[Observed]:
    return [
        Observed(str(h), len(stratum), tuple(stratum[i] for i in picked))
        for h, (stratum, picked) in enumerate(zip(values, chosen, strict=True))
    ]
