"""What the rules make of a call: statuses, seconds, words, confidence."""

import pytest

from pipeline.model import AudioFacts, CallFacts, Event, Finding, Measures
from pipeline.rules import Rulebook, load_rulebook, rulebook_of
from pipeline.rules.heard import HeardWords
from pipeline.rules.spoken import CallView
from tests.builders import make_audio_facts, make_facts, make_measures, make_utterance, make_words

BOOK = load_rulebook()

HEAD = """\
rules:
  - {id: r, family: forbidden_phrase, severity: major, name_zh: 一, name_en: One, examples: {hit: [a], miss: [b]}, """


def book_of(operator: str) -> Rulebook:
    return rulebook_of({"a.yaml": HEAD + operator + "}\n"})


def judge(facts: CallFacts, book: Rulebook = BOOK, rule: str = "", minimum: float = 0.7) -> tuple[Finding, ...]:
    return tuple(f for f in book.judge(facts, minimum) if f.rule_id.startswith(rule))


def one_line(text: str, **overrides: object) -> CallFacts:
    return make_facts(lines=(("agent", 10.0, 10.0 + len(text) * 0.25, text),), **overrides)


def test_the_default_call_of_the_builders() -> None:
    families = {"greeting", "closing", "courtesy_words", "silence", "forbidden_phrase"}
    found = {(f.rule_id, f.status) for f in BOOK.judge(make_facts(), 0.7) if f.family in families}
    assert found == {
        ("greeting-opening", "satisfied"),
        ("closing-farewell", "satisfied"),
        ("courtesy-ten-characters", "satisfied"),
        ("silence-unannounced", "remedied"),
        ("forbidden-dont-know", "violated"),
    }


def test_a_hit_has_the_seconds_and_the_words_of_what_was_said() -> None:
    (finding,) = judge(
        one_line("这个我不知道。"), rule="forbidden"
    )  # six characters in 1.75 s, the full stop on the last
    assert finding.matched_text == "不知道"
    assert finding.start_s == pytest.approx(10.0 + 3 * 1.75 / 6, abs=0.002)
    assert finding.end_s == pytest.approx(11.75, abs=0.002)
    assert finding.evidence == "这个我不知道。"
    assert finding.confidence == pytest.approx(0.92 * 0.95, abs=1e-4)  # words x roles
    assert (finding.role, finding.utterance_index, finding.family) == ("agent", 0, "forbidden_phrase")


def test_a_hit_by_sound_is_less_sure_and_says_so() -> None:
    (finding,) = judge(one_line("这个我不指导"), rule="forbidden")
    assert (finding.status, finding.matched_text) == ("violated", "不指导")
    assert finding.confidence == pytest.approx(0.92 * 0.95 * 0.8, abs=1e-4)
    assert finding.note is not None
    assert "不知道" in finding.note


def test_raw_words_in_traditional_characters_still_give_their_times() -> None:
    words = make_words("這個我不知道", 10.0, 11.5)
    spoken = make_utterance(0, "agent", 10.0, 11.5, "这个我不知道", raw_text="這個我不知道", words=words)
    (finding,) = judge(make_facts(utterances=(spoken,), events=()), rule="forbidden")
    assert (finding.start_s, finding.end_s) == (10.75, 11.5)


def test_without_words_the_utterance_gives_times_and_confidence() -> None:
    spoken = make_utterance(0, "agent", 3.0, 5.0, "这个我不知道", words=(), confidence=0.6)
    (finding,) = judge(make_facts(utterances=(spoken,), events=(), role_confidence=1.0), rule="forbidden")
    assert (finding.start_s, finding.end_s, finding.confidence) == (3.0, 5.0, 0.6)


def test_a_corrected_text_is_aligned_with_the_recognised_words() -> None:
    spoken = make_utterance(0, "agent", 0.0, 3.0, "心内科的事不归我管", words=make_words("新内科事不归我管", 0.0, 2.4))
    touched = [HeardWords(spoken.words, 0, spoken.text).between(at, at + 1) for at in range(9)]
    assert [w.text if w else None for w in [spoken.words[t.words[0]] if t.words else None for t in touched]] == [
        *(None, "内", "科", None, "事", "不", "归", "我", "管")
    ]
    (finding,) = judge(make_facts(utterances=(spoken,), events=()), rule="forbidden")
    assert (finding.start_s, finding.end_s) == (1.2, 2.4)


