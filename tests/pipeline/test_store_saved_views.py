"""Saved views: one's own and shared ones, the newest version of each name."""

import pytest

from pipeline.errors import StoreError
from pipeline.store.saved_views import open_saved_views
from pipeline.store.users import PermissionDeniedError, User

LI = User("li", "李敏", "reviewer")
WU = User("wu", "吴芳", "supervisor")
AGENT = User("wang", "王强", "agent", agent_id="8031")


def names(store, user):
    return [(view.owner, view.name, view.query) for view in store.views(user)]


def test_own_and_shared(tmp_path):
    with open_saved_views(tmp_path) as store:
        store.save(LI, "低分 投诉", {"topic": ["投诉"], "score": ["0", "60"]}, shared=False)
        store.save(WU, "红线", {"result": ["fatal"]}, shared=True)
        assert names(store, LI) == [
            ("li", "低分 投诉", {"topic": ["投诉"], "score": ["0", "60"]}),
            ("wu", "红线", {"result": ["fatal"]}),
        ]
        assert names(store, WU) == [("wu", "红线", {"result": ["fatal"]})]
        assert names(store, AGENT) == []


def test_the_newest_version_of_a_name_counts_and_a_removed_one_is_gone(tmp_path):
    with open_saved_views(tmp_path) as store:
        store.save(LI, "我的", {"q": ["挂号"]}, shared=True)
        store.save(LI, "我的", {"q": ["退费"]}, shared=False)
        assert names(store, LI) == [("li", "我的", {"q": ["退费"]})]
        assert names(store, WU) == []
        store.remove(LI, "我的")
        assert names(store, LI) == []


def test_an_agent_keeps_views_and_shares_none(tmp_path):
    with open_saved_views(tmp_path) as store:
        store.save(AGENT, "我的低分", {"sort": ["lowest"]}, shared=False)
        assert [view.name for view in store.views(AGENT)] == ["我的低分"]
        with pytest.raises(PermissionDeniedError):
            store.save(AGENT, "给大家", {}, shared=True)


@pytest.mark.parametrize(("name", "query"), [("", {}), ("长" * 41, {}), ("好", {"q": ["长" * 20_000]})])
def test_what_is_too_long_is_refused(tmp_path, name, query):
    with open_saved_views(tmp_path) as store, pytest.raises(StoreError):
        store.save(LI, name, query, shared=False)
