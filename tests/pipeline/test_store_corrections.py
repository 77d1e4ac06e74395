"""Corrections add up by call; withdrawn ones hold no longer; nobody overwrites anybody."""

import sqlite3

import pytest

from pipeline.errors import StoreError
from pipeline.store.corrections import Change, holding, open_corrections
from pipeline.store.reviews import ReviewConflict, open_reviews, reviews_path
from pipeline.store.users import PermissionDeniedError, User

LI = User("li", "李敏", "reviewer")
AGENT = User("wang", "王强", "agent", agent_id="8031")
TEXT = Change("text", 3, heard="这个我不指导", text="这个我不知道")
ROLE = Change("role", 3, heard="这个我不指导", role="patient")


def test_history_and_what_holds(tmp_path):
    with open_corrections(tmp_path) as store:
        store.add("c1", LI, TEXT, based_on=0)
        store.add("c1", LI, ROLE, based_on=1)
        store.add("c2", LI, Change("swap"), based_on=0)
        store.add("c1", LI, Change("withdraw", withdraws=1), based_on=2)
        history = store.history("c1")
        assert [c.number for c in history] == [1, 2, 3]
        assert [c.change for c in holding(history)] == [ROLE]
        store.add("c2", LI, Change("withdraw", withdraws=1), based_on=1)
        assert {call: [c.change for c in held] for call, held in store.holding().items()} == {"c1": [ROLE], "c2": []}
    with open_reviews(tmp_path) as reviews:
        assert [e.what for e in reviews.audit("c1")] == ["correction.withdraw", "correction.role", "correction.text"]


def test_somebody_was_quicker(tmp_path):
    with open_corrections(tmp_path) as store:
        store.add("c1", LI, TEXT, based_on=0)
        with pytest.raises(ReviewConflict, match="li meanwhile"):
            store.add("c1", LI, ROLE, based_on=0)
        assert len(store.history("c1")) == 1


@pytest.mark.parametrize(
    "change",
    [Change("text", 1, heard="啊", text=" "), Change("text", 1, text="长" * 10_001), Change("withdraw", withdraws=1)],
)
def test_what_makes_no_sense_is_refused(tmp_path, change):
    with open_corrections(tmp_path) as store:
        with pytest.raises(StoreError):
            store.add("c1", LI, change, based_on=0)
        assert store.history("c1") == ()


def test_nothing_is_withdrawn_twice(tmp_path):
    with open_corrections(tmp_path) as store:
        store.add("c1", LI, TEXT, based_on=0)
        store.add("c1", LI, Change("withdraw", withdraws=1), based_on=1)
        with pytest.raises(StoreError, match="does not hold"):
            store.add("c1", LI, Change("withdraw", withdraws=1), based_on=2)


def test_an_agent_corrects_nothing(tmp_path):
    with open_corrections(tmp_path) as store, pytest.raises(PermissionDeniedError):
        store.add("c1", AGENT, TEXT, based_on=0)


def test_the_store_forbids_change(tmp_path):
    with open_corrections(tmp_path) as store:
        store.add("c1", LI, TEXT, based_on=0)
    with sqlite3.connect(reviews_path(tmp_path)) as connection:
        for sql in ("update fact_corrections set text = 'x'", "delete from fact_corrections"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)
