"""Drafts outlive everything but the form that is handed in; presence runs out."""

import pytest

from pipeline.errors import StoreError
from pipeline.store import drafts as module
from pipeline.store.drafts import Draft, DraftItem, open_drafts
from pipeline.store.users import PermissionDeniedError, User

LI = User("li", "李敏", "reviewer")
WU = User("wu", "吴芳", "supervisor")
AGENT = User("wang", "王强", "agent", agent_id="8031")
DRAFT = Draft((DraftItem("greeting", 3.5, "已问候"), DraftItem("fees", None)), "先存着", "v1", 2)


def test_a_draft_is_there_again_for_its_author_only(tmp_path):
    with open_drafts(tmp_path) as drafts:
        drafts.keep("c1", LI, Draft(comment="早先"))
        drafts.keep("c1", LI, DRAFT)
    with open_drafts(tmp_path) as drafts:
        assert drafts.draft("c1", LI) == DRAFT
        assert drafts.draft("c1", WU) is None
        assert drafts.draft("c2", LI) is None
        assert drafts.waiting(LI) == ("c1",)


def test_a_dropped_draft_is_gone(tmp_path):
    with open_drafts(tmp_path) as drafts:
        drafts.keep("c1", LI, DRAFT)
        drafts.drop("c1", LI)
        assert drafts.draft("c1", LI) is None


def test_what_is_longer_than_a_form_is_refused(tmp_path):
    with open_drafts(tmp_path) as drafts:
        drafts.keep("c1", LI, DRAFT)
        for draft in (Draft(comment="长" * 4001), Draft((DraftItem("greeting", 0.0, "长" * 501),))):
            with pytest.raises(StoreError, match="too long"):
                drafts.keep("c1", LI, draft)
        assert drafts.draft("c1", LI) == DRAFT


def test_an_agent_drafts_nothing(tmp_path):
    with open_drafts(tmp_path) as drafts:
        with pytest.raises(PermissionDeniedError):
            drafts.keep("c1", AGENT, DRAFT)
        with pytest.raises(PermissionDeniedError):
            drafts.arrive("c1", AGENT)


def test_two_on_one_call_know_of_each_other_until_the_time_is_out(tmp_path, monkeypatch):
    with open_drafts(tmp_path) as drafts:
        drafts.arrive("c1", LI)
        drafts.arrive("c1", WU)
        drafts.arrive("c2", WU)
        assert drafts.present("c1", LI) == ("wu",)
        assert drafts.present("c1", WU) == ("li",)
        assert drafts.present("c2", WU) == ()
        monkeypatch.setattr(module, "PRESENCE_S", -1.0)
        assert drafts.present("c1", LI) == ()
