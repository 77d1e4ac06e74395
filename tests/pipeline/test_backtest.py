"""Two rulebooks on the same calls: what is won and lost, which scores flip, whom it concerns."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import backtest
from pipeline.backtest import Comparison, compare
from pipeline.config import load_settings
from pipeline.judge import Judge
from pipeline.model import CallFacts
from pipeline.rulebooks import read_sources, sources_in
from tests.builders import make_facts, make_metadata
from tests.pipeline.rulebook_files import rule, write_rulebook


def judge_of(folder: Path) -> Judge:
    settings = load_settings(folder.parent)
    return Judge(settings, sources_in(folder, read_sources(settings)))


def call(call_id: str, words: str, agent: str = "8023") -> CallFacts:
    """A call in which the agent says these words at second 10."""
    lines = (("patient", 1.0, 4.0, "我想问一下报销。"), ("agent", 10.0, 14.0, words))
    return make_facts(call_id, lines=lines, metadata=make_metadata(agent_id=agent, agent_name=f"坐席{agent}"))


@pytest.fixture
def judges(tmp_path: Path) -> tuple[Judge, Judge]:
    """Active: 不知道 major, 不清楚 minor. New: 不知道 and 规定就这样 red line; 不清楚 gone."""
    before = write_rulebook(tmp_path / "a", rule("dont-know", "不知道"), rule("unclear", "不清楚", severity="minor"))
    red = rule("dont-know", "不知道", "规定就这样", severity="red_line")
    return judge_of(before), judge_of(write_rulebook(tmp_path / "b", red))


def compared(judges: tuple[Judge, Judge], *calls: CallFacts) -> Comparison:
    return compare(calls, *judges)


def test_hits_won_lost_and_kept(judges: tuple[Judge, Judge]) -> None:
    found = compared(
        judges,
        call("kept", "这个我不知道。"),
        call("won", "规定就这样。"),
        call("lost", "这个不清楚。"),
        call("ok", "您好。"),
    )
    assert found.calls == 4
    assert (found.version_before, found.version_after) == (judges[0].version, judges[1].version)
    changes = {r.rule_id: (r.hits_before, r.hits_after, r.won, r.lost, r.changed) for r in found.rules}
    assert changes == {"dont-know": (1, 2, 1, 0, 0), "unclear": (1, 0, 0, 1, 0)}
    (won,) = found.rules[0].examples
    assert (won.kind, won.call_id, won.words) == ("won", "won", "规定就这样。")
    assert (won.status_before, won.status_after) == (None, "violated")
    assert won.start_s == pytest.approx(10.0, abs=0.01)
    (lost,) = found.rules[1].examples
    assert (lost.kind, lost.status_before, lost.status_after) == ("lost", "violated", None)


def test_hits_won_for_review_are_counted(judges: tuple[Judge, Judge]) -> None:
    unsure = replace(call("unsure", "规定就这样。"), role_confidence=0.5)  # nobody knows who is the agent
    found = compared(judges, call("won", "规定就这样。"), unsure)
    assert (found.rules[0].won, found.rules[0].won_for_review) == (2, 1)


def test_a_hit_judged_otherwise_is_changed(tmp_path: Path) -> None:
    unless = "unless: {any: [帮您查], next_turns: 1}"
    before = judge_of(write_rulebook(tmp_path / "a", rule("dont-know", "不知道")))
    after = judge_of(write_rulebook(tmp_path / "b", rule("dont-know", "不知道", more=unless)))
    (change,) = compare([call("c", "不知道，我帮您查一下。")], before, after).rules
    assert (change.won, change.lost, change.changed) == (0, 0, 1)
    assert (change.examples[0].status_before, change.examples[0].status_after) == ("violated", "remedied")


def test_scores_that_flip_come_first_and_agents_are_named(judges: tuple[Judge, Judge]) -> None:
    calls = (
        call("better", "这个不清楚。", agent="2"),  # 95 -> 100
        call("red", "这个我不知道。", agent="1"),  # 90 -> 0, fails
        call("same", "您好。", agent="1"),
    )
    found = compared(judges, *calls)
    assert (found.scores_changed, found.now_failing, found.now_passing) == (2, 1, 0)
    assert [(c.call_id, c.total_before, c.total_after, c.flipped) for c in found.calls_changed] == [
        ("red", 90.0, 0.0, True),
        ("better", 95.0, 100.0, False),
    ]
    assert found.calls_changed[0].fatal_after
    worse, better = found.agents
    assert (worse.agent_id, worse.agent_name, worse.calls, worse.calls_changed) == ("1", "坐席1", 2, 1)
    assert (worse.mean_before, worse.mean_after, worse.change, worse.now_failing) == (95.0, 50.0, -45.0, 1)
    assert (better.agent_id, better.change) == ("2", 5.0)


def test_another_pass_mark_alone_flips_calls(tmp_path: Path) -> None:
    before = judge_of(write_rulebook(tmp_path / "a", rule("dont-know", "不知道")))
    after = judge_of(write_rulebook(tmp_path / "b", rule("dont-know", "不知道"), pass_mark=95))
    found = compare([call("c", "不知道。")], before, after)
    assert not any(r.differs for r in found.rules)
    assert (found.scores_changed, found.now_failing) == (1, 1)
    assert found.agents[0].now_failing == 1


def test_no_more_is_kept_than_is_shown(judges: tuple[Judge, Judge], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "CALLS_KEPT", 3)
    taken = 0

    def stream() -> Iterator[CallFacts]:
        nonlocal taken
        for number in range(450):
            taken += 1
            yield call(f"c{number:03}", "规定就这样。" if number < 30 else "这个不清楚。")

    found = compare(stream(), *judges)
    assert (found.calls, found.scores_changed, taken) == (450, 450, 450)
    assert [c.call_id for c in found.calls_changed] == ["c000", "c001", "c002"]  # the largest; of equal ones the first
    assert [len(r.examples) for r in found.rules] == [backtest.EXAMPLES_KEPT] * 2


def test_watchers_are_told_every_call(judges: tuple[Judge, Judge]) -> None:
    seen: list[tuple[str, int, int]] = []
    compare(
        [call("a", "不清楚。"), call("b", "您好。")],
        *judges,
        [lambda facts, old, new: seen.append((facts.recording.call_id, len(old.findings), len(new.findings)))],
    )
    assert seen == [("a", 1, 0), ("b", 0, 0)]
