"""A small rulebook in a folder, for tests of what is done with rulebooks."""

from pathlib import Path

RULE = """\
  - id: {rule_id}
    family: forbidden_phrase
    severity: {severity}
    name_zh: 忌语
    name_en: Forbidden
    {more}
    phrase: {{any: [{phrases}]}}
    examples: {{hit: [{phrases}], miss: [您好]}}
"""

CARD = """\
id: standard
name_zh: 小表
name_en: Small card
pass_mark: {pass_mark}
on_fatal: zero
sections:
  - id: words
    name_zh: 用语
    name_en: Words
    items:
      - id: forbidden-phrase
        name_zh: 忌语
        name_en: Forbidden
        points: 100
        families: [forbidden_phrase]
        deduct: {{minor: 5, major: 10, red_line: 100}}
        cap: 100
        fatal: red_line
"""


def rule(rule_id: str, *phrases: str, severity: str = "major", more: str = "role: agent") -> str:
    """One rule that hits these phrases."""
    return RULE.format(rule_id=rule_id, severity=severity, more=more, phrases=", ".join(phrases))


def write_rules(folder: Path, *rules: str, name: str = "10_words.yaml") -> Path:
    """A rule file in a rulebook folder; returns the folder."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "rules" / name).write_text("rules:\n" + "".join(rules), encoding="utf-8")
    return folder


def write_card(folder: Path, pass_mark: int = 80) -> Path:
    """A scorecard in a rulebook folder; returns the folder."""
    (folder / "scorecards").mkdir(parents=True, exist_ok=True)
    (folder / "scorecards" / "standard.yaml").write_text(CARD.format(pass_mark=pass_mark), encoding="utf-8")
    return folder


def write_rulebook(folder: Path, *rules: str, pass_mark: int = 80) -> Path:
    """A rulebook folder with rules and a card; the lexicons are the shipped ones."""
    return write_card(write_rules(folder, *rules), pass_mark)
