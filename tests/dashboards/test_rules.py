"""规则: cards say what rules do, the bench says what hits, drafts are checked and tried apart, verdicts are counted."""

import shutil
import time
from pathlib import Path

import pytest

from dashboards.data import Data
from dashboards.i18n import translator
from dashboards.rule_bench import Backtest, check_draft, try_call, try_dialogue
from dashboards.rule_cards import active_judge, cards
from dashboards.rule_verdicts import rule_verdicts
from pipeline.errors import ConfigError, RuleError
from pipeline.rulebooks import read_sources
from pipeline.store.reviews import open_reviews
from pipeline.store.users import PermissionDeniedError, User
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import APPOINTMENT_CALL

SUPERVISOR, REVIEWER = User("zhou", "周", "supervisor"), User("li", "李", "reviewer")
AGENT = User("chen", "陈", "agent", "8023")
DRAFT = """
rules:
  - id: draft-hello
    family: rude_tone
    severity: minor
    name_zh: 草稿：在吗
    name_en: Draft
    phrase: {any: [请问有什么可以帮您]}
    examples:
      hit: [请问有什么可以帮您。]
      miss: [您好。]
"""


@pytest.fixture
def heard(store: Path, home: Path) -> Path:
    """`home` with the artefacts of the seeded calls."""
    shutil.copytree(store / "artefacts", home / "artefacts")
    return home


def test_every_rule_has_a_card_in_both_languages(home: Path) -> None:
    judge = active_judge(settings_for(home))
    for language in ("zh", "en"):
        shown = cards(judge, translator(language))
        assert [card.rule_id for card in shown] == [rule.rule_id for rule in judge.rulebook.rules]
        assert all(card.name and card.what and card.examples for card in shown)
        assert not [card.rule_id for card in shown if "{" in card.what]


def test_a_card_says_what_beside_a_phrase_excuses_it_or_wants_a_person(home: Path) -> None:
    shown = cards(active_judge(settings_for(home)), translator("zh"))
    card = next(card for card in shown if card.rule_id == "forbidden-dont-know")
    headings = [passage.heading for passage in card.passages]
    assert headings.count("旁边有这些则不算") == 2
    assert any("对方最近 2 个话轮" in trait for trait in card.traits)
    assert any("看前后的话" in trait for trait in card.traits)


def test_cards_are_found_by_their_words(home: Path) -> None:
    shown = cards(active_judge(settings_for(home)), translator("zh"))
    found = {card.family for card in shown if card.mentions("不归我管")}
    assert "brush_off" in found or "forbidden_phrase" in found
    assert not [card for card in shown if card.mentions("没有规则会说这一句")]


def test_a_dialogue_is_judged_with_second_and_reason(home: Path) -> None:
    judge = active_judge(settings_for(home))
    trial = try_dialogue(judge, "坐席：您好，市第一人民医院。\n患者：我要投诉。\n坐席：投诉就投诉。", "x")
    hit = next(f for f in trial.judgement.findings if f.matched_text == "投诉就投诉")
    assert (hit.severity, hit.status, hit.utterance_index) == ("red_line", "violated", 2)
    with pytest.raises(RuleError, match="x:2"):
        try_dialogue(judge, "坐席：您好\n谁：什么", "x")


def test_a_stored_call_is_tried_by_those_who_may_see_it(heard: Path) -> None:
    settings = settings_for(heard)
    judge, data = active_judge(settings), Data(settings)
    trial = try_call(judge, data.seen_by(REVIEWER), APPOINTMENT_CALL)
    assert trial is not None
    assert trial.judgement.call_id == APPOINTMENT_CALL
    assert try_call(judge, data.seen_by(REVIEWER), "no-such-call") is None
    other = User("x", "x", "agent", "9999")
    with pytest.raises(PermissionDeniedError):
        try_call(judge, data.seen_by(other), APPOINTMENT_CALL)


def test_a_draft_is_checked_with_line_numbers(home: Path) -> None:
    settings = settings_for(home)
    sound = check_draft(settings, SUPERVISOR, "90_draft.yaml", DRAFT)
    assert sound.sound
    assert sound.version != read_sources(settings).version
    broken = check_draft(settings, SUPERVISOR, "90_draft.yaml", DRAFT.replace("severity: minor", "severity: mino"))
    assert broken.error is not None
    assert broken.error.startswith("90_draft.yaml:5")
    wrong = check_draft(settings, SUPERVISOR, "90_draft.yaml", DRAFT.replace("hit: [请问有什么", "hit: [请问你有什么"))
    assert not wrong.sound
    assert "90_draft.yaml:10" in wrong.problems[0]


def test_drafts_are_for_supervisors_and_files_for_names(home: Path) -> None:
    settings = settings_for(home)
    for user in (REVIEWER, AGENT):
        with pytest.raises(PermissionDeniedError):
            check_draft(settings, user, "a.yaml", DRAFT)
    with pytest.raises(ConfigError):
        check_draft(settings, SUPERVISOR, "../a.yaml", DRAFT)


@pytest.mark.slow
def test_a_backtest_runs_apart_and_tells_what_is_won(heard: Path) -> None:
    settings = settings_for(heard)
    before = read_sources(settings).version
    running = Backtest(settings, SUPERVISOR, check_draft(settings, SUPERVISOR, "90_draft.yaml", DRAFT), None)
    while running.running():
        time.sleep(0.2)
    found = running.result()["comparison"]
    won = next(rule for rule in found["rules"] if rule["rule_id"] == "draft-hello")
    assert found["calls"] == 42
    assert won["won"] > 0
    assert read_sources(settings).version == before
    with pytest.raises(PermissionDeniedError):
        Backtest(settings, REVIEWER, check_draft(settings, SUPERVISOR, "90_draft.yaml", DRAFT), None)


def test_verdicts_are_counted_by_rule_the_surely_wrong_first(home: Path) -> None:
    with open_reviews(home) as store:
        for number in range(8):
            store.add_verdict(f"c{number}", "often-wrong@100", "reject", reviewer="li", comment="", based_on=None)
        store.add_verdict("c0", "once-wrong@1", "reject", reviewer="li", comment="", based_on=None)
        for number in range(4):
            store.add_verdict(f"c{number}", "right@200", "confirm", reviewer="li", comment="", based_on=None)
        store.add_verdict("c0", "right@200", "reject", reviewer="li", comment="", based_on=1)
        store.add_verdict("c1", "right@200", "withdraw", reviewer="li", comment="", based_on=1)
    found = rule_verdicts(Data(settings_for(home), REVIEWER))
    assert [(r.rule_id, r.confirmed, r.rejected) for r in found] == [
        ("often-wrong", 0, 8),  # Wilson: at most 32 % right
        ("once-wrong", 0, 1),  # at most 79 % right
        ("right", 2, 1),
    ]
    with pytest.raises(PermissionDeniedError):
        rule_verdicts(Data(settings_for(home), AGENT))