def test_the_patient_may_say_everything() -> None:
    lines = (
        ("patient", 0.0, 3.0, "我不知道，随便，投诉就投诉"),
        ("agent", 4.0, 8.0, "您好，市医院客服中心，请讲，感谢来电，再见"),
    )
    duties = {"satisfaction", "empathy", "soothing_four_steps", "complaint_deadline"}  # 投诉 asks for more than 请讲
    found = judge(make_facts(lines=lines, events=()))
    assert [f for f in found if f.status != "satisfied" and f.family not in duties] == []


def test_unknown_roles_and_low_role_confidence_are_for_review() -> None:
    unknown = make_facts(lines=(("unknown", 0.0, 2.0, "这个我不知道"),), events=())
    assert [f.status for f in judge(unknown, rule="forbidden")] == ["review"]
    doubtful = one_line("这个我不知道", role_confidence=0.6)
    (finding,) = judge(doubtful, rule="forbidden")
    assert finding.status == "review"
    assert "0.60" in (finding.note or "")
    assert [f.status for f in judge(doubtful, rule="forbidden", minimum=0.6)] == ["violated"]


def test_low_role_confidence_leaves_what_costs_nothing() -> None:
    found = {f.rule_id: f.status for f in judge(make_facts(role_confidence=0.3))}
    assert found["greeting-opening"] == "satisfied"
    assert found["silence-unannounced"] == "remedied"
    assert found["forbidden-dont-know"] == "review"


def test_a_remedy_counts_in_the_next_two_turns_only() -> None:
    def status(turns_between: int) -> str:
        lines: list[tuple[str, float, float, str]] = [("agent", 0.0, 2.0, "这个我不知道")]
        for i in range(turns_between):
            lines += [
                ("patient", 3.0 + 8 * i, 4.0 + 8 * i, "那要怎么办"),
                ("agent", 5.0 + 8 * i, 8.0 + 8 * i, "您先说是哪个科"),
            ]
        lines += [("patient", 90.0, 91.0, "骨科门诊"), ("agent", 92.0, 94.0, "我帮您问一下")]
        (finding,) = judge(make_facts(lines=tuple(lines), events=()), rule="forbidden")  # type: ignore[arg-type]
        return finding.status

    assert [status(n) for n in (0, 1, 2)] == ["remedied", "remedied", "violated"]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("patient：她说随便你。", "agent：随便你，是吗？"), "review"),
        (("patient：她说碎便你。", "agent：随便你，是吗？"), "review"),  # by sound, as recognised
        (("patient：她说碎点你。", "agent：随便你，是吗？"), "review"),  # nearly
        (("patient：她说你随。", "agent：随便你，是吗？"), "violated"),
        (("patient：她说随便你。", "agent：嗯？", "patient：真的。", "agent：随便你，是吗？"), "review"),
        (
            (
                "patient：随便你。",
                "agent：我查询。",
                "patient：查什么？",
                "agent：查价格。",
                "patient：多少？",
                "agent：随便你。",
            ),
            "violated",
        ),
        (("agent：随便你。", "patient：随便你？", "agent：随便你。"), "violated"),  # the agent began
        (("agent：随便你。", "patient：啊？"), "violated"),
    ],
)
def test_words_that_somebody_else_has_just_said_are_for_review(lines: tuple[str, ...], status: str) -> None:
    book = book_of("phrase: {any: [随便你], echo_turns: 2}")
    said = (line.split("：", 1) for line in lines)
    facts = make_facts(lines=tuple((role, n * 3.0, n * 3.0 + 2.0, text) for n, (role, text) in enumerate(said)))
    assert {f.status for f in judge(facts, book)} == {status}


def test_back_channels_of_the_other_side_do_not_end_a_turn() -> None:
    lines = (
        ("agent", 0.0, 2.0, "说了"),
        ("patient", 2.0, 2.3, "嗯嗯"),
        ("agent", 2.5, 4.0, "你也不懂"),
    )
    (finding,) = judge(make_facts(lines=lines, events=()), rule="forbidden")
    assert (finding.rule_id, finding.start_s, finding.end_s) == ("forbidden-contempt", 0.0, 4.0)
    assert finding.matched_text == "说了 你也不懂"


