"""Interval algebra against sets of whole seconds, and by hand."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measures.intervals import Intervals, difference, gaps, inside, intersection, total, union

ANY = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def seconds(intervals: Intervals | list[tuple[int, int]]) -> set[int]:
    return {second for start, end in intervals for second in range(int(start), int(end))}


def well_formed(intervals: Intervals) -> bool:
    edges = [edge for interval in intervals for edge in interval]
    return all(a < b for a, b in itertools.pairwise(edges))


@given(ANY, ANY)
def test_the_algebra_is_that_of_sets(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    for result, expected in (
        (union(a, b), seconds(a) | seconds(b)),
        (intersection(a, b), seconds(a) & seconds(b)),
        (difference(a, b), seconds(a) - seconds(b)),
    ):
        assert seconds(result) == expected
        assert well_formed(result)
        assert total(result) == len(expected)


@given(ANY)
def test_gaps_and_intervals_fill_the_whole(a: list[tuple[int, int]]) -> None:
    covered = seconds(a)
    whole = set(range(min(covered), max(covered) + 1)) if covered else set()
    assert seconds(gaps(a)) == whole - covered


@pytest.mark.parametrize(
    ("first", "second", "both", "only_first"),
    [
        (((0, 2), (3, 5)), ((1, 4),), ((1, 2), (3, 4)), ((0, 1), (4, 5))),
        (((0, 2),), ((2, 4),), (), ((0, 2),)),
        (((0, 9),), ((1, 2), (3, 4)), ((1, 2), (3, 4)), ((0, 1), (2, 3), (4, 9))),
        ((), ((0, 1),), (), ()),
    ],
)
def test_by_hand(first: Intervals, second: Intervals, both: Intervals, only_first: Intervals) -> None:
    assert intersection(first, second) == both
    assert difference(first, second) == only_first


@given(ANY, st.integers(0, 30), st.integers(0, 30))
def test_a_window_is_an_intersection(a: list[tuple[int, int]], start: int, end: int) -> None:
    if start < end:
        assert inside(union(a), start, end) == intersection(a, ((start, end),))
