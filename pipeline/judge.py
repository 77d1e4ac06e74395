"""What one rulebook version makes of calls that were heard: topics, findings, the card that counts, the score."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipeline import rulebooks, scoring, topics
from pipeline.config import Settings
from pipeline.model import CallFacts, Finding, Judgement
from pipeline.rules import rulebook_of, verified
from pipeline.rules.entities import class_sets
from pipeline.rules.matching import each_view, index_of
from pipeline.rules.spoken import CallView


class Judge:
    """Rulebook, topic lexicon and scorecards, loaded once, for the facts of any number of calls. Loads no model."""

    def __init__(self, settings: Settings, sources: rulebooks.Sources | None = None) -> None:
        """sources: what to judge by; None: what the settings name. Raises RuleError when anything in it is not valid.

        version: of all that judges (see pipeline.rulebooks); judgements name it.
        """
        self.sources = sources or rulebooks.read_sources(settings)
        self.version = self.sources.version
        lexicon = self.sources.lexicon("topics.yaml")
        self.topics = topics.topics_of(lexicon.text, lexicon.shown)
        written, listed = self.sources.lexicon("entities.yaml"), self.sources.lexicon("terms.yaml")
        self.rulebook = rulebook_of(
            self.sources.texts("rules"),
            topics=self.topics.names,
            zone=ZoneInfo(self.sources.timezone),
            classes=class_sets(written.text, listed.text, (written.shown, listed.shown)),
        )
        self.scorecards = scoring.scorecards_of(self.sources.texts("scorecards"), topics=self.topics.names)
        weights = self.sources.lexicon("verification.yaml")
        self.verification = verified.verification_of(weights.text, weights.shown)
        self.dear = frozenset(rule.rule_id for rule in self.rulebook.dear())
        self.index = index_of((*self.rulebook.lists(), *self.topics.lists()))
        self._min_role_confidence = self.sources.min_role_confidence

    def judge(self, facts: CallFacts) -> Judgement:
        """Findings, topics and score of a call. The same facts and rulebook give the same judgement."""
        return self.judge_all((facts,))[0]

    def judge_all(self, calls: Sequence[CallFacts]) -> tuple[Judgement, ...]:
        """The judgement of each call: topics first, rules may ask for them; then the card by topic, then the score."""
        now = datetime.now(UTC)
        with _uncollected():
            return tuple(self._judged(view, now) for view in each_view(calls, self.index, self.verification))

    def _judged(self, view: CallView, now: datetime) -> Judgement:
        view.topics = topics.topics_in(view, self.topics)
        (findings,) = self.rulebook.judge_all((view,), self._min_role_confidence)
        return self._judgement(view, findings, now)

    def _judgement(self, view: CallView, findings: tuple[Finding, ...], now: datetime) -> Judgement:
        facts = view.facts
        findings = verified.settled(findings, facts, self.dear, self.verification)
        card = self.scorecards.card_for(view.topics, facts.recording.metadata)
        return Judgement(
            call_id=facts.recording.call_id,
            rulebook_version=self.version,
            findings=findings,
            score=scoring.score(card, findings, facts, view.topics),
            judged_at=now,
            topics=view.topics,
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without searching for garbage: judging makes many objects and no circles; the search took a quarter of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
