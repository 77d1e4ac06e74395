"""校准 as pages need it: rounds, one's own blind forms, and how far people agree once a round is over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dashboards.data import CallView, Data, Decisions
from pipeline.agreement import AgainstExpert, ItemAgreement, Mark, against_expert, alpha, item_agreement
from pipeline.draws import new_seed, preview, today
from pipeline.errors import StoreError
from pipeline.sampling import Plan
from pipeline.store.calibration import BlindForm, Round, open_calibration
from pipeline.store.users import User, open_users

RECENT_DAYS = 30
NO_DECISIONS = Decisions({}, {}, ())
TOTAL_MAX = 100.0


@dataclass(frozen=True, slots=True)
class Results:
    """What a closed round says. totals: call -> reviewer -> points, None: not scored. total_alpha: on totals."""

    items: tuple[ItemAgreement, ...]
    people: tuple[AgainstExpert, ...]
    totals: dict[str, dict[str, float | None]]
    total_alpha: float | None


class Calibrations:
    """The rounds of a data folder, with one user's rights. reviewer: the name that forms are kept under."""

    def __init__(self, data: Data, reviewer: str) -> None:
        self._data = data
        self._home = data.settings.home
        self._user = data.user
        self.reviewer = reviewer

    def rounds(self) -> tuple[Round, ...]:
        """Newest first."""
        self._user.require("calibrate")
        with open_calibration(self._home) as store:
            return store.rounds()

    def round(self, round_id: int) -> Round:
        self._user.require("calibrate")
        with open_calibration(self._home) as store:
            return store.round(round_id)

    def round_that_holds(self, call_id: str) -> int | None:
        """The open round because of which this user must not see what others say of a call."""
        with open_calibration(self._home) as store:
            return store.round_that_holds(call_id, self.reviewer)

    def view(self, round_: Round, call_id: str) -> CallView | None:
        """A call of a round as its people may see it: no findings and no automatic points where it is blind."""
        view = self._data.call(call_id)
        if view is None or not (round_.blind and round_.open):
            return view
        return replace(view, findings=view.findings.clear())

    def mine(self, round_id: int) -> dict[str, BlindForm]:
        """One's own forms, by call."""
        with open_calibration(self._home) as store:
            forms = store.forms_for(round_id, self._user, reviewer=self.reviewer)
        return {form.call_id: form for form in forms if form.reviewer == self.reviewer}

    def progress(self, round_id: int) -> dict[str, int]:
        """Calls scored, by name."""
        with open_calibration(self._home) as store:
            return store.progress(round_id)

    def save(self, form: BlindForm) -> BlindForm:
        with open_calibration(self._home) as store:
            return store.save(form, self._user, reviewer=self.reviewer)

    def close(self, round_id: int, note: str) -> Round:
        with open_calibration(self._home) as store:
            return store.close(round_id, self._user, note)

    def able(self) -> tuple[User, ...]:
        """Who may take part."""
        with open_users(self._home) as users:
            return tuple(user for user in users.users() if user.may("calibrate"))

    def begin(
        self,
        title: str,
        call_ids: Sequence[str],
        *,
        reviewers: Sequence[str],
        experts: Sequence[str],
        blind: bool,
        due_days: int,
    ) -> Round:
        due_at = datetime.now(UTC) + timedelta(days=due_days)
        with open_calibration(self._home) as store:
            return store.begin(
                title, call_ids, reviewers=reviewers, experts=experts, blind=blind, due_at=due_at, user=self._user
            )

    def known(self, call_ids: Sequence[str]) -> list[str]:
        """The ids as they are. Raises StoreError naming those that no published call has."""
        zone = self._data.settings.metadata.timezone
        known = set(self._data.frame("heads_of_calls", call_ids=list(call_ids), zone=zone)["call_id"])
        unknown = [call_id[:80] for call_id in call_ids if call_id not in known]
        if unknown:
            raise StoreError(f"no published call is called {', '.join(unknown[:5])}; copy the id from the call's page")
        return list(call_ids)

    def some_calls(self, count: int) -> list[str]:
        """So many calls at random of the newest RECENT_DAYS that have calls."""
        if not count:
            return []
        settings = self._data.settings
        options = self._data.row("frame_options", zone=settings.metadata.timezone) or {}
        last = min(today(settings), options.get("last_day") or today(settings))
        plan = Plan("calibration", "random", "month", count, None, "centre", "none", (), (), (), 10.0, "pool")
        drawn = preview(settings, plan, (last - timedelta(days=RECENT_DAYS - 1), last), new_seed()).drawn
        return [pick.call_id for pick in drawn.picks]

    def results(self, round_: Round) -> Results:
        """How far the people of a closed round agree."""
        with open_calibration(self._home) as store:
            forms = store.forms_for(round_.round_id, self._user, reviewer=self.reviewer)
        by = {(form.call_id, form.reviewer): form for form in forms}
        totals = {
            call: {name: by[call, name].total if (call, name) in by else None for name in round_.people}
            for call in round_.call_ids
        }
        shares = {
            call: {name: total / TOTAL_MAX for name, total in row.items() if total is not None}
            for call, row in totals.items()
        }
        reviewers = [name for name in round_.people if name not in round_.experts]
        return Results(
            items=tuple(item_agreement(item_id, _marks(forms, item_id)) for item_id in item_ids(forms)),
            people=tuple(_beside_experts(name, round_, by) for name in reviewers) if round_.experts else (),
            totals=totals,
            total_alpha=alpha(shares),
        )


def item_ids(forms: Sequence[BlindForm]) -> list[str]:
    """Every item that was scored, in the order of the forms."""
    return list(dict.fromkeys(item.item_id for form in forms for item in form.items))


def _shares(form: BlindForm) -> dict[str, Mark]:
    return {item.item_id: None if item.points is None else item.points / item.points_max for item in form.items}


def _marks(forms: Sequence[BlindForm], item_id: str) -> dict[str, dict[str, Mark]]:
    marks: dict[str, dict[str, Mark]] = {}
    for form in forms:
        shares = _shares(form)
        if item_id in shares:
            marks.setdefault(form.call_id, {})[form.reviewer] = shares[item_id]
    return marks


def _beside_experts(name: str, round_: Round, by: dict[tuple[str, str], BlindForm]) -> AgainstExpert:
    """A reviewer beside every expert who scored the same call."""
    pairs = [
        (by[call, name], by[call, expert])
        for call in round_.call_ids
        for expert in round_.experts
        if (call, name) in by and (call, expert) in by
    ]
    marks = [
        (mine[item_id], theirs[item_id])
        for mine, theirs in ((_shares(a), _shares(b)) for a, b in pairs)
        for item_id in mine
        if item_id in theirs
    ]
    return against_expert(name, [(a.total, b.total) for a, b in pairs], marks, [(a.fatal, b.fatal) for a, b in pairs])
