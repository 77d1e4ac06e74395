"""Which calls the corpus holds: dialogues composed from templates by a recorded seed, and the written ones.

The part "report" is what figures are reported on; "dev" is what may be tuned on. They share no exchange of words but
the first and last lines of a call. "real" is what dependencies ship.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from audio_samples import tts
from audio_samples.synth import Line, Party, Spec, load_spec
from tests.bench.accuracy.conditions import CONDITIONS, QUIETER_DB

Part = Literal["dev", "report"]

SEED = 20261122
VOICES = tuple(tts.NATURAL_CPM)
NOMINAL_CPM = 230.0
SPEEDS = (0.8, 0.9, 1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8)  # of NOMINAL_CPM
COUNTS: dict[Part, dict[str, int]] = {
    "dev": dict(zip(("预约挂号", "费用与报销", "检查与报告", "用药咨询"), (2, 2, 2, 2), strict=True)),
    "report": {
        **{"预约挂号": 10, "费用与报销": 8, "检查与报告": 8, "用药咨询": 7},
        **{"投诉": 6, "就诊引导": 5, "表扬": 2, "其他": 4},
    },
}
HERE = Path(__file__).parent
WRITTEN: dict[Part, Path] = {
    "dev": HERE.parents[2] / "audio_samples" / "dialogues",
    "report": HERE.parent / "dialogues",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One call to be made.

    spec: who says what; levels and noise are those of the condition. prompt: what a machine says before anybody
    answers, "" for nothing, in the voice prompt_voice; keys: pressed after it. music_s: hold music before the call
    begins. echoes: the parties that speak in a room.
    """

    spec: Spec
    part: Part
    condition: str
    prompt: str = ""
    prompt_voice: str = ""
    keys: str = ""
    music_s: float = 0.0
    echoes: tuple[str, ...] = ()


def plans(part: Part) -> tuple[Plan, ...]:
    """All calls of a part, in an order in which any first few of them are a fair mixture."""
    composed = tuple(_composed(part))
    written = tuple(_written(part))
    silent = tuple(_nobody()) if part == "report" else ()
    every = [*composed, *written, *silent]
    random.Random(f"{SEED}-{part}-order").shuffle(every)
    return tuple(every)


@cache
def templates() -> dict[str, Any]:
    """What calls are composed from."""
    values: dict[str, Any] = YAML(typ="safe", pure=True).load((HERE / "templates.yaml").read_text(encoding="utf-8"))
    return values


def _composed(part: Part) -> Iterator[Plan]:
    draw = random.Random(f"{SEED}-{part}")
    topics = [topic for topic, count in COUNTS[part].items() for _ in range(count)]
    pairs = _pairs(len(topics), draw)
    decks = {topic: _Deck(templates()["topics"][topic][part], draw) for topic in COUNTS[part]}
    draw.shuffle(topics)
    for number, (topic, voices) in enumerate(zip(topics, pairs, strict=True)):
        yield _call(f"{part[0]}{number:02d}", topic, decks, voices, number, part, draw)


def _call(
    name: str,
    topic: str,
    decks: dict[str, "_Deck"],
    voices: tuple[str, str],
    number: int,
    part: Part,
    draw: random.Random,
) -> Plan:
    """One composed call; what it has besides words goes by its number, so that every sort comes up."""
    listed = templates()
    slots = {slot: draw.choice(values) for slot, values in listed["slots"].items()}
    exchanges = [decks[topic].next()]
    if sum(map(len, exchanges[0])) < 75:
        exchanges.append(decks[topic].next())
    hold = draw.choice(listed["holds"]) if number % 5 == 2 else None
    transfer = draw.choice(listed["transfers"]) if number % 8 == 5 else None
    lines = list(_lines([draw.choice(listed["greetings"])], slots))
    for exchange in exchanges:
        lines += _lines(exchange, slots)
    if hold:
        before, after = _lines(hold, slots)
        lines += [before, replace(after, pause_s=draw.uniform(6.0, 11.0), music=True)]
    if transfer:
        moved = list(_lines(transfer, slots))
        lines += [moved[0], replace(moved[1], pause_s=draw.uniform(2.5, 4.5)), *moved[2:]]
    lines += [one if one.party == "p" or not transfer else replace(one, party="b") for one in _closing(draw, slots)]
    if number % 3 == 1:
        lines = list(_cut_in(lines, draw))
    agent, patient = voices
    third = draw.choice([v for v in VOICES if v not in voices])
    parties = [_party("a", "agent", agent, draw), _party("p", "patient", patient, draw)]
    if transfer:
        parties.append(_party("b", "agent", third, draw))
    prompt = draw.choice(listed["prompts"]).format(**slots) if number % 6 == 3 else ""
    chosen = CONDITIONS[number % len(CONDITIONS)].name
    spec = Spec(
        *(name, topic, "mono", number, tuple(parties), tuple(lines)),
        agent_channel=number % 2,
        ring_s=draw.choice([1.0, 6.0]) if number % 4 == 0 or prompt else 0.0,
    )
    return Plan(
        _on_line(spec, chosen, number),
        part,
        chosen,
        prompt=prompt,
        prompt_voice=draw.choice([v for v in VOICES if v not in (*voices, third)]),
        keys=draw.choice("0123") if prompt else "",
        echoes=(("p",), ("a", "p"))[number % 2] if number % 3 == 2 else (),
    )


