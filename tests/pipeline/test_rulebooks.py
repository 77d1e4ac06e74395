"""Versions of rulebooks: named by content, kept for good, and judging the same again."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import rulebooks
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, RuleError
from pipeline.judge import Judge
from pipeline.rulebooks import at_version, copy_sources, keep, pinned, read_sources, sources_in, sources_with, versions
from tests.builders import make_facts
from tests.conftest import ROOT
from tests.pipeline.rulebook_files import rule, write_card, write_rulebook, write_rules
from tests.pipeline.test_rules_verified import SURE, agent, probe


def settings_for(home: Path, folder: Path | None = None) -> Settings:
    """Settings that judge by a rulebook folder."""
    settings = load_settings(home)
    if folder is None:
        return settings
    named = {"rules_dir": folder / "rules", "scorecard": folder / "scorecards" / "standard.yaml"}
    return settings.model_copy(update={"rules": settings.rules.model_copy(update=named)})


def with_confidence(settings: Settings, minimum: float) -> Settings:
    return settings.model_copy(update={"roles": settings.roles.model_copy(update={"min_confidence": minimum})})


def test_the_version_is_the_content_wherever_it_lies(tmp_path: Path) -> None:
    a = write_rulebook(tmp_path / "a", rule("one", "不知道"))
    b = write_rulebook(tmp_path / "elsewhere" / "b", rule("one", "不知道"))
    first = read_sources(settings_for(tmp_path, a)).version
    assert first == read_sources(settings_for(tmp_path, b)).version
    assert rulebooks.VERSION_PATTERN.fullmatch(first)


@pytest.mark.parametrize("change", ["rule", "file name", "card", "lexicon", "confidence", "zone"])
def test_everything_that_judges_changes_the_version(tmp_path: Path, change: str) -> None:
    folder = write_rulebook(tmp_path / "a", rule("one", "不知道"))
    settings = settings_for(tmp_path, folder)
    before = read_sources(settings).version
    if change == "rule":
        write_rules(folder, rule("one", "不知道", "不清楚"))
    elif change == "file name":
        (folder / "rules" / "10_words.yaml").rename(folder / "rules" / "11_words.yaml")
    elif change == "card":
        write_card(folder, pass_mark=81)
    elif change == "lexicon":
        (folder / "lexicon").mkdir()
        (folder / "lexicon" / "topics.yaml").write_text("topics: []\n")
        rules = settings.rules.model_copy(update={"lexicon_dir": folder / "lexicon"})
        settings = settings.model_copy(update={"rules": rules})
    elif change == "zone":
        metadata = settings.metadata.model_copy(update={"timezone": "Europe/Berlin"})
        settings = settings.model_copy(update={"metadata": metadata})
    else:
        settings = with_confidence(settings, 0.71)
    assert read_sources(settings).version != before


def test_every_shipped_lexicon_is_known_to_judge_or_to_decide_what_was_heard() -> None:
    heard = {"roles.yaml", "hallucinations.yaml", "machines.yaml"}
    shipped = {p.name for p in (ROOT / "pipeline" / "config" / "lexicon").glob("*.yaml")}
    undecided = {n for n in shipped - heard - set(rulebooks.LEXICONS) if not n.startswith(("spelling", "terms"))}
    assert not undecided, "a lexicon that judges belongs in rulebooks.LEXICONS, another one here"


def test_a_version_is_kept_once_and_judges_bit_for_bit_the_same_after_edits(tmp_path: Path) -> None:
    folder = write_rulebook(tmp_path / "a", rule("one", "不知道"))
    settings, facts = settings_for(tmp_path / "home", folder), make_facts()
    judge = Judge(settings)
    first = judge.judge(facts)
    kept = keep(settings.home, judge.sources)
    assert keep(settings.home, judge.sources) == kept
    assert [p.name for p in (tmp_path / "home" / "rulebooks").iterdir()] == [judge.version]

    write_rulebook(folder, rule("one", "规定就这样", severity="red_line"), pass_mark=95)
    second = Judge(settings).judge(facts)
    assert second.rulebook_version != first.rulebook_version
    assert (second.findings, second.score) != (first.findings, first.score)

    again = Judge(at_version(with_confidence(settings, 0.99), first.rulebook_version)).judge(facts)
    assert again.rulebook_version == first.rulebook_version == judge.version
    assert (again.findings, again.score, again.topics) == (first.findings, first.score, first.topics)
    assert [f.matched_text for f in again.findings] == ["不知道"]


def test_a_pinned_run_does_not_see_edits(tmp_path: Path) -> None:
    folder = write_rulebook(tmp_path / "a", rule("one", "不知道"))
    settings = settings_for(tmp_path / "home", folder)
    run = pinned(settings, read_sources(settings))
    (folder / "rules" / "10_words.yaml").write_text("rules: [half an ed")
    with pytest.raises(RuleError, match=r"10_words.yaml:\d"):
        Judge(settings)
    assert len(Judge(run).rulebook.rules) == 1


def test_a_version_that_is_not_kept_or_was_edited_is_refused(tmp_path: Path) -> None:
    folder = write_rulebook(tmp_path / "a", rule("one", "不知道"))
    settings = settings_for(tmp_path / "home", folder)
    sources = read_sources(settings)
    for name in (sources.version, "r-1", "../a"):
        with pytest.raises(ConfigError, match="is not kept in"):
            at_version(settings, name)
    file = keep(settings.home, sources) / "rules" / "10_words.yaml"
    assert at_version(settings, sources.version).rules.activated == sources.version
    file.chmod(0o644)
    file.write_text(file.read_text() + "# edited\n")
    with pytest.raises(ConfigError, match=f"no longer those of {sources.version}"):
        at_version(settings, sources.version)


def test_a_version_of_code_that_judged_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path / "home", write_rulebook(tmp_path / "a", rule("one", "不知道")))
    sources = read_sources(settings)
    keep(settings.home, sources)
    monkeypatch.setattr(rulebooks, "JUDGING_GENERATION", rulebooks.JUDGING_GENERATION + 1)
    with pytest.raises(ConfigError, match="judges otherwise"):
        at_version(settings, sources.version)


def test_versions_are_listed_latest_first(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "a"
    assert versions(home) == ()
    made = []
    for phrase in ("不知道", "不清楚"):
        settings = settings_for(home, write_rulebook(folder, rule("one", phrase)))
        made.append(read_sources(settings).version)
        keep(home, read_sources(settings))
    (home / "rulebooks" / ".r-0-1.part").mkdir()  # left by a killed process
    assert [v.version for v in versions(home)] == made[::-1]


def test_a_copy_is_the_same_rulebook_and_may_be_edited(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home")
    active = read_sources(settings)
    written = copy_sources(active, tmp_path / "mine")
    assert sources_in(tmp_path / "mine", active).version == active.version
    assert all(path.stat().st_mode & 0o200 for path in written)
    with pytest.raises(ConfigError, match="not empty"):
        copy_sources(active, tmp_path / "mine")


def test_a_folder_may_have_some_parts_only(tmp_path: Path) -> None:
    active = read_sources(settings_for(tmp_path, write_rulebook(tmp_path / "a", rule("one", "不知道"))))
    cards = sources_in(write_card(tmp_path / "cards", pass_mark=50), active)
    assert cards.texts("rules") == active.texts("rules")
    assert "pass_mark: 50" in "".join(cards.texts("scorecards").values())
    bare = sources_in(write_rules(tmp_path / "b", rule("two", "不清楚")) / "rules", active)
    assert "two" in "".join(bare.texts("rules").values())
    assert bare.texts("scorecards") == active.texts("scorecards")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuleError, match=r"has no \*.yaml file"):
        sources_in(tmp_path / "empty", active)


def test_one_file_replaces_its_namesake_or_is_added(tmp_path: Path) -> None:
    active = read_sources(settings_for(tmp_path, write_rulebook(tmp_path / "a", rule("one", "不知道"))))
    b = write_rulebook(tmp_path / "b", rule("two", "不清楚"), pass_mark=50)
    replaced = sources_with(b / "rules" / "10_words.yaml", active)
    assert [f.name for f in replaced.files] == [f.name for f in active.files]
    assert "two" in "".join(replaced.texts("rules").values())
    other = write_rules(tmp_path / "c", rule("three", "随便"), name="90_more.yaml") / "rules" / "90_more.yaml"
    assert len(sources_with(other, active).texts("rules")) == 2
    card = sources_with(b / "scorecards" / "standard.yaml", active)
    assert "pass_mark: 50" in "".join(card.texts("scorecards").values())


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="does not exist"):
        read_sources(settings_for(tmp_path, tmp_path / "nowhere"))
    settings = load_settings(tmp_path)
    gone = settings.rules.model_copy(update={"activated": "r-0123456789abcdef"})
    with pytest.raises(ConfigError, match="callqa rules versions"):
        read_sources(settings.model_copy(update={"rules": gone}))
    (tmp_path / "x.yaml").write_bytes(b"rules: \xff")
    with pytest.raises(RuleError, match="UTF-8"):
        sources_with(tmp_path / "x.yaml", read_sources(settings))


JUDGE_EXAMPLES = """
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from pipeline.judge import Judge
from pipeline.config import load_settings
from pipeline.rules.examples import facts_of
judge = Judge(load_settings(Path("nowhere")))
calls = [facts_of(example) for rule in judge.rulebook.rules for example in rule.examples[::3]]
told = [repr(replace(one, judged_at=None)) for one in judge.judge_all(calls)]
print(len(told), sha256("".join(told).encode()).hexdigest())
"""


@pytest.mark.slow
def test_judgements_are_the_same_in_every_process() -> None:
    """Order of sets depends on the seed of hashes, which is another one in every process; judgements must not."""
    told = set()
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", JUDGE_EXAMPLES], check=True, capture_output=True, text=True, env=environment
        )
        told.add(done.stdout)
    assert len(told) == 1


def test_what_the_audio_is_believed_belongs_to_the_version(tmp_path: Path) -> None:
    said = "你提什么，出来了会发短信的。"
    heard = probe(said, "提什么", "急什么", 3.0, **SURE)
    facts = replace(make_facts(lines=(agent(said),), probes=(heard,)), verified=True)
    folder = write_rulebook(tmp_path / "a", rule("hurry", "急什么"))
    settings = settings_for(tmp_path / "home", folder)
    assert [f.matched_text for f in Judge(settings).judge(facts).findings] == ["提什么"]
    sources = read_sources(settings)
    weights = sources.lexicon("verification.yaml").text
    (folder / "lexicon").mkdir()
    (folder / "lexicon" / "verification.yaml").write_text(
        re.sub(r"(violated|review)_from: \S+", r"\1_from: 1.0", weights), encoding="utf-8"
    )
    doubting = Judge(settings, sources_in(folder, sources))
    assert doubting.version != sources.version
    assert doubting.judge(facts).findings == ()
