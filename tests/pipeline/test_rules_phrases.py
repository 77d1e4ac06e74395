"""What may be written wherever words are looked for, and what it finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.yaml_source import Place, parse
from pipeline.errors import RuleError
from pipeline.model import Probe, Word
from pipeline.rules.matching import index_of, views_of
from pipeline.rules.phrases import Phrase, PhraseList, read_phrase_list
from pipeline.rules.spoken import CallView, SpokenTurn
from tests.builders import make_facts, make_utterance, make_words


def words_of(text: str, **options: int) -> PhraseList:
    return read_phrase_list(parse(text, "a.yaml"), {}, **options)  # type: ignore[arg-type]


def turn_of(*texts: str, probes: tuple[Probe, ...] = ()) -> SpokenTurn:
    """One turn of the agent: an utterance per text, each beginning 10 s after the one before; 0.25 s a character."""
    times = [(10.0 * i, 10.0 * i + len(text) / 4) for i, text in enumerate(texts)]
    said = tuple(
        make_utterance(i, "agent", start, end, text, words=make_words(text, start, end))
        for i, (text, (start, end)) in enumerate(zip(texts, times, strict=True))
    )
    (turn,) = CallView(make_facts(utterances=said, events=(), probes=probes)).turns
    return turn


def heard(text: str, *texts: str) -> list[str]:
    """What a phrase list (YAML) hears in a turn."""
    turn = turn_of(*texts)
    return [turn.evidence(hit.span).matched_text for hit in words_of(text).hits(turn)]


FILLER = st.text(alphabet="好的您先说那我看天气真热，。 CT3、？", max_size=12)


@settings(deadline=None)
@given(before=FILLER, after=FILLER, phrase=st.sampled_from(["不归我管", "没工夫跟你", "告到哪都没用"]))
def test_a_phrase_is_found_where_it_stands(before: str, after: str, phrase: str) -> None:
    text = before + phrase + after
    words = tuple(Word(c, float(i), float(i + 1), 0.5) for i, c in enumerate(text))
    said = make_utterance(0, "agent", 0.0, float(len(text)), text, words=words)
    (turn,) = CallView(make_facts(utterances=(said,), events=())).turns
    (hit,) = PhraseList((Phrase(phrase, Place("a.yaml", 1)),)).hits(turn)
    found = turn.evidence(hit.span)
    assert (found.matched_text, found.start_s, found.end_s) == (phrase, float(len(before)), float(len(before + phrase)))


def test_all_asks_for_company_in_the_same_turn() -> None:
    text = "{any: [投诉], all: [[没用, 随便], [你]]}"
    assert heard(text, "你去投诉，投诉也没用") == ["投诉", "投诉"]
    assert heard(text, "投诉也没用") == []
    assert heard(text, "你去投诉") == []


def test_all_alone_is_one_hit_a_turn() -> None:
    text = "{all: [[投诉, 告], [没用]]}"
    assert heard(text, "投诉没用，告也没用") == ["投诉"]
    assert heard(text, "你去投诉") == []


def test_at_least_counts_different_ones() -> None:
    text = "{at_least: {count: 2, of: [姓名, 电话, {regex: '身份证.?'}]}}"
    assert heard(text, "您的姓名，姓名") == []
    assert heard(text, "您的姓名和电话") == ["姓名"]
    assert heard(text, "身份证号和电话，姓名") == ["身份证号"]


def test_none_in_the_same_turn() -> None:
    text = "{any: [退号], none: [不能, {regex: '没.{0,2}办法'}]}"
    assert heard(text, "可以退号") == ["退号"]
    assert heard(text, "不能", "退号") == []
    assert heard(text, "没有办法退号") == []
    assert heard("{any: [退号], none: [不清楚]}", "不清除能退号吗") == []  # what excuses is heard by sound


def test_near_in_characters() -> None:
    text = "{any: [不行], near: {any: [退号], within_characters: 3}}"
    assert heard(text, "退号这样不行") == ["不行"]
    assert heard(text, "退号这样，不行") == ["不行"]
    assert heard(text, "不行就退号") == ["不行"]
    assert heard(text, "退号我都说了不行") == []
    assert heard(text, "退号。不行") == []  # no full stop may stand between
    assert heard(text, "不行") == []


def test_near_on_one_side() -> None:
    before = "{any: [不知道], not_near: {any: [您说, 您刚才讲], within_characters: 3, side: before}}"
    assert heard(before, "您说的那个不知道") == []
    assert heard(before, "不知道您说什么") == ["不知道"]
    assert heard(before, "您说。不知道") == ["不知道"]
    after = "{any: [不知道], near: {any: [帮您问], within_characters: 3, side: after}}"
    assert heard(after, "不知道，帮您问") == ["不知道"]
    assert heard(after, "帮您问，不知道") == []


def test_near_and_not_near_take_several() -> None:
    neither = (
        "{any: [不知道], not_near: [{any: [您说], within_characters: 3, side: before}, "
        "{any: [三个字], within_characters: 2, side: after}]}"
    )
    assert heard(neither, "您说的那个不知道") == []
    assert heard(neither, "不知道这三个字不能说") == []
    assert heard(neither, "三个字，不知道") == ["不知道"]
    both = neither.replace("not_near", "near")
    assert heard(both, "您说不知道这三个字") == ["不知道"]
    assert heard(both, "您说不知道") == []


@pytest.mark.parametrize("several", ["[]", "[不行]", "不行", "[{any: [不行]}]"])
def test_near_that_is_no_mapping_nor_a_list_of_them(several: str) -> None:
    with pytest.raises(RuleError, match=r":1: .*near"):
        heard(f"{{any: [退号], near: {several}}}", "退号")


def test_near_in_seconds() -> None:
    text = "{any: [退号], near: {any: [不行], within_s: 5}}"
    assert heard(text, "退号。嗯，好，不行") == ["退号"]
    assert heard(text, "退号这个", "不行") == []  # ten seconds later
    assert heard(text.replace("near", "not_near"), "退号这个", "不行") == ["退号"]


def test_a_word_is_not_near_itself() -> None:
    assert heard("{any: [不行], near: {any: [行, 不行], within_characters: 9}}", "这个不行") == []
    assert heard("{any: [不行], near: {any: [不行], within_characters: 9}}", "不行就是不行") == ["不行", "不行"]


@pytest.mark.parametrize(
    ("match", "said", "hits"),
    [
        ("text", "不指导", []),
        ("pinyin", "不指导", ["不指导"]),
        ("pinyin", "不资到", []),  # z for zh is another sound
        ("fuzzy", "不资到", ["不资到"]),
        ("fuzzy", "不指导", ["不指导"]),
        ("fuzzy", "不知道", ["不知道"]),
        ("fuzzy", "不，资到", []),  # a pause parts three characters
        ("fuzzy", "大资道", []),
    ],
)
def test_ways_of_matching(match: str, said: str, hits: list[str]) -> None:
    assert heard(f"{{any: [不知道], match: {match}}}", said) == hits
    assert heard(f"{{any: [{{say: 不知道, match: {match}}}]}}", said) == hits


def test_the_limit_of_a_fuzzy_match() -> None:
    wide, narrow = (
        "{any: [急什么], match: fuzzy, max_distance: 0.2}",
        "{any: [急什么], match: fuzzy, max_distance: 0.1}",
    )
    assert heard(wide, "你提什么") == ["提什么"]  # 0.5 for t and j, by three syllables
    assert heard(narrow, "你提什么") == []


def test_a_fuzzy_hit_asks_to_be_listened_to_the_more_the_farther_it_sounds() -> None:
    words = words_of("{any: [不知道], match: fuzzy}")
    (exact,), (sound,), (near,) = (words.hits(turn_of(t)) for t in ("不知道", "不指导", "不资道"))
    assert [h.how for h in (exact, sound, near)] == ["text", "pinyin", "fuzzy"]
    assert [h.needs_listening for h in (exact, sound, near)] == [False, False, True]
    assert near.distance == pytest.approx(0.1 / 3)
    assert 1.0 == exact.factor > sound.factor > near.factor > 0.7
    assert near.confidence(0.5) == pytest.approx(0.5 * near.factor)


def test_the_audio_has_the_last_word_about_a_fuzzy_hit() -> None:
    words = words_of("{any: [不知道], match: fuzzy}")

    def hows(log_ratio: float) -> list[str]:
        probe = Probe("不知道", 0, 0, 3, 0.0, 1.0, 0.03, -5.0 + log_ratio, -5.0, log_ratio)
        return [hit.how for hit in words.hits(turn_of("不资道", probes=(probe,)))]

    assert hows(5.0) == ["said"]
    assert hows(-30.0) == []
    assert [hit.how for hit in words.hits(turn_of("不资道"))] == ["fuzzy"]


def test_a_clearer_hit_wins_over_a_fuzzy_one() -> None:
    words = words_of("{any: [{say: 不知道啊, match: fuzzy}, 不知道]}")
    (hit,) = words.hits(turn_of("不知道呀"))
    assert (hit.how, hit.phrase) == ("text", "不知道")


def test_a_respelt_hit_is_excused_as_it_reads_whether_indexed_or_not() -> None:
    words = words_of("{any: [不知道], except: [{regex: '不知道(您|你)方'}]}")
    said = make_utterance(0, "agent", 0.0, 3.0, "不指导您方便吗", words=())
    facts = make_facts(utterances=(said,), events=())
    for view in (CallView(facts), *views_of([facts], index_of([words]))):
        assert words.hits(view.turns[0]) == ()


CLASSES = {
    "date": (["下周三", "三月五号", "2月14日", "明天", "星期天", "三天之内"], ["一号窗口", "三号楼", "早点来"]),
    "time": (["下午三点半", "十点钟", "8点", "两个小时", "上午"], ["早一点", "快一点"]),
    "money": (["三百二十元", "50块", "两百块钱", "五万多元"], ["我们一块去", "千万别"]),
    "phone": (["13812345678", "幺三八零零幺三八零零零", "010-8765 4321", "4008001234"], ["三百二十元", "二零二六年"]),
    "number": (["3", "十二", "一百零五"], ["千万别忘", "万一"]),
    "id_number": (["11010519491231002X", "一一零一零五一九四九一二三一零零二叉"], ["13812345678"]),
    "department": (["心内科", "骨科"], ["科目"]),
    "drug": (["阿司匹林"], ["药"]),
    "procedure": (["胃镜"], ["手"]),
    "insurance": (["异地医保"], ["保"]),
    "person_title": (["主任"], ["人"]),
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_of_things(name: str) -> None:
    there, not_there = CLASSES[name]
    text = f"{{any: [{{class: {name}}}]}}"
    assert [t for t in there if not heard(text, "就是" + t)] == []
    assert [t for t in not_there if heard(text, "就是" + t)] == []


def test_a_class_of_the_house_replaces_the_shipped_one() -> None:
    sets = {"class:drug": parse("{a: [神药]}", "b.yaml").entries("a")}
    words = read_phrase_list(parse("{any: [{class: drug}]}", "a.yaml"), sets)
    assert [p.characters for p in words.phrases] == ["神药"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{any: []}", "must be a list with at least one element"),
        ("{}", "'any' is missing"),
        ("{any: ['，。']}", "no spoken character"),
        ("{any: [" + "好" * 61 + "]}", "at most 60"),
        ("{any: [{regex: 'a(?=b)'}]}", "RE2 refuses"),
        ("{any: [{regex: 'a*'}]}", "matches the empty text"),
        ("{any: [{regex: '" + "好" * 501 + "'}]}", "at most 500"),
        ("{any: [{set: nobody}]}", "not defined"),
        ("{any: [{class: planet}]}", "not known"),
        ("{any: [{say: 好的, match: loud}]}", "not known"),
        ("{any: [{say: 好的, pinyin: false}]}", "match: text"),
        ("{any: [好的], pinyin: false}", "match: text"),
        ("{any: [好的], max_distance: 0.1}", "for match: fuzzy"),
        ("{any: [好的], match: fuzzy, max_distance: 0.9}", "from 0.01 to 0.4"),
        ("{any: [好的], match: text, min_syllables: 2}", "for sounds"),
        ("{any: [{say: 好的, match: text, sensible: [好得]}]}", "for sounds"),
        ("{any: [好的], near: {any: [不]}}", "exactly one of"),
        ("{any: [好的], near: {any: [不], within_s: 1, within_characters: 1}}", "exactly one of"),
        ("{any: [好的], near: {within_s: 1}}", "'any' is missing"),
        ("{any: [好的], near: {any: [不], within_s: 1, side: left}}", "not known"),
        ("{any: [好的], at_least: {count: 2, of: [一, 二]}}", "contradict"),
        ("{at_least: {count: 3, of: [一, 二]}}", "from 2 to 2"),
        ("{at_least: {count: 2, of: [一]}}", "at least two"),
        ("{all: [好的]}", "must be a list of phrases"),
    ],
)
def test_mistakes_name_file_line_and_remedy(text: str, told: str) -> None:
    with pytest.raises(RuleError, match=r"^a\.yaml:1: ") as caught:
        words_of(text)
    assert told in str(caught.value)


def test_a_set_within_a_set_within_itself() -> None:
    sets = parse("{a: [{set: b}], b: [{set: a}]}", "b.yaml")
    named = {name: sets.entries(name) for name in ("a", "b")}
    with pytest.raises(RuleError, match="contains itself"):
        read_phrase_list(parse("{any: [{set: a}]}", "a.yaml"), named)