def test_punctuation_parts_short_phrases_and_full_stops_part_all() -> None:
    book = book_of("phrase: {any: [不知道, 说了你也不懂]}")
    assert [f.matched_text for f in judge(one_line("不，知道了"), book)] == []
    assert [f.matched_text for f in judge(one_line("说了，你也不懂"), book)] == ["说了，你也不懂"]
    assert [f.matched_text for f in judge(one_line("说了。你也不懂"), book)] == []
    assert [f.matched_text for f in judge(one_line("不 知道"), book)] == ["不 知道"]


def test_overlapping_phrases_of_a_rule_are_one_finding() -> None:
    book = book_of("phrase: {any: [不知道, 我不知道, 不知道啊]}")
    assert [f.matched_text for f in judge(one_line("我不知道，你问他，我不知道啊"), book)] == ["我不知道", "我不知道"]


def test_an_exception_holds_in_one_breath() -> None:
    book = book_of("phrase: {any: [不知道], except: [不知道您]}")
    assert len(judge(one_line("不知道您贵姓"), book)) == 0
    assert len(judge(one_line("不知道，您先说"), book)) == 1
    assert len(judge(one_line("不知道。您先说"), book)) == 1
    quoting = book_of("phrase: {any: [不知道], except: [您说不知道, 谢谢您不知道]}")
    assert len(judge(one_line("您说，不知道怎么走"), quoting)) == 0
    assert len(judge(one_line("谢谢您，不知道怎么走"), quoting)) == 1


def test_two_syllables_match_by_characters_only() -> None:
    book = book_of("phrase: {any: [随便]}")
    assert len(judge(one_line("虽便宜一点"), book)) == 0
    assert len(judge(one_line("随便吧"), book)) == 1


def test_a_pattern_sees_the_spoken_characters() -> None:
    book = book_of("phrase: {any: [{regex: '爱.{1,3}不.{1,3}'}]}")
    assert [f.matched_text for f in judge(one_line("你爱，去不去"), book)] == ["爱，去不去"]
    assert judge(one_line("你爱去。不去"), book) == ()


def test_scope_in_turns_and_seconds() -> None:
    lines = tuple(("agent" if i % 2 == 0 else "patient", 10.0 * i, 10.0 * i + 5, f"第{i}句话随便") for i in range(6))

    def hits(scope: str) -> list[int | None]:
        book = book_of(f"scope: {{{scope}}}, phrase: {{any: [随便]}}")
        return [f.utterance_index for f in judge(make_facts(lines=lines, events=()), book)]  # type: ignore[arg-type]

    assert hits("first_turns: 1") == [0]
    assert hits("last_turns: 2") == [2, 4]
    assert hits("first_s: 20") == [0, 2]
    assert hits("last_s: 12") == [4]
    assert hits("first_turns: 1, first_s: 20") == [0, 2]


def test_a_missing_closing_of_a_damaged_recording_is_for_review() -> None:
    audio: AudioFacts = make_audio_facts(damaged=True)
    (finding,) = judge(one_line("带好身份证就行", audio=audio), rule="closing")
    assert (finding.status, finding.note) == ("review", "录音有损坏，可能漏听")


def test_what_cannot_be_judged_gives_no_finding() -> None:
    silent = make_facts(utterances=(), events=(), measures=make_measures(agent_speech_rate_cpm="unknown_role"))
    assert BOOK.judge(silent, 0.7) == ()
    patient_only = make_facts(lines=(("patient", 0.0, 2.0, "喂，有人吗"),), events=(), measures=Measures())
    assert BOOK.judge(patient_only, 0.7) == ()


def test_measures_of_the_call_and_of_utterances() -> None:
    facts = make_facts(measures=make_measures(agent_speech_rate_cpm=318.4, agent_estimated_spl_db=55.2), events=())
    found = {f.rule_id: f for f in judge(facts) if f.value is not None}
    assert set(found) == {"speech-rate-fast-call", "loudness-low-call"}
    fast = found["speech-rate-fast-call"]
    assert (fast.value, fast.limit, fast.unit, fast.start_s, fast.utterance_index) == (318.4, 300.0, "cpm", None, None)
    assert fast.evidence == "全程 318 字/分，高于限值 300 字/分"
    assert (fast.note, found["loudness-low-call"].note) == (None, "线路未校准，声压级为估算值")
    assert fast.key == "speech-rate-fast-call@-1"


