"""Operators that count: rate and repeat; what a hit means and costs; rules that are switched off."""

import pytest

from pipeline.model import CallFacts, Finding
from pipeline.rules import rulebook_of
from pipeline.rules.trial import dialogue_facts

HEAD = """\
rules:
  - {id: r, family: verbal_tic, severity: info, name_zh: 一, name_en: One, examples: {hit: [a], miss: [b]}, """


def judge(rest: str, facts: CallFacts | str, minimum: float = 0.0) -> tuple[Finding, ...]:
    facts = dialogue_facts(facts, "call") if isinstance(facts, str) else facts
    return rulebook_of({"a.yaml": f"{HEAD}{rest}}}\n"}).judge(facts, minimum)


TIC = "坐席：那个您那个先去，那个三楼。\n患者：那个那个那个那个。\n坐席：那个就是说那个。"


def test_a_rate_counts_words_per_minute_of_the_roles_own_talk() -> None:
    (found,) = judge("rate: {any: [那个, 就是说], above_per_minute: 60, min_count: 5}", TIC)
    # agent: 11 + 7 characters of 0.25 s = 4.5 s with six hits
    assert found.value == pytest.approx(80.0)
    assert (found.limit, found.unit, found.utterance_index, found.start_s) == (60.0, "per_minute", 0, 0.0)
    assert found.evidence == "共 6 次（“那个” 5 次、“就是说” 1 次），每分钟 80.0 次，应不超过 60 次"
    assert judge("rate: {any: [那个, 就是说], above_per_minute: 60, min_count: 7}", TIC) == ()
    assert judge("rate: {any: [那个, 就是说], above_per_minute: 80}", TIC) == ()
    assert judge("rate: {any: [那个], above_per_minute: 1}, role: patient", TIC)[0].value == pytest.approx(4 / 2 * 60)


def test_a_rate_of_an_expression_names_what_was_said() -> None:
    (found,) = judge("rate: {any: [{regex: '[那这]个'}], above_per_minute: 1}", "坐席：那个您那个先去这个三楼。")
    assert found.evidence.startswith("共 3 次（“那个” 2 次、“这个” 1 次）")


def test_a_rate_in_a_scope() -> None:
    (found,) = judge("rate: {any: [那个], above_per_minute: 1}, scope: {last_turns: 1}", TIC)
    assert found.value == pytest.approx(2 / 1.75 * 60)


SAID = "坐席：请您带好身份证和医保卡。"
ALMOST = "坐席：请你带好身份证和衣保卡啊。"  # other characters and one more syllable
ASKED = "患者：您说什么我没听清楚。"


def test_the_same_thing_said_again_is_told_by_its_sounds() -> None:
    call = "\n".join((SAID, ASKED, ALMOST, ASKED, SAID))
    (found,) = judge("repeat: {times: 3}", call)
    assert (found.utterance_index, found.value, found.limit, found.unit) == (4, 3.0, 3.0, "count")
    assert found.evidence.startswith("“请您带好身份证和医保卡。”说了 3 次（0.0、")
    assert judge("repeat: {times: 4}", call) == ()
    # 11 and 12 syllables, 你 for 您: 2 x 10 / 23 = 0.87 in common
    assert judge("repeat: {times: 3, similarity: 0.86}", call)
    assert judge("repeat: {times: 3, similarity: 0.88}", call) == ()


def test_what_does_not_count_as_a_repetition() -> None:
    call = "\n".join((SAID, ASKED, SAID, ASKED, SAID))
    assert judge("repeat: {times: 3, min_characters: 11}", call)
    assert judge("repeat: {times: 3, min_characters: 12}", call) == ()
    assert judge("repeat: {times: 3, except: [身份证]}", call) == ()
    assert judge("repeat: {times: 3, within_s: 10}", call) == ()  # the third begins 12 s after the first
    assert judge("repeat: {times: 3, within_s: 13}", call)
    assert judge("repeat: {times: 2, min_characters: 9}, role: patient", call)
    assert judge("repeat: {times: 2}, scope: {first_turns: 1}", call) == ()


def test_each_group_of_repetitions_is_one_finding() -> None:
    other = "坐席：检查前八个小时不要吃东西。"
    call = "\n".join((SAID, ASKED, other, ASKED, SAID, ASKED, other))
    assert [f.utterance_index for f in judge("repeat: {times: 2}", call)] == [4, 6]
    assert [f.utterance_index for f in judge("repeat: {times: 2}, scope: {occurrence: first}", call)] == [4]


def test_a_hit_means_what_the_rule_says() -> None:
    assert [f.status for f in judge("phrase: {any: [表扬]}, status: review", "坐席：表扬。")] == ["review"]
    assert [f.status for f in judge("phrase: {any: [表扬]}, status: satisfied", "坐席：表扬。")] == ["satisfied"]


def test_praise_that_is_in_doubt_is_none() -> None:
    said = "phrase: {any: [{say: 我理解您, sensible: [我历届您]}]}, status: satisfied"
    assert [f.status for f in judge(said, "坐席：我理解您。")] == ["satisfied"]
    assert judge(said, "坐席：我历届您。") == ()
    assert judge(said, "未知：我理解您。") == ()


def test_findings_carry_what_their_rule_costs() -> None:
    (found,) = judge("phrase: {any: [表扬]}, points: 3, cap_per_call: 9, fatal: true, alert: true", "坐席：表扬。")
    assert (found.points, found.points_cap, found.fatal, found.alert) == (3.0, 9.0, True, True)
    (plain,) = judge("phrase: {any: [表扬]}", "坐席：表扬。")
    assert (plain.points, plain.points_cap, plain.fatal, plain.alert) == (None, None, False, False)


def test_a_rule_that_is_switched_off_judges_nothing_but_is_there() -> None:
    book = rulebook_of({"a.yaml": f"{HEAD}enabled: false, phrase: {{any: [表扬]}}}}\n"})
    assert book.judge(dialogue_facts("坐席：表扬。", "call"), 0.0) == ()
    assert [rule.rule_id for rule in book.rules] == ["r"]
    assert book.lists() == ()


def test_a_floor_is_kept_with_the_rule() -> None:
    book = rulebook_of({"a.yaml": f"{HEAD}floor: {{precision: 0.9}}, phrase: {{any: [表扬]}}}}\n"})
    floor = book.rules[0].floor
    assert floor is not None
    assert (floor.precision, floor.recall) == (0.9, None)
