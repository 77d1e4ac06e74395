"""Filters to an address and back; what nobody offers or can read is left out."""

from datetime import date

import pytest

from dashboards.call_search import CallFilter
from dashboards.components.address import filter_of, query_of, values_of

CHOICES = {
    "agent": ["8023", "8031"],
    "topic": ["投诉"],
    "family": ["silence"],
    "team": ["一组"],
    "queue": [],
    "line": [],
}
WHOLE = (date(2025, 11, 1), date(2025, 11, 30))


def test_there_and_back():
    values = {
        "q": "不知道",
        "sort": "lowest",
        "score": (20, 60),
        "day": (date(2025, 11, 2), date(2025, 11, 3)),
        "agent": ["8031"],
        "topic": ["投诉"],
        "family": [],
        "team": ["一组"],
        "queue": [],
        "line": [],
        "status": ["violated", "review"],
        "severity": ["red_line"],
        "result": ["failed"],
        "direction": ["inbound"],
        "weekday": ["1", "7"],
        "hour": ["0", "23"],
        "role": "agent",
        "exact": True,
        "reviewed": "no",
        "minutes": (0.5, 10.0),
        "cpm": (160.0, 260.0),
        "spl": None,
        "unmeasured": ("overlap_s", "mono_overlap"),
    }
    query = query_of(values, WHOLE)
    assert query["score"] == ["20", "60"]
    assert query["day"] == ["2025-11-02", "2025-11-03"]
    assert "family" not in query
    assert values_of(query, CHOICES) == values


def test_asking_for_nothing_leaves_the_address_empty():
    assert query_of({"q": " ", "sort": "newest", "score": (0, 100), "day": WHOLE, "agent": []}, WHOLE) == {}
    assert query_of({"day": (date(2025, 11, 2),)}, WHOLE) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"score": ["a", "b"], "day": ["yesterday", "today"], "sort": ["sideways"], "agent": ["9999"]},
        {"score": ["1"], "day": ["2025-11-02"], "status": ["<script>"]},
        {"score": ["nan", "1"]},
        {"score": ["1", "inf"]},
    ],
)
def test_nonsense_is_ignored(query):
    values = values_of(query, CHOICES)
    assert (values["score"], values["sort"], values["agent"], values["status"]) == ((0, 100), "newest", [], [])
    assert "day" not in values


def test_turned_round_ranges_are_put_right():
    values = values_of({"score": ["80", "-5"], "day": ["2025-11-09", "2025-11-02"]}, CHOICES)
    assert values["score"] == (0, 80)
    assert values["day"] == (date(2025, 11, 2), date(2025, 11, 9))


def test_names_that_other_pages_write():
    assert values_of({"passed": ["no"], "fatal": ["yes"]}, CHOICES)["result"] == ["failed", "fatal"]


def test_an_address_as_a_filter():
    query = {"agent": ["8031"], "day": ["2025-11-02", "2025-11-03"], "minutes": ["0.5", "2"], "reviewed": ["yes"]}
    assert filter_of({**query, "q": ["不知道"], "weekday": ["1"], "unmeasured": ["overlap_s"]}) == CallFilter(
        from_day=date(2025, 11, 2),
        to_day=date(2025, 11, 3),
        agents=("8031",),
        weekdays=(1,),
        reviewed=True,
        min_s=30.0,
        max_s=120.0,
        unmeasured="overlap_s",
        text="不知道",
    )
    assert filter_of({}) == CallFilter()
