"""Sounds as characters: fixed codes, one for each spoken character, and what it costs to mishear one."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from pypinyin.constants import PINYIN_DICT

from pipeline import sounds
from pipeline.sounds import INDEL_COST, UNKNOWN, WALL, WALL_COST, costs, decode, distance, encode, numbers, spelled
from pipeline.text import count_characters, syllables


def test_a_text_and_its_sounds_keep_step() -> None:
    assert decode(encode("不知道，CT３號〇")) == ("bu", "zhi", "dao", "c", "t", "san", "hao", "ling")
    assert encode("不指导") == encode("不知道")
    assert encode("A") == "a" != encode("啊")
    assert encode("é") == UNKNOWN
    assert encode("，。 ") == ""


def test_the_codes_that_stored_calls_have_never_move() -> None:
    """Append to the table, then state the new count here; the digest of the first 426 stays for ever."""
    assert len(sounds._SYLLABLES) == len(set(sounds._SYLLABLES)) == 426
    known = " ".join(sounds._SYLLABLES[:426])
    assert sha256(known.encode()).hexdigest()[:16] == "c3db6857ca631ee0"
    assert (encode("啊"), encode("坐")) == ("\ue000", chr(0xE000 + 424))


def test_every_character_that_pypinyin_knows_has_a_code() -> None:
    readings = set(lazy_pinyin("".join(map(chr, PINYIN_DICT)), errors=list))  # type: ignore[arg-type]
    assert readings <= set(sounds._SYLLABLES)


@given(st.text(alphabet="不知道随便您好，。 \u200bCT１二重银行\n著麼é𠀀", max_size=40))
def test_one_code_for_each_spoken_character(text: str) -> None:
    assert len(encode(text)) == count_characters(text)


def test_the_costs_are_fair() -> None:
    table = costs()
    assert np.array_equal(table, table.T)
    assert not table.diagonal()[:-2].any()
    assert (table[-1] == WALL_COST).all()
    same = numbers(encode("啊波") + "a" + UNKNOWN + WALL)
    assert table[same[3], same[3]] == INDEL_COST  # what is not known is like nothing, not even itself


@pytest.mark.parametrize(
    ("a", "b", "cost"),
    [
        ("不知道", "不指导", 0.0),
        ("知", "资", 0.1),  # z/zh
        ("您", "零", 0.25),  # n/l and in/ing
        ("急什么", "提什么", 0.5 / 3),
        ("你", "大", INDEL_COST),  # neither initial nor final
    ],
)
def test_what_it_costs_to_mishear(a: str, b: str, cost: float) -> None:
    assert distance(encode(a), encode(b)) == pytest.approx(cost)


@given(st.text(alphabet="银行长不知道了CT3，。", max_size=20))
def test_codes_stand_for_the_syllables_of_the_text(text: str) -> None:
    assert decode(encode(text)) == tuple(s.sound for s in syllables(text))


@pytest.mark.parametrize(
    ("typed", "syllables_typed"),
    [
        ("bu zhidao", ("bu", "zhi", "dao")),
        ("Bu4Zhi1Dao4", ("bu", "zhi", "dao")),
        ("bù zhī dào", ("bu", "zhi", "dao")),
        ("xi'an", ("xi", "an")),
        ("xian", ("xian",)),
        ("lǚyóu", ("lv", "you")),
        ("nü'er", ("nv", "er")),
    ],
)
def test_typed_pinyin(typed: str, syllables_typed: tuple[str, ...]) -> None:
    codes = spelled(typed)
    assert codes is not None
    assert decode(codes) == syllables_typed


@pytest.mark.parametrize("typed", ["", " ", "CT", "hello", "123", "不zhi", "8031_投诉"])
def test_what_is_no_pinyin(typed: str) -> None:
    assert spelled(typed) is None


def test_typed_pinyin_finds_what_sounds_so() -> None:
    assert spelled("bu zhidao") in encode("这个我不指导，规定就这样")
