"""Drafts of score forms and who is on a call, as the call's page needs them, with one user's rights."""

from dashboards.data import CallView, Data, Decisions
from pipeline.store.drafts import Draft, DraftItem, open_drafts


class Drafts:
    """The drafts of a data folder. Without the right to review there are none."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def of_call(self, view: CallView, decisions: Decisions) -> tuple[Draft, bool]:
        """What the user typed last, and whether it was begun from an older form than there is now.

        Without a draft, or with one for another version of the card: the changes of the last form, if its card is this.
        """
        last, card = decisions.latest_form, view.head["scorecard_version"]
        version = last.version if last else None
        with open_drafts(self._data.settings.home) as store:
            kept = store.draft(view.call_id, self._data.user)
        if kept is not None and kept.scorecard_version == card:
            return kept, kept.based_on != version
        same = last is not None and last.form.scorecard_version == card
        changed = [i for i in last.form.items if i.overridden] if last and same else []
        items = tuple(DraftItem(i.item_id, i.points, i.reason) for i in changed)
        return Draft(items, last.form.comment if last else "", card, version), False

    def keep(self, call_id: str, draft: Draft) -> None:
        """Raises StoreError when it cannot be kept, PermissionDeniedError without the right to review."""
        with open_drafts(self._data.settings.home) as store:
            store.keep(call_id, self._data.user, draft)

    def drop(self, call_id: str) -> None:
        with open_drafts(self._data.settings.home) as store:
            store.drop(call_id, self._data.user)

    def others_on(self, call_id: str) -> tuple[str, ...]:
        """Tell that the user is on the call; who else is, by name. Nobody for those who only look."""
        if not self._data.user.may("review"):
            return ()
        with open_drafts(self._data.settings.home) as store:
            store.arrive(call_id, self._data.user)
            return store.present(call_id, self._data.user)
