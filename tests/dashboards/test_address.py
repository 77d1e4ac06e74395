"""Filters to an address and back; what nobody offers or can read is left out."""

from datetime import date

import pytest

from dashboards.components.address import query_of, values_of

CHOICES = {"agent": ["8023", "8031"], "topic": ["投诉"], "family": ["silence"], "status": ["violated", "review"]}
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
        "status": ["violated", "review"],
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
