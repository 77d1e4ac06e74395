"""How well rules do on labelled calls: precision and recall with intervals, for two rulebooks side by side.

Labels come from truth files (as for `callqa evaluate`; a recording beside the truth file is matched to the stored call
by content, a truth file alone by name) and, in calls without one, from reviewers' verdicts on findings.

Truth files name families. A finding is right when it meets an expected one (family, status, turn); `review` and
`satisfied` are not reported. Families of which a truth file says nothing are not judged by it. A rule answers for the
expected findings that it makes in either rulebook, and for all of its family when it is the only rule in it.
Verdicts name findings. A violation at a confirmed place (the same rule or family within half a second) is right, at a
rejected one wrong; a confirmed place counts as found when the rule reports it as violated, remedied or for review.
People judge only what some rulebook reported, so this recall says what is kept, not what was never noticed.

Intervals are Wilson's, 95 %. A rule is below its floor when its share is, whatever the interval.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Literal

from scipy.stats import binomtest

from pipeline.errors import ConfigError
from pipeline.model import CallFacts, Finding, Judgement
from pipeline.rules import Rule, Rulebook
from pipeline.truth import FORMS, TRUTH_SUFFIX, Expected, Truth, load_truth, meets, name_of, recordings_of

Side = Literal["before", "after"]
Subject = tuple[str, str]  # ("rule", its id) or ("family", its name)

SIDES: tuple[Side, ...] = ("before", "after")
VERDICT_TOLERANCE_MS = 500
REPORTED = ("violated", "remedied")
FOUND = ("violated", "remedied", "review")


@dataclass(frozen=True, slots=True)
class Truths:
    """Truth files by the digest of their recording, or by name where they lie alone."""

    by_sha256: Mapping[str, Truth]
    by_name: Mapping[str, Truth]

    @property
    def count(self) -> int:
        return len({id(t) for t in (*self.by_sha256.values(), *self.by_name.values())})

    def of(self, facts: CallFacts) -> Truth | None:
        """The truth of a stored call, None if nobody wrote one."""
        recording = facts.recording
        names = (recording.call_id, *(Path(recording.path).stem.removesuffix(form) for form in FORMS))
        found = self.by_sha256.get(recording.sha256)
        return found or next((self.by_name[name] for name in names if name in self.by_name), None)


NO_TRUTHS = Truths({}, {})


@dataclass(frozen=True, slots=True)
class Share:
    """hits of cases, with the 95 % interval (Wilson)."""

    hits: int
    cases: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Precision and recall of a rule or a family in both rulebooks; None: nothing labelled.

    floor_precision, floor_recall: what the new rulebook declares for the rule.
    """

    kind: str
    name: str
    precision_before: Share | None
    precision_after: Share | None
    recall_before: Share | None
    recall_after: Share | None
    floor_precision: float | None = None
    floor_recall: float | None = None

    @property
    def below_floor(self) -> tuple[str, ...]:
        """What falls below the floor: precision, recall."""
        pairs = (
            ("precision", self.precision_after, self.floor_precision),
            ("recall", self.recall_after, self.floor_recall),
        )
        return tuple(name for name, share, floor in pairs if share and floor is not None and share.value < floor)

    @property
    def floor_unproven(self) -> bool:
        """Whether a floor is declared that no label speaks of."""
        pairs = ((self.precision_after, self.floor_precision), (self.recall_after, self.floor_recall))
        return any(share is None and floor is not None for share, floor in pairs)


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the labels say. truths_unmatched: truth files without a stored call."""

    truth_calls: int
    truths_unmatched: int
    verdict_calls: int
    verdicts: int
    families: tuple[Accuracy, ...]
    rules: tuple[Accuracy, ...]


def read_truths(folder: Path) -> Truths:
    """All NAME.truth.json of a folder. Raises ConfigError when there is none or one is not valid."""
    paths = sorted(folder.glob("*.truth.json"))
    if not paths:
        raise ConfigError(f"{folder} holds no NAME.truth.json; name a folder with truth files, as audio_samples/ has")
    by_sha256: dict[str, Truth] = {}
    by_name: dict[str, Truth] = {}
    for path in paths:
        truth, recordings = load_truth(path), recordings_of(path)
        by_sha256 |= {_digest(recording): truth for recording in recordings}
        if not recordings:
            by_name[path.name.removesuffix(TRUTH_SUFFIX)] = truth
    return Truths(by_sha256, by_name)


@dataclass(frozen=True, slots=True)
class _Counts:
    """right, wrong: reported findings. found, missed: labelled ones."""

    right: Counter[Subject] = field(default_factory=Counter)
    wrong: Counter[Subject] = field(default_factory=Counter)
    found: Counter[Subject] = field(default_factory=Counter)
    missed: Counter[Subject] = field(default_factory=Counter)


class Scoreboard:
    """Adds up labelled calls; `add` is a watcher of pipeline.backtest.compare."""

    def __init__(
        self,
        before: Rulebook,
        after: Rulebook,
        truths: Truths = NO_TRUTHS,
        verdicts_of: Callable[[str], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """verdicts_of: call_id to finding key to "confirm" or "reject"."""
        self._rulebooks: Mapping[Side, Rulebook] = {"before": before, "after": after}
        self._truths = truths
        self._verdicts_of = verdicts_of
        self._counts: Mapping[Side, _Counts] = {"before": _Counts(), "after": _Counts()}
        self._seen: set[int] = set()
        self._truth_calls = self._verdict_calls = self._verdicts = 0
        self._families = {r.rule_id: r.family for r in (*before.rules, *after.rules)}

    def add(self, facts: CallFacts, old: Judgement, new: Judgement) -> None:
        """Take in one call."""
        judgements: Mapping[Side, Judgement] = {"before": old, "after": new}
        if truth := self._truths.of(facts):
            self._truth_calls += 1
            self._seen.add(id(truth))
            self._add_truth(truth, judgements)
        elif verdicts := self._verdicts_of(facts.recording.call_id):
            self._verdict_calls += 1
            self._verdicts += len(verdicts)
            self._add_verdicts(verdicts, judgements)

    def result(self) -> Labelled:
        """Families by name; rules in the order of the new rulebook, only those of which a label or a floor speaks."""
        subjects = {s for c in self._counts.values() for part in (c.right, c.wrong, c.found, c.missed) for s in part}
        families = sorted(name for kind, name in subjects if kind == "family")
        rules = [r for r in self._rulebooks["after"].rules if ("rule", r.rule_id) in subjects or _floor(r) != NO_FLOOR]
        return Labelled(
            truth_calls=self._truth_calls,
            truths_unmatched=self._truths.count - len(self._seen),
            verdict_calls=self._verdict_calls,
            verdicts=self._verdicts,
            families=tuple(self._accuracy(("family", name), NO_FLOOR) for name in families),
            rules=tuple(self._accuracy(("rule", rule.rule_id), _floor(rule)) for rule in rules),
        )

    def _accuracy(self, subject: Subject, floor: tuple[float | None, float | None]) -> Accuracy:
        def precision(side: Side) -> Share | None:
            counts = self._counts[side]
            return share(counts.right[subject], counts.right[subject] + counts.wrong[subject])

        def recall(side: Side) -> Share | None:
            counts = self._counts[side]
            return share(counts.found[subject], counts.found[subject] + counts.missed[subject])

        rates = (precision("before"), precision("after"), recall("before"), recall("after"))
        return Accuracy(subject[0], subject[1], *rates, *floor)

    def _add_truth(self, truth: Truth, judgements: Mapping[Side, Judgement]) -> None:
        spoken_of = {name_of(e.family, e.status) for e in truth.expect} | set(truth.forbid)
        reported = {
            side: [f for f in judged.findings if f.status in REPORTED and name_of(f.family, f.status) in spoken_of]
            for side, judged in judgements.items()
        }
        for side, findings in reported.items():
            for finding in findings:
                right = any(meets(finding, e, truth.turns) for e in truth.expect)
                self._report(side, finding, right=right)
        for expected in truth.expect:
            self._expect(expected, truth, reported)

    def _expect(self, expected: Expected, truth: Truth, reported: Mapping[Side, Sequence[Finding]]) -> None:
        met = {
            side: {f.rule_id for f in findings if meets(f, expected, truth.turns)}
            for side, findings in reported.items()
        }
        for side in SIDES:
            own = [r.rule_id for r in self._rulebooks[side].rules if r.family == expected.family]
            answers = {*met["before"], *met["after"], *(own if len(own) == 1 else ())}
            self._look_for(side, ("family", expected.family), found=bool(met[side]))
            for rule_id in answers:
                self._look_for(side, ("rule", rule_id), found=rule_id in met[side])

    def _add_verdicts(self, verdicts: Mapping[str, str], judgements: Mapping[Side, Judgement]) -> None:
        places = [(*_place(key), verdict == "confirm") for key, verdict in verdicts.items()]
        for side, judged in judgements.items():
            for finding in judged.findings:
                said = {confirmed for rule_id, at_ms, confirmed in places if self._same_place(finding, rule_id, at_ms)}
                if finding.status == "violated" and len(said) == 1:  # contradicting verdicts say nothing
                    self._report(side, finding, right=said == {True})
            for rule_id, at_ms, confirmed in places:
                if confirmed:
                    self._keep(side, rule_id, [f for f in judged.findings if self._same_place(f, rule_id, at_ms)])

    def _keep(self, side: Side, rule_id: str, here: Iterable[Finding]) -> None:
        found = [f for f in here if f.status in FOUND]
        self._look_for(side, ("rule", rule_id), found=any(f.rule_id == rule_id for f in found))
        if rule_id in self._families:
            self._look_for(side, ("family", self._families[rule_id]), found=bool(found))

    def _same_place(self, finding: Finding, rule_id: str, at_ms: int | None) -> bool:
        if finding.rule_id != rule_id and finding.family != self._families.get(rule_id):
            return False
        if finding.start_s is None or at_ms is None:
            return finding.start_s is None and at_ms is None
        return abs(round(finding.start_s * 1000) - at_ms) <= VERDICT_TOLERANCE_MS

    def _report(self, side: Side, finding: Finding, *, right: bool) -> None:
        counts = self._counts[side].right if right else self._counts[side].wrong
        counts.update([("rule", finding.rule_id), ("family", finding.family)])

    def _look_for(self, side: Side, subject: Subject, *, found: bool) -> None:
        counts = self._counts[side].found if found else self._counts[side].missed
        counts.update([subject])


NO_FLOOR: tuple[float | None, float | None] = (None, None)


def share(hits: int, cases: int) -> Share | None:
    """hits / cases with Wilson's 95 % interval; None without cases."""
    if cases == 0:
        return None
    interval = binomtest(hits, cases).proportion_ci(confidence_level=0.95, method="wilson")
    return Share(hits, cases, hits / cases, float(interval.low), float(interval.high))


def _floor(rule: Rule) -> tuple[float | None, float | None]:
    return NO_FLOOR if rule.floor is None else (rule.floor.precision, rule.floor.recall)


def _place(key: str) -> tuple[str, int | None]:
    """(rule id, start in ms) of a finding key."""
    rule_id, _, at_ms = key.rpartition("@")
    return rule_id, int(at_ms) if at_ms.isdigit() else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
