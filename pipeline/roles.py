"""Who is the agent, and how sure: from what is said and from who speaks first."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import re2

from pipeline.config import shipped_files
from pipeline.model import Role, Utterance
from pipeline.text import count_characters, toneless_pinyin

UNDERSTOOD = 0.6  # mean confidence of the words; that of the sample calls lies above 0.85
MAX_MIDDLE = 3.0  # about one plain cue: more agent's weight than this is an agent's, whoever else speaks


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """roles: speaker label to role. confidence: 0..1 that the whole assignment is right (0.5: no evidence).

    Where the recogniser was not sure of what it heard (UNDERSTOOD), the roles are no surer than its words: cues in
    garbled text are chance, and what sounds like speech and is none (backwards, another language) accuses nobody.

    margin: of the summed weights, 0 or more, by which it is better than the next best one.
    """

    roles: dict[str, Role]
    confidence: float
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class _Cue:
    weight: float
    cap: int
    pattern: Any | None
    phrase: str | None
    sounds: tuple[str, ...]

    def hits(self, text: str, sounds: tuple[str, ...]) -> int:
        if self.pattern is not None:
            return sum(1 for _ in self.pattern.finditer(text))
        if self.phrase is not None and self.phrase in text:
            return text.count(self.phrase)
        size = len(self.sounds)
        if size < 3:
            return 0
        return sum(sounds[i : i + size] == self.sounds for i in range(len(sounds) - size + 1))


@dataclass(frozen=True, slots=True)
class _Lexicon:
    agent: tuple[_Cue, ...]
    patient: tuple[_Cue, ...]
    first_speaker_weight: float
    slope: float
    offset: float
    most: float


def decide(utterances: tuple[Utterance, ...]) -> RoleDecision:
    """The likeliest roles of the speakers in these utterances.

    A single speaker is judged by sign alone. With two, the one with more agent's weight is the agent. With more, each
    joins the side of its own evidence, so that a second agent after a transfer is an agent too; at least one of each.
    Without any utterance there are no roles and the confidence is 0.
    """
    speakers = tuple(dict.fromkeys(u.speaker for u in utterances))
    if not speakers:
        return RoleDecision({}, 0.0)
    lexicon = _lexicon()
    weight = {s: _weight(s, utterances, lexicon) for s in speakers}
    weight[speakers[0]] += lexicon.first_speaker_weight
    if len(speakers) == 1:
        margin = abs(weight[speakers[0]])
        sure = min(_confidence(margin, lexicon), _understood(utterances))
        return RoleDecision({speakers[0]: _side(weight[speakers[0]])}, sure, margin)
    # The agents' and the callers' weights are compared with the middle between the extremes, not with zero: a cold
    # agent says little that sounds like one, yet more than the caller does. A talkative agent must not lift the middle
    # over a second one who said only a sentence or two.
    middle = min((max(weight.values()) + min(weight.values())) / 2, MAX_MIDDLE)
    options = [
        dict(zip(speakers, sides, strict=True))
        for sides in product(("agent", "patient"), repeat=len(speakers))
        if len(set(sides)) == 2
    ]
    totals = [sum((weight[s] - middle) * (1 if side == "agent" else -1) for s, side in o.items()) for o in options]
    best = max(range(len(options)), key=totals.__getitem__)
    runner_up = max((t for i, t in enumerate(totals) if i != best), default=-math.inf)
    roles: dict[str, Role] = {s: ("agent" if side == "agent" else "patient") for s, side in options[best].items()}
    margin = (totals[best] - runner_up) / 2
    return RoleDecision(roles, min(_confidence(margin, lexicon), _understood(utterances)), margin)


def _understood(utterances: tuple[Utterance, ...]) -> float:
    """The most that roles may be believed: 1, or the mean confidence of the characters where that is low."""
    told = [(count_characters(u.text), u.confidence) for u in utterances if u.confidence is not None]
    total = sum(count for count, _ in told)
    mean = sum(count * sure for count, sure in told) / total if total else 1.0
    return mean if mean < UNDERSTOOD else 1.0


def _side(weight: float) -> Role:
    return "agent" if weight > 0 else "patient" if weight < 0 else "unknown"


def _confidence(margin: float, lexicon: _Lexicon) -> float:
    """What share of assignments with this margin (0 or more) is right.

    Platt's mapping on the logarithm of the margin: the first cues tell most, each further one less.
    """
    likely = 1 / (1 + math.exp(-(lexicon.slope * math.log1p(margin) + lexicon.offset)))
    return min(max(likely, 0.5), lexicon.most)


def _weight(speaker: str, utterances: Iterable[Utterance], lexicon: _Lexicon) -> float:
    """Agent's minus caller's weight of everything this speaker says."""
    said = [(u.text, toneless_pinyin(u.text)) for u in utterances if u.speaker == speaker]

    def total(cues: tuple[_Cue, ...]) -> float:
        return sum(cue.weight * min(cue.cap, sum(cue.hits(text, sounds) for text, sounds in said)) for cue in cues)

    return total(lexicon.agent) - total(lexicon.patient)


@cache
def _lexicon() -> _Lexicon:
    values = shipped_files.values("lexicon/roles.yaml")
    return _Lexicon(
        agent=tuple(map(_cue, values["agent"])),
        patient=tuple(map(_cue, values["patient"])),
        first_speaker_weight=float(values["first_speaker_weight"]),
        **{name: float(values["calibration"][name]) for name in ("slope", "offset", "most")},
    )


def _cue(entry: dict[str, Any]) -> _Cue:
    phrase = entry.get("phrase")
    return _Cue(
        weight=float(entry["weight"]),
        cap=int(entry.get("cap", 1)),
        pattern=re2.compile(entry["regex"]) if "regex" in entry else None,
        phrase=phrase,
        sounds=toneless_pinyin(phrase) if phrase else (),
    )
