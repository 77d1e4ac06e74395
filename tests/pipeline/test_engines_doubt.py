"""What is not believed of a text, and which windows are heard again: by hand."""

from dataclasses import replace

import pytest

from pipeline.config import load_settings
from pipeline.engines.doubt import Heard, disbelief, looks_wrong
from pipeline.model import Word

SETTINGS = load_settings().transcription
TEXT = "您好请问有什么可以帮您"


def heard(text: str = TEXT, seconds: float = 3.0, probability: float = 0.9) -> Heard:
    """Evenly spoken characters, nothing odd about them."""
    step = seconds / max(len(text), 1)
    words = tuple(Word(c, i * step, (i + 1) * step, probability) for i, c in enumerate(text))
    return Heard(words, text, avg_logprob=-0.3, no_speech_prob=0.01, compression_ratio=0.9, cut_off=False)


def test_plain_speech_is_believed() -> None:
    assert disbelief(heard(), SETTINGS) is None
    assert not looks_wrong(heard(), 3.0, SETTINGS)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (heard("……"), "no_characters"),
        (heard("请不吝点赞订阅转发打赏支持明镜与点点栏目"), "known_hallucination"),
        (heard("谢谢" * 5), "loop"),
        (replace(heard(), cut_off=True), "loop"),
        (replace(heard(), compression_ratio=2.5), "compression_ratio"),
        (heard(probability=0.05), "improbable_words"),
        (replace(heard(), avg_logprob=-1.5, no_speech_prob=0.5), "no_speech"),
        (heard(TEXT, seconds=0.5), None),  # within one second nobody counts
        (heard(TEXT + "今天下午", seconds=1.0), "characters_per_second"),
    ],
)
def test_each_reason_not_to_believe(one: Heard, reason: str | None) -> None:
    assert disbelief(one, SETTINGS) == reason


@pytest.mark.parametrize(
    ("one", "speech_s"),
    [
        (replace(heard(), avg_logprob=-1.3), 3.0),
        (replace(heard(), compression_ratio=2.5), 3.0),
        (replace(heard(), cut_off=True), 3.0),
        (heard("好的" * 5), 3.0),
        (heard(), 23.0),  # eleven characters: slower than anybody speaks
        (heard(TEXT + "今天下午"), 0.8),
        (heard(""), 1.0),
    ],
    ids=["unsure", "repetitive", "cut off", "loop", "too few characters", "too many characters", "nothing"],
)
def test_a_window_that_looks_wrong_is_heard_again(one: Heard, speech_s: float) -> None:
    assert looks_wrong(one, speech_s, SETTINGS)
