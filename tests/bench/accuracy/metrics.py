"""What is measured of a recording that was heard, against its truth. Every figure is a pair: (sum, what it is over).

So figures of several recordings are ratios of sums, and a bootstrap over calls draws pairs. Times in seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import Any, Literal

from rapidfuzz.distance import Levenshtein

from pipeline.engines.der import diarization_error
from pipeline.evaluate import role_turns
from pipeline.text import count_characters, for_scoring, is_content, toneless_pinyin
from pipeline.truth import Truth, TruthTurn
from tests.bench.accuracy.heard import Heard, HeardWord, to_report

Form = Literal["mono", "stereo"]
Pair = tuple[float, float]
Spans = tuple[tuple[float, float], ...]

LOST_SHARE = 0.25  # a turn of which less than this share of syllables is answered by anything heard is lost
LONG_TURN_S = 3.0  # level and rate are asked of turns from here on
PAUSE_S = 0.5  # pauses shorter than this belong to speaking, as in the product (diarization.merge_gap_s)
NEAR_S = 0.3  # text this near to speech is not text on non-speech
MIN_SILENCE_S, MIN_OVERLAP_S = 1.0, 0.2
LEVEL_WITHIN_DB, RATE_WITHIN = 0.5, 0.05
COLLAR_S = 0.25


@dataclass(frozen=True, slots=True)
class Known:
    """A truth file of the corpus, for one form. prompts: what machines say. plan: what the call was made for."""

    name: str
    form: Form
    duration_s: float
    turns: tuple[dict[str, Any], ...]
    prompts: tuple[dict[str, Any], ...]
    plan: dict[str, Any]

    @property
    def spoken(self) -> tuple[dict[str, Any], ...]:
        """Turns and prompts, by start."""
        return tuple(sorted((*self.turns, *self.prompts), key=lambda t: t["start"]))


@dataclass(frozen=True, slots=True)
class Aligned:
    """A reference character with what was heard in its place. turn: index into `Known.spoken`; heard: None, nothing.

    nth: which character of its turn's text it is, spoken characters counted.
    """

    turn: int
    nth: int
    same_sound: bool
    heard: HeardWord | None


def known(values: dict[str, Any], form: Form) -> Known:
    """A truth file's values, for one form."""
    return Known(
        name=f"{values['id']}.{form}",
        form=form,
        duration_s=values["duration"],
        turns=tuple(values["turns"]),
        prompts=tuple(values["prompts"]),
        plan=values["plan"],
    )


def measure(truth: Known, heard: Heard, *, stated: bool) -> dict[str, Pair]:
    """Every figure that the stack gives what is needed for. stated: it states roles, levels, silences (ours does)."""
    figures: dict[str, Pair] = {}
    has_text = any(count_characters(t["text"]) for t in truth.turns)
    if heard.turns or stated:
        figures |= diarization(truth, heard)
    if not (heard.words or stated):
        return figures
    if has_text:
        figures |= text_errors(truth, heard)
        aligned = align(truth, heard)
        figures |= lost(truth, heard, aligned) | word_times(truth, aligned)
    if heard.roles and has_text:
        figures["role_errors"] = roles(truth, heard)
        figures["prompts_as_party"] = prompts(truth, heard)
        if heard.role_confidence is not None:
            wrong, turns = figures["role_errors"]
            figures["role_brier"] = ((heard.role_confidence - float(2 * wrong < turns)) ** 2, 1.0)
    if has_text or not truth.turns:
        figures["hallucinated_per_min"] = hallucinated(truth, heard)
    if stated and has_text:
        figures |= levels_and_rates(truth, heard) | silences(truth, heard) | overlaps(truth, heard)
    return figures


def text_errors(truth: Known, heard: Heard) -> dict[str, Pair]:
    """Character, as-written and toneless-syllable errors: per channel on stereo, in order of start on mono."""
    best: dict[str, Pair] | None = None
    for reference, hypothesis in _pairings(truth, heard):
        sums = {"cer": [0, 0], "cer_as_written": [0, 0], "pinyin": [0, 0]}
        for said, text in zip(reference, hypothesis, strict=True):
            plain, other = for_scoring(said), for_scoring(text)
            _add(sums["cer"], plain, other)
            _add(sums["pinyin"], toneless_pinyin(plain), toneless_pinyin(other))
            _add(sums["cer_as_written"], *("".join(filter(is_content, t)).lower() for t in (said, text)))
        if best is None or sums["cer"][0] < best["cer"][0]:
            best = {name: (float(errors), float(length)) for name, (errors, length) in sums.items()}
    return best or {}


