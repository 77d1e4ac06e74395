"""Topics, rules, card and score of many calls at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from pipeline.config import load_settings
from pipeline.judge import Judge
from pipeline.model import CallFacts, CallMetadata, Judgement
from pipeline.rulebooks import read_sources, sources_in
from pipeline.rules import load_rulebook
from pipeline.rules.examples import facts_of
from pipeline.rules.trial import dialogue_facts
from tests.builders import make_facts

SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)

RULES = """\
rules:
  - id: only-in-complaints
    family: empathy
    severity: minor
    name_zh: 一
    name_en: One
    when: {topic: 投诉}
    points: 7
    must_say: {groups: [{name_zh: 歉, any: [抱歉]}]}
    examples:
      hit: [{lines: [坐席：哦], topics: [投诉]}]
      miss: [哦]
"""
CARD = """\
id: plain
name_zh: 平
name_en: Plain
pass_mark: 60
on_fatal: fail
sections:
  - id: all
    name_zh: 全
    name_en: All
    items:
      - {id: one, name_zh: 一, name_en: One, points: 100, families: [empathy], deduct: {minor: 20}}
"""


@pytest.fixture
def house(tmp_path: Path) -> Judge:
    """A judge of one rule and two cards."""
    for part, name, text in (
        ("rules", "a.yaml", RULES),
        ("scorecards", "plain.yaml", CARD),
        ("scorecards", "complaint.yaml", CARD.replace("id: plain", "id: complaint\nfor_topics: [投诉]")),
    ):
        (tmp_path / part).mkdir(exist_ok=True)
        (tmp_path / part / name).write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "data")
    return Judge(settings, sources_in(tmp_path, read_sources(settings)))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(load_settings(tmp_path_factory.mktemp("data")))


def timeless(judgements: Sequence[Judgement]) -> list[Judgement]:
    return [replace(judgement, judged_at=SOME_TIME) for judgement in judgements]


def call(text: str, metadata: CallMetadata = CallMetadata()) -> CallFacts:  # noqa: B008 - frozen
    facts = dialogue_facts(text, "call")
    return replace(facts, recording=replace(facts.recording, metadata=metadata))


def test_topics_are_known_before_rules_and_choose_the_card(house: Judge) -> None:
    complaint, booking = house.judge_all(
        (call("患者：我要投诉你们的服务态度。\n坐席：哦，您说。"), call("患者：我想挂一个专家号。\n坐席：哦，您说。"))
    )
    assert [f.rule_id for f in complaint.findings] == ["only-in-complaints"]
    assert (complaint.topics[0].topic, complaint.score.scorecard_id, complaint.score.total) == (
        "投诉",
        "complaint",
        93.0,
    )
    assert booking.findings == ()
    assert (booking.topics[0].topic, booking.score.scorecard_id, booking.score.total) == ("预约挂号", "plain", 100.0)
    assert complaint.rulebook_version == booking.rulebook_version == house.version


def test_the_topic_that_the_telephone_system_names_goes_first(house: Judge) -> None:
    told = house.judge(call("患者：我想挂一个专家号。\n坐席：哦，您说。", CallMetadata(topic="投诉")))
    assert (told.topics[0].topic, told.topics[0].confidence) == ("投诉", 1.0)
    assert [f.rule_id for f in told.findings] == ["only-in-complaints"]
    assert told.score.scorecard_id == "complaint"
    unknown = house.judge(call("患者：我想挂一个专家号。\n坐席：哦，您说。", CallMetadata(topic="VIP")))
    assert unknown.topics[0].topic == "预约挂号"


def test_many_calls_are_judged_as_each_alone_and_always_alike(shipped: Judge) -> None:
    """All examples of the rulebook as calls: no call may colour the judgement of another."""
    rules = load_rulebook().rules
    calls = [facts_of(example) for example in chain.from_iterable(rule.examples[::4] for rule in rules)]
    together = timeless(shipped.judge_all(calls))
    assert timeless(shipped.judge_all(calls)) == together
    assert timeless([judgement for facts in calls for judgement in shipped.judge_all((facts,))]) == together


def test_calls_of_nothing_and_of_one_role(shipped: Judge) -> None:
    silent = make_facts(lines=(), events=())
    agent_only = make_facts(lines=(("agent", 0.5, 3.0, "您好，请问有什么可以帮您？"),), events=())
    patient_only = make_facts(lines=(("patient", 0.5, 3.0, "喂，我要投诉，我不知道找谁，随便你们。"),), events=())
    for facts in (silent, agent_only, patient_only):
        (judged,) = shipped.judge_all((facts,))
        assert not [f for f in judged.findings if f.family == "forbidden_phrase"]
    assert shipped.judge_all((silent,))[0].topics == ()
    assert shipped.judge_all(()) == ()
