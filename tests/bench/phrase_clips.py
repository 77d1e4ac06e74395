"""What the agents of the phrase clips say: every forbidden phrase in a sentence, and as many confusable clean ones.

There are three parts with sentences of their own. *development* (phrase_clips.yaml): rules and weights are worked out
on it. *report* (phrase_clips_report.yaml): nobody tunes on it, though some of it was looked at. *unseen*
(phrase_clips_unseen.yaml): nobody who works on the rules has read it; its figures say what a call centre may expect.
Sentences lie in files, so that a change of the rulebook does not change the clips. A phrase that has no sentence in the
development part is put there into the first of a few frames with which the rulebook finds that phrase in the text.

Noise: steady noise in the telephone band under the talker's active level. QUIET_DB: a headset in a quiet room (G.711
itself leaves some 38 dB). NOISY_DB: where ANSI S3.5 (SII) begins to count parts of speech as drowned, and what the
accuracy bench calls a noisy line. HARD_DB is beyond what the figures are promised for: it is told in rows of its own.

By default each sentence of the development part is heard once at each of the three levels, its voices taking turns:
half of the sentences have the first voice at 25 and 12 dB and the second at 15 dB, half the other way round. Each of
the other parts is heard once, at 25 or 15 dB, by one of its two voices. `everything` has each voice at each level.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from pipeline.model import CallFacts, Finding
from pipeline.rules import Rulebook
from pipeline.rules.operators.phrase import PhraseOperator
from tests.builders import Line, make_facts

Kind = Literal["said", "near", "same_words", "quoted", "by_patient", "remedied"]
Part = Literal["development", "report", "unseen"]
Judged = Callable[[CallFacts], tuple[Finding, ...]]

FAMILY = "forbidden_phrase"
CASTS = {
    "fit": ("zf_xiaobei", "zm_yunjian", "zf_xiaoyi", "zm_yunxia"),
    "report": ("zf_xiaoxiao", "zm_yunxi", "zm_yunyang"),
}  # who talks to whom; all but zf_xiaoni, which people hardly understand. Recordings are known by the casts' names, too
QUIET_DB, NOISY_DB, HARD_DB = 25.0, 15.0, 12.0
SNRS_DB: dict[Part, tuple[float, ...]] = {
    "development": (QUIET_DB, NOISY_DB, HARD_DB),
    "report": (QUIET_DB, NOISY_DB),
    "unseen": (QUIET_DB, NOISY_DB),
}
FILES: dict[Part, str] = {
    "development": "phrase_clips.yaml",
    "report": "phrase_clips_report.yaml",
    "unseen": "phrase_clips_unseen.yaml",
}
VOICES_EACH = 2

_FRAMES = ("这个{}，规定就这样。", "{}，就这样吧。", "我跟你讲，{}。", "{}，下一个。", "{}。", "你{}，听见没有。")
_ASKED = "那怎么办呢？"


@dataclass(frozen=True, slots=True)
class Clip:
    """One question of a patient and one answer of an agent.

    phrase: what is said, quoted or remedied, "" for none. part: which figures it counts in. listed: its sentence is
    in the part's file.
    """

    kind: Kind
    part: Part
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
    """The clips, in a fixed order, and sentences of the development part to pass over.

    judged: the findings that the rulebook makes of a call. Listed sentences are clips whatever the rulebook says, so
    that a changed rulebook does not change the recordings; phrases that have no sentence yet get one. Passed over is
    what the rulebook does not find even in writing; in the other parts that is a miss. everything: each voice at each
    noise level.
    """
    parts = {part: listed(part) for part in FILES}
    development = parts["development"]
    known = {said["phrase"] for said in development["said"]}
    development["said"] += [_framed(p, judged) for p in forbidden_phrases(book) if p not in known]
    over = [s["agent"] for s in development["said"] if not _is_found(judged, s["patient"], s["agent"])]
    made = tuple(
        clip
        for part, kinds in parts.items()
        for kind, said_all in kinds.items()
        for said in said_all
        for clip in _spoken(part, kind, said, everything=everything)
    )
    return made, tuple(over)


def cast_of(voice: str) -> str:
    """The cast that a voice belongs to."""
    return next(name for name, voices in CASTS.items() if voice in voices)


def listed(part: Part) -> dict[Kind, list[dict[str, Any]]]:
    """The sentences of a part as they are written, by kind."""
    text = Path(__file__).with_name(FILES[part]).read_text(encoding="utf-8")
    found: dict[Kind, list[dict[str, Any]]] = YAML(typ="safe", pure=True).load(text)
    return found


def _spoken(part: Part, kind: Kind, said: dict[str, Any], *, everything: bool) -> Iterator[Clip]:
    voices: list[str] = said["voices"]
    first = int(sha256(said["agent"].encode()).hexdigest(), 16)
    texts = (said.get("phrase", ""), said["patient"], said["agent"])
    levels = SNRS_DB[part]
    if everything:
        takes = list(product(levels, voices))
    elif part != "development":
        takes = [(levels[first % len(levels)], voices[first // len(levels) % len(voices)])]
    else:
        takes = [(snr_db, voices[(first + level) % len(voices)]) for level, snr_db in enumerate(levels)]
    for snr_db, voice in takes:
        yield Clip(kind, part, *texts, voice, snr_db, said.get("listed", True))


def _framed(phrase: str, judged: Judged) -> dict[str, Any]:
    """A sentence for a phrase that has none. Raises ValueError when the rulebook finds it in no frame."""
    chance = int(sha256(phrase.encode()).hexdigest(), 16)
    voices = CASTS["fit" if chance % 2 else "report"]
    for shift in range(len(_FRAMES)):
        text = _FRAMES[(chance + shift) % len(_FRAMES)].format(phrase)
        if _is_found(judged, _ASKED, text):
            chosen = [voices[(chance + turn) % len(voices)] for turn in range(VOICES_EACH)]
            return {
                "phrase": phrase,
                "patient": _ASKED,
                "agent": text,
                "voices": chosen,
                "listed": False,
            }
    raise ValueError(f"{phrase}: no frame lets the rulebook find it; write a sentence into phrase_clips.yaml")


def _is_found(judged: Judged, patient: str, agent: str) -> bool:
    """Whether the rulebook holds the written sentence against the agent."""
    lines: tuple[Line, ...] = (("patient", 0.5, 2.0, patient), ("agent", 2.5, 2.5 + 0.25 * len(agent), agent))
    found = judged(make_facts(lines=lines, role_confidence=1.0))
    return any(f.family == FAMILY and f.status == "violated" for f in found)
