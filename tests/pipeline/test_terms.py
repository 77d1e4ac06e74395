"""The lexicon of hospital terms."""

from pathlib import Path

import pytest

from pipeline.config.terms import CLASSES, load_terms
from pipeline.errors import RuleError
from pipeline.text import is_content, normalise


def test_the_shipped_terms_are_clean_simplified_words() -> None:
    terms = load_terms()
    assert tuple(terms) == CLASSES
    assert "心内科" in terms["department"]
    assert "二甲双胍" in terms["drug"]
    for listed in terms.values():
        assert [t for t in listed if normalise(t) != t or not all(map(is_content, t))] == []


def test_a_file_of_the_user_adds_terms_and_may_share_lines(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("department:\n  - 名医工作室 心内科\n  - 减肥门诊\n", encoding="utf-8")
    departments = load_terms([path])["department"]
    assert departments[-2:] == ("名医工作室", "减肥门诊")
    assert departments.count("心内科") == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("departments:\n  - 心内科\n", r"own\.yaml:1: .*did you mean|own\.yaml:1: .*department"),
        ("drug:\n  - 药\n", r"own\.yaml:1: .*'药' in drug is too short"),
        ("drug: 阿司匹林\n", r"own\.yaml:1: .*drug must be a list"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=complaint):
        load_terms([path])


def test_a_missing_file_is_told_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"none\.yaml cannot be read: .*spelling\.lexicons"):
        load_terms([tmp_path / "none.yaml"])
