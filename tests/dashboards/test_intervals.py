"""Intervals against published and hand-computed values."""

from math import sqrt

import pytest

from dashboards.intervals import Sums, mean, mean_change, share, share_change, shrunken


def sums(*values: float) -> Sums:
    return Sums(len(values), sum(values), sum(v * v for v in values))


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(hits: int, count: int, low: float, high: float) -> None:
    """Newcombe, Stat. Med. 17 (1998) 857-872, table I, method 3."""
    found = share(hits, count)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_a_share_of_everything_ends_at_one() -> None:
    found = share(20, 20)
    assert found is not None
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(1 - 0.1611, abs=6e-5)
    assert share(0, 0) is None
    with pytest.raises(ValueError, match="3 of 2"):
        share(3, 2)


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 10), 0.6075, 1.0)],
)
def test_change_of_a_share_as_published(now, before, low: float, high: float) -> None:
    """Newcombe, Stat. Med. 17 (1998) 873-890, table II, method 10."""
    found = share_change(*now, *before)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
    assert found.certain


def test_mean_of_three_by_hand() -> None:
    """Mean 80, s = 10, t(2) = 4.302653: 80 +- 24.841."""
    found = mean(sums(70, 80, 90))
    assert found is not None
    assert (found.value, found.low, found.high) == (
        80,
        pytest.approx(55.159, abs=1e-3),
        pytest.approx(104.841, abs=1e-3),
    )
    cut = mean(sums(70, 80, 90), 0, 100)
    assert cut is not None and cut.high == 100
    one = mean(sums(70))
    assert one is not None and (one.value, one.low, one.high) == (70, None, None)
    assert mean(sums()) is None


def test_welch_by_hand() -> None:
    """Variances 100 and 25, three each: se = sqrt(125/3), df = (125/3)^2 / ((100/3)^2/2 + (25/3)^2/2) = 2.9412."""
    found = mean_change(sums(70, 80, 90), sums(60, 65, 70))
    assert found is not None
    half = 3.2184 * sqrt(125 / 3)  # t quantile of 2.9412 degrees by interpolation of the beta integral
    assert found.value == 15
    assert found.high == pytest.approx(15 + half, abs=0.02)
    assert not found.certain
    single = mean_change(sums(70), sums(60, 65))
    assert single is not None and single.low is None and not single.certain


def test_few_calls_are_drawn_to_the_mean_of_all() -> None:
    """Two groups of 4 and 2 values: within 2/4... by hand in the comments."""
    first, second = sums(80, 82, 80, 82), sums(60, 62)
    found = shrunken((first, second, sums()))
    centre = (324 + 122) / 6  # 74.333
    within = (4 * 1 + 2 * 1) / 4  # squares about the group means 81 and 61, over 6 - 2 degrees
    between_squares = 4 * (81 - centre) ** 2 + 2 * (61 - centre) ** 2  # 533.33
    size = 6 - (16 + 4) / 6  # 2.6667
    between = (between_squares - within) / size
    weight = 2 * between / (2 * between + within)
    assert found[1].value == pytest.approx(weight * 61 + (1 - weight) * centre)
    assert abs(found[1].value - 61) > abs(found[0].value - 81)
    assert found[2].value == pytest.approx(centre)
    width = [e.high - e.low for e in found]  # type: ignore[operator]
    assert width[0] < width[1] < width[2]


def test_groups_that_do_not_differ_share_one_mean() -> None:
    found = shrunken((sums(70, 90), sums(71, 89)))
    assert [e.value for e in found] == [80, 80]
    assert shrunken(()) == ()
    assert shrunken((sums(70, 90),))[0].low is None
