"""The phrase bench itself: the design of its clips, its labels and its figures, on hand-made outcomes. No model."""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config import load_settings
from pipeline.judge import Judge
from pipeline.model import Probe
from pipeline.rules import rulebook_of
from tests.bench import phrase_calls
from tests.bench.bench_phrases import outcomes_of
from tests.bench.phrase_calls import Cache, Heard, call_name, packs
from tests.bench.phrase_clips import CASTS, FILES, SNRS_DB, Clip, Part, clips, forbidden_phrases
from tests.bench.phrase_figures import Outcome, confusions, table, wilson
from tests.bench.phrase_fit import places
from tests.builders import make_facts


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(load_settings(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def every(judge: Judge) -> tuple[Clip, ...]:
    return clips(judge.rulebook, lambda facts: judge.judge(facts).findings)[0]


def part_of(every: tuple[Clip, ...], part: Part) -> list[Clip]:
    return [c for c in every if c.part == part]


def test_every_phrase_is_said_once_at_each_noise_level(judge: Judge, every: tuple[Clip, ...]) -> None:
    said = Counter((c.phrase, c.snr_db) for c in part_of(every, "development") if c.kind == "said")
    assert set(said) >= {(p, s) for p in forbidden_phrases(judge.rulebook) for s in SNRS_DB["development"]}
    assert set(said.values()) == {1}


@pytest.mark.parametrize("part", ["report", "unseen"])
def test_every_phrase_is_said_once_in_the_other_parts(judge: Judge, every: tuple[Clip, ...], part: Part) -> None:
    said = Counter(c.phrase for c in part_of(every, part) if c.kind == "said")
    new = {c.phrase for c in every if not c.listed}  # since the part was written
    assert set(said) >= set(forbidden_phrases(judge.rulebook)) - new
    assert set(said.values()) == {1}
    assert all(c.phrase in "".join(filter(str.isalnum, c.agent)) for c in every if c.kind == "said" and c.listed)


@pytest.mark.parametrize(("part", "at_least"), [("development", 15), ("report", 8), ("unseen", 8)])
def test_each_voice_says_many_phrases_at_each_noise_level(every: tuple[Clip, ...], part: Part, at_least: int) -> None:
    phrases = defaultdict(set)
    for clip in part_of(every, part):
        if clip.kind == "said":
            phrases[clip.voice, clip.snr_db].add(clip.phrase)
    assert set(phrases) == {(v, s) for voices in CASTS.values() for v in voices for s in SNRS_DB[part]}
    assert min(map(len, phrases.values())) >= at_least


@pytest.mark.parametrize("part", FILES)
def test_there_are_about_as_many_clean_clips(every: tuple[Clip, ...], part: Part) -> None:
    mine = part_of(every, part)
    said = sum(c.kind == "said" for c in mine)
    assert len(mine) - said == pytest.approx(said, rel=0.2)


def test_the_parts_share_no_sentence(every: tuple[Clip, ...]) -> None:
    sentences = [{(c.patient, c.agent) for c in part_of(every, part)} for part in FILES]
    assert len(set.union(*sentences)) == sum(map(len, sentences))
    assert [len(s) for s in sentences[1:]] == [len(part_of(every, part)) for part in FILES if part != "development"]


def test_a_remedy_excuses_no_clip_that_is_no_remedy(every: tuple[Clip, ...]) -> None:
    for pack in packs(part_of(every, "report")):
        assert {c.kind for c in pack} <= {"near", "same_words", "quoted", "by_patient"} or len(
            {c.kind for c in pack}
        ) == 1
        assert len({(c.voice, c.snr_db) for c in pack}) == 1


def test_everything_has_each_voice_at_each_level(judge: Judge, every: tuple[Clip, ...]) -> None:
    more, _ = clips(judge.rulebook, lambda facts: judge.judge(facts).findings, everything=True)
    assert set(every) < set(more)
    for part, takes in (("development", 2), ("report", 4), ("unseen", 4)):
        said = sum(c.kind == "said" for c in part_of(every, part))
        assert sum(c.kind == "said" for c in part_of(more, part)) == takes * said


NEW_RULE = """\
rules:
  - id: new
    family: forbidden_phrase
    severity: major
    name_zh: 新
    name_en: New
    phrase: {any: [烦得要命]}
    examples:
      hit: [烦得要命]
      miss: [您好]
"""


def test_a_phrase_without_a_sentence_gets_one_and_the_others_stay_as_they_are(every: tuple[Clip, ...]) -> None:
    book = rulebook_of({"a.yaml": NEW_RULE})
    made, over = clips(book, lambda facts: book.judge(facts, 0.0))
    assert {(c.phrase, c.snr_db) for c in made if not c.listed} == {("烦得要命", s) for s in SNRS_DB["development"]}
    assert [c for c in made if c.listed] == [c for c in every if c.listed]
    assert set(over) == {
        c.agent for c in part_of(every, "development") if c.kind == "said" and c.listed
    }  # unknown to it


CLIP = Clip("said", "development", "不知道", "那怎么办呢？", "这个我不知道，你问别人吧。", "zf_xiaobei", 25.0)


def test_a_call_is_known_by_what_is_spoken_in_it() -> None:
    assert call_name((CLIP,)) == call_name((replace(CLIP),))
    assert call_name((CLIP,)) != call_name((replace(CLIP, snr_db=15.0),))
    assert call_name((CLIP,)) == call_name((replace(CLIP, part="report"),))  # heard once, whatever it counts for


def test_a_call_that_was_not_heard_is_not_read(tmp_path: Path) -> None:
    assert Cache(tmp_path).read((CLIP,)) is None


def test_no_call_is_begun_when_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase_calls, "cache_folder", lambda: tmp_path)
    with pytest.raises(phrase_calls.NotAllError, match="1 calls are left"):
        phrase_calls.heard((CLIP,), limit_s=0.0)


def probe(phrase: str, start_s: float) -> Probe:
    return Probe(phrase, 1, 0, 3, start_s, start_s + 0.8, 0.1, -5.0, -4.0, -1.0)


def heard_call(kind: str, agent: str, *probes: Probe) -> Heard:
    clip = replace(CLIP, kind=kind, agent=agent)  # type: ignore[arg-type]
    lines = (("patient", 0.5, 1.5, clip.patient), ("agent", 2.0, 5.0, agent))
    facts = make_facts(lines=lines, probes=probes, role_confidence=1.0, verified=True)
    return Heard((clip,), ((0.5, 1.5),), ((2.0, 5.0),), facts)


def test_a_place_is_right_where_the_phrase_was_said() -> None:
    call = heard_call("said", CLIP.agent, probe("不知道", 2.5), probe("急什么", 3.0), probe("不知道", 7.0))
    assert [(p.phrase, right) for p, _, right in places(call)] == [("不知道", True), ("急什么", False)]


def test_a_phrase_that_shares_characters_with_the_one_said_is_neither_right_nor_wrong() -> None:
    assert not list(places(heard_call("said", CLIP.agent, probe("这都不知道", 2.5))))


def test_nothing_is_right_in_a_clean_clip() -> None:
    call = heard_call("near", "这些短信里都有。", probe("不知道", 2.5))
    assert [right for _, _, right in places(call)] == [False]


def test_an_outcome_holds_findings_and_text_search_against_the_clip(judge: Judge) -> None:
    (outcome,) = outcomes_of([heard_call("said", CLIP.agent)], judge)
    assert outcome.by_text
    assert outcome.waits  # nobody listened
    (clean,) = outcomes_of([heard_call("near", "这些短信里都有。")], judge)
    assert not clean.by_text
    assert clean.statuses == ()


def outcome(said: bool, status: str = "", snr_db: float = 25.0, by_text: bool = False) -> Outcome:
    kind, statuses = ("said" if said else "near"), ((status,) if status else ())
    return Outcome(kind, "report", snr_db, "zm_yunxi", "急什么", "急什么。", "提什么", statuses, status, by_text)


def test_recall_and_precision_are_counted_by_clip() -> None:
    mine = [outcome(True, "violated", by_text=True), outcome(True, "review"), outcome(True), outcome(False)]
    mine += [outcome(False, "violated"), outcome(True, "violated", snr_db=12.0)]
    text = table(mine)
    row = next(line for line in text.splitlines() if line.startswith("| report, 25 and 15 dB"))
    ratios = [cell.split()[0] for cell in row.split("|")[2:-1]]
    assert ratios == ["3", "0.333", "0.667", "0.500", "0.667", "0.333", "1.000"]
    assert "| report, near | 2 | 1 | 0 |" in text
    assert "急什么" not in text  # who tunes sees no sentence of this part


def test_what_was_missed_or_confused_is_listed_by_part() -> None:
    mine = [outcome(True, "review"), outcome(True), outcome(False, "violated"), outcome(True, "violated")]
    text = confusions(mine, "report")
    assert "- 急什么: 25 dB zm_yunxi, heard 提什么: review; 25 dB zm_yunxi, heard 提什么: no finding" in text
    assert "Found where nothing was wrong (part report): 1 clips" in text
    assert "急什么" not in confusions(mine, "development")


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(8, 10)  # Wilson (1927), as in Brown, Cai and DasGupta (2001)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 0) == (0.0, 1.0)