def align(truth: Known, heard: Heard) -> tuple[Aligned, ...]:
    """Each reference character with the heard word in its place, by the fewest edits of toneless syllables."""
    if truth.form == "mono":
        return tuple(_aligned(truth, range(len(truth.spoken)), heard.words))
    channels = [[w for w in heard.words if w.channel == channel] for channel in (0, 1)]
    sides = [[i for i, t in enumerate(truth.spoken) if side_of(t) == side] for side in ("agent", "patient")]
    both = [
        tuple(a for side, words in zip(sides, order, strict=True) for a in _aligned(truth, side, words))
        for order in (channels, channels[::-1])
    ]
    return max(both, key=lambda pairs: sum(a.same_sound for a in pairs))


def lost(truth: Known, heard: Heard, aligned: Sequence[Aligned]) -> dict[str, Pair]:
    """Turns of which (nearly) nothing was heard; those of one or two 字 apart; and those that nothing tells of."""
    answered: dict[int, list[bool]] = {}
    for one in aligned:
        answered.setdefault(one.turn, []).append(one.heard is not None)
    counts = {"lost_turns": [0, 0], "lost_short_turns": [0, 0], "lost_untold": [0, 0]}
    told = [h for h in heard.happenings if h.kind == "untranscribed_speech"]
    for index, turn in enumerate(truth.spoken):
        heard_there = answered.get(index, [])
        if "role" not in turn or not heard_there:
            continue
        gone = sum(heard_there) < LOST_SHARE * len(heard_there)
        name = "lost_turns" if len(heard_there) > 2 else "lost_short_turns"
        counts[name][0] += gone
        counts[name][1] += 1
        counts["lost_untold"][0] += gone and not any(_common(turn["start"], turn["end"], h) for h in told)
        counts["lost_untold"][1] += 1
    return {name: (float(a), float(b)) for name, (a, b) in counts.items()}


def lost_texts(truth: Known, heard: Heard) -> tuple[tuple[float, str], ...]:
    """(start_s, text) of the turns that are lost."""
    aligned = align(truth, heard)
    found = []
    for index, turn in enumerate(truth.spoken):
        there = [a.heard is not None for a in aligned if a.turn == index]
        if "role" in turn and there and sum(there) < LOST_SHARE * len(there):
            found.append((turn["start"], turn["text"]))
    return tuple(found)


def word_times(truth: Known, aligned: Sequence[Aligned]) -> dict[str, Pair]:
    """|error| of the start of heard words against that of the first character in their place that sounds like it."""
    errors, seen = [], set()
    for one in aligned:
        if one.heard is None or not one.same_sound or id(one.heard) in seen:
            continue
        seen.add(id(one.heard))
        times = truth.spoken[one.turn].get("characters", ())
        if one.nth < len(times):
            errors.append(abs(one.heard.start_s - times[one.nth][1]))
    return {"word_start_s": (sum(errors), float(len(errors)))}


def diarization(truth: Known, heard: Heard) -> dict[str, Pair]:
    """DER without and with collar, overlap counted; on stereo a channel's speech is one speaker's."""
    label = side_of if truth.form == "stereo" else (lambda turn: turn["speaker"])
    reference = tuple((t["start"], t["end"], label(t)) for t in truth.spoken)
    hypothesis = tuple((t.start_s, t.end_s, t.speaker) for t in heard.turns)
    found = {}
    for name, collar_s in (("der", 0.0), ("der_collar", COLLAR_S)):
        parts = diarization_error(reference, hypothesis, collar_s=collar_s)
        found[name] = (parts.missed_s + parts.false_alarm_s + parts.confusion_s, parts.total_s)
    return found


def roles(truth: Known, heard: Heard) -> Pair:
    """(turns with a wrong role, turns), as `callqa evaluate` counts them."""
    report = to_report(truth.name, heard, stereo=truth.form == "stereo", decoded_s=truth.duration_s)
    said = tuple(TruthTurn(t["start"], t["end"], t["role"], t["text"], t["speaker"]) for t in truth.turns)
    right, every = role_turns(report, Truth(truth.name, said, (), ()))
    return float(every - right), float(every)


