"""Judging by what changed is judging whole, bit for bit, whatever was changed in the rulebook."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import rulebooks
from pipeline.batch.upkeep import recheck
from pipeline.config import Settings, load_settings
from pipeline.config.yaml_source import parse
from pipeline.judge import NOTHING_SEEN, Judge, Views
from pipeline.model import CallFacts, Judgement, Probe
from pipeline.rulebooks import Source, Sources, pinned
from pipeline.rules import Rulebook
from pipeline.rules.examples import facts_of
from pipeline.store import artefact
from pipeline.store.columns import to_table
from pipeline.store.rows import from_table
from pipeline.unchanged import digests_of
from tests.bench.call_store import dialogues
from tests.builders import make_facts

SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
CALLS = 150
MORE_RULES = """\
rules:
  - {id: by-class, family: rude_tone, severity: minor, name_zh: 类, name_en: Class, role: any,
     phrase: {any: [{class: department}]}, examples: {hit: [内科], miss: [再见]}}
  - {id: by-topic, family: rude_tone, severity: minor, name_zh: 题, name_en: Topic, role: any, when: {topic: 预约挂号},
     phrase: {any: [您好]}, examples: {hit: [{lines: [坐席：您好], topics: [预约挂号]}], miss: [再见]}}
"""
Plain = dict[str, dict[str, Any]]
"""Every file of a rulebook as plain values, by part/name."""


def rule(files: Plain, rule_id: str) -> dict[str, Any]:
    return next(r for f in files.values() for r in f.get("rules", ()) if r["id"] == rule_id)


def first_rule(files: Plain) -> dict[str, Any]:
    return rule(files, "forbidden-dont-know")


def reworded(files: Plain) -> None:
    first_rule(files)["phrase"]["any"] = ["您好", "不清楚", "喂"]


def dearer(files: Plain) -> None:
    first_rule(files)["points"] = 17


def disabled(files: Plain) -> None:
    first_rule(files)["enabled"] = False


def added(files: Plain) -> None:
    files["rules/10_forbidden_phrase.yaml"]["rules"].insert(0, {**rule(files, "by-class"), "id": "a-new-one"})


def removed(files: Plain) -> None:
    files["rules/10_forbidden_phrase.yaml"]["rules"].remove(first_rule(files))


def other_condition(files: Plain) -> None:
    files["rules/01_conditions.yaml"]["conditions"]["no_complaint"] = {"says": {"role": "agent", "any": ["您好"]}}


def other_set(files: Plain) -> None:
    files["rules/00_sets.yaml"]["sets"]["remedies"] = ["您好", "请稍等"]


def other_class(files: Plain) -> None:
    files["lexicon/terms.yaml"]["department"] = ["内科", "挂号"]


def other_topics(files: Plain) -> None:
    files["lexicon/topics.yaml"]["topics"][0]["words"].append({"weight": 5, "any": ["您好", "请问"]})


def other_card(files: Plain) -> None:
    card = next(f for n, f in files.items() if n.startswith("scorecards/") and "for_topics" not in f)
    card["sections"][0]["items"][0]["deduct"] = {"minor": 1.25, "major": 1.75}


def other_file(files: Plain) -> None:
    """The same rules in another order of files."""
    files["rules/99_last.yaml"] = files.pop("rules/11_verbal_tic.yaml")


def measured(files: Plain) -> None:
    rule(files, "speech-rate-fast-call")["measure"]["above"] = 200


def nothing(files: Plain) -> None:
    """Written otherwise, and nothing else."""


def other_weights(files: Plain) -> None:
    files["lexicon/verification.yaml"]["weights"]["intercept"] += 1.5


def other_context(files: Plain) -> None:
    files["lexicon/context.yaml"]["violated_from"] = 0.9


# How many of the rules each change leaves to do; None: all of them.
CHANGES: tuple[tuple[Callable[[Plain], None], int | None], ...] = (
    (nothing, 0),
    (other_file, 0),
    (other_card, 0),
    (removed, 0),
    (disabled, 1),
    (reworded, 1),
    (dearer, 1),
    (added, 1),
    (measured, 1),
    (other_condition, 7),
    (other_class, 1),
    (other_topics, 1),
    (other_set, 10),
    (other_context, 10),
    (other_weights, None),
)


class House:
    """The shipped rulebook with a few rules more, kept; calls with what it makes of them, as a store gives it back."""

    def __init__(self, home: Path) -> None:
        self.settings: Settings = load_settings(home)
        shipped = rulebooks.read_sources(self.settings)
        more = Source("rules", "98_more.yaml", MORE_RULES, "more")
        self.judge = Judge(self.settings, replace(shipped, files=(*shipped.files, more)))
        rulebooks.keep(home, self.judge.sources)
        self.calls = tuple(calls_of(self.judge.rulebook))
        rows = from_table(Judgement, to_table(Judgement, self.judge.judge_all(self.calls)))
        self.stored: Mapping[str, Judgement] = {judgement.call_id: judgement for judgement in rows}

    def changed(self, change: Callable[[Plain], None]) -> Judge:
        active = self.judge.sources
        files: Plain = {
            f"{f.part}/{f.name}": json.loads(json.dumps(parse(f.text, f.shown).plain())) for f in active.files
        }
        change(files)
        return Judge(self.settings, replace(active, files=tuple(sources_of(files))))


def sources_of(files: Plain) -> Iterator[Source]:
    for name, plain in sorted(files.items()):
        part, _, file = name.partition("/")
        for known in rulebooks.PARTS:
            if part == known:
                yield Source(known, file, json.dumps(plain, ensure_ascii=False), name)


def calls_of(rulebook: Rulebook) -> Iterator[CallFacts]:
    """Examples of all rules, and whole dialogues: as they are, with words to listen to, and with probes."""
    examples = [example for rule in rulebook.rules for example in rule.examples]
    for number, example in enumerate(examples[:: max(1, len(examples) // CALLS)]):
        facts = facts_of(example)
        recording = replace(facts.recording, call_id=f"example-{number}")
        facts = replace(facts, recording=recording, verified=number % 3 == 0)
        yield replace(facts, probes=tuple(probes_of(facts))) if number % 2 else facts
    for number, turns in enumerate(dialogues()[:20]):
        lines = [(role, 5.0 * n, 5.0 * n + 4.5, text) for n, (role, text) in enumerate(turns)]
        yield make_facts(f"dialogue-{number}", lines, role_confidence=0.4 + 0.03 * number)


def probes_of(facts: CallFacts) -> Iterator[Probe]:
    """Of each utterance the recogniser says how likely it hides 不知道 in its first three characters."""
    for u in facts.utterances:
        if len(u.text) > 3:
            ratio = 9.0 - 3 * (u.index % 5)
            yield Probe(
                *("不知道", u.index, 0, 3, u.start_s, u.end_s, 0.2, -9.0, -9.0 - ratio, ratio, 0.8),
                *("不知道", 0.1, 0.6, "不指导", ratio),
            )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("data"))


def timeless(judgements: tuple[Judgement, ...]) -> list[Judgement]:
    """Without the time, and as they are stored."""
    return from_table(Judgement, to_table(Judgement, [replace(j, judged_at=SOME_TIME) for j in judgements]))


@pytest.mark.parametrize(("change", "rules"), CHANGES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_changed_is_judged_as_the_whole_is(
    house: House, change: Callable[[Plain], None], rules: int | None
) -> None:
    judge = house.changed(change)
    assert judge.version != house.judge.version
    whole = timeless(judge.judge_all(house.calls))
    assert timeless(judge.judge_again(house.calls, house.stored)) == whole
    then, now = digests_of(house.judge.sources).rules, digests_of(judge.sources).rules
    differing = sum(digest != then.get(rule_id) for rule_id, digest in now.items())
    assert differing == (len(now) if rules is None else rules)
    if change not in (nothing, other_file):
        before = timeless(tuple(replace(j, rulebook_version=judge.version) for j in house.stored.values()))
        assert whole != before, "the change has no effect on these calls: it shows nothing"


def test_calls_without_a_judgement_and_versions_that_are_not_kept_are_judged_whole(house: House) -> None:
    judge = house.changed(reworded)
    whole = timeless(judge.judge_all(house.calls))
    some = {i: j for n, (i, j) in enumerate(house.stored.items()) if n % 3}
    lost = {i: replace(j, rulebook_version="r-0123456789abcdef", findings=()) for i, j in house.stored.items()}
    assert timeless(judge.judge_again(house.calls, some)) == whole
    assert timeless(judge.judge_again(house.calls, lost)) == whole


class Counted(Judge):
    """Remembers how many calls it judged by every rule, and of how many it was told what was judged before."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.whole = self.again = 0

    def judge_all(self, calls: Sequence[CallFacts]) -> tuple[Judgement, ...]:
        self.whole += len(calls)
        return super().judge_all(calls)

    def judge_again(
        self, calls: Sequence[CallFacts], stored: Mapping[str, Judgement], views: Views = NOTHING_SEEN
    ) -> tuple[Judgement, ...]:
        self.again += len(stored)
        return super().judge_again(calls, stored, views)


