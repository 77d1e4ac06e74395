"""Speech made for the purpose, so that its words, level and rate are known: numbers in all readings, letters among
words, southern words, a child, coughs between sentences. Nothing fails, words are kept as heard, doubt is told.

Skipped where the synthesiser is not in the cache folder (`python audio_samples/make_samples.py` fetches it).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from rapidfuzz.distance import Levenshtein
from scipy.signal import resample_poly

from audio_samples import line, tts
from audio_samples.synth import Line, Party, Spec
from pipeline.model import CallReport
from pipeline.text import count_characters, for_scoring, toneless_pinyin
from tests.bench.accuracy.compose import Plan
from tests.bench.accuracy.corpus import lay_out, transmitted
from tests.bench.accuracy.metrics import known, measure
from tests.bench.accuracy.stacks import from_report

if TYPE_CHECKING:
    from pipeline.analyze import Analyzer

pytestmark = [pytest.mark.models, pytest.mark.slow]
SURE = 0.75  # as in test_bad_sounds: the mean confidence of the sample calls lies above 0.85
MISHEARD = 0.4  # of the syllables; 身份证后四位是两零幺七 lies at .36
Signal = np.ndarray
Heard = Callable[..., CallReport]


@pytest.fixture(scope="module")
def voice() -> tts.Kokoro:
    folder = tts.assets_folder()
    if not tts.is_complete(folder):
        pytest.skip("speech synthesis is not in the cache folder; `python audio_samples/make_samples.py` fetches it")
    pytest.importorskip("misaki.zh", reason="the extra 'samples' is not installed")
    return tts.Kokoro(folder)


@pytest.fixture
def heard(analyzer: "Analyzer", tmp_path: Path) -> Heard:
    """Analyse signals at 8 kHz, one after the other, half a second of line noise around each, as a mono call."""

    def analyse(*parts: Signal) -> CallReport:
        gap = np.zeros(line.RATE_HZ // 2)
        signal = np.concatenate([piece for part in parts for piece in (gap, part)] + [gap])
        signal = signal + line.noise(len(signal), -60.0, np.random.default_rng(0))
        path = tmp_path / "call.wav"
        soundfile.write(path, line.compand(signal, "mu"), line.RATE_HZ)
        return analyzer.analyze(path)

    return analyse


def said(voice: tts.Kokoro, text: str, name: str = "zf_xiaoxiao", cpm: float = 230.0) -> Signal:
    return line.set_level(line.trim(line.telephone_band(voice.say(text, name, cpm), tts.RATE_HZ)), -23.0)


def words(report: CallReport) -> str:
    return "".join(u.text for u in report.facts.utterances)


def error(text: str, report: CallReport) -> float:
    """Share of the syllables that were heard wrong, numbers read out."""
    spoken, understood = (toneless_pinyin(for_scoring(t)) for t in (text, words(report)))
    return Levenshtein.distance(spoken, understood) / len(spoken)


def confidence(report: CallReport) -> float:
    """Mean over characters, 0 without any."""
    counts = [count_characters(u.text) for u in report.facts.utterances]
    sums = sum((u.confidence or 0.0) * n for u, n in zip(report.facts.utterances, counts, strict=True))
    return sums / max(sum(counts), 1)


def accused(report: CallReport) -> list[str]:
    """Families of violations for words that were said; what one sentence leaves unsaid is no matter here."""
    return [f.family for f in report.judgement.findings if f.status == "violated" and f.matched_text]


@pytest.mark.parametrize(
    "text",
    [
        "我的电话是幺三九，二七五六，四零八幺。",
        "我的手机号码是一三八，零零一三，八零零零。",
        "检查费一共是一百二十块，住院押金三千零五十。",
        "身份证后四位是两零幺七。",
        "我今年六十八岁，上午十点半挂的号。",
    ],
)
def test_numbers_in_all_readings_are_heard(voice: tts.Kokoro, heard: Heard, text: str) -> None:
    report = heard(said(voice, text))
    assert error(text, report) < MISHEARD
    assert accused(report) == []


@pytest.mark.parametrize(
    "text",
    [
        "我昨天做了西踢和毕超，还要做西踢吗？",  # CT, B超
        "我们的爱尺哎爱丝系统今天坏了，查不到报告。",  # HIS
        "唔该，我想睇医生，系边度挂号啊？",
        "侬好，阿拉想看毛病，请问哪能挂号？",
        "俺娘这两天老咳嗽，咋整啊？",
    ],
)
def test_what_is_no_plain_mandarin_is_kept_as_heard(voice: tts.Kokoro, heard: Heard, text: str) -> None:
    """Understood, or told to be doubtful; never dropped and never taken for something to blame."""
    report = heard(said(voice, text))
    assert count_characters(words(report)) >= count_characters(text) / 2
    assert error(text, report) < MISHEARD or confidence(report) < SURE
    assert accused(report) == []


def test_a_child_is_kept_as_heard(voice: tts.Kokoro, heard: Heard) -> None:
    """Pitch and formants a fourth higher, as with a short throat."""
    text = "阿姨你好，我妈妈让我问一下，明天还要不要来打针？"
    slow = said(voice, text, "zf_xiaoyi", 180.0)
    report = heard(line.set_level(line.telephone_band(resample_poly(slow, 3, 4), line.RATE_HZ), -23.0))
    assert count_characters(words(report)) >= count_characters(text) / 2
    assert error(text, report) < MISHEARD or confidence(report) < SURE


def test_coughs_and_keys_between_sentences_add_no_words(voice: tts.Kokoro, heard: Heard) -> None:
    generator = np.random.default_rng(5)
    t = np.arange(round(0.25 * line.RATE_HZ)) / line.RATE_HZ
    cough = line.telephone_band(generator.standard_normal(len(t)) * np.exp(-t / 0.06), line.RATE_HZ)
    coughs = np.concatenate([0.3 * cough, np.zeros(800), 0.2 * cough])
    first, second = "您好，市中心医院，请问有什么可以帮您？", "好的，请您稍等，我帮您查一下。"
    report = heard(said(voice, first), coughs, line.keys("15", -20.0), said(voice, second))
    assert error(first + second, report) < MISHEARD
    assert count_characters(words(report)) <= 1.15 * count_characters(first + second)
    assert accused(report) == []


def test_levels_and_rates_are_right(voice: tts.Kokoro, analyzer: "Analyzer", tmp_path: Path) -> None:
    """Turns of 3 s and more of a stereo call at known levels and rates: within 0.5 dB and 5 % of 字/分."""
    turns = (
        Line("a", "您好，这里是市中心医院服务热线，很高兴为您服务。", rate_cpm=200.0),
        Line("p", "我上个星期在你们那里做了胃镜，想问一下报告出来了没有。", rate_cpm=230.0),
        Line("a", "报告已经出来了，您可以在医院的公众号上查看，也可以到一楼大厅打印。", gain_db=-6.0, rate_cpm=300.0),
        Line("p", "好的，那我下午过去，请问打印报告需要带什么证件吗？", gain_db=4.0, rate_cpm=180.0),
        Line("a", "请您带好身份证和就诊卡，门诊大厅下午五点半关门，请提前过来。", rate_cpm=260.0),
    )
    parties = (Party("a", "agent", "zf_xiaoxiao", -22.0), Party("p", "patient", "zm_yunjian", -27.0))
    plan = Plan(Spec("levels", "其他", "stereo", 7, parties, turns), "dev", "clean")
    sides, values = lay_out(plan, voice)
    path = tmp_path / "levels.stereo.flac"
    soundfile.write(path, transmitted(plan, sides, "stereo"), line.RATE_HZ)
    truth = known(values, "stereo")
    figures = measure(truth, from_report(analyzer.analyze(path)), stated=True)
    assert figures["level_near"] == (5, 5)
    wrong, turns_with_rate = figures["rate_error"]
    assert turns_with_rate >= 4
    assert wrong / turns_with_rate < 0.05
    assert figures["level_untold"][0] == 0