def prompts(truth: Known, heard: Heard) -> Pair:
    """(prompts of machines of which more than half was taken for agent or patient, prompts)."""
    taken = 0
    for prompt in truth.prompts:
        over_s = sum(
            max(0.0, min(u.end_s, prompt["end"]) - max(u.start_s, prompt["start"]))
            for u in heard.said
            if heard.role_of(u.speaker) != "unknown"
        )
        taken += over_s > (prompt["end"] - prompt["start"]) / 2
    return float(taken), float(len(truth.prompts))


def hallucinated(truth: Known, heard: Heard) -> Pair:
    """(characters written of non-speech, minutes of non-speech).

    Non-speech: further than 0.3 s from any energy of a voice; on stereo from any on either channel.
    """
    speech = _near_speech(truth)
    quiet_s = truth.duration_s - sum(min(b, truth.duration_s) - max(a, 0.0) for a, b in speech)
    return float(sum(count_characters(w.text) for w in made_up(truth, heard))), quiet_s / 60


def made_up(truth: Known, heard: Heard) -> tuple[HeardWord, ...]:
    """The words whose middle lies in non-speech and that answer nothing said (those are only timed badly)."""
    speech = _near_speech(truth)
    answers = {id(one.heard) for one in align(truth, heard) if one.same_sound}
    return tuple(
        w
        for w in heard.words
        if id(w) not in answers and not any(a <= (w.start_s + w.end_s) / 2 <= b for a, b in speech)
    )


def _near_speech(truth: Known) -> Spans:
    return merged((a - NEAR_S, b + NEAR_S) for t in truth.spoken for a, b in t["speech"])


def levels_and_rates(truth: Known, heard: Heard) -> dict[str, Pair]:
    """|error| of level and 字/分 of turns of 3 s and more that one side speaks alone, and how many are near enough.

    Levels against ITU-T P.56 of the turn before the line; rates against 字 over the time of speech without its pauses
    of 0.5 s and more.
    """
    levels, rates, asked = [], [], 0
    for turn in truth.turns:
        if turn["end"] - turn["start"] < LONG_TURN_S or _is_shared(turn, truth.spoken):
            continue
        asked += 1
        mine = [
            u
            for u in heard.said
            if min(u.end_s, turn["end"]) - max(u.start_s, turn["start"]) > 0.8 * (u.end_s - u.start_s)
        ]
        if any(u.level_dbfs is not None for u in mine):
            parts = [(u.end_s - u.start_s, u.level_dbfs) for u in mine if u.level_dbfs is not None]
            powers = sum(s * 10 ** (level / 10) for s, level in parts) / sum(s for s, _ in parts)
            levels.append(abs(10 * log10(powers) - turn["level_dbfs"]))
        timed = [(count_characters(u.text), u.speech_rate_cpm) for u in mine if u.speech_rate_cpm]
        if timed and sum(c for c, _ in timed) >= 0.8 * count_characters(turn["text"]):
            rate = sum(c for c, _ in timed) / sum(c / r for c, r in timed)
            spoken = merged((a, b + PAUSE_S) for a, b in turn["speech"])
            spoken_s = sum(b - a - PAUSE_S for a, b in spoken)
            rates.append(abs(rate / (count_characters(turn["text"]) / spoken_s * 60) - 1))
    return {
        "level_error_db": (sum(levels), float(len(levels))),
        "level_untold": (float(asked - len(levels)), float(asked)),
        "level_near": (float(sum(e <= LEVEL_WITHIN_DB for e in levels)), float(len(levels))),
        "rate_error": (sum(rates), float(len(rates))),
        "rate_near": (float(sum(e <= RATE_WITHIN for e in rates)), float(len(rates))),
    }


def silences(truth: Known, heard: Heard) -> dict[str, Pair]:
    """Pauses of 1 s and more in which nobody speaks (music and rings count as such)."""
    speech = merged((t["start"], t["end"]) for t in truth.spoken)
    real = tuple((a, b) for (_, a), (b, _) in pairwise(speech) if b - a >= MIN_SILENCE_S)
    return _boundaries("silence", real, _happened(heard, "silence", MIN_SILENCE_S))


