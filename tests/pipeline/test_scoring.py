"""Findings into points: deductions, caps, what does not apply, fatal items, people's decisions."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, RuleError
from pipeline.model import CallMetadata, Finding, ItemScore, Score, TopicHit
from pipeline.rules import load_rulebook
from pipeline.rules.vocabulary import CALL_MEASURES, FAMILY_IDS
from pipeline.scoring import (
    Override,
    Scorecard,
    apply_review,
    load_scorecard,
    load_scorecards,
    score,
    scorecard_of,
    scorecards_of,
)
from tests.builders import make_call_measures, make_facts, make_finding

CARD = load_scorecard(Path(__file__).with_name("scoring_card.yaml"))
SHIPPED = load_scorecards()
MEASURED = make_call_measures(agent_interruptions_count=0.0)
FACTS = make_facts(measures=MEASURED)
HEARD = (
    make_finding(rule_id="greeting-opening", family="greeting", status="satisfied", start_s=0.5),
    make_finding(rule_id="closing-farewell", family="closing", status="satisfied", start_s=34.0),
)


def item(result: Score, item_id: str) -> ItemScore:
    return next(i for i in result.items if i.item_id == item_id)


def forbidden(start_s: float, **overrides: object) -> Finding:
    return make_finding(start_s=start_s, **overrides)


def test_a_clean_call_has_all_points() -> None:
    result = score(CARD, HEARD, FACTS)
    assert (result.total, result.fatal, result.passed) == (100.0, False, True)
    assert {i.status for i in result.items} == {"ok"}
    assert sum(s.points_max for s in result.sections) == 100.0


def test_a_violation_costs_its_severity_and_names_its_finding() -> None:
    finding = forbidden(28.9)
    result = score(CARD, (*HEARD, finding), FACTS)
    assert result.total == 90.0
    assert item(result, "forbidden_phrase").points == 20.0
    assert [(d.finding_key, d.points) for d in item(result, "forbidden_phrase").deductions] == [(finding.key, 10.0)]
    assert item(result, "forbidden_phrase").status == "deducted"


def test_deductions_stop_at_the_points_of_the_item() -> None:
    findings = tuple(forbidden(float(i)) for i in range(5))
    result = item(score(CARD, (*HEARD, *findings), FACTS), "forbidden_phrase")
    assert result.points == 0.0
    assert [d.points for d in result.deductions] == [10.0, 10.0, 10.0, 0.0, 0.0]


def test_remedied_and_satisfied_cost_nothing() -> None:
    result = score(CARD, (*HEARD, forbidden(3.0, status="remedied")), FACTS)
    assert (result.total, item(result, "forbidden_phrase").status) == (100.0, "ok")


def test_review_costs_nothing_until_it_is_confirmed() -> None:
    doubtful = forbidden(3.0, status="review")
    findings = (*HEARD, doubtful)
    result = score(CARD, findings, FACTS)
    assert (result.total, item(result, "forbidden_phrase").status) == (100.0, "review")
    confirmed = apply_review(result, CARD, findings, confirmed_keys=(doubtful.key,))
    assert (confirmed.total, item(confirmed, "forbidden_phrase").status) == (90.0, "deducted")
    rejected = apply_review(result, CARD, findings, rejected_keys=(doubtful.key,))
    assert (rejected.total, item(rejected, "forbidden_phrase").status) == (100.0, "ok")


def test_what_does_not_apply_leaves_the_denominator() -> None:
    facts = make_facts(measures=make_call_measures())  # mono: interruptions cannot be measured
    result = score(CARD, (*HEARD, forbidden(28.9)), facts)
    assert item(result, "interruption").status == "not_applicable"
    assert item(result, "interruption").points is None
    assert item(result, "interruption").reason == "mono_overlap"
    assert result.total == round(100 * 80 / 90, 2)
    section = next(s for s in result.sections if s.section_id == "communication")
    assert (section.points_max, section.points) == (10.0, 10.0)


def test_a_duty_that_nobody_judged_does_not_apply() -> None:
    result = score(CARD, (), FACTS)
    assert (item(result, "greeting").status, item(result, "greeting").reason) == ("not_applicable", "not_judged")


def test_a_call_in_which_nothing_can_be_judged_has_no_total() -> None:
    unmeasured = make_call_measures(**dict.fromkeys(CALL_MEASURES, "no_speech"))
    result = score(CARD, (), make_facts(utterances=(), events=(), measures=unmeasured))
    assert (result.total, result.passed, result.fatal) == (None, None, False)
    assert {i.reason for i in result.items} == {"no_speech", "no_such_role"}
    assert all(s.points is None and s.points_max == 0 for s in result.sections)


def test_a_red_line_fails_the_call_and_zeroes_it_where_the_card_says_so() -> None:
    red = forbidden(3.0, severity="red_line")
    result = score(CARD, (*HEARD, red), FACTS)
    assert (result.total, result.fatal, result.passed) == (70.0, True, False)
    assert item(result, "forbidden_phrase").fatal
    zero = replace(CARD, on_fatal="zero")
    assert score(zero, (*HEARD, red), FACTS).total == 0.0
    assert not score(CARD, (*HEARD, replace(red, status="review")), FACTS).fatal


def test_rejecting_the_only_fatal_finding_lifts_the_failure() -> None:
    red = forbidden(3.0, severity="red_line")
    findings = (*HEARD, red)
    lifted = apply_review(score(CARD, findings, FACTS), CARD, findings, rejected_keys=(red.key,))
    assert (lifted.total, lifted.fatal, lifted.passed) == (100.0, False, True)


def test_a_rejected_duty_has_its_points_back() -> None:
    missing = make_finding(rule_id="greeting-opening", family="greeting", start_s=0.0)
    findings = (HEARD[1], missing)
    result = score(CARD, findings, FACTS)
    assert item(result, "greeting").points == 0.0
    assert item(apply_review(result, CARD, findings, rejected_keys=(missing.key,)), "greeting").points == 10.0


def test_overrides_replace_points_and_may_take_items_out() -> None:
    result = score(CARD, HEARD, FACTS)
    lower = apply_review(result, CARD, HEARD, overrides=(Override("closing", 4.0),))
    assert (lower.total, item(lower, "closing").status) == (94.0, "deducted")
    without = apply_review(result, CARD, HEARD, overrides=(Override("closing", None),))
    assert (without.total, item(without, "closing").reason) == (100.0, "reviewer")
    assert next(s for s in without.sections if s.section_id == "etiquette").points_max == 20.0


def test_an_override_can_bring_an_item_in() -> None:
    facts = make_facts(measures=make_call_measures())
    result = score(CARD, HEARD, facts)
    judged = apply_review(result, CARD, HEARD, overrides=(Override("interruption", 5.0),))
    assert judged.total == 95.0
    assert item(apply_review(result, CARD, HEARD), "interruption").reason == "mono_overlap"


def test_review_without_decisions_changes_nothing() -> None:
    findings = (*HEARD, forbidden(3.0), forbidden(4.0, status="review"))
    result = score(CARD, findings, FACTS)
    assert apply_review(result, CARD, findings) == result


@pytest.mark.parametrize(
    ("override", "words"),
    [(Override("closing", 11.0), r"11 is not 0\.\.10"), (Override("manners", 1.0), "has no such item")],
)
def test_overrides_that_do_not_fit(override: Override, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        apply_review(score(CARD, HEARD, FACTS), CARD, HEARD, overrides=(override,))


def test_a_score_is_reviewed_with_the_card_that_made_it() -> None:
    other = replace(score(CARD, HEARD, FACTS), scorecard_version="s-0")
    with pytest.raises(ConfigError, match="load the card of that version or recheck"):
        apply_review(other, CARD, HEARD)


@pytest.mark.parametrize(
    "card", (SHIPPED.default, *(card for _, card in SHIPPED.by_topic)), ids=lambda card: card.scorecard_id
)
def test_the_shipped_cards_and_the_shipped_rulebook_fit(card: Scorecard) -> None:
    """Every family of the rulebook has its item, once; every item asks for families and measures that exist."""
    families = [f for section in card.sections for i in section.items for f in i.families]
    assert len(families) == len(set(families))
    assert set(families) <= FAMILY_IDS
    assert {rule.family for rule in load_rulebook().rules} <= set(families)
    assert {m for section in card.sections for i in section.items for m in i.needs_measures} <= CALL_MEASURES


SMALL = """\
id: small
name_zh: 小
name_en: Small
pass_mark: 60
on_fatal: zero
sections:
  - id: all
    name_zh: 全
    name_en: All
    items:
      - {id: one, name_zh: 一, name_en: One, points: 60, families: [silence], deduct: {major: 20}, cap: 30}
      - {id: two, name_zh: 二, name_en: Two, points: 40, families: [forbidden_phrase], deduct: {major: 40}}
