"""Appeals as pages need them: the cases a user may see, and the steps that they may take."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.data import CallView, Data, Decisions
from pipeline.store.appeals import Case, CaseState, Outcome, Result, open_appeals
from pipeline.store.calibration import open_calibration

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class CallCase:
    """One call's case beside its present result. ends_at: until when the agent may appeal."""

    case: Case
    state: CaseState
    result: Result
    ends_at: datetime

    @property
    def may_appeal(self) -> bool:
        return self.state in ("open", "acknowledged") and datetime.now(UTC) <= self.ends_at


class Cases:
    """The appeals of a data folder, with one user's rights."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._home = data.settings.home
        self._window_s = data.settings.review.appeal_days * DAY_S

    def of_call(self, view: CallView, decisions: Decisions) -> CallCase:
        with open_appeals(self._home) as appeals:
            case = appeals.case(view.call_id)
        result = self._result(view, decisions)
        ends_at = datetime.fromtimestamp(result.published_at.timestamp() + self._window_s, UTC)
        return CallCase(case, case.state_for(result.review_version), result, ends_at)

    def all(self) -> tuple[Case, ...]:
        """Every case for those who decide, an agent's own for an agent; the newest step first.

        Who scores a call blind is told of no appeal on it until that round is closed.
        """
        with open_appeals(self._home) as appeals:
            cases = appeals.cases()
        if self._data.user.may("see_all"):
            with open_calibration(self._home) as rounds:
                held = rounds.held_calls(self._data.user.name)
            return tuple(case for case in cases if case.call_id not in held)
        return tuple(case for case in cases if any(step.who == self._data.user.name for step in case.steps))

    def acknowledge(self, call: CallCase) -> None:
        with open_appeals(self._home) as appeals:
            appeals.acknowledge(call.case.call_id, self._data.user, call.result)

    def appeal(self, call: CallCase, reason: str, finding_keys: list[str]) -> None:
        with open_appeals(self._home) as appeals:
            appeals.appeal(
                call.case.call_id,
                self._data.user,
                reason,
                call.result,
                window_s=self._window_s,
                finding_keys=finding_keys,
            )

    def take(self, call_id: str) -> None:
        with open_appeals(self._home) as appeals:
            appeals.take(call_id, self._data.user)

    def decide(self, call_id: str, outcome: Outcome, reason: str) -> None:
        with open_appeals(self._home) as appeals:
            appeals.decide(call_id, self._data.user, outcome, reason)

    def _result(self, view: CallView, decisions: Decisions) -> Result:
        form = decisions.latest_form
        zone = ZoneInfo(self._data.settings.metadata.timezone)
        heard_at = view.head["analyzed_at"].replace(tzinfo=zone)
        published_at = form.created_at if form else heard_at
        return Result(view.head["agent_id"], form.version if form else 0, published_at.astimezone(UTC))
