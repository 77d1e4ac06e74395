"""What one rulebook version makes of calls that were heard: topics, findings, the card that counts, the score."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import repeat
from types import MappingProxyType
from zoneinfo import ZoneInfo

from pipeline import rulebooks, scoring, topics, unchanged
from pipeline.config import Settings
from pipeline.errors import ConfigError
from pipeline.model import CallFacts, Finding, Judgement, Score, TopicHit
from pipeline.rules import rulebook_of, settle, verified
from pipeline.rules.context import context_of
from pipeline.rules.entities import class_sets
from pipeline.rules.index import MatchIndex
from pipeline.rules.lines import lines
from pipeline.rules.matching import each_view, index_of
from pipeline.rules.spoken import CallView, Chunk

Views = Mapping[str, CallView]  # calls by id, searched for words
NOTHING_SEEN: Views = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """Which judgements of another version are as the present one's, but for version and time.

    They are those of `calls` (by id) with findings of no other than these `rules`. version: the present one.
    views: of the other calls, by id, searched for the words of the rules that differ.
    """

    calls: frozenset[str]
    rules: frozenset[str]
    version: str
    views: Views


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
        around = self.sources.lexicon("context.yaml")
        self.rulebook = rulebook_of(
            self.sources.texts("rules"),
            topics=self.topics.names,
            zone=ZoneInfo(self.sources.timezone),
            classes=class_sets(written.text, listed.text, (written.shown, listed.shown)),
            weights=context_of(around.text, around.shown),
        )
        self.scorecards = scoring.scorecards_of(self.sources.texts("scorecards"), topics=self.topics.names)
        weights = self.sources.lexicon("verification.yaml")
        self.verification = verified.verification_of(weights.text, weights.shown)
        self.dear = self.rulebook.dear_words()
        self._min_role_confidence = self.sources.min_role_confidence
        self._order = {rule.rule_id: place for place, rule in enumerate(self.rulebook.rules)}
        self._settings = settings
        self._changes: dict[str, unchanged.Change | None] = {}

    @cached_property
    def index(self) -> MatchIndex:
        """Over all words of the rulebook and the topics. It takes longest to make; a recheck may do without."""
        return index_of((*self.rulebook.lists(), *self.topics.lists()))

    def judge(self, facts: CallFacts) -> Judgement:
        """Findings, topics and score of a call. The same facts and rulebook give the same judgement."""
        return self.judge_all((facts,))[0]

    def judge_all(self, calls: Sequence[CallFacts]) -> tuple[Judgement, ...]:
        """The judgement of each call: topics first, rules may ask for them; then the card by topic, then the score."""
        now = datetime.now(UTC)
        with _uncollected():
            return tuple(self._judged(view, now) for view in each_view(calls, self.index, self.verification))

    def judge_again(
        self,
        calls: Sequence[CallFacts],
        stored: Mapping[str, Judgement],
        views: Views = NOTHING_SEEN,
    ) -> tuple[Judgement, ...]:
        """What `judge_all` says, bit for bit; rules that are as they were in a stored judgement's version are not run.

        stored: judgements, by call id, that were made of just these facts by this code. Calls without one, and those
        whose version is not kept, are judged whole. views: what `standing` has searched already, of these facts.
        """
        found: dict[int, Judgement] = {}
        versions = [stored[i].rulebook_version if (i := c.recording.call_id) in stored else None for c in calls]
        for version in dict.fromkeys(versions):
            places = [place for place, one in enumerate(versions) if one == version]
            mine = [calls[place] for place in places]
            change = None if version is None else self._since(version)
            if change is None:
                found |= zip(places, self.judge_all(mine), strict=True)
            else:
                found |= zip(places, self._judge_change(mine, stored, change, views), strict=True)
        return tuple(found[place] for place in range(len(calls)))

    def standing(self, calls: Sequence[CallFacts], version: str) -> Standing | None:
        """What may be taken over of judgements that a version made of these facts; None: nothing.

        Of a rule that differs the words decide where it may find anything: the index tells for all calls at once.
        """
        change = self._since(version)
        if change is None or not change.stands:
            return None
        touched = self._touched(calls, change)
        if touched is None:
            return None
        ids = (i for facts in calls if (i := facts.recording.call_id) not in touched)
        return Standing(frozenset(ids), change.kept, self.version, touched)

    def _touched(self, calls: Sequence[CallFacts], change: unchanged.Change) -> dict[str, CallView] | None:
        """The calls in which a rule to judge may find anything; None: any."""
        if change.index is None:
            return {}
        joined = lines(calls)
        chunk = Chunk(joined, change.index.search(joined), self.verification)
        hidden = {n for n, facts in enumerate(calls) if any(p.phrase in change.asked for p in facts.probes)}
        found = frozenset(hidden)
        for rule in change.rulebook.rules:
            places = rule.calls(chunk)
            if places is None:
                return None
            found |= places
        return {calls[n].recording.call_id: CallView(calls[n], chunk=chunk, place=n) for n in sorted(found)}

    def _since(self, version: str) -> unchanged.Change | None:
        """What differs since a version; None: everything, or nobody can tell."""
        if version not in self._changes:
            try:
                same = version == self.version
                old = self.sources if same else rulebooks.read_sources(rulebooks.at_version(self._settings, version))
                then, now = unchanged.digests_of(old), unchanged.digests_of(self.sources)
                self._changes[version] = unchanged.change_of(then, now, self.rulebook, self.topics)
            except ConfigError:
                self._changes[version] = None
        return self._changes[version]

    def _judge_change(
        self,
        calls: Sequence[CallFacts],
        stored: Mapping[str, Judgement],
        change: unchanged.Change,
        known: Views,
    ) -> Iterator[Judgement]:
        now, ids = datetime.now(UTC), [facts.recording.call_id for facts in calls]
        views: Iterable[CallView | None] = repeat(None)
        if change.index is not None:
            unseen = [facts for facts, call_id in zip(calls, ids, strict=True) if call_id not in known]
            searched = each_view(unseen, change.index, self.verification)
            views = (known[call_id] if call_id in known else next(searched) for call_id in ids)
        with _uncollected():
            for facts, view in zip(calls, views, strict=False):
                yield self._changed(facts, view, stored[facts.recording.call_id], change, now)

    def _changed(
        self, facts: CallFacts, view: CallView | None, old: Judgement, change: unchanged.Change, now: datetime
    ) -> Judgement:
        heard, fresh = old.topics, tuple[Finding, ...]()
        if view is not None:
            view.topics = heard = topics.topics_in(view, self.topics) if change.topics else heard
            (fresh,) = change.rulebook.judge_all((view,), self._min_role_confidence)
            fresh = settle.settled(fresh, facts, self.dear, self.verification)
        findings = unchanged.merged(old.findings, change, fresh, self._order)
        return self._judgement(facts, findings, heard, now, old)

    def _judged(self, view: CallView, now: datetime) -> Judgement:
        view.topics = topics.topics_in(view, self.topics)
        (findings,) = self.rulebook.judge_all((view,), self._min_role_confidence)
        findings = settle.settled(findings, view.facts, self.dear, self.verification)
        return self._judgement(view.facts, findings, view.topics, now)

    def _judgement(
        self,
        facts: CallFacts,
        findings: tuple[Finding, ...],
        heard: tuple[TopicHit, ...],
        now: datetime,
        old: Judgement | None = None,
    ) -> Judgement:
        """heard: the topics. old: of the same facts; its score holds as far as the same card counts the same."""
        card = self.scorecards.card_for(heard, facts.recording.metadata)
        if old is None or old.topics != heard or _made_with(old.score) != (card.scorecard_id, card.version):
            score = scoring.score(card, findings, facts, heard)
        elif changed := _changed_families(old.findings, findings):
            score = scoring.score(card, findings, facts, heard, old.score, changed)
        else:
            score = old.score
        return Judgement(facts.recording.call_id, self.version, findings, score, now, heard)


def _made_with(score: Score) -> tuple[str, str]:
    return score.scorecard_id, score.scorecard_version


def _changed_families(before: tuple[Finding, ...], now: tuple[Finding, ...]) -> frozenset[str]:
    """Families of findings that one has and the other has not. Those that were taken over are the same objects."""
    stayed = {id(finding) for finding in now}
    gone = [finding for finding in before if id(finding) not in stayed]
    known = {id(finding) for finding in before}
    come = [finding for finding in now if id(finding) not in known]
    return frozenset() if gone == come else frozenset(finding.family for finding in (*gone, *come))


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
