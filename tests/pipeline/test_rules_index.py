"""One pass over many calls finds what looking in every turn for every phrase finds."""

import random
import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.yaml_source import Place
from pipeline.model import CallFacts, Probe, Utterance
from pipeline.rules import load_rulebook
from pipeline.rules.elements import Alternatives
from pipeline.rules.gates import required
from pipeline.rules.index import MatchIndex, Stretch
from pipeline.rules.lines import flatten, lines
from pipeline.rules.matching import index_of, views_of
from pipeline.rules.needles import Search, codes_of
from pipeline.rules.phrases import PhraseList, compiled_pattern
from pipeline.rules.spoken import CallView
from pipeline.text import is_content
from tests.builders import make_facts, make_utterance
from tests.pipeline import rules_reference as reference

BOOK = load_rulebook()
LISTS = tuple({id(w): w for rule in BOOK.rules for w in rule.lists()}.values())
EXAMPLES = tuple(line.text for rule in BOOK.rules for example in rule.examples for line in example.lines if line.text)
"""Sentences of the shipped rulebook: hits, traps and what only sounds like one."""


def plain(words: PhraseList) -> PhraseList:
    """The list without what stands around its hits: that is what the reference knows of."""
    return replace(words, also=(), none=None, near=(), least=1, once=False)


