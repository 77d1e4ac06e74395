"""Corrections as the call's page needs them: what was put right, and the call as it is then judged."""

from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from dashboards.data import CallView, Data, call_frames
from pipeline.config.settings import Settings
from pipeline.corrections import corrected, unfitting
from pipeline.errors import ConfigError, StoreError
from pipeline.judge import Judge
from pipeline.model import CallFacts, CallReport
from pipeline.rulebooks import at_version
from pipeline.store.artefact import read_facts
from pipeline.store.corrections import Change, Correction, holding, open_corrections
from pipeline.store.snapshot import preview
from pipeline.store.statements import statement

_JUDGED = ("score_total", "fatal", "passed", "rulebook_version", "scorecard_id", "scorecard_version", "role_confidence")


class Corrections:
    """The corrections of a data folder, with one user's rights."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._settings = data.settings

    def history(self, view: CallView) -> tuple[Correction, ...]:
        """Everything that was put right in a call, oldest first, withdrawn corrections too."""
        with open_corrections(self._settings.home) as store:
            return store.history(view.call_id)

    def shown(self, view: CallView, history: tuple[Correction, ...]) -> CallView:
        """The call with what holds applied and judged anew, as the next publish will; as it is where nothing was.

        Raises StoreError when the call's facts are not stored here any more.
        """
        if not history:
            return view
        changes = tuple(c.change for c in holding(history))
        version = str(view.head["rulebook_version"])
        at = view.head["started_at"]
        fresh = _judged(self._settings.model_dump_json(), view.call_id, at and at.date(), version, changes)
        return replace(view, **{**fresh, "head": {**view.head, **fresh["head"]}})

    def lost(self, view: CallView, history: tuple[Correction, ...]) -> tuple[Change, ...]:
        """Corrections of words that are heard otherwise since the call was analysed anew."""
        if not history:
            return ()
        return unfitting(_facts(self._settings, view), tuple(c.change for c in holding(history)))

    def correct(self, view: CallView, index: int, text: str | None, role: Any, history: tuple[Correction, ...]) -> None:
        """Put the words or the speaker of an utterance right. Raises ReviewConflict, PermissionDeniedError."""
        heard = _facts(self._settings, view).utterances[index].text
        based_on = len(history)
        for change in (Change("text", index, heard, text or ""), Change("role", index, heard, role=role)):
            if (text if change.kind == "text" else role) is not None:
                self.add(view.call_id, change, based_on)
                based_on += 1

    def add(self, call_id: str, change: Change, based_on: int) -> None:
        """Append a change, for example swapped roles. Raises ReviewConflict, PermissionDeniedError."""
        with open_corrections(self._settings.home) as store:
            store.add(call_id, self._data.user, change, based_on)


def _facts(settings: Settings, view: CallView) -> CallFacts:
    at = view.head["started_at"]
    return _stored(settings.home, view.call_id, at and at.date())


def _stored(home: Path, call_id: str, day: date | None) -> CallFacts:
    facts = read_facts(home, call_id, day.isoformat() if day else None) or read_facts(home, call_id)
    if facts is None:
        raise StoreError(f"the facts of call {call_id} are not stored in {home} any more; analyse it with callqa run")
    return facts


@lru_cache(maxsize=16)
def _judged(
    settings_json: str, call_id: str, day: date | None, version: str, changes: tuple[Change, ...]
) -> dict[str, Any]:
    """The parts of a CallView that corrections change. The judge is that of publishing: the call's own version."""
    settings = Settings.model_validate_json(settings_json)
    facts = corrected(_stored(settings.home, call_id, day), changes, settings.measures)
    report = CallReport(facts, _judge(settings_json, version).judge(facts))
    with preview(report) as connection:

        def frame(name: str, **values: Any) -> pl.DataFrame:
            return connection.execute(statement("read", name), values).pl()

        head = frame("call", call_id=call_id, zone=settings.metadata.timezone).row(0, named=True)
        frames = call_frames(frame, head)
    return {**frames, "head": {name: head[name] for name in _JUDGED}}


@lru_cache(maxsize=2)
def _judge(settings_json: str, version: str) -> Judge:
    settings = Settings.model_validate_json(settings_json)
    try:
        return Judge(at_version(settings, version))
    except ConfigError:  # judged before rulebooks were kept
        return Judge(settings)
