"""Announcements are told from people by words and place, as in calls that anybody has made."""

from collections.abc import Sequence

import pytest

from pipeline.machines import Piece, said_by_machines

GREETING = "您好，市中心医院，工号零二三，很高兴为您服务，请问有什么可以帮您？"
ANSWER = "你好，我想挂一个眼科的号。"


def line(*said: tuple[str, str], gap_s: float = 0.8) -> tuple[Piece, ...]:
    """(speaker, text), a quarter of a second a character, gap_s between."""
    pieces, at_s = [], 0.5
    for speaker, text in said:
        end_s = at_s + 0.25 * len(text)
        pieces.append(Piece(speaker, at_s, end_s, text))
        at_s = end_s + gap_s
    return tuple(pieces)


def machines(pieces: Sequence[Piece]) -> list[str]:
    found = said_by_machines(pieces)
    return [piece.text for index, piece in enumerate(pieces) if index in found]


@pytest.mark.parametrize(
    "announcement",
    [
        "欢迎致电市第一医院，挂号请按一，查询请按二，转人工请按零。",
        "挂号请按1，查询请按2，转人工请按0。",
        "欢迎致电某某医院挂号请按一查询请按二转人工请按零",  # decoded without punctuation
        "欢迎知电市中心医院，挂号清案一，查询情按二。",  # heard right, spelt wrong
        "为了提升服务质量，您的通话将被录音。",
        "为了提稿服务之良 引力统夸 可能会被奴隐",  # as heard in noise: 您的通话可能会被录音
        "对不起作习正盲请不要挂机我们将请快为民介统",
        "请输入您的救人台号 以警号建结束",
        "欢迎这店是第三个月转人工请暗联重新请暗星号线",
        "话务员正忙，请您耐心等待，前面还有两位。",
        "您的来电对我们非常重要，请不要挂机。",
        "请输入您的就诊卡号，按井号键结束。",
        "您所拨打的用户正在通话中，请稍后再拨。",
        "当前无人应答，请在嘀声后留言。",
        "Sorry, the number you have dialed is not in service.",
        "当前正在排队，预计等待时间为三分钟。",
    ],
)
def test_an_announcement_before_the_call_is_a_machine(announcement: str) -> None:
    assert machines(line(("S1", announcement), ("S1", GREETING), ("S2", ANSWER))) == [announcement]


@pytest.mark.parametrize(
    "greeting",
    [
        GREETING,
        "您好，欢迎致电市中心医院，请问有什么可以帮您？",
        "感谢您的来电，这里是市中心医院，我姓王，请讲。",
        "您好，市中心医院。",
        "欢迎致电市中心医院。",
        "喂，你好。",
        "您好，感谢您的来电，本次通话可能会被录音，请问您需要什么帮助？",
        "您好，这边是市中心医院回访中心，为了保证服务质量，我们的通话会有录音，您方便吗？",
    ],
)
def test_a_greeting_keeps_its_person(greeting: str) -> None:
    assert not machines(line(("S1", greeting), ("S2", ANSWER), ("S1", "好的，请稍等。")))


@pytest.mark.parametrize(
    "said",
    [
        "您打进来以后先按一再按零就是人工服务。",
        "您下次打进来转人工请按零就可以了。",
        "您在自助机上按1号键，然后刷医保卡就可以了。",
        "请按医嘱服药，一天三次。",
        "您前面还有三位患者，请您耐心等待。",
        "请您稍等，别挂电话，我帮您看一下前面还有几位。",
        "现在坐席比较忙，你晚点再打吧。",
        "感谢您的来电，祝您生活愉快，再见。",
        "请不要挂机，正在为您查询。",
        "请按一下前台的铃。",
        "医生说每天请按一二三的顺序吃。",
        "专家号排队的人比较多，请您耐心等待。",
    ],
)
def test_an_agent_who_speaks_of_keys_and_queues_is_a_person(said: str) -> None:
    talk = line(("S1", GREETING), ("S2", ANSWER), ("S1", said), ("S2", "好的，谢谢。"))
    assert not machines(talk)


def test_an_announcement_that_is_heard_in_parts_is_one() -> None:
    parts = ("感谢您的来电，", "为了保证服务质量，", "本次通话将被录音。")
    talk = line(*(("S1", part) for part in parts), ("S1", GREETING), ("S2", ANSWER), gap_s=0.6)
    assert machines(talk) == list(parts)


def test_who_picks_up_right_behind_it_is_a_person() -> None:
    talk = line(("S1", "挂号请按一，人工服务请按零。"), ("S1", "您好，市中心医院。"), ("S2", ANSWER), gap_s=0.5)
    assert machines(talk) == ["挂号请按一，人工服务请按零。"]


def test_a_queue_in_a_transfer_is_a_machine_too() -> None:
    queue = "坐席全忙，请您耐心等待，当前排队人数为两位。"
    talk = line(("S1", GREETING), ("S2", ANSWER), ("S1", "我帮您转过去。"), ("S3", queue), ("S3", "您好，药房，请讲。"))
    assert machines(talk) == [queue]


def test_an_announcement_in_a_loop_is_known_by_its_repetition() -> None:
    waiting = "您好，请您耐心等待，客服马上为您服务。"
    alike = "您好，请您耐心等待，客户马上为您服务。"  # as heard the second time
    once = line(("S1", GREETING), ("S2", ANSWER), ("C0", waiting), ("S1", "您好，让您久等了。"))
    again = line(("S1", GREETING), ("S2", ANSWER), ("C0", waiting), ("C0", alike), gap_s=6.0)
    assert not machines(once)
    assert machines(again) == [waiting, alike]


def test_a_mailbox_has_nobody_else() -> None:
    said = "您拨打的电话无人接听，请在提示音后留言。"
    assert machines(line(("S1", said))) == [said]


def test_silence_and_empty_pieces_are_nobody() -> None:
    assert not said_by_machines(())
    assert not said_by_machines((Piece("S1", 0.0, 2.0, ""),))
