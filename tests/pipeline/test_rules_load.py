"""Mistakes in a rulebook: each is an error with file, line and remedy."""

from pathlib import Path

import pytest

from pipeline.errors import RuleError
from pipeline.rules import load_rulebook, rulebook_of

GOOD = """\
rules:
  - id: one
    family: forbidden_phrase
    severity: major
    name_zh: 一
    name_en: One
    phrase:
      any: [随便]
    examples:
      hit: [随便]
      miss: [您好]
"""


def changed(old: str, new: str) -> dict[str, str]:
    assert old in GOOD
    return {"a.yaml": GOOD.replace(old, new)}


def test_a_good_rulebook_loads() -> None:
    rule = rulebook_of({"a.yaml": GOOD}).rules[0]
    assert (rule.rule_id, rule.family, rule.severity, rule.role) == ("one", "forbidden_phrase", "major", "agent")
    assert str(rule.place) == "a.yaml:2"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("family: forbidden_phrase", "family: forbiden_phrase", 3, "did you mean 'forbidden_phrase'"),
        ("severity: major", "severity: huge", 4, "'huge' is not known"),
        ("    severity: major\n", "", 2, "'severity' is missing"),
        ("name_zh: 一", "name_zh: ''", 5, "must be a text that is not empty"),
        ("    phrase:\n", "    phrasee:\n", 7, "did you mean 'phrase'"),
        ("    phrase:\n      any: [随便]\n", "", 2, "has 0 operators"),
        ("      any: [随便]", "      any: []", 8, "at least one element"),
        ("      any: [随便]", "      anny: [随便]", 8, "did you mean 'any'"),
        ("      any: [随便]", "      any: ['，。']", 8, "has no spoken character"),
        ("      any: [随便]", "      any: [{regex: '(?=a)b'}]", 8, "RE2 refuses"),
        ("      any: [随便]", "      any: [{regex: '(a'}]", 8, "RE2 refuses"),
        ("      any: [随便]", "      any: [{regex: 'a*'}]", 8, "matches the empty text"),
        ("      any: [随便]", "      any: [{set: words}]", 8, "set 'words' is not defined"),
        ("      any: [随便]", "      any: [true]", 8, "must be a text"),
        ("      any: [随便]", "      any: [120]", 8, "quote numbers"),
        ("      any: [随便]", "      any: [随便]\n      min_syllables: 1", 9, "from 2 to 20"),
        ("      any: [随便]", "      any: [随便]\n      pinyin: maybe", 9, "must be true or false"),
        ("      miss: [您好]\n", "", 9, "'miss' is missing"),
        ("    examples:\n      hit: [随便]\n      miss: [您好]\n", "", 2, "'examples' is missing"),
        ("      hit: [随便]", "      hit: [[护士：随便]]", 10, "must begin with 坐席："),
        ("      hit: [随便]", "      hitt: [随便]", 10, "did you mean 'hit'"),
        ("id: one", "id: One Rule", 2, "small letters"),
        ("    severity: major", "    severity: major\n    scope: {first_turns: 1, last_turns: 1}", 5, "contradict"),
        ("    severity: major", "    severity: major\n    scope: {first_turn: 1}", 5, "did you mean 'first_turns'"),
        ("    severity: major", "    severity: major\n    severity: minor", 5, "not valid YAML"),
        ("    severity: major", "    severity: [major", 5, "not valid YAML"),
        (
            "    phrase:\n      any: [随便]",
            "    measure: {name: agent_rate, per: call, above: 3}",
            7,
            "no measure 'agent_rate'",
        ),
        ("    phrase:\n      any: [随便]", "    measure: {name: snr_db, per: call}", 7, "exactly one of"),
        ("    phrase:\n      any: [随便]", "    event: {kind: silense, above: 3}", 7, "did you mean 'silence'"),
        (
            "    phrase:\n      any: [随便]",
            "    event: {kind: overlap, above: 3, callers_pause: [好吗]}",
            7,
            "for silence only",
        ),
        ("    phrase:\n      any: [随便]", "    must_say: {need: 1}", 7, "list at least one group"),
        (
            "    phrase:\n      any: [随便]",
            "    must_say: {need: 3, groups: [{name_zh: 一, any: [您好]}]}",
            7,
            "from 1 to 1",
        ),
    ],
)
def test_mistakes_name_file_line_and_remedy(old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        rulebook_of(changed(old, new))
    assert str(caught.value).startswith(f"a.yaml:{line}: ")
    assert words in str(caught.value)


def test_an_id_is_used_once_over_all_files() -> None:
    with pytest.raises(RuleError, match=r"b\.yaml:2: rule one: id 'one' is already used at a\.yaml:2"):
        rulebook_of({"a.yaml": GOOD, "b.yaml": GOOD})


def test_a_set_is_shared_by_all_files_and_defined_once() -> None:
    sets = "sets:\n  whatever: [随便]\n"
    book = rulebook_of({"a.yaml": sets, **{"b.yaml": GOOD.replace("[随便]", "[{set: whatever}]", 1)}})
    assert [p.characters for words in book.rules[0].operator.phrase_lists() for p in words.phrases] == ["随便"]
    with pytest.raises(RuleError, match=r"b\.yaml:2: .*set 'whatever' is defined twice"):
        rulebook_of({"a.yaml": sets + GOOD, "b.yaml": sets})


def test_a_set_that_contains_itself_is_refused() -> None:
    sets = "sets:\n  a: [{set: b}]\n  b: [{set: a}]\n"
    with pytest.raises(RuleError, match=r"set 'a' contains itself \(a → b → a\)"):
        rulebook_of({"a.yaml": sets + GOOD.replace("[随便]", "[{set: a}]", 1)})


@pytest.mark.parametrize("text", ["", "- 1", "just words", "\0", "rules: []", "rules:\n  - 1\n", "a: &a [*a]"])
def test_files_that_hold_no_rules_are_refused(text: str) -> None:
    with pytest.raises(RuleError):
        rulebook_of({"a.yaml": text})


def test_folders_that_cannot_be_a_rulebook(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="does not exist"):
        load_rulebook(tmp_path / "none")
    with pytest.raises(RuleError, match=r"has no \*\.yaml file"):
        load_rulebook(tmp_path)
    (tmp_path / "bad.yaml").write_bytes("rules: 随便".encode("gb18030"))
    with pytest.raises(RuleError, match="UTF-8"):
        load_rulebook(tmp_path)


def test_the_version_is_of_the_content_only(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(GOOD, encoding="utf-8")
    first = load_rulebook(tmp_path / "x")
    assert first.version == load_rulebook(tmp_path / "y").version
    assert first.version.startswith("r-")
    (tmp_path / "y" / "a.yaml").write_text(GOOD + "# a remark\n", encoding="utf-8")
    assert first.version != load_rulebook(tmp_path / "y").version


@pytest.mark.slow
def test_ten_thousand_rules_load() -> None:
    rule = GOOD.removeprefix("rules:\n")
    many = "rules:\n" + "".join(rule.replace("id: one", f"id: rule-{i}") for i in range(10_000))
    assert len(rulebook_of({"many.yaml": many}).rules) == 10_000
