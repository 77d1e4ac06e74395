"""Pinned notes as pages need them, with one user's rights."""

from dashboards.data import CallView, Data
from pipeline.store.notes import Note, open_notes


class Notes:
    """The notes of a data folder. Whoever may see a call may read its notes: they are written for the agent too."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def of_call(self, view: CallView) -> tuple[Note, ...]:
        with open_notes(self._data.settings.home) as store:
            return store.notes(view.call_id)

    def add(self, view: CallView, at_s: float, text: str) -> None:
        """Pin a note. A second behind the end of the recording is its end."""
        with open_notes(self._data.settings.home) as store:
            store.add(view.call_id, self._data.user, min(at_s, view.head["decoded_s"]), text)

    def withdraw(self, view: CallView, number: int) -> None:
        with open_notes(self._data.settings.home) as store:
            store.withdraw(view.call_id, self._data.user, number)