def rechecked(settings: Settings, *, anew: bool = False) -> tuple[int, list[Judgement]]:
    """How many calls a recheck judged by every rule, and what it stored."""
    judge = Counted(settings)
    assert recheck(settings, lambda: judge, anew=anew).problems == ()
    return judge.whole, stored_in(settings)


def stored_in(settings: Settings) -> list[Judgement]:
    return timeless(tuple(sorted(artefact.iter_judgements(settings.home), key=lambda j: j.call_id)))


@pytest.fixture
def store(tmp_path: Path, house: House) -> tuple[Settings, Settings]:
    """A store of six calls, judged; the settings that it was judged by, and those of a changed rulebook."""
    settings = load_settings(tmp_path / "data")
    for facts in house.calls[-6:]:
        artefact.write_facts(settings.home, facts)
    settings, changed = (pinned(settings, judge.sources) for judge in (house.judge, house.changed(reworded)))
    assert rechecked(settings)[0] == 6
    return settings, changed


def test_recheck_takes_what_is_stored_and_stores_the_same(store: tuple[Settings, Settings]) -> None:
    settings, changed = store
    whole, before = rechecked(settings)
    assert whole == 0
    whole, judgements = rechecked(changed)
    assert whole == 0
    assert judgements != before
    assert rechecked(changed, anew=True) == (6, judgements)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, house: House) -> tuple[Settings, list[Judgement]]:
    """All calls in files of many, judged by a rulebook whose files are written as those of changed ones are."""
    settings = pinned(load_settings(tmp_path_factory.mktemp("many") / "data"), house.changed(nothing).sources)
    for facts in house.calls:
        artefact.write_facts(settings.home, facts)
    return settings, rechecked(settings)[1]


