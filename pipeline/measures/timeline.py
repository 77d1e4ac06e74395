"""Who speaks when, and what follows from it: silences, overlaps, interruptions, replies. Times come from the audio."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.config.settings import MeasureSettings
from pipeline.measures.intervals import Interval, Intervals, gaps, intersection, union
from pipeline.model import Event, Role, Turn, Utterance
from pipeline.text import is_content

# What a listener says without wanting the floor; any sequence of these is one (嗯嗯, 对对对, 哦好的).
BACKCHANNELS = (
    "好的",
    "好吧",
    "是的",
    "对的",
    "嗯",
    "恩",
    "哦",
    "噢",
    "喔",
    "对",
    "好",
    "是",
    "啊",
    "唉",
    "诶",
    "哎",
    "呃",
    "行",
)
_COLLISION_S = 0.3  # two who start together collide; nobody cuts in
_WORD_EDGE_S = 0.1  # a word may be timed this much outside of its turn
_MIN_OVERLAP_S = 0.1  # shorter overlaps are the edges of the speech detection


@dataclass(frozen=True, slots=True)
class Stretch:
    """One turn with the role of its speaker and what was understood of it (punctuation dropped, may be "")."""

    role: Role
    speaker: str
    start_s: float
    end_s: float
    text: str = ""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def roles_of_speakers(utterances: Iterable[Utterance]) -> dict[str, Role]:
    """The role that most of a speaker's utterances carry; the earlier on a tie."""
    votes: dict[str, Counter[Role]] = {}
    for utterance in utterances:
        votes.setdefault(utterance.speaker, Counter())[utterance.role] += 1
    return {speaker: counter.most_common(1)[0][0] for speaker, counter in votes.items()}


def stretches_of(turns: Iterable[Turn], utterances: Sequence[Utterance]) -> tuple[Stretch, ...]:
    """The turns by start, with role and words. A speaker without utterances has the role "unknown"."""
    roles = roles_of_speakers(utterances)
    by_speaker: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        by_speaker.setdefault(utterance.speaker, []).append(utterance)
    return tuple(
        Stretch(
            roles.get(turn.speaker, "unknown"),
            turn.speaker,
            turn.start_s,
            turn.end_s,
            "".join(_heard_within(u, turn.start_s, turn.end_s) for u in by_speaker.get(turn.speaker, ())),
        )
        for turn in sorted(turns, key=lambda t: (t.start_s, t.end_s))
    )


def _heard_within(utterance: Utterance, start_s: float, end_s: float) -> str:
    """Spoken characters of the words whose middle lies in the interval, or as near to it as word times are right; the
    whole text if there are no word times."""
    if utterance.end_s <= start_s or utterance.start_s >= end_s:
        return ""
    words = [
        w.text for w in utterance.words if start_s - _WORD_EDGE_S <= (w.start_s + w.end_s) / 2 < end_s + _WORD_EDGE_S
    ]
    text = "".join(words) if utterance.words else utterance.text
    return "".join(filter(is_content, text))


def is_backchannel(stretch: Stretch, max_s: float) -> bool:
    """Shorter than `max_s`, and nothing but back-channel words, or nothing that was understood (a cough)."""
    if stretch.duration_s >= max_s:
        return False
    rest = stretch.text
    for word in BACKCHANNELS:
        rest = rest.replace(word, "")
    return not rest


def silences(speech: Iterable[Interval], utterances: Sequence[Utterance], min_silence_s: float) -> tuple[Event, ...]:
    """Gaps of at least `min_silence_s` in the speech of both sides together, between the first and the last speech.

    role and utterance_index: who ends the silence, "unknown" and None if nothing was understood there.
    """
    events = []
    for start, end in gaps(speech):
        if end - start >= min_silence_s:
            ender = _utterance_at(end, utterances)
            role: Role = ender.role if ender else "unknown"
            events.append(Event("silence", start, end, role, ender.index if ender else None, end - start))
    return tuple(events)


def _utterance_at(time_s: float, utterances: Sequence[Utterance]) -> Utterance | None:
    """The utterance that begins at a time: the nearest start within a second, else the first one going on there."""
    near = [u for u in utterances if abs(u.start_s - time_s) <= 1.0 and u.end_s > time_s]
    if near:
        return min(near, key=lambda u: abs(u.start_s - time_s))
    return next((u for u in utterances if u.start_s <= time_s < u.end_s), None)