def test_only_the_worst_utterances_are_reported() -> None:
    rates = (381.0, 500.0, 400.0, 450.0)
    lines = tuple(
        make_utterance(
            i,
            "agent",
            10.0 * i,
            10.0 * i + 5,
            "请您带好身份证和医保卡到一楼大厅",
            measures=make_measures(speech_rate_cpm=rate),
        )
        for i, rate in enumerate(rates)
    )
    found = judge(make_facts(utterances=lines, events=()), rule="speech-rate-fast-turn")
    assert [f.value for f in found] == [500.0, 400.0, 450.0]


def silence(start_s: float, end_s: float, role: str, index: int | None) -> Event:
    return Event("silence", start_s, end_s, role, index, end_s - start_s)  # type: ignore[arg-type]


def test_silences_excused_up_to_a_minute() -> None:
    lines = (("agent", 0.0, 2.0, "请稍等，我帮您查一下"), ("agent", 72.0, 74.0, "查到了"))
    for end_s, status, limit in (
        (10.0, None, 0.0),
        (11.0, "remedied", 60.0),
        (62.0, "remedied", 60.0),
        (72.0, "violated", 60.0),
    ):
        found = judge(make_facts(lines=lines, events=(silence(2.0, end_s, "agent", 1),)), rule="silence")
        assert [(f.status, f.limit) for f in found] == ([] if status is None else [(status, limit)])


def test_an_announcement_excuses_one_wait_only() -> None:
    lines = (
        ("agent", 0.0, 2.0, "请您稍等，我帮您查一下。"),
        ("agent", 17.0, 19.0, "让您久等了，周三有号。"),
        ("patient", 19.5, 21.0, "那就周三吧。"),
        ("agent", 33.0, 34.0, "登记好了。"),
    )
    events = (silence(2.0, 17.0, "agent", 1), silence(21.0, 33.0, "agent", 3))
    found = judge(make_facts(lines=lines, events=events), rule="silence")
    assert [f.status for f in found] == ["remedied", "violated"]


def test_an_announcement_after_the_silence_excuses_nothing() -> None:
    lines = (("agent", 0.0, 2.0, "明天有号"), ("agent", 14.0, 16.0, "请稍等，我帮您查一下"))
    (finding,) = judge(make_facts(lines=lines, events=(silence(2.0, 14.0, "agent", 1),)), rule="silence")
    assert (finding.status, finding.value, finding.limit, finding.unit) == ("violated", 12.0, 8.0, "s")


def test_events_may_need_company() -> None:
    lines = (("patient", 0.0, 5.0, "我说了半天"), ("agent", 4.0, 8.0, "您听我说"))
    cuts = tuple(Event("interruption", 4.0 + i, 5.0 + i, "agent", 1, 1.0) for i in range(2))
    book = book_of("event: {kind: interruption, above: 0, caused_by: agent, at_least: 3}")
    assert judge(make_facts(lines=lines, events=cuts), book) == ()
    third = Event("interruption", 7.0, 8.0, "agent", 1, 1.0)
    assert len(judge(make_facts(lines=lines, events=(*cuts, third)), book)) == 3
    patient = Event("interruption", 7.0, 8.0, "patient", 1, 1.0)
    assert judge(make_facts(lines=lines, events=(*cuts, patient)), book) == ()


def test_findings_have_keys_of_their_own_and_come_in_time_order() -> None:
    findings = BOOK.judge(make_facts(measures=make_measures(agent_speech_rate_cpm=350.0)), 0.7)
    assert len({f.key for f in findings}) == len(findings)
    starts = [-1.0 if f.start_s is None else f.start_s for f in findings]
    assert starts == sorted(starts)
    assert BOOK.judge(make_facts(measures=make_measures(agent_speech_rate_cpm=350.0)), 0.7) == findings


def test_turns_of_two_agents_are_two_turns() -> None:
    first = make_utterance(0, "agent", 0.0, 2.0, "我给您转到药房", speaker="S1")
    second = make_utterance(1, "agent", 3.0, 5.0, "您好，药房", speaker="S3")
    view = CallView(make_facts(utterances=(first, second), events=()))
    assert [t.flat for t in view.turns_of("agent")] == ["我给您转到药房", "您好药房"]
