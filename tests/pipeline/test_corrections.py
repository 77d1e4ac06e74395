"""Corrected facts: what follows from a corrected word or role, and that publishing and rechecking keep it."""

from dataclasses import replace

import pytest

from pipeline.batch.rejudge import JudgeFactory
from pipeline.batch.upkeep import publish, recheck
from pipeline.config.settings import load_settings
from pipeline.corrections import corrected, unfitting
from pipeline.judge import Judge
from pipeline.model import BY_A_PERSON, Event, Probe
from pipeline.sounds import encode
from pipeline.store import artefact
from pipeline.store.corrections import Change, open_corrections
from pipeline.store.snapshot import open_snapshot
from pipeline.store.users import User
from tests.builders import make_call_measures, make_facts, make_report, make_turns, make_utterance

LI = User("li", "李敏", "reviewer")
SETTINGS = load_settings()
SAID = "这个我帮您查一下，请稍等。"
LINES = (
    ("agent", 0.0, 4.0, "您好，这里是市第一人民医院"),
    ("patient", 5.0, 9.0, "我想问一下报销的比例是多少"),
    ("agent", 8.0, 11.0, "这个我不知道规定就这样"),
)


def facts_of(lines=LINES, **overrides):
    utterances = tuple(make_utterance(i, *line) for i, line in enumerate(lines))
    return make_facts(utterances=utterances, turns=make_turns(utterances), events=(), **overrides)


def put_right(facts, *changes):
    return corrected(facts, changes, SETTINGS.measures)


def test_without_changes_the_facts_are_the_very_same():
    facts = facts_of()
    assert put_right(facts) is facts
    assert put_right(facts, Change("text", 2, heard="别的话", text="好")) is facts
    assert put_right(facts, Change("text", 9, heard="", text="好")) is facts


def test_corrected_words_bring_their_sounds_and_rates():
    facts = facts_of()
    after = put_right(facts, Change("text", 2, heard=LINES[2][3], text="這個我帮您查一下"))
    said = after.utterances[2]
    assert (said.text, said.raw_text) == ("这个我帮您查一下", LINES[2][3])
    assert said.sounds == encode("这个我帮您查一下")
    assert [(c.original, c.corrected, c.reason) for c in said.corrections] == [
        ("不知道规定就这样", "帮您查一下", BY_A_PERSON)
    ]
    assert said.measures.value("characters_count") == 8.0
    # 8 characters are fewer than a rate needs (10); the utterance of 3 s had 11 before
    assert said.measures.reason("speech_rate_cpm") == "too_few_characters"
    # the agent: 12 + 8 characters, voiced 0.9 x (4 + 3) s = 6.3 s, utterances 7 s
    assert after.measures.value("agent_characters_count") == 20.0
    assert after.measures.value("agent_speech_rate_cpm") == pytest.approx(60 * 20 / 6.3)
    assert after.measures.value("agent_gross_rate_cpm") == pytest.approx(60 * 20 / 7)
    assert after.measures.value("agent_estimated_spl_db") == facts.measures.value("agent_estimated_spl_db")
    assert after.utterances[:2] == facts.utterances[:2]


def test_a_later_correction_of_the_same_words_wins():
    changes = [Change("text", 2, heard=LINES[2][3], text=text) for text in ("先这样写", "后来这样写")]
    assert put_right(facts_of(), *changes).utterances[2].text == "后来这样写"


def test_what_was_made_on_other_words_is_named():
    facts = facts_of()
    lost = Change("role", 1, heard="以前听成这样", role="agent")
    assert unfitting(facts, [Change("swap"), lost]) == (lost,)


def test_probes_of_corrected_words_say_nothing_any_more():
    probe = Probe("不知道", 2, 3, 6, 8.8, 9.6, 0.0, -5.0, -5.0, 0.0)
    other = replace(probe, utterance_index=0)
    after = put_right(facts_of(probes=(probe, other)), Change("text", 2, heard=LINES[2][3], text=SAID))
    assert after.probes == (other,)


