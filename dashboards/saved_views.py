"""Saved views of the call list as its page needs them, with one user's rights."""

from collections.abc import Mapping, Sequence

from dashboards.data import Data
from pipeline.store.saved_views import SavedView, open_saved_views


class SavedViews:
    """The saved views of a data folder."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def all(self) -> tuple[SavedView, ...]:
        """One's own, then those that others share."""
        with open_saved_views(self._data.settings.home) as store:
            return store.views(self._data.user)

    def save(self, name: str, query: Mapping[str, Sequence[str]], *, shared: bool) -> None:
        with open_saved_views(self._data.settings.home) as store:
            store.save(self._data.user, name, query, shared=shared)

    def remove(self, name: str) -> None:
        with open_saved_views(self._data.settings.home) as store:
            store.remove(self._data.user, name)