"""


def test_a_cap_limits_what_an_item_can_lose() -> None:
    card = scorecard_of(SMALL, "small.yaml")
    findings = tuple(make_finding(rule_id="s", family="silence", start_s=float(i)) for i in range(3))
    assert score(card, findings, FACTS).total == 70.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("points: 60", "points: 50", r"small\.yaml:6: .*add up to 90; they must add up to 100"),
        ("id: two", "id: one", "id 'one' is used twice"),
        ("cap: 30", "cap: 70", r"small\.yaml:11: .*from 0 to 60"),
        ("cap: 30", "capp: 30", r"small\.yaml:11: .*did you mean 'cap'"),
        ("deduct: {major: 20}", "deduct: {grave: 20}", r"small\.yaml:11: .*unknown key 'grave'"),
        ("on_fatal: zero", "on_fatal: nul", r"small\.yaml:5: .*'nul' is not known"),
        ("pass_mark: 60", "pass_mark: 160", r"small\.yaml:4: .*from 0 to 100"),
        ("families: [silence], ", "", r"'families' is missing"),
    ],
)
def test_mistakes_in_a_scorecard(old: str, new: str, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        scorecard_of(SMALL.replace(old, new), "small.yaml")


def test_a_scorecard_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="cannot be read"):
        load_scorecard(tmp_path / "none.yaml")
    path = tmp_path / "card.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert load_scorecard(path).version == scorecard_of(SMALL, "other.yaml").version


def test_a_call_without_an_agent_gets_no_total() -> None:
    """Only the silence could be judged there: 100 of 100 would be a lie."""
    facts = make_facts(lines=(("unknown", 0.5, 3.0, "您好，请问有什么可以帮您？"), ("unknown", 3.5, 6.0, "我想挂号")))
    result = score(load_scorecard(None), (), facts)
    assert result.total is None
    assert result.passed is None


COMPLAINT = SMALL.replace("id: small", "id: complaint\nfor_topics: [投诉, 表扬]")


def small(findings: tuple[Finding, ...], *topics: str, item: str = "") -> Score:
    """The small card's score; item: more keys of its first item."""
    card = scorecard_of(SMALL.replace("cap: 30", f"cap: 30{item}"), "small.yaml")
    return score(card, findings, FACTS, tuple(TopicHit(topic, 0.5) for topic in topics))