def test_swapped_roles_change_all_that_belongs_to_a_side():
    facts = facts_of(role_confidence=0.4)
    after = put_right(facts, Change("swap"))
    assert [u.role for u in after.utterances] == ["patient", "agent", "patient"]
    assert after.role_confidence == 1.0
    assert after.measures.value("agent_estimated_spl_db") == 67.0  # was the patient's
    assert after.measures.value("patient_talk_ratio") == 0.69
    assert after.measures.value("agent_characters_count") == 13.0
    # the agent now answers after 5.0 - 4.0 s
    assert after.measures.value("agent_reply_latency_median_s") == pytest.approx(1.0)
    assert put_right(after, Change("swap")).measures.value("agent_estimated_spl_db") == 65.0


def test_who_cut_in_follows_the_roles():
    facts = facts_of(
        measures=make_call_measures(overlap_s=1.0, agent_interruptions_count=1.0, patient_interruptions_count=0.0)
    )
    facts = replace(facts, events=(Event("interruption", 8.0, 9.0, "agent", 2, 1.0),))
    after = put_right(facts, Change("swap"))
    assert [(e.kind, e.role, e.value) for e in after.events] == [("interruption", "patient", 1.0)]
    assert after.measures.value("agent_interruptions_count") == 0.0
    assert after.measures.value("patient_interruptions_count") == 1.0


def test_one_utterance_changes_sides_without_moving_the_voices():
    lines = (*LINES, ("agent", 12.0, 15.0, "请您稍等我帮您问一下财务科"))
    facts = facts_of(lines)
    after = put_right(facts, Change("role", 2, heard=LINES[2][3], role="patient"))
    assert [u.role for u in after.utterances] == ["agent", "patient", "patient", "agent"]
    # the agent's voice still is the agent's: two of its three utterances are
    assert after.measures.value("agent_estimated_spl_db") == 65.0
    assert after.measures.value("agent_characters_count") == 12.0 + 13.0


def test_a_voice_that_loses_its_role_has_no_level():
    after = put_right(facts_of(), Change("role", 1, heard=LINES[1][3], role="agent"))
    assert after.measures.reason("patient_estimated_spl_db") == "unknown_role"
    assert after.measures.value("patient_characters_count") is None


@pytest.fixture
def settings(tmp_path):
    return load_settings(tmp_path)


def verified_report(settings):
    """A call whose 不知道 was heard as 不指导, as a run stores it."""
    lines = (*LINES[:2], ("agent", 9.5, 12.5, "这个我不指导规定就这样"))
    facts = replace(facts_of(lines), verified=True)
    report = make_report("c1")
    return replace(
        report, facts=replace(facts, recording=report.facts.recording), judgement=Judge(settings).judge(facts)
    )


def forbidden(settings):
    with open_snapshot(settings.home) as connection:
        rows = connection.execute(
            "select matched_text, status from findings where family = 'forbidden_phrase' order by start_s"
        ).fetchall()
        (total,) = connection.execute("select score_total from calls where call_id = 'c1'").fetchone()
        (text,) = connection.execute("select text from utterances where utterance_index = 2").fetchone()
    return rows, total, text


def test_publishing_and_rechecking_keep_what_was_put_right(settings):
    report = verified_report(settings)
    report = replace(report, judgement=replace(report.judgement, call_id="c1"))
    artefact.write_report(settings.home, report)
    publish(settings)
    before, total, _ = forbidden(settings)
    assert ("不知道", "violated") not in before
    with open_corrections(settings.home) as store:
        store.add(
            "c1", LI, Change("text", 2, heard="这个我不指导规定就这样", text="这个我不知道规定就这样"), based_on=0
        )
    publish(settings)
    rows, lower, text = forbidden(settings)
    assert rows == [("不知道", "violated")]
    assert lower < total
    assert text == "这个我不知道规定就这样"
    assert artefact.read_facts(settings.home, "c1").utterances[2].text == "这个我不指导规定就这样"
    again = recheck(settings, JudgeFactory(settings))
    assert again.problems == ()
    assert forbidden(settings) == (rows, lower, text)
    with open_corrections(settings.home) as store:
        store.add("c1", LI, Change("withdraw", withdraws=1), based_on=1)
    publish(settings)
    assert forbidden(settings) == (before, total, "这个我不指导规定就这样")
