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
        ("      any: [随便]", "      any: [随便]\n      pinyin: false", 9, "write match: text"),
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


CONDITIONS = """\
conditions:
  complaint: {says: {role: patient, any: [投诉]}}
  other: {says: {role: patient, any: [退号]}}
"""
HEAD = "    severity: major\n"
OPERATOR = "    phrase:\n      any: [随便]\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (HEAD, HEAD + "    when: complain\n", "8: condition 'complain' is not defined; did you mean 'complaint'?"),
        (HEAD, HEAD + "    when: {condition: complain}\n", "8: condition 'complain' is not defined"),
        (HEAD, HEAD + "    when: [complaint]\n", "8: a list is no condition; join its parts"),
        (
            HEAD,
            HEAD + "    when: {say: {role: agent, any: [一]}}\n",
            "8: rule one, when: unknown key 'say'; did you mean",
        ),
        (
            HEAD,
            HEAD + "    when: {topic: 投诉, not: complaint}\n",
            "8: rule one, when: has 2 conditions; give exactly one",
        ),
        (
            HEAD,
            HEAD + "    when: {topic: 投诉建议}\n",
            "8: rule one, when: topic '投诉建议' is not in the topic lexicon",
        ),
        (HEAD, HEAD + "    when: {topic: [投诉, 表扬啊]}\n", "8: rule one, when: topic '表扬啊' is not in"),
        (
            HEAD,
            HEAD + "    when: {all: [complaint, {not: complaint}]}\n",
            "8: rule one, when: all: asks for a condition and",
        ),
        (HEAD, HEAD + "    when: {says: {any: [投诉]}}\n", "8: rule one, when, says: 'role' is missing"),
        (
            HEAD,
            HEAD + "    when: {says: {role: nurse, any: [投诉]}}\n",
            "8: rule one, when, says: role = 'nurse' is not known",
        ),
        (
            HEAD,
            HEAD + "    when: {at_least: {count: 3, of: [complaint]}}\n",
            "8: rule one, when, at_least: count = 3 must be",
        ),
        (HEAD, HEAD + "    when: {metadata: {}}\n", "8: rule one, when, metadata: is empty"),
        (HEAD, HEAD + "    when: {metadata: {hour: [8, 8]}}\n", "hour must be two different hours"),
        (HEAD, HEAD + "    when: {metadata: {hour: [8, 25]}}\n", "hour must be two different hours"),
        (HEAD, HEAD + "    when: {metadata: {weekday: [moon]}}\n", "weekday 'moon' is not known; did you mean 'mon'?"),
        (
            HEAD,
            HEAD + "    when: {metadata: {direction: inward}}\n",
            "direction 'inward' is not known; known are inbound, outbound",
        ),
        (
            HEAD,
            HEAD + "    when: {metadata: {duration_s: {above: 9, below: 3}}}\n",
            "above 9 and below 3 leave nothing",
        ),
        (HEAD, HEAD + "    when: {metadata: {agent: a}}\n", "unknown key 'agent'; did you mean 'agent_id'?"),
        (HEAD, HEAD + "    when: {event: {kind: silense, above: 3}}\n", "did you mean 'silence'?"),
        (
            HEAD,
            HEAD + "    when: {measure: {name: agent_rate, per: call, above: 3}}\n",
            "no measure 'agent_rate' per call",
        ),
        (
            HEAD,
            HEAD + "    scope: {after: {condition: {topic: 投诉}}}\n",
            "8: this condition holds for a call as a whole",
        ),
        (
            HEAD,
            HEAD + "    scope: {after: {topic: 投诉, within_s: 3}}\n",
            "8: this condition holds for a call as a whole",
        ),
        (HEAD, HEAD + "    scope: {between: [complaint]}\n", "between needs two conditions"),
        (HEAD, HEAD + "    scope: {between: [complaint, complaint]}\n", "between needs two different conditions"),
        (
            HEAD,
            HEAD + "    scope: {after: {condition: complaint}, before: {condition: complaint}}\n",
            "after and before the same condition leave nothing in between",
        ),
        (
            HEAD,
            HEAD + "    scope: {between: [complaint, other], after: {condition: complaint}}\n",
            "between says both ends already",
        ),
        (HEAD, HEAD + "    scope: {occurrence: third}\n", "occurrence = 'third' is not known"),
        (HEAD, HEAD + "    scope: {occurrence: 0}\n", "from 1 to 1000"),
        (HEAD, HEAD + "    scope: {within: 3}\n", "unknown key 'within'"),
        (HEAD, HEAD + "    scope: {after: {condition: complaint, within_turn: 3}}\n", "did you mean 'within_turns'?"),
        (HEAD, HEAD + "    status: remedied\n", "status = 'remedied' is not known"),
        (HEAD, HEAD + "    status: satisfied\n    points: 3\n", "'points' contradicts status: satisfied"),
        (HEAD, HEAD + "    points: -1\n", "from 0 to 100"),
        (HEAD, HEAD + "    floor: {precision: 90}\n", "from 0 to 1"),
        (HEAD, HEAD + "    floor: {}\n", "needs precision, recall or both"),
        (HEAD, HEAD + "    fatal: 1\n", "must be true or false"),
        (OPERATOR, "    rate: {any: [那个]}\n", "'above_per_minute' is missing"),
        (OPERATOR, "    repeat: {time: 3}\n", "did you mean 'times'?"),
        (OPERATOR, "    repeat: {times: 1}\n", "from 2 to 100"),
        (OPERATOR, "    holds: nothing\n", "condition 'nothing' is not defined"),
        (
            OPERATOR,
            "    holds: {topic: 投诉}\n    unless: {any: [抱歉]}\n",
            "holds for a call as a whole, so 'unless' means",
        ),
        (OPERATOR, "    measure: {name: snr_db, per: call, above: 3}\n    scope: {first_turns: 1}\n", "has no scope"),
        (
            OPERATOR,
            "    rate: {any: [那], above_per_minute: 3}\n    unless: {any: [抱歉]}\n",
            "goes with phrase, repeat, holds",
        ),
        (
            OPERATOR,
            "    must_say: {groups: [{name_zh: 一, any: [您好]}]}\n    status: review\n",
            "status means nothing with must_say",
        ),
        (
            OPERATOR,
            "    must_say: {groups: [{name_zh: 一, any: [您好]}]}\n    scope: {occurrence: first}\n",
            "unknown key 'occurrence'",
        ),
        ("      hit: [随便]", "      hit: [{lines: [坐席：随便], metadata: {hour: 25}}]", "from 0 to 23.99"),
        ("      hit: [随便]", "      hit: [{lines: [坐席：随便], topic: [投诉]}]", "did you mean 'topics'?"),
    ],
)
def test_mistakes_in_conditions_and_scopes(old: str, new: str, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        rulebook_of({"a.yaml": CONDITIONS + GOOD.replace(old, new)})
    assert str(caught.value).startswith("a.yaml:")
    assert words in str(caught.value)


def test_conditions_are_shared_defined_once_and_lead_nowhere_back() -> None:
    asking = GOOD.replace(HEAD, HEAD + "    when: complaint\n")
    book = rulebook_of({"a.yaml": asking, "b.yaml": CONDITIONS})
    assert {(d.kind, d.name): d.used for d in book.definitions} == {
        ("condition", "complaint"): True,
        ("condition", "other"): False,
    }
    with pytest.raises(RuleError, match=r"b\.yaml:2: .*condition 'complaint' is defined twice, first at a\.yaml:2"):
        rulebook_of({"a.yaml": CONDITIONS + GOOD, "b.yaml": CONDITIONS})
    circle = "conditions:\n  a: {not: b}\n  b: {any: [{says: {role: agent, any: [好]}}, a]}\n"
    with pytest.raises(RuleError, match=r"a\.yaml:\d: condition 'a' leads back to itself \(a → b → a\)"):
        rulebook_of({"a.yaml": circle + GOOD})


@pytest.mark.parametrize("depth", [40, 300, 5000])
def test_conditions_that_stand_too_deep(depth: int) -> None:
    nested = "{not: " * depth + "complaint" + "}" * depth
    with pytest.raises(RuleError, match=r"conditions deep|not valid YAML"):
        rulebook_of({"a.yaml": CONDITIONS + GOOD.replace(HEAD, f"{HEAD}    when: {nested}\n")})


def test_a_mistake_in_a_condition_that_nobody_asks_for_is_one_too() -> None:
    with pytest.raises(RuleError, match=r"a\.yaml:2: .*'role' is missing"):
        rulebook_of({"a.yaml": "conditions:\n  idle: {says: {any: [投诉]}}\n" + GOOD})


def test_topics_of_a_lexicon_of_ones_own() -> None:
    asking = {"a.yaml": GOOD.replace(HEAD, HEAD + "    when: {topic: 体检}\n")}
    with pytest.raises(RuleError, match="topic '体检' is not in the topic lexicon"):
        rulebook_of(asking)
    assert rulebook_of(asking, topics=("体检",)).rules


def test_words_that_yaml_1_1_takes_for_something_else_stay_words() -> None:
    book = rulebook_of({"a.yaml": GOOD.replace("any: [随便]", "any: [no, on, yes, off]")})
    assert [p.characters for words in book.rules[0].operator.phrase_lists() for p in words.phrases] == [
        "no",
        "on",
        "yes",
        "off",
    ]


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
    with pytest.raises(RuleError, match=r"many\.yaml:100002: .*is rule 10001; a rulebook has at most 10000"):
        rulebook_of({"many.yaml": many + rule.replace("id: one", "id: one-more")})
