"""How far people who scored the same calls agree: per item, and per reviewer against an expert.

Krippendorff's alpha = 1 - Do / De, with the squared difference of the shares of an item's points (K. Krippendorff,
Content Analysis, 4th ed. 2018, chapter 12; computed by nltk). "Not applicable" is as far from any points as nought is
from all points. 1: they agree; 0: no better than chance; he asks for 0.8, and for 0.667 where only trends are drawn.
Alpha has no value where everybody gave the same to every call: there is nothing to agree on but chance; the share of
pairs that agree says it all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

GOOD_ALPHA, FAIR_ALPHA = 0.8, 0.667
SAME_SHARE = 1e-6

Mark = float | None  # share of an item's points, 0..1; None: not applicable
Marks = Mapping[str, Mapping[str, Mark]]  # call -> reviewer -> mark


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """One item. calls: with two marks or more; same: share of pairs of marks that are equal; alpha None: no value."""

    item_id: str
    calls: int
    same: float | None
    alpha: float | None


@dataclass(frozen=True, slots=True)
class AgainstExpert:
    """One reviewer. bias, distance: mean difference and mean absolute difference of totals, points (plus: milder).

    same: share of items marked as the expert did. fatal_differs: calls on whose fatal verdict they differ.
    """

    reviewer: str
    calls: int
    bias: float | None
    distance: float | None
    same: float | None
    fatal_differs: int


def item_agreement(item_id: str, marks: Marks) -> ItemAgreement:
    """Agreement on one item over all calls."""
    shared = {call: list(by.values()) for call, by in marks.items() if len(by) > 1}
    pairs = [(a, b) for values in shared.values() for a, b in combinations(values, 2)]
    same = fmean(_same(a, b) for a, b in pairs) if pairs else None
    return ItemAgreement(item_id, len(shared), same, alpha(marks))


def alpha(marks: Marks) -> float | None:
    """Krippendorff's alpha of marks, None where all are alike or nothing was marked twice."""
    shared = [(who, call, mark) for call, by in marks.items() if len(by) > 1 for who, mark in by.items()]
    if len({mark for _, _, mark in shared}) < 2:
        return None
    from nltk.metrics.agreement import AnnotationTask  # noqa: PLC0415 - a second of imports, here alone

    return float(AnnotationTask(shared, distance=_distance).alpha())


def against_expert(
    reviewer: str,
    totals: Sequence[tuple[float | None, float | None]],
    marks: Sequence[tuple[Mark, Mark]],
    fatals: Sequence[tuple[bool, bool]],
) -> AgainstExpert:
    """A reviewer beside an expert; every pair is (reviewer, expert) of one call, or of one item of a call."""
    gaps = [mine - theirs for mine, theirs in totals if mine is not None and theirs is not None]
    return AgainstExpert(
        reviewer=reviewer,
        calls=len(totals),
        bias=fmean(gaps) if gaps else None,
        distance=fmean(map(abs, gaps)) if gaps else None,
        same=fmean(_same(mine, theirs) for mine, theirs in marks) if marks else None,
        fatal_differs=sum(mine != theirs for mine, theirs in fatals),
    )


def _same(a: Mark, b: Mark) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and abs(a - b) < SAME_SHARE)


def _distance(a: Mark, b: Mark) -> float:
    if a is None or b is None:
        return 0.0 if a is b else 1.0
    return (a - b) ** 2
