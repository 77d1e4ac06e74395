"""callqa sample: draws what is due once, says what it drew, lists the plans."""

from pathlib import Path

import pytest

from pipeline.sampling import Plan
from pipeline.store import artefact
from pipeline.store.plans import open_plans
from pipeline.store.snapshot import publish
from pipeline.store.tasks import open_tasks
from pipeline.store.users import User
from tests.builders import make_reports
from tests.pipeline.test_cli import called

PLAN = Plan("月度抽检", "random", "month", None, 10.0, "agent", "topic", (), (), (), 0.0, "even", due_days=3)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for report in make_reports(36):
        artefact.write_report(tmp_path, report)
    publish(tmp_path)
    return tmp_path


def test_nothing_to_draw_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(home, "sample") == 0
    assert "no sampling plan is due" in capsys.readouterr().out
    assert called(home, "sample", "--list") == 0
    assert "no sampling plans yet" in capsys.readouterr().out


def test_a_plan_is_drawn_once_for_a_period(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_plans(home) as plans:
        plans.add(PLAN, User("zhou", "周", "supervisor"))
    assert called(home, "sample", "--day", "2025-11-12") == 0
    told = capsys.readouterr().out
    with open_plans(home) as plans, open_tasks(home) as tasks:
        (draw,) = plans.draws()
        made = tasks.of_plan(1)
    assert f"plan 1: {draw.drawn} of {draw.calls} calls of 2025-11-01 to 2025-11-30, seed {draw.seed}" in told
    assert len(made) == draw.drawn > 0
    assert draw.who == "callqa sample"
    assert all(task.assignee is None for task in made)  # nobody to give them to: everybody's
    assert called(home, "sample", "--day", "2025-11-30") == 0
    assert "no sampling plan is due" in capsys.readouterr().out
    assert called(home, "sample", "--list") == 0
    assert "月度抽检" in capsys.readouterr().out
