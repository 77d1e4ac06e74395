"""Synthetic words for measuring how fast rules judge: sentences of calls, and sentences that rules are about.

Of twenty utterances nineteen are turns of the dialogues of audio_samples/ and tests/bench/dialogues, one is a sentence
of the rulebook's own examples (hits, traps, what is heard wrongly); names, numbers, days and places are drawn anew in
each, so that hardly two are alike.
"""

import random
from collections.abc import Iterator
from itertools import islice

from pipeline.model import CallFacts, Event, Role, Utterance
from pipeline.rules import Rulebook
from pipeline.sounds import encode
from tests.bench.call_store import dialogues
from tests.builders import make_call_measures, make_facts, make_utterance

UTTERANCES = 30
_RULES_SHARE = 1 / 20
_SLOTS = ("一二三四五六七八九", "王李张刘陈杨赵周吴郑", "东西南北", "内外儿妇骨眼")


def sentences(rulebook: Rulebook, seed: int = 0) -> Iterator[tuple[Role, str]]:
    """Sentences without end, with the role that says them."""
    draw = random.Random(seed)
    spoken = [turn for dialogue in dialogues() for turn in dialogue]
    lines = [line for rule in rulebook.rules for example in rule.examples for line in example.lines]
    examples = [(line.role, line.text) for line in lines if line.text]
    while True:
        role, text = draw.choice(examples if draw.random() < _RULES_SHARE else spoken)
        yield role, text.translate(_swaps(draw))


def utterances(rulebook: Rulebook, count: int, seed: int = 0) -> Iterator[Utterance]:
    """Utterances of which each is a turn of its own, 30 to the call; their sounds as analysed calls have them."""
    for number, (role, text) in enumerate(islice(sentences(rulebook, seed), count)):
        index = number % UTTERANCES
        yield Utterance(index, role, f"S{index}", float(index), index + 0.9, text, text, sounds=encode(text))


def calls(rulebook: Rulebook, count: int, seed: int = 0) -> Iterator[CallFacts]:
    """Calls of 30 utterances with words, measures and a silence."""
    draw, source = random.Random(seed), sentences(rulebook, seed)
    for number in range(count):
        at_s, said = 1.0, []
        for index, (role, text) in enumerate(islice(source, UTTERANCES)):
            length_s = len(text) / draw.uniform(3.2, 5.2)
            said.append(make_utterance(index, role, at_s, at_s + length_s, text, sounds=encode(text)))
            at_s += length_s + draw.uniform(0.1, 1.2)
        silence = Event("silence", at_s / 2, at_s / 2 + 9.0, "agent", UTTERANCES // 2, 9.0)
        measures = make_call_measures(spl_offset_db="uncalibrated_line")
        yield make_facts(f"call-{number}", utterances=tuple(said), events=(silence,), measures=measures)


def _swaps(draw: random.Random) -> dict[int, str]:
    return {ord(old): new for group in _SLOTS for old, new in zip(group, draw.sample(group, len(group)), strict=True)}
