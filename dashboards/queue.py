"""质检任务 as pages need them: plans, draws, tasks and estimates, with one user's rights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dashboards.data import Data
from pipeline import draws, estimates
from pipeline.draws import Preview
from pipeline.estimates import Estimate, Observed
from pipeline.sampling import Plan, Stratum
from pipeline.store.plans import Days, StoredDraw, StoredPlan, open_plans
from pipeline.store.reviews import open_reviews
from pipeline.store.tasks import Progress, Task, open_tasks
from pipeline.store.users import User, open_users

RENEW_BELOW_RATIO = 0.5  # of the lock's time left: working on a call makes it whole again


@dataclass(frozen=True, slots=True)
class SampleFigures:
    """What a plan's reviewed calls say. name -> estimate: score (0..100), pass, fatal and families (shares 0..1).

    drawn: tasks; done: of them reviewed. strata: how many.
    """

    figures: dict[str, Estimate]
    families: dict[str, Estimate]
    drawn: int
    done: int
    strata: int


@dataclass(frozen=True, slots=True)
class Found:
    """What targeted calls turned out to be, by the reason they were picked for; counts, no estimate."""

    stratum: str
    picked: int
    done: int
    fatal: int
    mean_total: float | None


class Queue:
    """The samples of a data folder. reviewer: the name under which work is claimed and kept."""

    def __init__(self, data: Data, reviewer: str) -> None:
        self._data = data
        self._user = data.user
        self._settings = data.settings
        self._home = data.settings.home
        self.reviewer = reviewer

    # -- work -----------------------------------------------------------------------------------------------------

    def mine(self) -> tuple[Task, ...]:
        """The reviewer's own open tasks and what they hold, the most urgent first."""
        with open_tasks(self._home) as tasks:
            return tasks.of_reviewer(self.reviewer)

    def of_call(self, call_id: str) -> Task | None:
        """The task that brings the reviewer to a call: the one they hold, else theirs or anybody's, else a done one."""
        with open_tasks(self._home) as tasks:
            found = [
                t for t in tasks.of_call(call_id) if t.owner in (None, self.reviewer) or t.done_by == self.reviewer
            ]
        ranked = sorted(found, key=lambda t: (t.holder != self.reviewer, not t.open, t.assignee != self.reviewer))
        return ranked[0] if ranked else None

    def take_next(self) -> Task | None:
        with open_tasks(self._home) as tasks:
            return tasks.take_next(self._user, self.reviewer, lock_s=self._settings.review.task_lock_s)

    def claim(self, task_id: int) -> Task:
        with open_tasks(self._home) as tasks:
            return tasks.claim(task_id, self._user, self.reviewer, lock_s=self._settings.review.task_lock_s)

    def renewed(self, task: Task) -> Task:
        """The task, locked anew when half of its time is over; work that goes on is not interrupted."""
        left = RENEW_BELOW_RATIO * self._settings.review.task_lock_s
        if task.holder != self.reviewer or task.locked_until is None:
            return task
        if task.locked_until - datetime.now(UTC) > timedelta(seconds=left):
            return task
        return self.claim(task.task_id)

    def release(self, task_id: int) -> None:
        with open_tasks(self._home) as tasks:
            tasks.release(task_id, self._user, self.reviewer)

    def skip(self, task_id: int, reason: str) -> None:
        with open_tasks(self._home) as tasks:
            tasks.skip(task_id, self._user, self.reviewer, reason)

    def hand_over(self, plan_id: int, from_reviewer: str | None, to_reviewer: str | None) -> int:
        with open_tasks(self._home) as tasks:
            return tasks.hand_over(plan_id, self._user, from_reviewer, to_reviewer)

    def progress(self) -> tuple[Progress, ...]:
        with open_tasks(self._home) as tasks:
            return tasks.progress()

    def heads(self, tasks: Iterable[Task]) -> dict[str, dict[str, Any]]:
        """Who and when of the tasks' calls, by call id; a call that is published no more is left out."""
        rows = self._data.frame(
            "heads_of_calls",
            call_ids=sorted({task.call_id for task in tasks}),
            zone=self._settings.metadata.timezone,
        )
        return {row["call_id"]: row for row in rows.iter_rows(named=True)}

    # -- plans ----------------------------------------------------------------------------------------------------

    def plans(self) -> tuple[StoredPlan, ...]:
        with open_plans(self._home) as plans:
            return plans.plans()

    def draws(self, plan_id: int) -> tuple[StoredDraw, ...]:
        with open_plans(self._home) as plans:
            return plans.draws(plan_id)

    def options(self) -> dict[str, Any]:
        """What a plan can be limited to: teams, topics, and the days that have calls."""
        return self._data.row("frame_options", zone=self._settings.metadata.timezone) or {}

    def reviewers(self) -> tuple[User, ...]:
        """Who may be given work."""
        able = draws.reviewers(self._home)
        with open_users(self._home) as users:
            return tuple(user for user in users.users() if user.name in able)

    def save_plan(self, plan: Plan, plan_id: int | None, *, active: bool = True) -> StoredPlan:
        """A new plan, or the next version of one."""
        with open_plans(self._home) as plans:
            if plan_id is None:
                return plans.add(plan, self._user)
            return plans.change(plan_id, plan, self._user, active=active)

    def preview(self, plan: Plan, days: Days, seed: int) -> Preview:
        self._user.require("assign")
        return draws.preview(self._settings, plan, days, seed)

    def draw(self, stored: StoredPlan, days: Days, seed: int) -> StoredDraw:
        return draws.carry_out(self._settings, stored, days, seed, self._user)

    # -- what the samples say -------------------------------------------------------------------------------------

    def estimate(self, plan_id: int, first_day: date | None, last_day: date | None) -> SampleFigures:
        """Figures of all calls of the frame, from the reviewed ones of a random plan."""
        self._user.require("see_all")
        with open_plans(self._home) as plans:
            strata = plans.strata(plan_id, first_day, last_day)
        forms = self._forms(plan_id, first_day, last_day)
        hits = self._violations(plan_id, [form["call_id"] for form in forms])

        def observed(value: Any) -> list[Observed]:
            return observed_in(strata, [((f["draw_id"], f["stratum"]), value(f)) for f in forms])

        figures = {
            "score": estimates.mean(observed(lambda f: f["total"])),
            "pass": estimates.rate(observed(lambda f: f["passed"])),
            "fatal": estimates.rate(observed(lambda f: f["fatal"])),
        }
        families = {
            family: estimates.rate(observed(lambda f, calls=calls: float(f["call_id"] in calls)))
            for family, calls in hits.items()
        }
        return SampleFigures(
            figures={name: figure for name, figure in figures.items() if figure},
            families={name: figure for name, figure in families.items() if figure},
            drawn=sum(stratum.drawn for stratum in strata.values()),
            done=len(forms),
            strata=len(strata),
        )

    def found(self, plan_id: int, first_day: date | None, last_day: date | None) -> tuple[Found, ...]:
        """What the calls of a targeted plan turned out to be."""
        self._user.require("see_all")
        with open_plans(self._home) as plans:
            strata = plans.strata(plan_id, first_day, last_day)
        forms = self._forms(plan_id, first_day, last_day)
        rows = []
        for name in sorted({stratum for _, stratum in strata}):
            mine = [form for form in forms if form["stratum"] == name]
            totals = [form["total"] for form in mine if form["total"] is not None]
            picked = sum(stratum.drawn for (_, key), stratum in strata.items() if key == name)
            fatal = sum(form["fatal"] for form in mine)
            rows.append(Found(name, picked, len(mine), fatal, sum(totals) / len(totals) if totals else None))
        return tuple(rows)

    def _forms(self, plan_id: int, first_day: date | None, last_day: date | None) -> list[dict[str, Any]]:
        with open_reviews(self._home) as reviews:
            return reviews.rows("sample_forms", plan_id=plan_id, first_day=_text(first_day), last_day=_text(last_day))

    def _violations(self, plan_id: int, call_ids: list[str]) -> dict[str, set[str]]:
        """Calls with a violation after people have looked, by family: rejected hits do not count, confirmed ones do."""
        with open_reviews(self._home) as reviews:
            verdicts = {
                (row["call_id"], row["finding_key"]): row["verdict"]
                for row in reviews.rows("sample_verdicts", plan_id=plan_id)
            }
        found: dict[str, set[str]] = {}
        for row in self._data.frame("findings_of_calls", call_ids=call_ids).iter_rows(named=True):
            calls = found.setdefault(row["family"], set())
            verdict = verdicts.get((row["call_id"], row["finding_key"]))
            if verdict == "confirm" or (row["status"] == "violated" and verdict != "reject"):
                calls.add(row["call_id"])
        return found


def observed_in(
    strata: dict[tuple[int, str], Stratum], values: Sequence[tuple[tuple[int, str], float | None]]
) -> list[Observed]:
    """Strata with the values of their reviewed calls; a call without the value counts as not looked at."""
    seen: dict[tuple[int, str], list[float]] = {}
    for key, value in values:
        if value is not None:
            seen.setdefault(key, []).append(float(value))
    return [Observed(f"{key[0]}/{key[1]}", stratum.calls, tuple(seen.get(key, ()))) for key, stratum in strata.items()]


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
