"""Trying rules: a dialogue typed in, a stored call, a draft of a rule file; nothing that is tried here ever counts.

A rulebook is put in force on the server only (`callqa rules activate`), by whoever may log in there: this page shows
what a draft would do and how to activate it, and changes nothing itself.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dashboards.data import Data
from pipeline.config.settings import Settings
from pipeline.corrections import stored_corrections
from pipeline.errors import CallQaError, ConfigError, RuleError
from pipeline.judge import Judge
from pipeline.model import CallFacts, Judgement
from pipeline.rulebooks import read_sources, sources_with
from pipeline.rules.advice import advise
from pipeline.rules.check import check_rulebook
from pipeline.rules.trial import dialogue_facts
from pipeline.store.artefact import read_facts
from pipeline.store.users import PermissionDeniedError, User

FILE_NAME = re.compile(r"[\w.-]{1,80}\.yaml")
MAX_DRAFT_CHARACTERS = 200_000
MAX_DIALOGUE_CHARACTERS = 20_000
BACKTEST_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A call and what the rulebook makes of it."""

    facts: CallFacts
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked draft. problems forbid it, advice is merely odd; both name line and remedy. error: it does not load."""

    name: str
    text: str
    rules: int = 0
    version: str | None = None
    problems: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    error: str | None = None

    @property
    def sound(self) -> bool:
        return self.error is None and not self.problems


def try_dialogue(judge: Judge, text: str, name: str) -> Trial:
    """Judge lines such as 坐席：…, 患者：… Raises RuleError with the line that cannot be read."""
    if len(text) > MAX_DIALOGUE_CHARACTERS:
        raise RuleError(f"{name}: {len(text)} characters; at most {MAX_DIALOGUE_CHARACTERS}: try a part of it")
    facts = dialogue_facts(text, name)
    return Trial(facts, judge.judge(facts))


def try_call(judge: Judge, data: Data, call_id: str) -> Trial | None:
    """Judge a stored call anew, as people put it right; None for a call that is not stored.

    Raises PermissionDeniedError for a foreign one.
    """
    facts = read_facts(data.settings.home, call_id.strip())
    if facts is None:
        return None
    if not data.user.may_see(facts.recording.metadata.agent_id):
        raise PermissionDeniedError("this call is not yours to see")
    facts = stored_corrections(data.settings).applied(facts)
    return Trial(facts, judge.judge(facts))


def check_draft(settings: Settings, user: User, name: str, text: str) -> Draft:
    """Load a rule file in place of the active one of that name (or beside), run all examples, look for oddities.

    Raises PermissionDeniedError for somebody who does not supervise, ConfigError for a name that is none.
    """
    user.require("assign")
    if not FILE_NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of a rule file; take letters, digits, _ and -, ending in .yaml")
    if len(text) > MAX_DRAFT_CHARACTERS:
        raise ConfigError(f"{name}: {len(text)} characters; at most {MAX_DRAFT_CHARACTERS}: split the file")
    with tempfile.TemporaryDirectory(prefix="callqa-draft-") as folder:
        path = _written(Path(folder), name, text)
        try:
            judge = Judge(settings, sources_with(path, read_sources(settings)))
            problems = tuple(_told(str(p), path) for p in check_rulebook(judge.rulebook))
            advice = tuple(_told(str(a), path) for a in advise(judge.rulebook))
        except CallQaError as error:
            return Draft(name, text, error=_told(str(error), path))
    return Draft(name, text, len(judge.rulebook.rules), judge.version, problems, advice)


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _told(message: str, path: Path) -> str:
    """Messages name the file as the author does, not where it lay for a moment."""
    return message.replace(str(path), path.name).replace(f"{path.parent}/", "")


class Backtest:
    """A draft beside the active rulebook over stored calls, in a process of its own that may not take too long."""

    def __init__(self, settings: Settings, user: User, draft: Draft, since: date | None) -> None:
        """Raises PermissionDeniedError for somebody who does not supervise."""
        user.require("assign")
        self._folder = tempfile.TemporaryDirectory(prefix="callqa-backtest-")
        folder = Path(self._folder.name)
        self._result, self._log = folder / "result.json", folder / "log"
        path = _written(folder, draft.name, draft.text)
        chosen = ("--since", since.isoformat()) if since else ()
        command = [sys.executable, "-m", "pipeline.cli", "--home", str(settings.home), "backtest", str(path), *chosen]
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, the name of the file is checked
                [*command, "--json", str(self._result)], stdout=subprocess.DEVNULL, stderr=log
            )
        self._path = path
        self._begun_s = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun_s

    def running(self) -> bool:
        if self._process.poll() is None and self.seconds > BACKTEST_LIMIT_S:
            self.stop()
        return self._process.poll() is None

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def result(self) -> dict[str, Any]:
        """What `callqa backtest --json` writes. Raises RuleError with the reason when there is none."""
        if self._result.is_file():
            found: dict[str, Any] = json.loads(self._result.read_text(encoding="utf-8"))
            return found
        if self.seconds > BACKTEST_LIMIT_S:
            raise RuleError(
                f"stopped after {BACKTEST_LIMIT_S:.0f} s; choose a later first day, so that it is fewer calls"
            )
        said = self._log.read_text(encoding="utf-8", errors="replace").strip()
        raise RuleError(_told(said, self._path) or "the backtest was stopped")