def silence(start_s: float, **overrides: object) -> Finding:
    return make_finding(rule_id="s", family="silence", start_s=start_s, **overrides)


def test_a_rules_own_points_go_before_the_cards() -> None:
    assert small((silence(1.0, points=5.0),)).total == 95.0
    assert small((silence(1.0, points=0.0), silence(2.0))).total == 80.0
    assert small((silence(1.0, points=99.0),)).total == 70.0  # never more than the item can lose


def test_a_rules_own_cap_limits_that_rule_only() -> None:
    findings = (*(silence(float(i), points=10.0, points_cap=15.0) for i in range(4)), silence(9.0, points=4.0))
    other = replace(findings[-1], rule_id="t", points_cap=None)
    result = small((*findings[:4], other))
    assert [d.points for d in result.items[0].deductions] == [10.0, 5.0, 0.0, 0.0, 4.0]
    assert result.total == 81.0


def test_a_fatal_rule_fails_the_call_whatever_the_card_says() -> None:
    assert small((silence(1.0, fatal=True),)).fatal is True
    assert small((silence(1.0, fatal=True, status="review"),)).fatal is False
    orphan = make_finding(rule_id="o", family="jargon", start_s=1.0, fatal=True)  # no item takes the family
    result = small((orphan,))
    assert (result.fatal, result.passed, result.total) == (True, False, 0.0)
    card = scorecard_of(SMALL, "small.yaml")
    lifted = apply_review(result, card, (orphan,), rejected_keys=(orphan.key,))
    assert (lifted.fatal, lifted.passed, lifted.total) == (False, True, 100.0)
    doubtful = replace(orphan, status="review")
    confirmed = apply_review(small((doubtful,)), card, (doubtful,), confirmed_keys=(doubtful.key,))
    assert confirmed.fatal is True


