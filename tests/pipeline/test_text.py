"""Text that stays comparable and keeps its offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import (
    count_characters,
    digits_to_characters,
    for_scoring,
    is_content,
    normalise,
    normalise_with_offsets,
    syllables,
    toneless_pinyin,
)

MIXED = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "不知道随便您你好醫院聯繫頭髮乾杯什麽妳銀行長重慶，。？！ 　０１２ＡＢＣCT129%:.\u200b\u202e\t\n①"
        ),
        st.characters(),
    )
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("這個我不知道", "这个我不知道"),
        ("什麽東西", "什么东西"),
        ("頭髮、乾杯、乾坤", "头发、干杯、乾坤"),
        ("妳好", "你好"),
        ("看著辦，效果顯著，著名專家", "看着办，效果显著，著名专家"),
        ("ＣＴ检查１５号", "CT检查15号"),
        ("您好，请问？（门诊）：", "您好，请问？（门诊）："),
        ("不\u202e知\u200b道\x00", "不知道"),
        ("一\n二\t三\u3000四", "一 二 三 四"),
        ("８５％", "85%"),
        ("①楼", "1楼"),
        ("㎡", "㎡"),
        ("", ""),
    ],
)
def test_normalise(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@given(MIXED)
def test_offsets_rise_and_point_at_the_source(raw: str) -> None:
    result = normalise_with_offsets(raw)
    assert len(result.offsets) == len(result.text)
    assert all(a < b for a, b in zip(result.offsets, result.offsets[1:], strict=False))
    for character, index in zip(result.text, result.offsets, strict=True):
        if character.isascii() and raw[index].isascii() and not raw[index].isspace():
            assert raw[index] == character


@given(MIXED)
def test_normalising_cuts_nowhere_else_than_it_says(raw: str) -> None:
    result = normalise_with_offsets(raw)
    dropped = set(range(len(raw))) - set(result.offsets)
    assert all(not is_content(raw[index]) for index in dropped)


@given(st.text(alphabet="這個我不知道頭髮乾杯什麽妳银行，。 ０１ＡＢa1\u200b"))
def test_normalise_twice_changes_nothing(raw: str) -> None:
    assert normalise(normalise(raw)) == normalise(raw)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("您好，请问有什么可以帮您？", 11),
        ("做CT要350元", 8),
        ("ＣＴ", 2),
        ("……！ ", 0),
        ("二〇二四年", 5),
        ("", 0),
    ],
)
def test_count_characters(text: str, count: int) -> None:
    assert count_characters(text) == count


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("不知道", ("bu", "zhi", "dao")),
        ("不指导", ("bu", "zhi", "dao")),
        ("重庆银行的行长", ("chong", "qing", "yin", "hang", "de", "hang", "zhang")),
        ("做CT，15号", ("zuo", "c", "t", "yi", "wu", "hao")),
        ("綠色", ("lv", "se")),
        ("。，", ()),
    ],
)
def test_toneless_pinyin(text: str, sounds: tuple[str, ...]) -> None:
    assert toneless_pinyin(text) == sounds


@given(MIXED)
def test_every_spoken_character_has_one_syllable_in_order(raw: str) -> None:
    text = normalise(raw)
    assert [s.index for s in syllables(text)] == [i for i, c in enumerate(text) if is_content(c)]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("15号", "十五号"),
        ("10楼", "十楼"),
        ("20块", "二十块"),
        ("105元", "一百零五元"),
        ("110元", "一百一十元"),
        ("打120", "打一二零"),
        ("120元", "一百二十元"),
        ("1010元", "一千零一十元"),
        ("20000元", "二万元"),
        ("10500", "一万零五百"),
        ("1,200元", "一千二百元"),
        ("2024年", "二零二四年"),
        ("工号208", "工号二零八"),
        ("工号是 2085", "工号是 二零八五"),
        ("13800000001", "一三八零零零零零零零一"),
        ("08:05", "八点零五"),
        ("10:30", "十点三十"),
        ("8:00", "八点"),
        ("85%", "百分之八十五"),
        ("3.5毫升", "三点五毫升"),
        ("0", "零"),
        ("007", "零零七"),
    ],
)
def test_digits_to_characters(text: str, spoken: str) -> None:
    assert digits_to_characters(text) == spoken


def test_for_scoring_makes_writings_of_the_same_speech_equal() -> None:
    assert for_scoring("您好，我要掛２號 CT。") == for_scoring("您好我要挂两号ct")
    assert for_scoring("下午 3:30，费用15元") == "下午三点三十费用十五元"


@given(MIXED)
def test_for_scoring_leaves_spoken_characters_only(raw: str) -> None:
    assert all((is_content(c) and not c.isdigit()) or c in "零" for c in for_scoring(raw))


@pytest.mark.parametrize("letter", ["Ⱥ", "İ", "Ɐ"])
def test_letters_without_a_small_one_of_their_kind_are_no_content(letter: str) -> None:
    assert not is_content(letter)
    assert for_scoring(letter) == ""