def overlaps(truth: Known, heard: Heard) -> dict[str, Pair]:
    """Stretches of 0.2 s and more in which both sides speak."""
    sides = [merged((t["start"], t["end"]) for t in truth.spoken if side_of(t) == s) for s in ("agent", "patient")]
    real = tuple((max(a, c), min(b, d)) for a, b in sides[0] for c, d in sides[1] if min(b, d) - max(a, c) > 0)
    real = tuple((a, b) for a, b in real if b - a >= MIN_OVERLAP_S)
    return _boundaries("overlap", real, _happened(heard, "overlap", 0.0))


def side_of(turn: dict[str, Any]) -> str:
    """Whose side of the line a turn is on; machines speak on the agent's."""
    return "patient" if turn.get("role") == "patient" else "agent"


def merged(spans: Iterable[tuple[float, float]]) -> Spans:
    """Their union, in order."""
    joined: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        else:
            joined.append((start_s, end_s))
    return tuple(joined)


def _boundaries(kind: str, real: Spans, found: Spans) -> dict[str, Pair]:
    """Missed and made-up stretches, and |error| of the ends of those found."""
    errors, missed = [], 0
    for start_s, end_s in real:
        over = [f for f in found if min(f[1], end_s) > max(f[0], start_s)]
        if not over:
            missed += 1
            continue
        errors += [abs(over[0][0] - start_s), abs(over[-1][1] - end_s)]
    wrong = sum(not any(min(f[1], b) > max(f[0], a) for a, b in real) for f in found)
    return {
        f"{kind}_edge_s": (sum(errors), float(len(errors))),
        f"{kind}_missed": (float(missed), float(len(real))),
        f"{kind}_made_up": (float(wrong), float(len(found))),
    }


def _happened(heard: Heard, kind: str, least_s: float) -> Spans:
    return tuple((h.start_s, h.end_s) for h in heard.happenings if h.kind == kind and h.end_s - h.start_s >= least_s)


def _pairings(truth: Known, heard: Heard) -> list[tuple[list[str], list[str]]]:
    """Reference texts beside heard ones; which channel carries whom is no matter of hearing, so both ways."""
    if truth.form == "mono":
        return [(["".join(t["text"] for t in truth.spoken)], ["".join(u.text for u in heard.said)])]
    sides = ["".join(t["text"] for t in truth.spoken if side_of(t) == side) for side in ("agent", "patient")]
    channels = ["".join(u.text for u in heard.said if u.channel == channel) for channel in (0, 1)]
    if all(u.channel is None for u in heard.said):  # a stereo call that was heard as one: all on one side
        return [(["".join(t["text"] for t in truth.spoken)], ["".join(u.text for u in heard.said)])]
    return [(sides, channels), (sides, channels[::-1])]


def _aligned(truth: Known, turns: Iterable[int], words: Sequence[HeardWord]) -> Iterable[Aligned]:
    reference = [
        (index, nth, sound)
        for index in turns
        for nth, sound in enumerate(toneless_pinyin(for_scoring(truth.spoken[index]["text"])))
    ]
    spoken = [(word, sound) for word in words for sound in toneless_pinyin(for_scoring(word.text))]
    answers: dict[int, tuple[HeardWord, bool]] = {}
    for step in Levenshtein.opcodes([s for *_, s in reference], [s for _, s in spoken]):
        if step.tag in ("equal", "replace"):
            for offset in range(step.src_end - step.src_start):
                answers[step.src_start + offset] = (spoken[step.dest_start + offset][0], step.tag == "equal")
    for place, (index, nth, _) in enumerate(reference):
        word, same = answers.get(place, (None, False))
        yield Aligned(index, nth, same, word)


def _add(sums: list[int], reference: Sequence[str], hypothesis: Sequence[str]) -> None:
    sums[0] += Levenshtein.distance(reference, hypothesis)
    sums[1] += len(reference)


def _is_shared(turn: dict[str, Any], others: Iterable[dict[str, Any]]) -> bool:
    return any(o is not turn and min(o["end"], turn["end"]) > max(o["start"], turn["start"]) for o in others)


def _common(start_s: float, end_s: float, happening: Any) -> bool:
    return min(end_s, happening.end_s) > max(start_s, happening.start_s)
