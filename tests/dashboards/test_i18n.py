"""Every text has both languages, every key that the code uses is there, and every code of the model has a name."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import dashboards
from dashboards.components.player import TEXTS
from dashboards.i18n import LANGUAGES, load_catalogue, translator
from pipeline import model
from pipeline.audio import WARNING_CODES
from pipeline.measures.reasons import REASONS
from pipeline.rules import load_rulebook
from pipeline.rules.vocabulary import CALL_MEASURES, UTTERANCE_MEASURES, unit_of
from pipeline.scoring import NO_ROLE_REASON, NOT_JUDGED_REASON, REVIEWER_REASON

FOLDER = Path(dashboards.__file__).parent
PLACEHOLDER = re.compile(r"{(\w+)}")


def used_keys() -> set[str]:
    """First arguments of t("…") and context.t("…") that are written out."""
    keys = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
            first = node.args[0]
            if called == "t" and isinstance(first, ast.IfExp):
                keys |= {part.value for part in (first.body, first.orelse)}
            if called == "t" and isinstance(first, ast.Constant):
                keys.add(first.value)
    return keys


def test_every_text_has_both_languages_and_the_same_placeholders():
    for key, texts in load_catalogue().items():
        assert set(texts) == set(LANGUAGES), key
        assert set(PLACEHOLDER.findall(texts["zh"])) == set(PLACEHOLDER.findall(texts["en"])), key


def test_every_used_key_exists():
    used = {key for key in used_keys() if isinstance(key, str)}
    assert len(used) > 100
    assert used - set(load_catalogue()) == set()
    assert {f"player.{name}" for name in TEXTS} - set(load_catalogue()) == set()


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("role", get_args(model.Role)),
        ("layout", get_args(model.Layout)),
        ("severity", get_args(model.Severity)),
        ("status", get_args(model.FindingStatus)),
        ("item_status", get_args(model.ItemStatus)),
        ("direction", get_args(model.Direction)),
        ("state", ("pending", "leased", "done", "failed", "quarantined", "duplicate")),
    ],
)
def test_every_code_of_the_model_has_a_name(kind, codes):
    for code in codes:
        assert translator("zh").code(kind, code) != code


def test_unknown_code_is_shown_as_it_is():
    assert translator("zh").code("family", "brand_new") == "brand_new"


def test_texts_are_filled_in():
    assert translator("zh")("calls.review", count=3) == "3 条待复核"
    assert translator("en")("calls.review", count=3) == "3 to review"


def test_reasons_and_families_of_the_pipeline_have_names():
    families = {rule.family for rule in load_rulebook(None).rules}
    for kind, codes in (
        ("reason", (*REASONS, NO_ROLE_REASON, NOT_JUDGED_REASON, REVIEWER_REASON)),
        ("family", families),
        ("warning", WARNING_CODES),
        ("unit", {unit_of(name) for name in (*CALL_MEASURES, *UTTERANCE_MEASURES)} - {None}),
    ):
        missing = {code for code in codes if f"{kind}.{code}" not in load_catalogue()}
        assert missing == set()


def used_beginnings() -> set[str]:
    """What t(f"beginning{…}") begins with, and the kinds of t.code("kind", …)."""
    found = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called, first = getattr(node.func, "id", getattr(node.func, "attr", None)), node.args[0]
            kinds = (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,)
            if called == "code":
                found |= {f"{kind.value}." for kind in kinds if isinstance(kind, ast.Constant)}
            written = [part for part in ast.walk(node) if isinstance(part, ast.JoinedStr) and part.values]
            starts = [part.values[0].value for part in written if isinstance(part.values[0], ast.Constant)]
            found |= {start for start in starts if isinstance(start, str) and re.fullmatch(r"[a-z_]+\.[\w.]*", start)}
    return found


def test_no_text_is_left_over():
    """A key that is neither written out in the code, nor put together there, nor one of the kinds looked up by code."""
    kinds = {"case", "step", "tab", "user_role", "unit", "warning", "player", "menu", "sort", "filter", "overview"}
    kinds |= {"item_status", "result", "reviewed", "weekday", "key", "verdict"}
    beginnings = (*used_beginnings(), *(f"{kind}." for kind in kinds))
    spoken = used_keys()
    spoken |= {
        node.value
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    left = {key for key in load_catalogue() if key not in spoken and not key.startswith(beginnings)}
    assert left == set()