def calls(seed: int, count: int) -> list[CallFacts]:
    """Dialogues of sentences that rules are about, cut into utterances at any place."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        utterances: list[Utterance] = []
        for role in chance.choices(("agent", "patient"), k=chance.randrange(0, 12)):
            text = "".join(chance.choices(EXAMPLES, k=chance.randrange(1, 3)))
            cut = chance.randrange(len(text) + 1)
            for part in (text[:cut], chance.choice(("嗯。", "好的，", "")), text[cut:]):
                at = float(len(utterances))
                utterances.append(make_utterance(len(utterances), role, at, at + 1.0, part, words=()))
        made.append(make_facts(utterances=tuple(utterances), events=()))
    return made


def found(view: CallView, words: PhraseList) -> list[list[reference.Found]]:
    return [[(h.span.start, h.span.end, h.how, h.phrase) for h in words.hits(turn)] for turn in view.turns]


def test_all_lists_of_the_rulebook_in_many_calls_at_once() -> None:
    lists = [plain(words) for words in LISTS]
    made = calls(seed=1, count=12)
    views = views_of(made, index_of(lists))
    count = 0
    for facts, view in zip(made, views, strict=True):
        turns = reference.turns(facts)
        assert [t.flat for t in view.turns] == [t.flat for t in turns]
        for words in lists:
            expected = [reference.hits(words, turn) for turn in turns]
            assert found(view, words) == expected
            assert view.may_hit(words) or not any(expected)
            count += sum(map(len, expected))
    assert count > 150


def test_a_list_that_the_index_does_not_know_finds_the_same() -> None:
    words, everything, others = LISTS[0], index_of(LISTS), index_of(LISTS[1:20])
    for facts in calls(seed=2, count=10):
        (indexed,), (unknown,) = views_of([facts], everything), views_of([facts], others)
        assert found(CallView(facts), words) == found(unknown, words) == found(indexed, words)


ALPHABET = "不知道指清楚除您你说的随便，。！ 著麼CT3\n\u200b這"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.tuples(st.sampled_from(["agent", "patient"]), st.text(ALPHABET, max_size=12)), max_size=6)))
def test_lines_are_the_turns_one_after_the_other(dialogues: list[list[tuple[str, str]]]) -> None:
    made = [
        make_facts(
            utterances=tuple(make_utterance(i, r, i, i + 1.0, t, words=()) for i, (r, t) in enumerate(dialogue)),  # type: ignore[arg-type]
            events=(),
        )
        for dialogue in dialogues
    ]
    joined = lines(made)
    assert len(joined.flat) == len(joined.sounds) == len(joined.stops) - 1
    for facts, view in zip(made, views_of(made, index_of(())), strict=True):
        turns = reference.turns(facts)
        assert [t.flat for t in view.turns] == [t.flat for t in turns]
        for turn, expected in zip(view.turns, turns, strict=True):
            inside = {at: stop for at, stop in expected.stops.items() if 0 < at < len(expected.flat)}
            assert {i for i in range(1, len(turn.flat)) if turn.has_stop(i)} == set(inside)


@given(st.text(ALPHABET + string.printable + "覆坏乾後裡İé𠀀①", max_size=30))
def test_what_may_be_skipped_by_normalising_is_what_it_leaves_alone(text: str) -> None:
    utterance = make_utterance(0, "agent", 0.0, 1.0, text + "听", words=())
    joined = lines([make_facts(utterances=(utterance,), events=())])
    expected = flatten(text + "听")
    assert joined.flat in (expected + "\n", "")  # "": nothing but a back-channel
    assert all(is_content(c) for c in joined.flat[:-1])


@pytest.mark.parametrize(
    ("expression", "literals"),
    [
        ("爱.{1,3}嫌.{1,3}不", [{"爱"}, {"嫌"}]),
        (
            "(您|你)(就|得)?(自己|去)查",
            [{f"{a}{b}{c}查" for a in "您你" for b in ("", "就", "得") for c in ("自己", "去")}],
        ),
        ("[吗呢]$", [{"吗", "呢"}]),
        ("[^我]{0,6}(查|问)(一下)?", [{"查", "问"}]),
        ("(查|问).{0,3}([一二]下){1,2}", [{"查", "问"}, {"一下", "二下"}]),
        ("CT", [{"ct"}]),
        ("不{2}", [{"不不"}]),
        (".*", []),
        (r"\d{11}", []),
        ("[^我]+", []),
        ("(?i)ct", []),
        (r"\pN+", []),
        ("[[:digit:]]", []),
    ],
)
def test_what_an_expression_needs(expression: str, literals: list[set[str]]) -> None:
    assert sorted(map(sorted, required(expression))) == sorted(map(sorted, literals))


def test_no_match_without_one_of_the_literals() -> None:
    sources = {p.source for words in LISTS for p in (*words.patterns, *words.excepted_patterns)}
    texts = [flatten(text) for text in EXAMPLES[::4]]
    options = re2.Options()
    options.case_sensitive = False
    for source in sources:
        sets = required(source)
        compiled = re2.compile(source, options)
        for text in texts if sets else ():
            held = all(any(literal in text for literal in one) for one in sets)
            assert held or compiled.search(text) is None, (source, text)


def test_an_empty_index_and_no_calls() -> None:
    some = index_of(LISTS[:20])
    assert views_of([], some) == ()
    index = MatchIndex(())
    assert index.search_turn("不知道", "", bytes(4)).index.lists == ()
    compiled_pattern("[0-9]+", Place("a", 1))
    silent = make_facts(utterances=(), events=())
    assert views_of([silent, silent], some)[1].turns == ()


def test_a_chunk_gives_each_call_what_it_gets_alone(tmp_path: Path) -> None:
    made = calls(seed=3, count=12)
    index = index_of(LISTS)
    together = views_of(made, index)
    for facts, view in zip(made, together, strict=True):
        (alone,) = views_of([facts], index)
        for words in LISTS:
            assert found(view, words) == found(alone, words)
            for turn, other in zip(view.turns, alone.turns, strict=True):
                for hit in words.hits(turn):
                    assert turn.evidence(hit.span) == other.evidence(hit.span)


PATTERNS = (
    *(
        "^不",
        "好$",
        "(好|您好|明天)$",
        "[吗呢]$",
        "^(您|你)好$",
        "[^我]{0,3}不",
        "不.{0,2}",
        "(?s)不.",
        r"\A不",
        r"不\z",
        r"\D不",
        r"\W?不",
        "(?i)CT",
    ),
    *("(明天|明天上午|上午)", "(上午|下午)", "不不?", "(?:不|好)+", "[吗呢]$|不", "a|不a"),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("不好您你我吗呢明天上下午ct1a", min_size=1, max_size=10), max_size=8))
def test_expressions_match_in_all_turns_at_once_as_in_each_alone(turns: list[str]) -> None:
    patterns = tuple(compiled_pattern(source, Place("a.yaml", 1)) for source in PATTERNS)
    index = MatchIndex([Alternatives((), (pattern,), 3) for pattern in patterns])
    flat = "".join(f"{turn}\n" for turn in turns)
    starts = np.array([sum(len(t) + 1 for t in turns[:n]) for n in range(len(turns))], np.intp)
    searched = index.search(Stretch(flat, flat, bytes(len(flat) + 1), starts))
    for number, pattern in enumerate(patterns):
        places = searched.places(number)
        spans = set(zip(places.turns.tolist(), places.starts.tolist(), places.ends.tolist(), strict=True))
        assert spans == {
            (n, starts[n] + match.start(), starts[n] + match.end())
            for n, turn in enumerate(turns)
            for match in pattern.compiled.finditer(turn)
            if match.start() < match.end()
        }, pattern.source


def asked(facts: CallFacts, chance: random.Random) -> CallFacts:
    """The call with some places where the audio was asked about a dear phrase."""
    phrases = sorted(BOOK.phrases_to_verify("unknown"))
    probes = []
    for utterance in facts.utterances:
        phrase = chance.choice(phrases)
        if len(utterance.text) < len(phrase) or chance.random() < 0.5:
            continue
        start = chance.randrange(len(utterance.text) - len(phrase) + 1)
        ratio = chance.uniform(-6, 6)
        place = (utterance.index, start, start + len(phrase), utterance.start_s, utterance.end_s)
        heard = Probe(phrase, *place, chance.choice((0.0, 0.1, 0.3)), -10 + ratio, -10.0, ratio, second_share=0.5)
        probes.append(heard)
    return replace(facts, probes=tuple(probes), verified=True)


def test_the_rulebook_judges_many_calls_as_each_alone_without_an_index() -> None:
    chance = random.Random(5)
    made = calls(seed=4, count=24)
    made += [asked(facts, chance) for facts in made]
    together = BOOK.judge_all(views_of(made, index_of(LISTS)), 0.5)
    assert together == tuple(BOOK.judge(facts, 0.5) for facts in made)
    assert sum(map(len, together)) > 200


@given(
    st.sets(st.text("不知道到\U00020000", min_size=1, max_size=5), max_size=12),
    st.text("不知道到好\n\U00020000", max_size=40),
)
def test_every_text_is_found_at_every_place(texts: set[str], searched: str) -> None:
    search = Search(sorted(texts))
    which, places = search.find(codes_of(searched))
    found = [(search.sought[n], p) for n, p in zip(which.tolist(), places.tolist(), strict=True)]
    assert sorted(found) == sorted((t, p) for t in texts for p in range(len(searched)) if searched.startswith(t, p))
    for text in texts:
        mine = [p for t, p in found if t == text]
        assert mine == sorted(mine)