def test_what_the_audio_refuted_counts_nowhere() -> None:
    dropped = silence(1.0, status="dropped", fatal=True)
    assert small((dropped,)).total == 100.0
    assert small((dropped,), item=", needs_finding: true").items[0].status == "not_applicable"
    assert small((silence(1.0, status="satisfied"),), item=", needs_finding: true").items[0].status == "ok"


def test_an_item_for_a_topic_leaves_the_denominator_elsewhere() -> None:
    item = ", needs_topic: [投诉]"
    assert small((), "投诉", item=item).items[0].status == "ok"
    other = small((), "表扬", item=item)
    assert (other.items[0].status, other.items[0].reason) == ("not_applicable", "other_topic")
    assert other.sections[0].points_max == 40.0
    assert small((silence(1.0),), "表扬", item=item).items[0].points == 40.0  # a finding is a judgement


def test_the_card_is_chosen_by_topic() -> None:
    cards = scorecards_of({"a.yaml": COMPLAINT, "b.yaml": SMALL})

    def chosen(*topics: str, told: str | None = None) -> str:
        hits = tuple(TopicHit(topic, 0.5) for topic in topics)
        return cards.card_for(hits, CallMetadata(topic=told)).scorecard_id

    assert chosen() == "small"
    assert chosen("投诉", "预约挂号") == "complaint"
    assert chosen("预约挂号", "投诉") == "small"  # the surest decides
    assert chosen("预约挂号", told="表扬") == "complaint"
    assert chosen("投诉", told="预约挂号") == "small"
    assert [card.scorecard_id for card in cards.all()] == ["small", "complaint"]
    complaint = cards.all()[1]
    assert cards.version("complaint", complaint.version) is complaint
    assert cards.version("complaint", "s-0") is None


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({"a.yaml": COMPLAINT}, "exactly one card must be without it"),
        ({}, "exactly one card must be without it"),
        ({"a.yaml": SMALL, "b.yaml": SMALL.replace("id: small", "id: other")}, "without for_topics: a.yaml, b.yaml;"),
        ({"a.yaml": SMALL, "b.yaml": SMALL}, "b.yaml: id 'small' is used in a.yaml too"),
        (
            {"a.yaml": SMALL, "b.yaml": COMPLAINT, "c.yaml": COMPLAINT.replace("id: complaint", "id: other")},
            "c.yaml: for_topics: 投诉 has a card already in b.yaml",
        ),
        (
            {"a.yaml": SMALL, "b.yaml": COMPLAINT.replace("投诉", "投诉啊")},
            "b.yaml:2: .*topic '投诉啊' is not in the lexicon",
        ),
    ],
)
def test_cards_that_contradict_each_other(sources: dict[str, str], words: str) -> None:
    with pytest.raises(RuleError, match=words):
        scorecards_of(sources, topics=("投诉", "表扬"))


def test_a_folder_of_cards(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"has no \*\.yaml file"):
        load_scorecards(tmp_path)
    (tmp_path / "one.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(COMPLAINT, encoding="utf-8")
    assert [topic for topic, _ in load_scorecards(tmp_path).by_topic] == ["投诉", "表扬"]
    assert {card.scorecard_id for card in load_scorecards().all()} == {"standard", "complaint"}
