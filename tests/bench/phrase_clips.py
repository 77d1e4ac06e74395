"""What the agents of the phrase clips say: every forbidden phrase in a sentence, and as many confusable clean ones.

Sentences and voices lie in phrase_clips.yaml, so that a change of the rulebook does not change the clips. A phrase that
has no sentence there is put into the first of a few frames with which the rulebook finds exactly that phrase in the
text. Phrases and clean sentences fall into two halves with voices of their own: one to fit weights, one to report on.

Noise: steady noise in the telephone band under the talker's active level. QUIET_DB: a headset in a quiet room (G.711
itself leaves some 38 dB). NOISY_DB: where ANSI S3.5 (SII) begins to count parts of speech as drowned, and what the
accuracy bench calls a noisy line. HARD_DB is beyond what the figures are promised for: it is told in rows of its own.

By default each sentence is heard once at each of the three levels, its voices taking turns: half of the sentences have
the first voice at 25 and 12 dB and the second at 15 dB, half the other way round. `everything` has each voice at each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from pipeline.model import CallFacts, Finding
from pipeline.rules import Rulebook
from pipeline.rules.operators.phrase import PhraseOperator
from tests.builders import Line, make_facts

Kind = Literal["said", "near", "quoted", "by_patient", "remedied"]
Half = Literal["fit", "report"]
Judged = Callable[[CallFacts], tuple[Finding, ...]]

FAMILY = "forbidden_phrase"
VOICES: dict[Half, tuple[str, ...]] = {
    "fit": ("zf_xiaobei", "zm_yunjian", "zf_xiaoyi", "zm_yunxia"),
    "report": ("zf_xiaoxiao", "zm_yunxi", "zm_yunyang"),
}  # all but zf_xiaoni, which people hardly understand
QUIET_DB, NOISY_DB, HARD_DB = 25.0, 15.0, 12.0
SNRS_DB = (QUIET_DB, NOISY_DB, HARD_DB)
VOICES_EACH = 2

_FRAMES = ("这个{}，规定就这样。", "{}，就这样吧。", "我跟你讲，{}。", "{}，下一个。", "{}。", "你{}，听见没有。")
_ASKED = "那怎么办呢？"


@dataclass(frozen=True, slots=True)
class Clip:
    """One question of a patient and one answer of an agent.

    phrase: what is said, quoted or remedied, "" for none. half: which figures it counts in. listed: its sentence is
    one of phrase_clips.yaml.
    """

    kind: Kind
    half: Half
    phrase: str
    patient: str
    agent: str
    voice: str
    snr_db: float
    listed: bool = True


def forbidden_phrases(book: Rulebook) -> tuple[str, ...]:
    """Every phrase (no expression) of the forbidden_phrase rules, in the order of the rulebook."""
    rules = (r for r in book.rules if r.family == FAMILY and isinstance(r.operator, PhraseOperator))
    return tuple(
        dict.fromkeys(p.characters for r in rules for words in r.operator.phrase_lists() for p in words.phrases)
    )


def clips(book: Rulebook, judged: Judged, *, everything: bool = False) -> tuple[tuple[Clip, ...], tuple[str, ...]]:
    """The clips, in a fixed order, and the sentences to pass over: the rulebook finds nothing in them even in writing.

    judged: the findings that the rulebook makes of a call. Listed sentences are clips whatever the rulebook says, so
    that a changed rulebook does not change the recordings; phrases that have no sentence yet get one. everything: each
    voice at each noise level.
    """
    path = Path(__file__).with_name("phrase_clips.yaml")
    listed: dict[Kind, list[dict[str, Any]]] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    known = {said["phrase"] for said in listed["said"]}
    every = [(kind, said) for kind, said_all in listed.items() for said in said_all]
    every += [("said", _framed(p, judged)) for p in forbidden_phrases(book) if p not in known]
    over = [s["agent"] for kind, s in every if kind == "said" and not _is_found(judged, s["patient"], s["agent"])]
    return tuple(clip for kind, said in every for clip in _spoken(kind, said, everything=everything)), tuple(over)


def _spoken(kind: Kind, said: dict[str, Any], *, everything: bool) -> Iterator[Clip]:
    voices: list[str] = said["voices"]
    first = int(sha256(said["agent"].encode()).hexdigest(), 16)
    texts = (said.get("phrase", ""), said["patient"], said["agent"])
    for level, snr_db in enumerate(SNRS_DB):
        for voice in voices if everything else [voices[(first + level) % len(voices)]]:
            yield Clip(kind, said["half"], *texts, voice, snr_db, said.get("listed", True))


def _framed(phrase: str, judged: Judged) -> dict[str, Any]:
    """A sentence for a phrase that has none. Raises ValueError when the rulebook finds it in no frame."""
    chance = int(sha256(phrase.encode()).hexdigest(), 16)
    half: Half = "fit" if chance % 2 else "report"
    voices = VOICES[half]
    for shift in range(len(_FRAMES)):
        text = _FRAMES[(chance + shift) % len(_FRAMES)].format(phrase)
        if _is_found(judged, _ASKED, text):
            chosen = [voices[(chance + turn) % len(voices)] for turn in range(VOICES_EACH)]
            return {
                "phrase": phrase,
                "patient": _ASKED,
                "agent": text,
                "half": half,
                "voices": chosen,
                "listed": False,
            }
    raise ValueError(f"{phrase}: no frame lets the rulebook find it; write a sentence into phrase_clips.yaml")


def _is_found(judged: Judged, patient: str, agent: str) -> bool:
    """Whether the rulebook holds the written sentence against the agent."""
    lines: tuple[Line, ...] = (("patient", 0.5, 2.0, patient), ("agent", 2.5, 2.5 + 0.25 * len(agent), agent))
    found = judged(make_facts(lines=lines, role_confidence=1.0))
    return any(f.family == FAMILY and f.status == "violated" for f in found)
