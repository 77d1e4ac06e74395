"""Conditions: when a rule is judged, where it looks, what it finds."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import CallFacts, CallMetadata, Event, Finding, TopicHit
from pipeline.rules import Rulebook, rulebook_of
from pipeline.rules.spoken import CallView
from pipeline.rules.trial import dialogue_facts
from tests.builders import make_measures

HEAD = """\
conditions:
  complaint: {says: {role: patient, any: [投诉]}}
  sorry: {says: {role: agent, any: [抱歉, 对不起]}}
  angry: {any: [complaint, {says: {role: patient, any: [气死我了]}}]}
rules:
  - {id: r, family: forbidden_phrase, severity: major, name_zh: 一, name_en: One, examples: {hit: [a], miss: [b]}, """

CALL = """\
坐席：您好，请讲。
患者：我要挂号。
坐席：随便。
患者：我要投诉。
坐席：随便你，随便。
患者：你什么意思。
坐席：对不起。
患者：气死我了。
坐席：随便。
"""


def book(rest: str) -> Rulebook:
    return rulebook_of({"a.yaml": f"{HEAD}{rest}}}\n"})


def judge(rest: str, facts: CallFacts | str = CALL, *topics: tuple[str, float]) -> tuple[Finding, ...]:
    facts = dialogue_facts(facts, "call") if isinstance(facts, str) else facts
    view = CallView(facts, tuple(TopicHit(name, confidence) for name, confidence in topics))
    return book(rest).judge_all((view,), 0.0)[0]


def at(rest: str, facts: CallFacts | str = CALL) -> list[int | None]:
    """The utterances in which the rule finds something."""
    return [finding.utterance_index for finding in judge(rest, facts)]


PHRASE = "phrase: {any: [随便]}"


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("complaint", True),
        ("{condition: complaint}", True),
        ("{not: complaint}", False),
        ("{all: [complaint, sorry]}", True),
        ("{all: [complaint, {not: sorry}]}", False),
        ("{any: [{not: complaint}, {not: sorry}]}", False),
        ("{at_least: {count: 2, of: [complaint, sorry, {says: {role: patient, any: [没有说过]}}]}}", True),
        ("{at_least: {count: 3, of: [complaint, sorry, {says: {role: patient, any: [没有说过]}}]}}", False),
        ("{says: {role: agent, any: [投诉]}}", False),
        ("{says: {role: any, any: [投诉]}}", True),
        ("{says: {role: agent, any: [随便], scope: {first_turns: 1}}}", False),
        ("{says: {role: agent, any: [随便], scope: {after: {condition: sorry}}}}", True),
        ("{says: {role: agent, any: [随便], scope: {occurrence: 4}}}", True),
        ("{says: {role: agent, any: [随便], scope: {occurrence: 5}}}", False),
        ("{measure: {name: agent_speech_rate_cpm, per: call, above: 300}}", False),
        ("{repeat: {role: agent, times: 2, min_characters: 2}}", True),
        ("{repeat: {role: patient, times: 2, min_characters: 2}}", False),
    ],
)
def test_a_rule_is_judged_only_when_its_condition_holds(when: str, holds: bool) -> None:
    assert bool(judge(f"when: {when}, {PHRASE}")) is holds


@pytest.mark.parametrize(
    ("scope", "utterances"),
    [
        ("{after: {condition: complaint}}", [4, 4, 8]),
        ("{after: {says: {role: patient, any: [投诉]}, within_turns: 1}}", [4, 4]),
        ("{after: {condition: complaint, within_turns: 2}}", [4, 4]),
        ("{after: {condition: complaint, within_turns: 3}}", [4, 4, 8]),
        ("{after: {condition: angry, within_turns: 1}}", [4, 4, 8]),  # near every moment
        ("{after: {condition: complaint, within_s: 2.5}}", [4, 4]),
        ("{before: {condition: complaint}}", [2]),
        ("{before: {condition: angry}}", [2]),  # without a limit before the first moment
        ("{before: {condition: angry, within_turns: 3}}", [2, 4, 4]),
        ("{before: {condition: sorry, within_turns: 1}}", [4, 4]),
        ("{between: [complaint, sorry]}", [4, 4]),
        ("{between: [sorry, complaint]}", []),
        ("{after: {condition: complaint}, before: {condition: sorry}}", [4, 4]),
        ("{after: {condition: complaint}, last_turns: 1}", [8]),
        ("{after: {says: {role: patient, any: [没有说过]}}}", []),
        ("{occurrence: first}", [2]),
        ("{occurrence: last}", [8]),
        ("{occurrence: 2}", [4]),
        ("{occurrence: every}", [2, 4, 4, 8]),
        ("{after: {condition: complaint}, occurrence: last}", [8]),
        ("{after: {condition: angry}, occurrence: 3}", [8]),  # each hit once, whichever anchor it is near to
    ],
)
def test_a_scope_looks_near_the_moments_of_a_condition(scope: str, utterances: list[int]) -> None:
    assert at(f"scope: {scope}, {PHRASE}") == utterances


def test_words_of_the_anchors_own_turn_count_only_behind_it() -> None:
    scope = "scope: {after: {says: {role: agent, any: [规定]}}}, "
    assert at(scope + PHRASE, "坐席：随便，规定就这样。") == []
    assert at(scope + PHRASE, "坐席：规定就这样，随便。") == [0]
    before = "scope: {before: {says: {role: agent, any: [规定]}}}, "
    assert at(before + PHRASE, "坐席：随便，规定就这样。") == [0]
    assert at(before + PHRASE, "坐席：规定就这样，随便。") == []


def test_a_duty_begins_at_the_first_moment_with_the_whole_turn_of_the_anchor() -> None:
    duty = "scope: {after: {condition: angry, within_turns: 1}}, must_say: {groups: [{name_zh: 歉, any: [对不起]}]}"
    missed = judge(duty)
    assert [(f.status, f.utterance_index) for f in missed] == [("violated", 4)]
    own = "scope: {after: {says: {role: agent, any: [查不到]}}}, must_say: {groups: [{name_zh: 歉, any: [对不起]}]}"
    assert [f.status for f in judge(own, "坐席：对不起，查不到。")] == ["satisfied"]
    late = "患者：我要投诉。\n坐席：嗯嗯我知道。\n患者：还有呢。\n坐席：对不起。"
    assert [f.status for f in judge(duty, late)] == ["violated"]


def test_seconds_of_a_scope_hold_words_of_a_long_turn_apart() -> None:
    duty = "scope: {after: {condition: complaint, within_s: 5}}, must_say: {groups: [{name_zh: 歉, any: [对不起]}]}"
    long_turn = "患者：我要投诉。\n坐席：" + "您先听我把话说完我们这边一直都是这样规定的，" * 2 + "对不起。"
    assert [f.status for f in judge(duty, long_turn)] == ["violated"]
    assert [f.status for f in judge(duty, "患者：我要投诉。\n坐席：对不起，您先听我说完。")] == ["satisfied"]


def test_events_and_measures_are_found_in_a_scope_too() -> None:
    facts = dialogue_facts("坐席：您好。\n静默：10\n患者：我要投诉。\n静默：20\n坐席：您讲。", "call")
    event = "event: {kind: silence, above: 8}"
    assert [f.value for f in judge(event, facts)] == [10.0, 20.0]
    assert [f.value for f in judge(f"scope: {{after: {{condition: complaint}}}}, {event}", facts)] == [20.0]
    assert [f.value for f in judge(f"scope: {{before: {{condition: complaint}}}}, {event}", facts)] == [10.0]
    loud = replace(
        facts, utterances=tuple(replace(u, measures=make_measures(estimated_spl_db=80.0)) for u in facts.utterances)
    )
    measure = "measure: {name: estimated_spl_db, per: utterance, above: 76}"
    assert at(measure, loud) == [0, 2]
    assert at(f"scope: {{after: {{condition: complaint}}}}, {measure}", loud) == [2]


def test_an_event_is_an_anchor() -> None:
    facts = "坐席：随便。\n静默：10\n坐席：随便。\n患者：什么？\n坐席：随便。\n患者：什么？\n坐席：随便。"
    scope = "scope: {after: {event: {kind: silence, above: 8}, within_turns: 1}}, "
    assert at(scope + PHRASE, facts) == [1, 3]  # what is left of the running turn, and the next one


def test_topics_are_asked_by_name_and_confidence() -> None:
    when = "when: {topic: 投诉}, " + PHRASE
    assert judge(when, CALL) == ()
    assert judge(when, CALL, ("投诉", 0.4))
    assert judge("when: {topic: [表扬, 投诉], min_confidence: 0.5}, " + PHRASE, CALL, ("投诉", 0.4)) == ()
    assert judge("when: {topic: [表扬, 投诉], min_confidence: 0.5}, " + PHRASE, CALL, ("表扬", 0.5))


MONDAY = datetime(2024, 1, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "metadata", "holds"),
    [
        ("{queue: 挂号}", CallMetadata(queue="挂号"), True),
        ("{queue: [咨询, 挂号]}", CallMetadata(queue="挂号"), True),
        ("{queue: 挂号}", CallMetadata(), False),  # nobody knows
        ("{queue: 挂号, team: 甲}", CallMetadata(queue="挂号", team="乙"), False),
        ("{direction: outbound}", CallMetadata(direction="outbound"), True),
        ("{hour: [8, 18]}", CallMetadata(started_at=MONDAY), False),
        ("{hour: [22, 6]}", CallMetadata(started_at=MONDAY), True),
        ("{hour: [22, 6]}", CallMetadata(), False),
        ("{weekday: [mon]}", CallMetadata(started_at=MONDAY), True),
        ("{weekday: [tue, sun]}", CallMetadata(started_at=MONDAY), False),
        ("{repeat_caller: true}", CallMetadata(previous_calls=2), True),
        ("{repeat_caller: true}", CallMetadata(previous_calls=0), False),
        ("{repeat_caller: false}", CallMetadata(previous_calls=0), True),
        ("{repeat_caller: false}", CallMetadata(), False),
        ("{duration_s: {above: 5}}", CallMetadata(), True),
        ("{duration_s: {above: 5, below: 10}}", CallMetadata(), False),
    ],
)
def test_what_is_known_of_the_call(asked: str, metadata: CallMetadata, holds: bool) -> None:
    facts = dialogue_facts(CALL, "call")
    facts = replace(facts, recording=replace(facts.recording, metadata=metadata))
    assert bool(judge(f"when: {{metadata: {asked}}}, {PHRASE}", facts)) is holds


def test_hours_are_those_of_the_house() -> None:
    text = f"{HEAD}when: {{metadata: {{hour: [7, 8], weekday: [tue]}}}}, {PHRASE}}}\n"
    house = rulebook_of({"a.yaml": text}, zone=ZoneInfo("Asia/Shanghai"))
    facts = dialogue_facts(CALL, "call")
    facts = replace(facts, recording=replace(facts.recording, metadata=CallMetadata(started_at=MONDAY)))
    assert house.judge(facts, 0.0)
    assert not rulebook_of({"a.yaml": text}).judge(facts, 0.0)


def test_holds_finds_every_moment_of_its_condition() -> None:
    found = judge("holds: angry, role: any")
    assert [(f.utterance_index, f.role, f.matched_text) for f in found] == [
        (3, "patient", "投诉"),
        (7, "patient", "气死我了"),
    ]
    # `all`: the moments of its first part that has any
    assert at("holds: {all: [{topic: 其他}, complaint]}") == []
    assert [f.utterance_index for f in judge("holds: {all: [{topic: 其他}, complaint]}", CALL, ("其他", 1.0))] == [3]
    assert at("holds: angry, scope: {occurrence: last}") == [7]
    assert at("holds: angry, scope: {after: {condition: sorry}}") == [7]


def test_what_holds_for_the_call_as_a_whole_is_one_finding_with_its_reason() -> None:
    (found,) = judge("holds: {all: [{topic: 投诉}, {not: sorry}]}", "坐席：您好您请讲。", ("投诉", 0.9))
    assert (found.start_s, found.utterance_index, found.role) == (None, None, "agent")
    assert found.evidence == "主题：投诉；未出现：sorry"


def test_a_remedy_may_be_anybodys_and_has_seconds() -> None:
    said = "坐席：随便。\n患者：没关系。\n坐席：您稍等一会儿好吗我去那边看一看再说吧。\n坐席：对不起。"
    assert [f.status for f in judge(PHRASE + ", unless: {any: [对不起], next_turns: 3}", said)] == ["remedied"]
    soon = PHRASE + ", unless: {any: [对不起], next_turns: 3, within_s: 2}"
    assert [f.status for f in judge(soon, said)] == ["violated"]
    theirs = PHRASE + ", unless: {any: [没关系], next_turns: 1, role: patient}"
    assert [f.status for f in judge(theirs, said)] == ["remedied"]
    assert [f.status for f in judge(PHRASE + ", unless: {any: [没关系]}", said)] == ["violated"]


def test_a_remedy_of_a_condition_and_of_a_repetition() -> None:
    said = (
        "坐席：请您带好身份证和医保卡。\n患者：啊？\n坐席：请您带好身份证和医保卡。\n患者：哦。\n坐席：不好意思说快了。"
    )
    assert [f.status for f in judge("repeat: {times: 2}", said)] == ["violated"]
    assert [f.status for f in judge("repeat: {times: 2}, unless: {any: [不好意思]}", said)] == ["remedied"]
    holds = "holds: {says: {role: agent, any: [身份证]}}, scope: {occurrence: last}, unless: {any: [不好意思]}"
    assert [(f.status, f.note) for f in judge(holds, said)] == [("remedied", "已补救：“不好意思”（7.2 秒）")]


def test_a_named_condition_is_worked_out_once_per_call() -> None:
    rulebook = rulebook_of(
        {"a.yaml": f"{HEAD}when: complaint, scope: {{after: {{condition: complaint}}}}, {PHRASE}}}\n"}
    )
    view = CallView(dialogue_facts(CALL, "call"))
    first = rulebook.judge_all((view,), 0.0)
    assert len(view.memo) == 2  # that it holds, and where
    view.memo.update(dict.fromkeys(view.memo, ()))
    assert first[0]
    assert rulebook.judge_all((view,), 0.0) == ((),)


def test_a_call_without_words_or_with_one_role_has_nothing_to_find() -> None:
    rules = ("holds: {not: complaint}, when: complaint", f"when: sorry, {PHRASE}", "holds: angry, role: any")
    silent = dialogue_facts("坐席：您好", "call")
    for facts in (replace(silent, utterances=(), events=()), silent):
        assert all(judge(rule, facts) == () for rule in rules)


def test_doubtful_words_make_no_condition_hold() -> None:
    clean = "{says: {role: patient, any: [{say: 不清楚, sensible: [不清除]}]}}"
    assert judge(f"when: {clean}, {PHRASE}", "患者：我不清楚。\n坐席：随便。")
    assert judge(f"when: {clean}, {PHRASE}", "患者：我不清除。\n坐席：随便。") == ()


def test_an_interruption_is_a_condition_of_who_caused_it() -> None:
    facts = dialogue_facts("患者：我想问一下报销。\n坐席：随便。", "call")
    cut = replace(facts, events=(Event("interruption", 2.0, 2.6, "agent", 1, 0.6),))
    when = "when: {event: {kind: interruption, above: 0.5, caused_by: agent}}, "
    assert judge(when + PHRASE, cut)
    assert judge(when + PHRASE, facts) == ()


def test_an_excused_silence_makes_no_condition_hold() -> None:
    event = "{event: {kind: silence, above: 8, excuse: {any: [请稍等], up_to: 60}}}"
    plain = "坐席：我看看系统。\n静默：12\n坐席：随便。"
    assert judge(f"when: {event}, {PHRASE}", plain)
    assert judge(f"when: {event}, {PHRASE}", plain.replace("我看看系统", "请稍等")) == ()


def test_events_need_their_company_before_one_of_them_is_chosen() -> None:
    call = "坐席：您好。\n静默：10\n患者：您好啊。\n静默：20\n坐席：您讲。"
    event = "event: {kind: silence, above: 8, at_least: 2}, scope: {occurrence: first}"
    assert [f.value for f in judge(event, call)] == [10.0]
    assert judge(event.replace("at_least: 2", "at_least: 3"), call) == ()
