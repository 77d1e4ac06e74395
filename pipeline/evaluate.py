"""How well calls are heard and judged, against truth files.

Every figure is kept as components (errors, characters, seconds) so that totals are sums, not means of ratios.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import jiwer

from pipeline.engines.der import DiarizationError, diarization_error
from pipeline.errors import CallQaError, ConfigError
from pipeline.model import CallReport, Finding
from pipeline.text import for_scoring, toneless_pinyin
from pipeline.truth import SUFFIXES, Expected, Truth, TruthTurn, load_truth, meets, name_of, recordings_of

COLLAR_S = 0.25
MIN_ALONE_S = 0.1
Form = Literal["mono", "stereo"]


class Analyzes(Protocol):
    """What evaluates needs of an analyzer."""

    def analyze(self, path: Path) -> CallReport:
        """One recording to its report."""
        ...


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Edit errors against `length` reference tokens."""

    errors: int = 0
    length: int = 0

    @property
    def rate(self) -> float | None:
        """errors / length, None without reference tokens."""
        return self.errors / self.length if self.length else None

    def __add__(self, other: "ErrorCount") -> "ErrorCount":
        return ErrorCount(self.errors + other.errors, self.length + other.length)


@dataclass(frozen=True, slots=True)
class FamilyCount:
    """Findings of one family: right ones, wrong ones, missed ones."""

    true_positives: int = 0
    false_positives: int = 0
    missed: int = 0

    def __add__(self, other: "FamilyCount") -> "FamilyCount":
        return FamilyCount(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.missed + other.missed,
        )


@dataclass(frozen=True, slots=True)
class CallFigures:
    """All components of one call (or of several, added up)."""

    audio_s: float = 0.0
    characters: ErrorCount = ErrorCount()
    syllables: ErrorCount = ErrorCount()
    der: DiarizationError = field(default_factory=DiarizationError)
    der_collar: DiarizationError = field(default_factory=DiarizationError)
    turns_right_role: int = 0
    turns: int = 0
    families: tuple[tuple[str, FamilyCount], ...] = ()
    stage_times: tuple[tuple[str, float], ...] = ()

    def __add__(self, other: "CallFigures") -> "CallFigures":
        return CallFigures(
            self.audio_s + other.audio_s,
            self.characters + other.characters,
            self.syllables + other.syllables,
            self.der + other.der,
            self.der_collar + other.der_collar,
            self.turns_right_role + other.turns_right_role,
            self.turns + other.turns,
            _added(self.families, other.families, FamilyCount()),
            _added(self.stage_times, other.stage_times, 0.0),
        )


