"""What the agents of the phrase clips say: every forbidden phrase in a sentence, and as many confusable clean ones.

Written sentences lie in phrase_clips.yaml. Where a phrase has none there, one is made of it and the first of a few
frames with which the rulebook finds exactly that phrase in the text; a quotation and a remedied form likewise.
Phrases and clean sentences fall into two halves with voices of their own: one to fit coefficients, one to report on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML

from pipeline.model import CallFacts, Finding
from pipeline.rules import Rulebook
from pipeline.rules.operators.phrase import PhraseOperator
from tests.builders import make_facts

Kind = Literal["said", "near", "quoted", "by_patient", "remedied"]
Half = Literal["fit", "report"]

FAMILY = "forbidden_phrase"
VOICES: dict[Half, tuple[str, ...]] = {
    "fit": ("zf_xiaobei", "zm_yunjian", "zf_xiaoyi", "zm_yunxia"),
    "report": ("zf_xiaoxiao", "zm_yunxi", "zm_yunyang"),
}  # all but zf_xiaoni, which people hardly understand
SNRS_DB = (25.0, 12.0)
VOICES_EACH = 2
EVERY_QUOTED, EVERY_BY_PATIENT, EVERY_REMEDIED = 6, 8, 4  # one in so many phrases

_FRAMES = (
    "这个{}，规定就这样。",
    "{}，就这样吧。",
    "我跟你讲，{}。",
    "{}，下一个。",
    "哎呀，{}，后面还有电话呢。",
    "{}。",
    "你{}，听见没有。",
)
_QUOTED = (
    "您刚才说窗口讲{}，我们会核实的。",
    "您说{}，我记下来了。",
    "我们不能说{}，您放心。",
    "您反映医生说{}，我登记一下。",
)
_REMEDIED = (
    "这个{}，请您稍等，我帮您问一下。",
    "{}，不过我可以帮您查一下，请稍等。",
    "抱歉，{}，我帮您转接到服务台。",
)
_ASKED = ("那怎么办呢？", "能再说一遍吗？", "现在是什么情况？", "那我该怎么办？", "这个可以办吗？")
_ANSWERED = ("好的，这边都记下了。", "嗯，您接着往下讲。", "好，这件事情登记好了。")


@dataclass(frozen=True, slots=True)
class Clip:
    """One question of a patient and one answer of an agent.

    phrase: what is said, quoted or remedied, "" for none. half: which figures it counts in.
    """

    kind: Kind
    half: Half
    phrase: str
    patient: str
    agent: str
    voice: str
    snr_db: float


Judged = Callable[[CallFacts], tuple[Finding, ...]]


def forbidden_phrases(book: Rulebook) -> tuple[str, ...]:
    """Every phrase (no expression) of the forbidden_phrase rules, in the order of the rulebook."""
    rules = (r for r in book.rules if r.family == FAMILY and isinstance(r.operator, PhraseOperator))
    return tuple(
        dict.fromkeys(p.characters for r in rules for words in r.operator.phrase_lists() for p in words.phrases)
    )


def clips(book: Rulebook, judged: Judged) -> tuple[Clip, ...]:
    """All clips, in a fixed order. judged: the findings that the rulebook makes of a call."""
    listed = YAML(typ="safe", pure=True).load(Path(__file__).with_name("phrase_clips.yaml").read_text(encoding="utf-8"))
    texts = [*_said(book, listed["said"], judged), *_clean(book, listed["clean"], judged)]
    return tuple(
        c
        for number, (kind, phrase, index, *words) in enumerate(texts)
        for c in _spoken(kind, phrase, index, words, number)
    )


def _spoken(kind: Kind, phrase: str, index: int, words: list[str], number: int) -> Iterator[Clip]:
    half: Half = "fit" if index % 2 == 0 else "report"
    voices = VOICES[half]
    for turn in range(VOICES_EACH if kind in ("said", "near") else 1):
        for snr_db in SNRS_DB:
            yield Clip(kind, half, phrase, words[0], words[1], voices[(number // 2 + turn) % len(voices)], snr_db)


_Text = tuple[Kind, str, int, str, str]


def _said(book: Rulebook, written: list[dict[str, str]], judged: Judged) -> Iterator[_Text]:
    for index, phrase in enumerate(forbidden_phrases(book)):
        own = [c["text"] for c in written if c["phrase"] == phrase]
        turned = _framed(_FRAMES[index % len(_FRAMES) :] + _FRAMES[: index % len(_FRAMES)], phrase)
        asked = _ASKED[index % len(_ASKED)]
        fitting = (t for t in (*own, *turned) if _found(judged, asked, t) == {("violated", phrase)})
        chosen = next(fitting, None)
        if chosen is None:
            raise ValueError(f"{phrase}: no frame lets the rulebook find it; write a sentence into phrase_clips.yaml")
        yield "said", phrase, index, asked, chosen


def _clean(book: Rulebook, written: list[str], judged: Judged) -> Iterator[_Text]:
    for index, text in enumerate(written):
        yield "near", "", index, _ASKED[index % len(_ASKED)], text
    for index, phrase in enumerate(forbidden_phrases(book)):
        asked = _ASKED[index % len(_ASKED)]
        if index % EVERY_BY_PATIENT == 0:
            yield "by_patient", phrase, index // EVERY_BY_PATIENT, f"{phrase}，真是的。", _ANSWERED[index % 3]
        if index % EVERY_QUOTED == 0:
            quoted = [t for t in _framed(_QUOTED, phrase) if not _found(judged, asked, t)]
            yield from (("quoted", phrase, index // EVERY_QUOTED, asked, text) for text in quoted[:1])
        if index % EVERY_REMEDIED == 0:
            remedied = [t for t in _framed(_REMEDIED, phrase) if _found(judged, asked, t) == {("remedied", phrase)}]
            yield from (("remedied", phrase, index // EVERY_REMEDIED, asked, text) for text in remedied[:1])


def _framed(frames: tuple[str, ...], phrase: str) -> Iterator[str]:
    return (frame.format(phrase) for frame in frames)


def _found(judged: Judged, patient: str, agent: str) -> set[tuple[str, str]]:
    """Status and words of the forbidden_phrase findings in the written text."""
    facts = make_facts(
        lines=(("patient", 0.5, 2.0, patient), ("agent", 2.5, 2.5 + 0.25 * len(agent), agent)), role_confidence=1.0
    )
    return {(f.status, f.matched_text or "") for f in judged(facts) if f.family == FAMILY}
