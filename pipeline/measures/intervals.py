"""Algebra of time intervals: pairs (start_s, end_s), half open. Results are sorted, disjoint, and none is empty."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import pairwise

Interval = tuple[float, float]
Intervals = tuple[Interval, ...]


def union(*sets: Iterable[Interval]) -> Intervals:
    """What lies in any of the sets; touching intervals become one."""
    merged: list[Interval] = []
    for start, end in sorted(interval for one in sets for interval in one if interval[1] > interval[0]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def intersection(first: Iterable[Interval], second: Iterable[Interval]) -> Intervals:
    """What lies in both."""
    a, b = union(first), union(second)
    common: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if end > start:
            common.append((start, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def gaps(intervals: Iterable[Interval]) -> Intervals:
    """What lies between the first start and the last end, but in none."""
    whole = union(intervals)
    return tuple((left[1], right[0]) for left, right in pairwise(whole))


def difference(first: Iterable[Interval], second: Iterable[Interval]) -> Intervals:
    """What lies in the first and not in the second."""
    whole = union(first)
    if not whole:
        return ()
    # The complement of the second within the reach of the first: empty intervals at both ends make it bounded.
    low, high = whole[0][0] - 1.0, whole[-1][1] + 1.0
    outside = gaps((*second, (low - 1.0, low), (high, high + 1.0)))
    return intersection(whole, outside)


def inside(whole: Intervals, start_s: float, end_s: float) -> Intervals:
    """The part of sorted, disjoint intervals that lies between two times, found without looking at the rest."""
    first = bisect_right(whole, start_s, key=lambda interval: interval[1])
    last = bisect_left(whole, end_s, key=lambda interval: interval[0])
    return tuple((max(start, start_s), min(end, end_s)) for start, end in whole[first:last])


def total(intervals: Iterable[Interval]) -> float:
    """Seconds in any of the intervals, each second once."""
    return sum(end - start for start, end in union(intervals))
