"""Coaching notes and goals as pages need them, with one user's rights."""

from dashboards.agent_figures import Agents, Progress
from dashboards.data import Data
from pipeline.store.coaching import GoalTerms, Note, StepKind, open_coaching


class Coaching:
    """The notes and goals of one agent. Raises PermissionDeniedError where the user has no right to."""

    def __init__(self, data: Data, agent_id: str) -> None:
        self._data = data
        self._home = data.settings.home
        self.agent_id = agent_id

    def notes(self) -> tuple[Note, ...]:
        with open_coaching(self._home) as store:
            return store.notes(self._data.user, self.agent_id)

    def goals(self) -> tuple[Progress, ...]:
        """Open goals first, each with where it stands."""
        with open_coaching(self._home) as store:
            goals = store.goals(self._data.user, self.agent_id)
        agents = Agents(self._data)
        return tuple(agents.progress(goal) for goal in sorted(goals, key=lambda goal: not goal.open))

    def add_note(self, text: str, call_id: str | None, *, shown: bool) -> None:
        with open_coaching(self._home) as store:
            store.add_note(self._data.user, self.agent_id, text, call_id=call_id, shown=shown)

    def withdraw_note(self, note_id: int, reason: str) -> None:
        with open_coaching(self._home) as store:
            store.withdraw_note(self._data.user, note_id, reason)

    def set_goal(self, terms: GoalTerms) -> None:
        with open_coaching(self._home) as store:
            store.set_goal(self._data.user, terms)

    def step(self, goal_id: int, step: StepKind, reason: str = "") -> None:
        with open_coaching(self._home) as store:
            store.step(self._data.user, goal_id, step, reason)