def overlapping_turns(stretches: Sequence[Stretch]) -> Intervals:
    """Where turns of different speakers lie over each other (mono: as the diarization heard it)."""
    speakers = sorted({s.speaker for s in stretches})
    spoken = [union((s.start_s, s.end_s) for s in stretches if s.speaker == speaker) for speaker in speakers]
    seen: Intervals = ()
    common: Intervals = ()
    for one in spoken:
        common = union(common, intersection(seen, one))
        seen = union(seen, one)
    return common


def overlap_events(
    overlaps: Sequence[Interval], stretches: Sequence[Stretch], utterances: Sequence[Utterance]
) -> tuple[Event, ...]:
    """One event per overlap of at least 0.1 s; role: who joined, the speaker whose turn began last."""
    events = []
    for start, end in overlaps:
        if end - start < _MIN_OVERLAP_S:
            continue
        there = [s for s in stretches if s.start_s < end and s.end_s > start]
        joined = max(there, key=lambda s: s.start_s, default=None)
        index = _index_of(joined, utterances) if joined else None
        events.append(Event("overlap", start, end, joined.role if joined else "unknown", index, end - start))
    return tuple(events)


def interruptions(
    stretches: Sequence[Stretch], utterances: Sequence[Utterance], settings: MeasureSettings
) -> tuple[Event, ...]:
    """Where one side cuts the other off: starts at least `interruption_min_overlap_s` before the other's turn ends,
    goes on after it, and is no back-channel. The event spans the overlap; role: who cut in; value: the overlap in s.

    Two who start within 0.3 s of each other collide, and two of one role (a transfer) do not interrupt.
    """
    events = []
    for late in stretches:
        if late.role == "unknown" or is_backchannel(late, settings.backchannel_max_s):
            continue
        cut_off = [s for s in stretches if _cuts_off(late, s, settings.interruption_min_overlap_s)]
        if cut_off:
            end = max(s.end_s for s in cut_off)
            index = _index_of(late, utterances)
            events.append(Event("interruption", late.start_s, end, late.role, index, end - late.start_s))
    return tuple(events)


def _cuts_off(late: Stretch, early: Stretch, min_overlap_s: float) -> bool:
    opposite = (early.role == "agent" and late.role == "patient") or (early.role == "patient" and late.role == "agent")
    return (
        opposite
        and early.start_s + _COLLISION_S <= late.start_s
        and early.end_s - late.start_s >= min_overlap_s
        and late.end_s > early.end_s
    )


def replies(stretches: Sequence[Stretch], settings: MeasureSettings) -> tuple[tuple[Stretch, float], ...]:
    """Each turn that takes the floor from the other side, with its latency in seconds (0 when it overlaps).

    Back-channels and turns that lie wholly inside another speaker's do not take the floor.
    """
    floor: list[Stretch] = []
    for stretch in stretches:
        inside = any(s.speaker != stretch.speaker and _contains(s, stretch) for s in stretches)
        if stretch.role != "unknown" and not inside and not is_backchannel(stretch, settings.backchannel_max_s):
            floor.append(stretch)
    found = []
    until = floor[0].end_s if floor else 0.0  # how far the side that holds the floor has spoken
    for before, now in pairwise(floor):
        if now.role != before.role:
            found.append((now, max(0.0, now.start_s - until)))
            until = now.end_s
        else:
            until = max(until, now.end_s)
    return tuple(found)


def _contains(outer: Stretch, inner: Stretch) -> bool:
    return outer.start_s <= inner.start_s and inner.end_s <= outer.end_s and outer.duration_s > inner.duration_s


def utterance_of(stretch: Stretch, utterances: Sequence[Utterance]) -> Utterance | None:
    """The speaker's first utterance that shares time with the turn."""
    return next(
        (
            u
            for u in utterances
            if u.speaker == stretch.speaker and u.start_s < stretch.end_s and u.end_s > stretch.start_s
        ),
        None,
    )


def _index_of(stretch: Stretch, utterances: Sequence[Utterance]) -> int | None:
    utterance = utterance_of(stretch, utterances)
    return None if utterance is None else utterance.index