def evaluate_dir(
    truth_dir: Path, analyzer: Analyzes, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Analyse every recording with a truth file in a folder and compare.

    Returns {"calls": {file name: figures}, "total": {"mono"|"stereo"|"all": figures}, "failed": {file name: reason}};
    rates are None where there is nothing to compare. Raises ConfigError when the folder holds no truth file, a truth
    file is not valid or has no recording.
    """
    pairs = tuple(_pairs(truth_dir))
    if not pairs:
        raise ConfigError(f"{truth_dir} holds no NAME.truth.json with NAME.wav or NAME.flac; nothing to evaluate")
    calls: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    totals: dict[str, CallFigures] = {}
    for path, truth in pairs:
        progress(path.name)
        try:
            report = analyzer.analyze(path)
        except CallQaError as error:
            failed[path.name] = str(error)
            continue
        figures = compare(report, truth)
        form: Form = "stereo" if report.facts.audio.layout == "stereo" else "mono"
        calls[path.name] = {"form": form, **as_rates(figures)}
        for key in (form, "all"):
            totals[key] = totals.get(key, CallFigures()) + figures
    return {"calls": calls, "total": {k: as_rates(v) for k, v in sorted(totals.items())}, "failed": failed}


def compare(report: CallReport, truth: Truth) -> CallFigures:
    """Every figure of one call."""
    characters, syllables = text_errors(report, truth)
    by_channel = report.facts.audio.layout == "stereo"  # a channel carries a role; two agents share theirs
    reference = tuple((t.start_s, t.end_s, t.role if by_channel else t.speaker) for t in truth.turns)
    hypothesis = tuple((t.start_s, t.end_s, t.speaker) for t in report.facts.turns)
    right, turns = role_turns(report, truth)
    return CallFigures(
        audio_s=report.facts.audio.decoded_s,
        characters=characters,
        syllables=syllables,
        der=diarization_error(reference, hypothesis, collar_s=0.0),
        der_collar=diarization_error(reference, hypothesis, collar_s=COLLAR_S),
        turns_right_role=right,
        turns=turns,
        families=tuple(sorted(family_counts(report.judgement.findings, truth).items())),
        stage_times=tuple((t.stage, t.seconds) for t in report.facts.engine.stage_times),
    )


def text_errors(report: CallReport, truth: Truth) -> tuple[ErrorCount, ErrorCount]:
    """Character and toneless-syllable errors.

    One party per channel: each channel's text against the text of the role it carries, so that speaking at once costs
    nothing. Mono: the whole text in order of start.
    """
    if report.facts.audio.layout == "stereo":
        heard = {c: "".join(u.text for u in report.facts.utterances if u.channel == c) for c in (0, 1)}
        by_role = [
            "".join(t.text for t in truth.turns if (t.role == "agent") == agent_side) for agent_side in (True, False)
        ]
        # Which channel carries whom is the roles' figure, not the recogniser's: take the better pairing.
        pairings = [tuple(zip(by_role, order, strict=True)) for order in ((heard[0], heard[1]), (heard[1], heard[0]))]
        counted = [_errors(pairs) for pairs in pairings]
        return min(counted, key=lambda pair: pair[0].errors)
    ordered = sorted(truth.turns, key=lambda t: t.start_s)
    return _errors([("".join(t.text for t in ordered), "".join(u.text for u in report.facts.utterances))])


def role_turns(report: CallReport, truth: Truth) -> tuple[int, int]:
    """(turns whose role was recognised, all turns).

    A turn counts as right when its role talks through more of it than any other. Where two really talk at once both
    are right, so those parts are left out; a turn that is nothing else is right when its role is heard in half of it.
    A speaker's role holds for all that this speaker is heard to say, also where no word of it was recognised (a 嗯).
    """
    right = 0
    roles = {u.speaker: u.role for u in report.facts.utterances}
    heard = [(roles[t.speaker], t.start_s, t.end_s) for t in report.facts.turns if t.speaker in roles]
    for turn in truth.turns:
        alone = _minus((turn.start_s, turn.end_s), [(t.start_s, t.end_s) for t in truth.turns if t.role != turn.role])
        whole = [(turn.start_s, turn.end_s)]
        shares: dict[str, float] = {}
        for role, start_s, end_s in heard:
            shares[role] = shares.get(role, 0.0) + _common_s(alone or whole, start_s, end_s)
        if alone:
            right += any(shares.values()) and max(shares, key=lambda role: shares[role]) == turn.role
        else:
            right += shares.get(turn.role, 0.0) >= (turn.end_s - turn.start_s) / 2
    return right, len(truth.turns)


def _minus(whole: tuple[float, float], cuts: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """What is left of an interval without the cuts, pieces shorter than 0.1 s dropped."""
    left = [whole]
    for start_s, end_s in cuts:
        left = [piece for a, b in left for piece in ((a, min(b, start_s)), (max(a, end_s), b)) if piece[1] > piece[0]]
    return [(a, b) for a, b in left if b - a >= MIN_ALONE_S]


def _common_s(pieces: Iterable[tuple[float, float]], start_s: float, end_s: float) -> float:
    return sum(max(0.0, min(b, end_s) - max(a, start_s)) for a, b in pieces)


def family_counts(findings: Iterable[Finding], truth: Truth) -> dict[str, FamilyCount]:
    """Right, wrong and missed findings per family ("forbidden_phrase:remedied" apart from "forbidden_phrase").

    Judged are the families that the truth file speaks of, as expected or as forbidden; of the others it says nothing.
    `review` and `satisfied` count as not reported.
    """
    reported = tuple(f for f in findings if f.status in ("violated", "remedied"))
    names = {name_of(e.family, e.status) for e in truth.expect} | set(truth.forbid)
    counts = dict.fromkeys(sorted(names), FamilyCount())
    for name in counts:
        expected = [e for e in truth.expect if name_of(e.family, e.status) == name]
        mine = [f for f in reported if name_of(f.family, f.status) == name]
        met = [e for e in expected if any(meets(f, e, truth.turns) for f in mine)]
        wrong = [f for f in mine if not any(meets(f, e, truth.turns) for e in expected)]
        counts[name] = FamilyCount(len(met), len(wrong), len(expected) - len(met))
    return counts


def as_rates(figures: CallFigures) -> dict[str, Any]:
    """Figures as a JSON-ready dict: rates first, then the components they come from."""
    return {
        "audio_s": round(figures.audio_s, 3),
        "cer": figures.characters.rate,
        "toneless_pinyin_error_rate": figures.syllables.rate,
        "der": figures.der.rate,
        "der_collar_0.25_s": figures.der_collar.rate,
        "role_accuracy": figures.turns_right_role / figures.turns if figures.turns else None,
        "findings": {name: _precision_recall(count) for name, count in figures.families},
        "rtf": {stage: seconds / figures.audio_s for stage, seconds in figures.stage_times},
        "rtf_total": sum(s for _, s in figures.stage_times) / figures.audio_s if figures.audio_s else None,
        "components": {
            "characters": asdict(figures.characters),
            "syllables": asdict(figures.syllables),
            "der": asdict(figures.der),
            "turns": figures.turns,
            "turns_right_role": figures.turns_right_role,
        },
    }


def _precision_recall(count: FamilyCount) -> dict[str, Any]:
    reported = count.true_positives + count.false_positives
    expected = count.true_positives + count.missed
    return {
        "precision": count.true_positives / reported if reported else None,
        "recall": count.true_positives / expected if expected else None,
        **asdict(count),
    }


def _pairs(folder: Path) -> Iterable[tuple[Path, Truth]]:
    """Each recording in the folder with its truth: NAME.flac|wav, NAME.mono.* and NAME.stereo.*."""
    for truth_path in sorted(folder.glob("*.truth.json")):
        name = truth_path.name.removesuffix(".truth.json")
        truth = load_truth(truth_path)
        found = recordings_of(truth_path)
        if not found:
            raise ConfigError(f"{truth_path} has no recording beside it ({name}.wav, .flac, .mono.* or .stereo.*)")
        yield from ((path, truth) for path in found)


def _errors(pairs: Iterable[tuple[str, str]]) -> tuple[ErrorCount, ErrorCount]:
    """Summed (character, syllable) errors of (reference, hypothesis) texts."""
    characters, syllables = ErrorCount(), ErrorCount()
    for reference, hypothesis in pairs:
        a, b = for_scoring(reference), for_scoring(hypothesis)
        characters += _count(list(a), list(b))
        syllables += _count(list(toneless_pinyin(a)), list(toneless_pinyin(b)))
    return characters, syllables


def _count(reference: list[str], hypothesis: list[str]) -> ErrorCount:
    if not reference:
        return ErrorCount(len(hypothesis), 0)
    out = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return ErrorCount(out.substitutions + out.deletions + out.insertions, len(reference))


def _added(a: tuple[tuple[str, Any], ...], b: tuple[tuple[str, Any], ...], zero: Any) -> tuple[tuple[str, Any], ...]:
    sums = dict(a)
    for key, value in b:
        sums[key] = sums.get(key, zero) + value
    return tuple(sums.items())


__all__ = [
    "SUFFIXES",
    "CallFigures",
    "ErrorCount",
    "Expected",
    "FamilyCount",
    "Truth",
    "TruthTurn",
    "as_rates",
    "compare",
    "evaluate_dir",
    "family_counts",
    "load_truth",
    "meets",
    "name_of",
    "role_turns",
    "text_errors",
]
