"""How well calls are heard and judged, against truth files.

Every figure is kept as components (errors, characters, seconds) so that totals are sums, not means of ratios.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import jiwer

from pipeline.engines.der import DiarizationError, diarization_error
from pipeline.errors import CallQaError, ConfigError
from pipeline.model import CallReport, Finding, Role
from pipeline.text import for_scoring, toneless_pinyin

COLLAR_S = 0.25
TURN_TOLERANCE_S = 1.0  # a finding may start this much before or after the turn that it is expected in
MIN_ALONE_S = 0.1
SUFFIXES = (".wav", ".flac")
Form = Literal["mono", "stereo"]


class Analyzes(Protocol):
    """What evaluates needs of an analyzer."""

    def analyze(self, path: Path) -> CallReport:
        """One recording to its report."""
        ...


@dataclass(frozen=True, slots=True)
class TruthTurn:
    """What was really said, by whom, when. speaker tells two agents apart."""

    start_s: float
    end_s: float
    role: Role
    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that must be made: in this turn, or anywhere when turn is None. status: violated or remedied."""

    family: str
    status: str
    turn: int | None


@dataclass(frozen=True, slots=True)
class Truth:
    """One truth file."""

    call_id: str
    turns: tuple[TruthTurn, ...]
    expect: tuple[Expected, ...]
    forbid: tuple[str, ...]


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


def load_truth(path: Path) -> Truth:
    """Read one truth file. Raises ConfigError naming file and what is wrong."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        turns = tuple(map(_turn, values["turns"]))
        return Truth(
            call_id=values["id"],
            turns=turns,
            expect=tuple(_expected(family, turn, len(turns)) for family, turn in values.get("expect", ())),
            forbid=tuple(values.get("forbid", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is not a valid truth file: {error!r}; see audio_samples/ for examples") from error


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
        found = [
            candidate
            for form in ("", ".mono", ".stereo")
            for suffix in SUFFIXES
            if (candidate := folder / f"{name}{form}{suffix}").is_file()
        ]
        if not found:
            raise ConfigError(f"{truth_path} has no recording beside it ({name}.wav, .flac, .mono.* or .stereo.*)")
        yield from ((path, truth) for path in found)


def _turn(values: dict[str, Any]) -> TruthTurn:
    role = values["role"]
    if role not in ("agent", "patient"):
        raise ValueError(f"role {role!r} is neither agent nor patient")
    return TruthTurn(float(values["start"]), float(values["end"]), role, values["text"], values.get("speaker") or role)


def _expected(family: str, turn: int | None, turns: int) -> Expected:
    if turn is not None and not 0 <= turn < turns:
        raise ValueError(f"{family} is expected in turn {turn}, but turns run from 0 to {turns - 1}")
    name, _, status = family.partition(":")
    return Expected(name, status or "violated", turn)


def name_of(family: str, status: str) -> str:
    """As truth files and figures write it: the family alone when violated."""
    return family if status == "violated" else f"{family}:{status}"


def meets(finding: Finding, expected: Expected, turns: Sequence[TruthTurn]) -> bool:
    """Whether a finding is the one expected: family, status, and its turn give or take TURN_TOLERANCE_S."""
    if name_of(finding.family, finding.status) != name_of(expected.family, expected.status):
        return False
    if expected.turn is None or finding.start_s is None:
        return expected.turn is None or finding.utterance_index is None
    turn = turns[expected.turn]
    end_s = finding.start_s if finding.end_s is None else finding.end_s
    return end_s > turn.start_s - TURN_TOLERANCE_S and finding.start_s < turn.end_s + TURN_TOLERANCE_S


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
