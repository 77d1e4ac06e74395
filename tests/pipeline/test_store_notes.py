"""Notes stay where they were pinned; only their author takes them back, and both are kept."""

import sqlite3

import pytest

from pipeline.errors import StoreError
from pipeline.store.notes import open_notes
from pipeline.store.reviews import reviews_path
from pipeline.store.users import PermissionDeniedError, User

LI = User("li", "李敏", "reviewer")
WU = User("wu", "吴芳", "supervisor")
AGENT = User("wang", "王强", "agent", agent_id="8031")


def test_a_note_is_kept_and_taken_back(tmp_path):
    with open_notes(tmp_path) as store:
        store.add("c1", LI, 12.5, " 语气很好 ")
        store.add("c1", WU, 30.0, "<b>这里要安抚</b>")
        store.add("c2", WU, 1.0, "别处")
        store.withdraw("c1", LI, 1)
        told = [(n.number, n.at_s, n.text, n.who, n.withdrawn) for n in store.notes("c1")]
        assert told == [(1, 12.5, "语气很好", "li", True), (2, 30.0, "<b>这里要安抚</b>", "wu", False)]


def test_who_may_not(tmp_path):
    with open_notes(tmp_path) as store:
        store.add("c1", LI, 12.5, "语气很好")
        with pytest.raises(PermissionDeniedError, match="li's"):
            store.withdraw("c1", WU, 1)
        with pytest.raises(PermissionDeniedError):
            store.add("c1", AGENT, 1.0, "我有话说")
        store.withdraw("c1", LI, 1)
        with pytest.raises(StoreError, match="no note 1"):
            store.withdraw("c1", LI, 1)


@pytest.mark.parametrize("text", ["", "  ", "长" * 1001])
def test_length(tmp_path, text):
    with open_notes(tmp_path) as store, pytest.raises(StoreError, match="1 to 1000"):
        store.add("c1", LI, 0.0, text)


def test_the_store_forbids_change(tmp_path):
    with open_notes(tmp_path) as store:
        store.add("c1", LI, 0.0, "话")
    with sqlite3.connect(reviews_path(tmp_path)) as connection:
        for sql in ("update notes set text = 'x'", "delete from notes"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)
