"""Drawing from sampling plans: the preview, the draw, and what the nightly batch draws by itself."""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config.settings import Settings
from pipeline.sampling import Drawn, Plan, assign, draw, last_complete_period, period_of
from pipeline.store.frame import read_frame
from pipeline.store.plans import Days, StoredDraw, StoredPlan, open_plans
from pipeline.store.users import User, open_users

SEED_BITS = 48


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be drawn. assigned: call id -> reviewer."""

    days: Days
    drawn: Drawn
    assigned: dict[str, str]
    snapshot_id: int | None


def new_seed() -> int:
    return secrets.randbits(SEED_BITS)


def today(settings: Settings) -> date:
    """In the settings' zone."""
    return datetime.now(ZoneInfo(settings.metadata.timezone)).date()


def reviewers(home: Path) -> tuple[str, ...]:
    """Who may be given work, by name."""
    with open_users(home) as users:
        return tuple(user.name for user in users.users() if user.role == "reviewer" and not user.disabled)


def preview(settings: Settings, plan: Plan, days: Days, seed: int) -> Preview:
    """What a draw with this seed gives; nothing is written. Raises ConfigError for a plan that is none."""
    frame, snapshot_id = read_frame(settings.home, settings.metadata.timezone, *days)
    drawn = draw(plan, frame, seed)
    return Preview(days, drawn, assign(drawn.picks, _weights(settings.home, plan), seed), snapshot_id)


def carry_out(settings: Settings, stored: StoredPlan, days: Days, seed: int, by: User | str) -> StoredDraw:
    """Draw and make the tasks. Raises StoreError for a period that was drawn already."""
    shown = preview(settings, stored.plan, days, seed)
    due_day = today(settings) + timedelta(days=stored.plan.due_days)
    due_at = datetime.combine(due_day, time(23, 59, 59), ZoneInfo(settings.metadata.timezone)).astimezone(UTC)
    with open_plans(settings.home) as plans:
        return plans.add_draw(
            stored,
            days,
            shown.drawn,
            due_at=due_at,
            assigned=shown.assigned,
            snapshot_id=shown.snapshot_id,
            by=by,
        )


def draw_due(settings: Settings, by: str, day: date | None = None) -> tuple[StoredDraw, ...]:
    """Draw every active plan for its last complete period, or for the one that `day` lies in, unless it was drawn.

    A period without a call is left for the next time: the recordings may come later.
    """
    done = []
    with open_plans(settings.home) as plans:
        active = [stored for stored in plans.plans() if stored.active]
        drawn = {stored.plan_id: plans.draws(stored.plan_id) for stored in active}
    for stored in active:
        every = stored.plan.every
        days = period_of(every, day) if day else last_complete_period(every, today(settings))
        if any(d.first_day <= days[1] and d.last_day >= days[0] for d in drawn[stored.plan_id]):
            continue
        frame, _ = read_frame(settings.home, settings.metadata.timezone, *days)
        if frame:
            done.append(carry_out(settings, stored, days, new_seed(), by))
    return tuple(done)


def _weights(home: Path, plan: Plan) -> dict[str, float]:
    if plan.assignment == "pool":
        return {}
    able = reviewers(home)
    if plan.assignment == "even":
        return dict.fromkeys(able, 1.0)
    return {name: weight for name, weight in plan.weights.items() if name in able}
