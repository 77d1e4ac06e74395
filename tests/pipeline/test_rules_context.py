"""What the words around a forbidden phrase say: probabilities, the file of weights, what a rule makes of them."""

import pytest

from pipeline.config import shipped_files
from pipeline.errors import RuleError
from pipeline.rules import rulebook_of
from pipeline.rules.context import FEW, Context, context_of, context_text, shipped
from pipeline.rules.lines import flatten
from pipeline.rules.spoken import Span
from pipeline.sounds import encode
from tests.builders import make_facts

NAME = "lexicon/context.yaml"
FILE = """\
violated_from: 0.6
review_from: 0.3
intercept: 0
weights:
  before: |
    ni suo -24
    wo 2
  after: |
    ban li 16

  beside: |
    hao 4
  next_before: |
    ^ 8
  next_after: |
    ma $ -24
"""
RULE = """
rules:
  - {id: weighed, family: forbidden_phrase, severity: major, name_zh: 名, name_en: Name,
     phrase: {any: [不归我管, 不知道], weigh_context: true}, unless: {any: [马上核实], next_turns: 0},
     examples: {hit: [不归我管。], miss: [您好。]}}
"""


def meant(text: str, phrase: str = "不归我管", by: Context | None = None) -> float:
    start = flatten(text).index(flatten(phrase))
    return (by or shipped()).probability(encode(text), Span(start, start + len(flatten(phrase))))


@pytest.mark.parametrize(
    ("earnest", "other"),
    [
        ("不归我管，你爱找谁找谁。", "您刚才说窗口那位跟您讲不归我管，是这样吗？"),
        ("我说了不归我管，还问。", "以后谁再跟您讲不归我管，请您记下工号告诉我们。"),
        ("那不归我管啊，你自己看吧。", "导诊不能拿不归我管来打发您，我向您道歉。"),
        ("哎呀，不归我管，挂了啊。", "这块不归我管，您别挂，我这就给您接到医保办。"),
    ],
)
def test_brushing_off_is_told_from_repeating_and_helping(earnest: str, other: str) -> None:
    assert meant(earnest) > shipped().violated_from > meant(other)


def test_a_phrase_without_any_words_around_is_meant() -> None:
    assert meant("不归我管。") > 0.8


def test_spelling_characters_and_blurred_sounds_do_not_matter() -> None:
    told = meant("您说他讲不归我管是吧")
    assert meant("您說他講不歸我管是吧") == meant("您硕塌蒋不归我管事八") == meant("您所他讲不归我管四吧") == told


def test_words_beyond_the_window_do_not_count() -> None:
    by = context_of(FILE, NAME)
    far = "好" + "天" * 40
    assert meant(f"{far}不归我管", by=by) == meant(f"{'天' * 41}不归我管", by=by)
    assert meant("不归我管" + "天" * 32 + "好", by=by) == meant("不归我管" + "天" * 33, by=by)


@pytest.mark.parametrize(
    ("text", "total", "features"),
    [
        ("不归我管", 8.0, FEW),  # two features: ^ and $
        ("天不归我管", 0.0, FEW),
        ("你说不归我管", -24.0, FEW),  # shuo and suo are one
        ("你说好不归我管", -20.0, FEW),
        ("好好不归我管", 4.0, FEW),  # what comes twice counts once
        ("天不归我管办理", 16.0, FEW),
        ("天不归我管天办理", 16.0, FEW),
        ("天不归我管吗", -24.0, FEW),
        ("天不归我管吗天", 0.0, FEW),  # the turn goes on
        ("好甲乙丙丁戊己庚辛不归我管", 4.0, 9 + 8 + 9 + 8 + 2 + 1),
        ("好甲乙丙丁戊己庚辛壬不归我管", 4.0, 10 + 9 + 10 + 9 + 2 + 1),
    ],
)
def test_weights_add_up(text: str, total: float, features: int) -> None:
    logit = total / max(features, FEW) ** 0.5
    assert meant(text, by=context_of(FILE, NAME)) == pytest.approx(1 / (1 + 2.718281828459045**-logit))


def test_weights_may_be_of_any_size() -> None:
    by = context_of(FILE.replace("ma $ -24", "ma $ -1e9").replace("^ 8", "^ 1e9"), NAME)
    assert (meant("不归我管", by=by), meant("天不归我管吗", by=by)) == (1.0, 0.0)


def test_the_file_is_read_as_it_is_written() -> None:
    by = shipped()
    assert len(by.weights) > 1000
    again = context_of(context_text(by, "fitted_to: a test"), NAME)
    assert again == by


def test_the_shipped_file_names_what_it_is_fitted_to() -> None:
    assert "fitted_to:" in shipped_files.text(NAME)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("ni suo -24", "ni suo", "ni suo"),
        ("ni suo -24", "-1", "'-1' is no weight"),
        ("ni suo -24", "ni suo wo -1", "one or two syllables"),
        ("ni suo -24", "ni suo -24\n    ni shuo -24", "twice"),
        ("ni suo -24", "xyz -1", "xyz"),
        ("ni suo -24", "你说 -1", "你说"),
        ("ni suo -24", "ni suo nan", "nan"),
        ("ni suo -24", "wo 3", "twice"),
        ("  before: |\n", "  above: |\n", "above"),
        ("intercept: 0\n", "", "intercept"),
        ("intercept: 0\n", "intercept: much\n", "intercept"),
        ("violated_from: 0.6", "violated_from: 1.6", "violated_from"),
        ("review_from: 0.3", "review_from: 0.7", "review_from = 0.7 lies above"),
        ("weights:\n", "wights:\n", "wights"),
    ],
)
def test_a_damaged_file_says_where(old: str, new: str, told: str) -> None:
    assert old in FILE
    with pytest.raises(RuleError, match=told) as raised:
        context_of(FILE.replace(old, new, 1), NAME)
    assert str(raised.value).startswith(f"{NAME}:")


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("不归我管。", "violated", None),
        ("天不归我管。", "review", "把握 50%"),
        ("你说不归我管。", "dropped", "把握 2%"),
        ("你说不归我管，我马上核实。", "remedied", "马上核实"),  # nothing is left to weigh
    ],
)
def test_a_rule_counts_asks_or_drops(text: str, status: str, note: str | None) -> None:
    book = rulebook_of({"a.yaml": RULE}, weights=context_of(FILE, NAME))
    n = 0.25 * len(text)
    (finding,) = book.judge(make_facts(lines=(("agent", 0.5, 0.5 + n, text),), role_confidence=1.0), 0.5)
    assert finding.status == status
    assert (finding.note is None) if note is None else (note in (finding.note or ""))


def test_a_rule_that_does_not_weigh_is_as_before() -> None:
    plain = rulebook_of({"a.yaml": RULE.replace(", weigh_context: true", "")}, weights=context_of(FILE, NAME))
    facts = make_facts(lines=(("agent", 0.5, 3.0, "你说不归我管。"),), role_confidence=1.0)
    assert [f.status for f in plain.judge(facts, 0.5)] == ["violated"]


def test_weighing_is_a_yes_or_no() -> None:
    with pytest.raises(RuleError, match="weigh_context"):
        rulebook_of({"a.yaml": RULE.replace("weigh_context: true", "weigh_context: often")})