def _closing(draw: random.Random, slots: dict[str, str]) -> Iterator[Line]:
    return _lines(draw.choice(templates()["closings"]), slots)


def _lines(texts: Sequence[str], slots: dict[str, str]) -> Iterator[Line]:
    for text in texts:
        party, _, words = text.partition(": ")
        yield Line(party, words.format(**slots))


def _cut_in(lines: list[Line], draw: random.Random) -> Iterator[Line]:
    """The call with a back-channel over two of its long turns, and once somebody who does not wait for the end."""
    long_ones = [i for i, one in enumerate(lines) if 0 < i < len(lines) - 1 and len(one.text) >= 16]
    chosen = sorted(draw.sample(long_ones, min(3, len(long_ones))))
    for index, one in enumerate(lines):
        follows = index - 1 in chosen[2:] and one.party != lines[index - 1].party and not one.music
        yield replace(one, pause_s=-draw.uniform(0.6, 1.1)) if follows else one
        if index in chosen[:2] and not lines[index + 1].music:
            other = "p" if one.party != "p" else "a"
            yield Line(other, draw.choice(templates()["backchannels"]), pause_s=-draw.uniform(1.4, 1.9))


def _pairs(count: int, draw: random.Random) -> list[tuple[str, str]]:
    """(agent, patient) voices: half of them of one sex, every such pair before any comes again; sides by chance."""
    alike = [p for p in combinations(VOICES, 2) if p[0][1] == p[1][1]]
    mixed = [p for p in combinations(VOICES, 2) if p[0][1] != p[1][1]]
    draw.shuffle(alike)
    draw.shuffle(mixed)
    chosen = [(alike, mixed)[i % 2][i // 2 % len((alike, mixed)[i % 2])] for i in range(count)]
    return [pair if draw.random() < 0.5 else (pair[1], pair[0]) for pair in chosen]


def _party(name: str, role: Literal["agent", "patient"], voice: str, draw: random.Random) -> Party:
    return Party(name, role, voice, draw.choice([-21.0, -23.0, -25.0]), NOMINAL_CPM * draw.choice(SPEEDS))


def _on_line(spec: Spec, condition: str, number: int) -> Spec:
    """The call with the noise of a condition, and with one party turned down where the condition asks for it."""
    line = {c.name: c for c in CONDITIONS}[condition]
    quiet = "agent" if number // len(CONDITIONS) % 2 else "patient"
    parties = spec.parties
    if line.one_is_quiet:
        loud = tuple(p for p in parties if p.role != quiet)
        level_dbfs = max(p.level_dbfs for p in loud) - QUIETER_DB
        parties = tuple(replace(p, level_dbfs=level_dbfs) if p.role == quiet else p for p in parties)
    return replace(spec, parties=parties, snr_db=line.snr_db)


def _written(part: Part) -> Iterator[Plan]:
    """The dialogues that were written by hand, each on one of the lines."""
    for number, path in enumerate(sorted(WRITTEN[part].glob("*.yaml"))):
        spec, chosen = load_spec(path), CONDITIONS[number % len(CONDITIONS)].name
        yield Plan(_on_line(spec, chosen, number), part, chosen)


def _nobody() -> Iterator[Plan]:
    """Two calls in which nobody speaks: it rings, music plays. Whatever is written of them was made up."""
    nobody = (Party("a", "agent", VOICES[0]), Party("p", "patient", VOICES[1]))
    for number, chosen in enumerate(("noise", "mobile")):
        spec = Spec(f"nobody{number}", "其他", "mono", 900 + number, nobody, (), ring_s=12.0)
        yield Plan(_on_line(spec, chosen, number), "report", chosen, keys="1380", music_s=15.0)


class _Deck:
    """Deals exchanges without repeating one before all were dealt."""

    def __init__(self, cards: Sequence[Sequence[str]], draw: random.Random) -> None:
        self._cards, self._draw, self._left = cards, draw, list[Sequence[str]]()

    def next(self) -> Sequence[str]:
        if not self._left:
            self._left = self._draw.sample(list(self._cards), len(self._cards))
        return self._left.pop()