@pytest.mark.parametrize(("change", "_"), CHANGES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_recheck_after_a_change_stores_what_one_of_everything_does(
    house: House, judged: tuple[Settings, list[Judgement]], tmp_path: Path, change: Callable[[Plain], None], _: object
) -> None:
    shutil.copytree(judged[0].home, tmp_path / "data")
    changed = pinned(load_settings(tmp_path / "data"), house.changed(change).sources)
    judge = Counted(changed)
    assert recheck(changed, lambda: judge).calls == len(house.calls)
    stored = stored_in(changed)
    assert {j.rulebook_version for j in stored} == {judge.version}
    if change is nothing:
        assert judge.again == 0, "nothing that any rule reads is different, still calls were looked at"
        assert stored == judged[1]
    if change in (removed, disabled, reworded):
        assert 0 < judge.again < len(house.calls), "calls without these words need not be looked at"
    assert rechecked(changed, anew=True) == (len(house.calls), stored)


def test_recheck_judges_whole_what_was_heard_anew(store: tuple[Settings, Settings]) -> None:
    _, changed = store
    (facts, *_) = artefact.iter_facts(changed.home)
    said = replace(facts.utterances[0], text="您好不清楚")
    artefact.write_facts(changed.home, replace(facts, utterances=(said, *facts.utterances[1:])))
    whole, judgements = rechecked(changed)
    assert whole == 6
    assert rechecked(changed, anew=True) == (6, judgements)


def test_recheck_judges_whole_what_was_calibrated_anew(store: tuple[Settings, Settings]) -> None:
    _, changed = store
    measures = changed.measures.model_copy(update={"spl_offset_db": 71.5})
    assert rechecked(changed.model_copy(update={"measures": measures}))[0] == 6


def test_recheck_judges_whole_what_another_program_judged(
    store: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, changed = store
    monkeypatch.setattr("pipeline.store.days.__version__", "0.0.1")
    assert rechecked(changed)[0] == 6


def test_a_judgement_of_corrected_words_does_not_stand_for_what_was_heard(store: tuple[Settings, Settings]) -> None:
    settings, changed = store
    corrected = next(artefact.iter_judgements(settings.home))
    artefact.write_judgement(settings.home, replace(corrected, findings=(), judged_at=datetime.now(UTC)))
    whole, judgements = rechecked(changed)
    assert whole == 0
    assert rechecked(changed, anew=True) == (6, judgements)


WEIGHTS = ("verification", "context")


def sources(rules: str, **lexicon: str) -> Sources:
    files = [Source("rules", "a.yaml", rules, "a.yaml")]
    named = {
        "topics": "{}",
        "entities": "date: [今天]",
        "terms": "drug: [阿司匹林]",
        "verification": "{}",
        "context": "{}",
    }
    named |= lexicon
    files += [Source("lexicon", f"{name}.yaml", text, name) for name, text in named.items()]
    return Sources(tuple(files), 0.6, "Asia/Shanghai")


RULES = """\
sets: {near: [{set: far}], far: [甲], alone: [乙], dates: [{set: "class:date"}]}
conditions:
  asked: {topic: 投诉}
  outer: {not: inner}
  inner: {says: {role: agent, any: [{class: drug}]}}
rules:
  - {id: by-set, phrase: {any: [{set: near}]}}
  - {id: by-topic, when: {any: [asked]}, phrase: {any: [丙]}}
  - {id: by-condition, holds: outer}
  - {id: by-class, phrase: {any: [{set: dates}]}}
  - {id: plain, phrase: {any: [丁]}}
"""


@pytest.mark.parametrize(
    ("old", "new", "lexicon", "differing"),
    [
        ("far: [甲]", "far: [甲, 戊]", {}, {"by-set"}),
        ("alone: [乙]", "alone: [己]", {}, set()),
        ("role: agent", "role: patient", {}, {"by-condition"}),
        ("topic: 投诉", "topic: 挂号", {}, {"by-topic"}),
        ("rules:\n", "# a note\nrules:\n", {}, set()),
        ("", "", {"topics": "a: b"}, {"by-topic"}),
        ("", "", {"terms": "drug: [布洛芬]"}, {"by-condition"}),
        ("", "", {"entities": "date: [明天]"}, {"by-class"}),
        ("", "", {"verification": "a: b"}, {"by-set", "by-topic", "by-condition", "by-class", "plain"}),
    ],
)
def test_a_rule_differs_when_anything_that_it_reads_does(
    old: str, new: str, lexicon: dict[str, str], differing: set[str]
) -> None:
    then, now = digests_of(sources(RULES)).rules, digests_of(sources(RULES.replace(old, new), **lexicon)).rules
    assert {rule_id for rule_id in now if now[rule_id] != then[rule_id]} == differing


def test_settings_that_judge_count_for_every_rule() -> None:
    then = digests_of(sources(RULES))
    for changed in ({"min_role_confidence": 0.7}, {"timezone": "UTC"}):
        now = digests_of(replace(sources(RULES), **changed))
        assert not set(then.rules.values()) & set(now.rules.values())
