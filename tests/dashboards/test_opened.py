"""The open call: a publish changes nothing under a reviewer; corrections are shown as publishing will make them."""

import shutil
from pathlib import Path

import pytest

from dashboards.corrections import Corrections
from dashboards.data import Data
from dashboards.drafts import Drafts
from dashboards.notes import Notes
from pipeline.batch.upkeep import publish
from pipeline.config.settings import load_settings
from pipeline.errors import StoreError
from pipeline.store import artefact
from pipeline.store.corrections import Change
from pipeline.store.drafts import Draft, DraftItem
from pipeline.store.reviews import ReviewConflict, ReviewForm, ReviewItem
from pipeline.store.snapshot import publish as publish_snapshot
from pipeline.store.users import PermissionDeniedError, User
from tests.builders import APPOINTMENT, make_report
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL
from tests.dashboards.test_pages import run, texts

LI = User("li", "李敏", "reviewer")
AGENT = User("chen", "陈晨", "agent", agent_id="8023")
SAID = "这个我帮您查一下，请稍等。"


@pytest.fixture
def whole(store: Path, home: Path) -> Data:
    """The seeded calls with their artefacts, as a reviewer sees them."""
    shutil.copytree(store / "artefacts", home / "artefacts")
    return Data(settings_for(home)).seen_by(LI)


def put_right(data: Data, index: int = 5, text: str | None = SAID, role: str | None = None):
    view = data.call(APPOINTMENT_CALL)
    corrections = Corrections(data)
    corrections.correct(view, index, text, role, corrections.history(view))
    return corrections, view


def test_a_corrected_word_changes_findings_and_score_at_once(whole):
    corrections, view = put_right(whole)
    shown = corrections.shown(view, corrections.history(view))
    assert shown.utterances["text"][5] == SAID
    assert "不知道" not in (shown.findings["matched_text"].drop_nulls().to_list())
    assert shown.head["agent_name"] == view.head["agent_name"]
    assert view.utterances["text"][5] == APPOINTMENT[5][3]
    assert shown.items["points_max"].sum() == 100


def test_what_is_shown_is_what_is_published(whole, home):
    corrections, view = put_right(whole)
    corrections.add(APPOINTMENT_CALL, Change("swap"), 1)
    shown = corrections.shown(view, corrections.history(view))
    publish(load_settings(home))
    published = whole.call(APPOINTMENT_CALL)
    for name in ("measures", "utterances", "events", "findings", "items", "topics", "waveform"):
        assert getattr(shown, name).equals(getattr(published, name)), name
    kept = ("analyzed_at", "judged_at", "path", "file_name")
    assert {k: v for k, v in shown.head.items() if k not in kept} == {
        k: v for k, v in published.head.items() if k not in kept
    }


def test_withdrawn_corrections_give_back_what_was_heard(whole):
    corrections, view = put_right(whole, text=None, role="patient")
    shown = corrections.shown(view, corrections.history(view))
    assert shown.utterances["role"][5] == "patient"
    corrections.add(APPOINTMENT_CALL, Change("withdraw", withdraws=1), 1)
    shown = corrections.shown(view, corrections.history(view))
    assert shown.utterances["role"][5] == "agent"


def test_without_stored_facts_it_is_told(home):
    data = Data(settings_for(home)).seen_by(LI)
    with pytest.raises(StoreError, match="not stored"):
        put_right(data)


def test_an_agent_corrects_notes_and_drafts_nothing(whole):
    data = whole.seen_by(AGENT)
    view = data.call(APPOINTMENT_CALL)
    with pytest.raises(PermissionDeniedError):
        put_right(data)
    with pytest.raises(PermissionDeniedError):
        Notes(data).add(view, 1.0, "我有话说")
    with pytest.raises(PermissionDeniedError):
        Drafts(data).keep(APPOINTMENT_CALL, Draft())
    assert Drafts(data).others_on(APPOINTMENT_CALL) == ()


def form(data: Data, based_on: int | None) -> ReviewForm:
    head = data.call(COMPLAINT_CALL).head
    items = (ReviewItem("closing", 4.0, overridden=True, reason="有道别"),)
    return ReviewForm(
        COMPLAINT_CALL,
        "wu",
        items,
        "别人的评语",
        90.0,
        fatal=False,
        snapshot_id=1,
        rulebook_version=head["rulebook_version"],
        scorecard_id=head["scorecard_id"],
        scorecard_version=head["scorecard_version"],
        based_on=based_on,
    )


def test_a_form_that_came_in_between_is_told_and_the_draft_stays(whole):
    view = whole.call(COMPLAINT_CALL)
    drafts = Drafts(whole)
    first, stale = drafts.of_call(view, whole.decisions(COMPLAINT_CALL))
    assert (first.items, first.based_on, stale) == ((), None, False)
    typed = Draft((DraftItem("loudness", 3.0, "声音太小"),), "我的评语", view.head["scorecard_version"], None)
    drafts.keep(COMPLAINT_CALL, typed)
    whole.add_review(form(whole, None))
    kept, stale = drafts.of_call(view, whole.decisions(COMPLAINT_CALL))
    assert (kept, stale) == (typed, True)
    with pytest.raises(ReviewConflict):
        whole.add_review(form(whole, kept.based_on))
    drafts.drop(COMPLAINT_CALL)
    fresh, stale = drafts.of_call(view, whole.decisions(COMPLAINT_CALL))
    assert ([i.item_id for i in fresh.items], fresh.comment, fresh.based_on, stale) == (
        ["closing"],
        "别人的评语",
        1,
        False,
    )


def test_a_publish_changes_nothing_under_a_reviewer(whole, home):
    app = run(home, call=COMPLAINT_CALL)
    before = texts(app)
    report = artefact.read_report(home, COMPLAINT_CALL)
    artefact.write_report(home, make_report(COMPLAINT_CALL, metadata=report.facts.recording.metadata, findings=()))
    publish_snapshot(home)
    app.run()
    assert not app.exception
    assert "不归我管" in texts(app)
    assert "有新发布的数据" in texts(app)
    assert "不归我管" in before
    next(b for b in app.button if b.key == "call-reload").click().run()
    assert "有新发布的数据" not in texts(app)
    assert "不归我管" not in "\n".join(str(t.value) for t in app.text)
