"""A reviewed call is scored with the card that it was scored with, whatever is in force now."""

from dataclasses import replace

import pytest

from dashboards.data import Data
from dashboards.rescoring import reviewed_score, stored_score
from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.judge import Judge
from pipeline.rulebooks import pinned, read_sources
from pipeline.store import artefact
from pipeline.store.snapshot import publish
from tests.builders import make_facts, make_report
from tests.dashboards.conftest import settings_for

LINES = (
    ("agent", 0.5, 3.0, "您好，市第一人民医院客服中心。"),
    ("patient", 3.5, 7.0, "我要投诉你们窗口的服务态度。"),
    ("agent", 7.5, 9.0, "投诉就投诉，随便你。"),
)


@pytest.fixture
def complaint(tmp_path):
    """A data folder with a complaint, scored by the complaint card of a rulebook that is kept."""
    settings = load_settings(tmp_path)
    judge = Judge(pinned(settings, read_sources(settings)))
    report = make_report("complaint")
    facts = make_facts("complaint", lines=LINES, events=())
    judgement = judge.judge(replace(facts, recording=replace(report.facts.recording, call_id="complaint")))
    assert judgement.score.scorecard_id == "complaint"
    artefact.write_report(tmp_path, replace(report, facts=facts, judgement=judgement))
    publish(tmp_path)
    return tmp_path, judgement


def test_a_call_scored_with_the_card_for_its_topic_is_reviewed_with_it(complaint):
    home, judgement = complaint
    data = Data(settings_for(home))
    view, decisions = data.call("complaint"), data.decisions("complaint")
    assert stored_score(view) == judgement.score
    assert reviewed_score(settings_for(home), view, decisions) == judgement.score


def test_the_kept_card_is_used_when_another_one_is_in_force(complaint):
    home, judgement = complaint
    cards = home / "cards"
    cards.mkdir()
    for source in read_sources(load_settings(home)).files:
        if source.part == "scorecards":
            (cards / source.name).write_text(source.text + "# changed since\n", encoding="utf-8")
    (home / "callqa.yaml").write_text(f"rules:\n  scorecard: {cards}\n", encoding="utf-8")
    settings = load_settings(home)
    data = Data(settings)
    view, decisions = data.call("complaint"), data.decisions("complaint")
    assert reviewed_score(settings, view, decisions) == judgement.score
    gone = next(path for path in (home / "rulebooks").iterdir() if path.name == judgement.rulebook_version)
    gone.rename(gone.with_name("r-lost"))
    with pytest.raises(ConfigError, match="load the card of that version or recheck"):
        reviewed_score(settings, view, decisions)
