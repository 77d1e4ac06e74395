"""Commas are put where somebody paused, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.model import Correction, Probe, Utterance, Word
from pipeline.pauses import Punctuation, marked_facts
from pipeline.spelling.characters import shipped
from pipeline.text import is_content
from tests.builders import make_facts, make_utterance
from tests.conftest import RATE_HZ

SYLLABLE_S = 0.2


def spoken(text: str, **changed: object) -> tuple[Utterance, NDArray[np.float32]]:
    """Noise for each character, one word each; "|" is a pause of 0.25 s, "¦" one of 0.4 s, which words do not show."""
    generator = np.random.default_rng(0)
    sound, words, at_s = [], [], 0.0
    for character in text:
        pause_s = {"|": 0.25, "¦": 0.4}.get(character, 0.0)
        seconds = pause_s or SYLLABLE_S
        level = 0.0005 if pause_s else 0.1
        sound.append(level * generator.standard_normal(round(seconds * RATE_HZ)).astype(np.float32))
        if pause_s:
            words[-1] = replace(words[-1], end_s=at_s + 0.1)  # the word before takes some of the pause
        else:
            start_s = words[-1].end_s if words else 0.0
            words.append(Word(character, start_s, at_s + seconds, 0.9))
        at_s += seconds
    plain = "".join(word.text for word in words)
    said = make_utterance(0, "agent", 0.0, at_s, plain, words=tuple(words))
    return replace(said, raw_text=plain, **changed), np.concatenate(sound)  # type: ignore[arg-type]


def restored(text: str, *, whole: tuple[str, ...] = (), **changed: object) -> Utterance:
    said, sound = spoken(text, **changed)
    return Punctuation(shipped(), whole).restored((said,), (sound,), RATE_HZ)[0]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("您好|这里是市中心医院|很高兴为您服务", "您好，这里是市中心医院，很高兴为您服务。"),
        ("我周二做的胃镜¦报告出来了吗", "我周二做的胃镜，报告出来了吗？"),
        ("请问门诊几点下班", "请问门诊几点下班？"),
        ("那我¦不去了", "那我，不去了。"),
        ("没什么", "没什么。"),
        ("你能不能先听我说完", "你能不能先听我说完？"),
        ("我不知道能不能报销", "我不知道能不能报销。"),
        ("请问报告出来了没有", "请问报告出来了没有？"),
        ("检查的费用是三|百二十元", "检查的费用是三百二十元。"),  # a number stays whole
        ("我们医|院服|务台", "我们医院服务台。"),  # so do words
    ],
)
def test_marks_stand_at_pauses_between_words(said: str, text: str) -> None:
    found = restored(said)
    assert found.text == text
    assert "".join(word.text for word in found.words) == text
    assert found.raw_text == "".join(filter(is_content, text))


def test_a_phrase_that_is_verified_by_ear_stays_whole() -> None:
    assert restored("这个不|晓得", whole=("不晓得",)).text == "这个不晓得。"


def test_what_the_recogniser_marked_is_left_alone() -> None:
    marked, sound = spoken("您好|我想挂号")
    words = (*marked.words[:2], Word(",", 0.4, 0.5, 0.9), *marked.words[2:])
    own = replace(marked, text="您好,我想挂号", words=words)
    assert Punctuation(shipped(), ()).restored((own,), (sound,), RATE_HZ) == (own,)


def test_blanks_give_way_to_commas_and_corrections_move_with_their_words() -> None:
    said, sound = spoken("您好|新内科的|号")
    words = tuple(replace(w, text=" " + w.text) if w.text == "新" else w for w in said.words)
    mended = Correction(3, 6, "新内科", "心内科", "sounds like it", 0.9)
    own = replace(said, text="您好 新内科的号", words=words, corrections=(mended,))
    found = Punctuation(shipped(), ()).restored((own,), (sound,), RATE_HZ)[0]
    assert found.text.startswith("您好，新内科")
    (moved,) = found.corrections
    assert found.text[moved.start : moved.end] == "新内科"


def test_a_blank_of_the_recognisers_is_a_pause_too() -> None:
    said, sound = spoken("我看不到你自己看")
    words = tuple(replace(w, text=" 你") if w.text == "你" else w for w in said.words)
    own = replace(said, text="我看不到 你自己看", words=words)
    assert Punctuation(shipped(), ()).restored((own,), (sound,), RATE_HZ)[0].text == "我看不到，你自己看。"


def test_somebody_who_goes_on_has_not_ended() -> None:
    first, sound = spoken("我想问一下")
    second = replace(first, index=1, start_s=first.end_s + 0.9, end_s=first.end_s + 2.0)
    other = replace(second, speaker="S9")
    end = Punctuation(shipped(), ()).restored
    longer = np.concatenate((sound, 0.0001 * sound, sound, sound))
    assert end((first, second), (longer,), RATE_HZ)[0].text == "我想问一下"
    assert end((first, other), (longer,), RATE_HZ)[0].text == "我想问一下。"


def test_silence_and_short_utterances_are_no_matter() -> None:
    said, sound = spoken("嗯")
    assert Punctuation(shipped(), ()).restored((said,), (0 * sound,), RATE_HZ)[0].text == "嗯。"
    assert Punctuation(shipped(), ()).restored((), (), RATE_HZ) == ()


def test_probes_move_with_their_words_also_into_the_next_utterance() -> None:
    """The recogniser was asked before there were marks: 不知道 in 我不知道 and 知道您 over the end of it."""
    first = make_utterance(0, "agent", 0.0, 3.0, "好的我不知道")
    second = make_utterance(1, "agent", 4.0, 5.0, "您再问")
    facts = make_facts(utterances=(first, second), probes=(probe("不知道", 0, 3, 6), probe("知道您", 0, 4, 7)))
    marked = (replace(first, text="好的，我不知道。"), replace(second, text="您，再问。"))
    moved = marked_facts(facts, marked)
    whole = "".join(u.text for u in moved.utterances)
    assert [u.text for u in moved.utterances] == [u.text for u in marked]
    assert [whole[p.text_start : p.text_end] for p in moved.probes] == ["不知道", "知道。您"]


def probe(phrase: str, index: int, start: int, end: int) -> Probe:
    return Probe(phrase, index, start, end, 0.0, 1.0, 0.0, -5.0, -5.0, 0.0)
