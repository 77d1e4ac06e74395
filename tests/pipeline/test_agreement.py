"""Agreement: alpha and shares computed by hand."""

import pytest

from pipeline.agreement import AgainstExpert, against_expert, alpha, item_agreement

MARKS = {
    "c1": {"li": 1.0, "wu": 1.0},
    "c2": {"li": 0.0, "wu": 0.0},
    "c3": {"li": 1.0, "wu": 0.0},
    "c4": {"li": 0.5, "wu": 0.5},
}


def test_alpha_by_hand() -> None:
    # eight marks: three 1, three 0, two 0.5. Do = 2 * 1 / 8; De = (18 * 1 + 12 * 0.25 + 12 * 0.25) / 56
    assert alpha(MARKS) == pytest.approx(1 - 0.25 / (24 / 56))
    found = item_agreement("greeting", MARKS)
    assert (found.calls, found.same) == (4, 0.75)


def test_not_applicable_is_as_far_from_points_as_nought_from_all() -> None:
    marks = {"c1": {"li": None, "wu": None}, "c2": {"li": 1.0, "wu": 1.0}, "c3": {"li": None, "wu": 1.0}}
    # six marks: three None, three 1. Do = 2 / 6; De = 18 / 30
    assert alpha(marks) == pytest.approx(1 - (1 / 3) / 0.6)
    assert item_agreement("x", marks).same == pytest.approx(2 / 3)


def test_a_call_that_one_alone_marked_counts_for_nothing() -> None:
    assert alpha({**MARKS, "c5": {"li": 0.0}}) == alpha(MARKS)


def test_three_people_one_of_whom_missed_a_call() -> None:
    marks = {"c1": {"li": 1.0, "wu": 1.0, "sun": 1.0}, "c2": {"li": 0.0, "wu": 1.0}}
    # five marks: four 1, one 0. Do = 2 * 1 / 1 / 5; De = 8 / 20
    assert alpha(marks) == pytest.approx(0.0)


def test_where_all_are_alike_there_is_no_alpha_but_a_share() -> None:
    found = item_agreement("x", {"c1": {"li": 1.0, "wu": 1.0}, "c2": {"li": 1.0, "wu": 1.0}})
    assert (found.same, found.alpha) == (1.0, None)
    nothing = item_agreement("x", {"c1": {"li": 1.0}})
    assert (nothing.calls, nothing.same, nothing.alpha) == (0, None, None)


def test_a_reviewer_beside_the_expert() -> None:
    found = against_expert(
        "li",
        [(90.0, 85.0), (70.0, 80.0), (None, 60.0)],
        [(1.0, 1.0), (0.5, 1.0), (None, None), (None, 0.0)],
        [(False, False), (False, True), (True, True)],
    )
    assert found == AgainstExpert("li", calls=3, bias=-2.5, distance=7.5, same=0.5, fatal_differs=1)
    assert against_expert("li", [], [], []) == AgainstExpert("li", 0, None, None, None, 0)
