"""Mending what was heard with the terms of hospital calls."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import sounds
from pipeline.config.terms import load_terms
from pipeline.model import Utterance, Word
from pipeline.spelling import Speller
from pipeline.spelling.candidates import TermIndex
from pipeline.spelling.characters import shipped
from pipeline.text import normalise

TERMS = tuple(term for listed in load_terms().values() for term in listed)
SPELLER = Speller(TERMS, min_probability=0.6)


def said(text: str, probability: float = 0.6, blank: str = "") -> Utterance:
    """An utterance of one word a character, 0.2 s each, all equally sure; blank: stands before the first word."""
    words = tuple(Word(c, k / 5, (k + 1) / 5, probability) for k, c in enumerate(text))
    words = (Word(blank + words[0].text, 0.0, 0.2, probability), *words[1:]) if words else ()
    return Utterance(0, "agent", "A", 0.0, len(text) / 5, text, blank + text, words, probability if text else None)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("您好这里是新内科门诊", "您好这里是心内科门诊"),
        ("周主任每周二上午出镇", "周主任每周二上午出诊"),
        ("想问一下一滴一宝怎么报销", "想问一下异地医保怎么报销"),
        ("我要投足你们的收费窗口", "我要投诉你们的收费窗口"),
        ("请按照医生的厨房来吃", "请按照医生的处方来吃"),
        ("是第一人您依愿客服中心", "市第一人民医院客服中心"),
        ("有高泄压和糖尿病", "有高血压和糖尿病"),
        ("带好一宝卡和身份证", "带好医保卡和身份证"),
        ("我预约了后天的无痛未禁", "我预约了后天的无痛胃镜"),
        ("手工报效要准备发票", "手工报销要准备发票"),
        ("住院的起伏线是多少", "住院的起付线是多少"),
    ],
)
def test_misspelt_terms_are_mended(heard: str, meant: str) -> None:
    assert SPELLER.mend(said(heard)).text == meant


@pytest.mark.parametrize(
    "text",
    [
        "他在厨房做饭,听不见电话。",
        "你们这个地方好远,坐地铁要一个小时",
        "他举手投足都很有礼貌",
        "桌上的一滴水是谁的",
        "未经本人同意,不能告诉别人",
        "我外婆有花眼,看不清字",
        "这个我不知道,您问一下医生",
        "我妹妹上个月刚转正,请不了假",
        "请问有什么可以帮你",
        "请拨打12345,或者按1转接B超室",
        "",
    ],
)
def test_what_is_right_stays(text: str) -> None:
    utterance = said(text, probability=0.9)
    assert SPELLER.mend(utterance) is utterance


def test_a_change_is_listed_and_what_was_recognised_is_kept() -> None:
    mended = SPELLER.mend(said("您好,这里是新内科门诊"))
    (change,) = (c for c in mended.corrections if c.original == "新内科" or c.corrected.startswith("心"))
    assert mended.text[change.start : change.end] == change.corrected
    assert mended.raw_text == "您好,这里是新内科门诊"
    assert mended.raw_text[change.start : change.end] == change.original
    assert 0.6 <= change.probability <= 1
    assert "distance 0.00" in change.reason


def test_words_take_the_new_spelling_and_keep_their_times() -> None:
    heard = said("这里是新内科门诊", blank=" ")
    mended = SPELLER.mend(heard)
    assert "".join(w.text for w in mended.words) == " " + mended.text
    assert [(w.start_s, w.end_s, w.probability) for w in mended.words] == [
        (w.start_s, w.end_s, w.probability) for w in heard.words
    ]


def test_surer_words_need_more_to_be_changed() -> None:
    unsure, sure = (
        max(r.probability for r in SPELLER.readings(said("上午出镇", p)) if r.term == "出诊") for p in (0.3, 1.0)
    )
    assert sure < unsure


def test_a_change_may_neither_make_nor_unmake_a_protected_phrase() -> None:
    heard = said("那你就去头素好了")
    assert SPELLER.mend(heard).text == "那你就去投诉好了"
    guarded = Speller(TERMS, min_probability=0.6, protected=("去投诉好了",))
    assert guarded.mend(heard) is heard
    assert guarded.mend(said("我要头素你们")).text == "我要投诉你们"
    assert SPELLER.mend(said("那你去头素吧", 0.3)).text == "那你去投诉办"  # so what must not be said needs the guard
    guarded = Speller(TERMS, min_probability=0.6, protected=("去投诉吧",))
    assert guarded.mend(said("那你去头素吧", 0.3)).text == "那你去头素吧"


def test_terms_are_found_by_sound_within_one_stretch() -> None:
    index = TermIndex(("心内科", "内科", "儿科"))
    found = {(c.start, c.end, c.term, round(c.distance, 2), c.changed) for c in found_in(index, "挂新内科")}
    assert found == {(1, 4, "心内科", 0.0, (1,)), (2, 4, "内科", 0.0, ())}


def test_other_readings_of_a_character_count() -> None:
    (candidate,) = found_in(TermIndex(("复诊",)), "佛诊")  # 佛 is fo, and fu in 仿佛
    assert candidate.distance == 0


def found_in(index: TermIndex, stretch: str) -> Iterator:  # type: ignore[type-arg]
    return index.find(stretch, sounds.encode(stretch))


def test_known_pairs_of_characters_are_likelier_than_unknown_ones() -> None:
    model = shipped()
    assert model.logprob("医", "院") > model.logprob("医", "远") > -20
    assert model.logprob("", "您") < 0
    assert model.logprob("𠀀", "院") < 0


@given(st.text(alphabet="新内科出镇一滴宝不知道，。 CT12您好投足报效", max_size=30), st.sampled_from(["", " "]))
def test_length_and_digits_never_change(text: str, blank: str) -> None:
    plain = normalise(text).strip()
    heard = said(plain, blank=blank)
    mended = SPELLER.mend(heard)
    assert len(mended.text) == len(plain)
    assert [c for c in mended.text if c.isascii()] == [c for c in plain if c.isascii()]
    assert len("".join(w.text for w in mended.words)) == len("".join(w.text for w in heard.words))
    rebuilt = mended.text
    for c in mended.corrections:
        assert rebuilt[c.start : c.end] == c.corrected
        rebuilt = rebuilt[: c.start] + c.original + rebuilt[c.end :]
    assert rebuilt == plain
