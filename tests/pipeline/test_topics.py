"""Topics by lexicon, with evidence."""

from math import exp

import pytest

from pipeline.errors import RuleError
from pipeline.model import CallFacts, TopicHit
from pipeline.topics import load_topics, topics, topics_of
from tests.builders import make_facts


def call(*lines: tuple[str, str]) -> CallFacts:
    timed = tuple((role, 10.0 * i, 10.0 * i + 5.0, text) for i, (role, text) in enumerate(lines))
    return make_facts(lines=timed, events=())  # type: ignore[arg-type]


def test_the_lexicon_has_the_topics_of_the_domain() -> None:
    lexicon = load_topics()
    names = {topic.name_zh for topic in lexicon.topics} | {lexicon.fallback_zh}
    assert names == {"预约挂号", "费用与报销", "检查与报告", "用药咨询", "投诉", "就诊引导", "表扬", "其他"}


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("我想挂一个明天上午的专家号", "预约挂号"),
        ("异地医保能报销多少", "费用与报销"),
        ("我的彩超报告什么时候出来", "检查与报告"),
        ("这个降压药怎么吃药", "用药咨询"),
        ("我要投诉你们窗口态度太差", "投诉"),
        ("请问住院部怎么走，在几楼", "就诊引导"),
        ("我要表扬三病区的护士，想送一面锦旗", "表扬"),
        ("我要头诉你们", "投诉"),  # as recognised
        ("一宝能爆笑多少", "费用与报销"),
        ("这个是一包还是两包", "其他"),
        ("你好，我姓王", "其他"),
    ],
)
def test_the_callers_words_tell_the_topic(said: str, topic: str) -> None:
    assert topics(call(("agent", "您好，市医院客服中心"), ("patient", said)))[0].topic == topic


SMALL = """\
min_confidence: 0.3
fallback_zh: 其他
fallback_en: Other
topics:
  - name_zh: 挂号
    name_en: Booking
    words:
      - {weight: 2, any: [挂号]}
  - name_zh: 投诉
    name_en: Complaint
    words:
      - {weight: 2, any: [投诉]}
"""


def test_confidence_counts_who_said_it_and_when() -> None:
    lexicon = topics_of(SMALL, "small.yaml")
    facts = call(("patient", "我想挂号"), ("agent", "您要投诉吗"), ("patient", "要带什么"), ("agent", "身份证就可以"))
    assert topics(facts, lexicon) == (
        TopicHit("挂号", round(1 - exp(-1.5), 4), ("挂号",)),  # 2 x 1.5 in the first quarter
        TopicHit("投诉", round(1 - exp(-0.5), 4), ("投诉",)),  # 2 x 0.5 by the agent
    )


def test_a_word_counts_once_and_nothing_said_has_no_topic() -> None:
    lexicon = topics_of(SMALL, "small.yaml")
    once = topics(call(("patient", "挂号"), ("agent", "请讲一下您的情况")), lexicon)
    often = topics(call(("patient", "挂号挂号挂号"), ("agent", "请讲一下您的情况")), lexicon)
    assert once == often
    assert topics(make_facts(utterances=(), events=())) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name_zh: 投诉", "name_zh: 挂号", r"small\.yaml:4: .*listed twice"),
        ("min_confidence: 0.3", "min_confidence: 3", r"small\.yaml:1: .*from 0 to 1"),
        ("any: [投诉]", "anny: [投诉]", r"small\.yaml:12: .*did you mean 'any'"),
        ("fallback_zh: 其他\n", "", r"small\.yaml:1: .*'fallback_zh' is missing"),
    ],
)
def test_mistakes_in_a_lexicon(old: str, new: str, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        topics_of(SMALL.replace(old, new), "small.yaml")
