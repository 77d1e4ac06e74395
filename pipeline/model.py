"""The nouns: frozen values that every other module speaks in.

Seconds are floats from the start of the file. Levels are dBFS = 20 log10(RMS) with full scale = 1.0 and nothing added:
RMS 0.1 reads -20 dBFS for any wave, so a sine of amplitude 1.0 reads -3.01 dBFS (dBov as in ITU-T G.100.1;
AES17 would add 3.01 dB). Facts (what was heard) are kept apart from judgements (what a rulebook makes
of it): `CallFacts` never changes for given bytes, models and settings; `Judgement` is made again by `recheck`.
`CallFacts.probes` were asked for the phrases of the rulebook in force then: phrases added since have none until
somebody asks for them (`pipeline.verify`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["agent", "patient", "unknown"]
Layout = Literal["mono", "stereo", "dual_mono"]
Severity = Literal["info", "minor", "major", "red_line"]
FindingStatus = Literal["violated", "remedied", "satisfied", "review", "dropped"]
EventKind = Literal["silence", "overlap", "interruption", "loudness_jump", "untranscribed_speech"]
ItemStatus = Literal["ok", "deducted", "not_applicable", "review"]
Direction = Literal["inbound", "outbound"]
BY_A_PERSON = "reviewer"  # the reason of a Correction whose words a person has heard


@dataclass(frozen=True, slots=True)
class CallMetadata:
    """What the telephone system says of a call. None means that nobody said.

    started_at: aware datetime. caller_hash: keyed hash of the caller's number, the number itself is never kept.
    previous_calls: how many calls of this caller in the 30 days before are known.
    """

    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
    queue: str | None = None
    direction: Direction | None = None
    started_at: datetime | None = None
    caller_hash: str | None = None
    line: str | None = None
    topic: str | None = None
    agent_channel: int | None = None
    previous_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: its identity and its metadata. `call_id` is unique in a store; `sha256` is of the file's bytes."""

    call_id: str
    path: str
    sha256: str
    size_bytes: int
    metadata: CallMetadata = CallMetadata()


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """How the file decoded.

    declared_s: length that the header claims, None if it claims none. decoded_s: length of the samples obtained.
    channels: in the file. layout: how the call is treated ("dual_mono": two channels with the same signal, one used).
    damaged: packets could not be decoded or the decoded length falls short of the declared one.
    """

    codec: str
    container: str
    sample_rate_hz: int
    channels: int
    layout: Layout
    declared_s: float | None
    decoded_s: float
    lost_packets: int = 0
    damaged: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word or character group. probability: 0..1."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Who spoke when, from diarization (mono) or from the channel (stereo). `channel` is None on mono."""

    speaker: str
    start_s: float
    end_s: float
    channel: int | None = None

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured value. The unit is the suffix of `name`. value None: not measurable, and `reason` says why."""

    name: str
    value: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of an utterance or of a call, each name once."""

    items: tuple[Measure, ...] = ()

    def value(self, name: str) -> float | None:
        """The value, or None when it could not be measured or was never asked for."""
        return next((m.value for m in self.items if m.name == name), None)

    def reason(self, name: str) -> str | None:
        """Why `name` could not be measured, None if it was."""
        return next((m.reason for m in self.items if m.name == name), None)


@dataclass(frozen=True, slots=True)
class Correction:
    """A stretch of an utterance whose spelling was mended; as many characters as before.

    start, end: in the utterance's text, end excluded. reason: what spoke for it. probability: 0..1 that it is right.
    """

    start: int
    end: int
    original: str
    corrected: str
    reason: str
    probability: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One speaker's aligned words between two pauses or changes of speaker.

    text: simplified characters with punctuation, spelling mended; raw_text: exactly what the recogniser gave.
    confidence: mean word probability 0..1, None when no word was recognised. sounds: one code character for each
    spoken character of `text` (see pipeline.sounds), so that sounds are searched like text.
    """

    index: int
    role: Role
    speaker: str
    start_s: float
    end_s: float
    text: str
    raw_text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    channel: int | None = None
    measures: Measures = Measures()
    sounds: str = ""
    corrections: tuple[Correction, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Event:
    """Something on the time line that is no text. Times come from the audio, never from the recogniser.

    role: who caused it (the one who cut in; whose loudness jumped; silence: the role that speaks next).
    utterance_index: the utterance it belongs to (silence: the one that ends it). value: silence, overlap and
    interruption in seconds; loudness_jump in dB.
    """

    kind: EventKind
    start_s: float
    end_s: float
    role: Role = "unknown"
    utterance_index: int | None = None
    value: float | None = None

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Probe:
    """What the audio says of a phrase that an utterance holds, or may hide behind other spelling.

    text_start, text_end: where it stands or may stand in the utterance's text, end excluded (a hit that runs into the
    next utterances of the turn counts on over their texts); start_s, end_s: its time. distance: between the sounds of
    phrase and words, 0..1 per syllable of the phrase; 0: the words hold it, by characters or by equal sounds.
    decoded_logprob: summed natural log-probability of the utterance as recognised, given its audio; phrase_logprob: of
    the same with the phrase put in; log_ratio: the difference. word_probability: the recogniser's own, mean over the
    words of the place, 0..1.

    The place read again on its own (see pipeline.rereading; None, "": it was not): second_text: the likeliest reading;
    second_distance: of its nearest stretch to the phrase, as `distance`; second_share: of the readings' probability,
    0..1, that of those with the phrase's sounds; clean_text: the likeliest reading without the phrase; second_ratio:
    log-probability of the likeliest reading with the phrase less that of the clean one, given the audio.
    """

    phrase: str
    utterance_index: int
    text_start: int
    text_end: int
    start_s: float
    end_s: float
    distance: float
    phrase_logprob: float
    decoded_logprob: float
    log_ratio: float
    word_probability: float | None = None
    second_text: str = ""
    second_distance: float | None = None
    second_share: float | None = None
    clean_text: str = ""
    second_ratio: float | None = None

    @property
    def hidden(self) -> bool:
        """Whether other sounds were recognised than those of the phrase."""
        return self.distance > 0


@dataclass(frozen=True, slots=True)
class Envelope:
    """Peaks for drawing a waveform. peaks: one tuple per channel, each value 0..255 = |peak| / full scale * 255."""

    hop_s: float
    peaks: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class StageTime:
    """Processing seconds of one stage."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What made the facts. fingerprint: short digest over models, options and code version (facts only)."""

    fingerprint: str
    callqa_version: str
    models: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    stage_times: tuple[StageTime, ...] = ()


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Everything that was heard and measured in one call.

    verified: the recogniser was asked a second time about every dear hit (see pipeline.verify). Then a hit without a
    probe is one of a phrase that came later, and nobody has listened to it yet. False: calls of an older analysis, and
    examples, which have no audio: their words are taken at their word.
    """

    recording: Recording
    audio: AudioFacts
    turns: tuple[Turn, ...]
    utterances: tuple[Utterance, ...]
    events: tuple[Event, ...]
    measures: Measures
    role_confidence: float
    envelope: Envelope
    engine: EngineInfo
    analyzed_at: datetime
    probes: tuple[Probe, ...] = ()
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged fact with its evidence.

    evidence: the words (or, for measures, value and limit in words). matched_text: the part of the utterance that
    matched. value/limit: the measured value and the limit it was held against, in `unit`.
    confidence: 0..1. note: why a status is not plain (for example which remedy was heard).
    points, points_cap: what the rule itself costs per finding and at most per call; None: the scorecard says.
    fatal: the rule alone fails the call when violated. alert: somebody must be told at once.
    A dropped finding was refuted by the audio or by the words around it: kept with its reason, it counts nowhere.
    """

    rule_id: str
    family: str
    severity: Severity
    status: FindingStatus
    utterance_index: int | None
    start_s: float | None
    end_s: float | None
    evidence: str
    confidence: float
    role: Role = "unknown"
    matched_text: str | None = None
    value: float | None = None
    limit: float | None = None
    unit: str | None = None
    note: str | None = None
    points: float | None = None
    points_cap: float | None = None
    fatal: bool = False
    alert: bool = False

    @property
    def key(self) -> str:
        """Stable name of this finding within its call, for human verdicts that must survive a recheck."""
        start_ms = -1 if self.start_s is None else round(self.start_s * 1000)
        return f"{self.rule_id}@{start_ms}"


@dataclass(frozen=True, slots=True)
class TopicHit:
    """One topic a call is about, with the words that say so. confidence: 0..1."""

    topic: str
    confidence: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deduction:
    """Points taken from an item because of the finding with this key."""

    finding_key: str
    points: float


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One line of the scorecard. points: what is left of points_max; None when not applicable.

    reason: why the item is not applicable (a measure's reason code or a word of ours), None otherwise.
    """

    item_id: str
    section_id: str
    name_zh: str
    name_en: str
    points_max: float
    points: float | None
    status: ItemStatus
    deductions: tuple[Deduction, ...] = ()
    fatal: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SectionScore:
    """One section. points_max leaves out items that are not applicable; None points: nothing applied."""

    section_id: str
    name_zh: str
    name_en: str
    points_max: float
    points: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """A call's score. total: 0..100, None when nothing could be judged. fatal: a red line was crossed."""

    scorecard_id: str
    scorecard_version: str
    total: float | None
    fatal: bool
    passed: bool | None
    sections: tuple[SectionScore, ...] = ()
    items: tuple[ItemScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rulebook version makes of one call's facts."""

    call_id: str
    rulebook_version: str
    findings: tuple[Finding, ...]
    score: Score
    judged_at: datetime
    topics: tuple[TopicHit, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class CallReport:
    """A call, heard and judged."""

    facts: CallFacts
    judgement: Judgement
