"""Builders of whole, plausible values for everybody's tests: every argument has a default, every default can be named.

The default call: a mono appointment call of 48 s, handled well but for one 不知道 of the agent. Times, texts and
measures agree with each other, so that a test changes only what it is about:

    make_report(call_id="c7", total=60.0)
    make_facts(lines=(("agent", 0.5, 2.0, "您好"), ("patient", 2.4, 4.0, "我想挂号")))
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256 as _sha256
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.model import (
    AudioFacts,
    CallFacts,
    CallMetadata,
    CallReport,
    Deduction,
    EngineInfo,
    Envelope,
    Event,
    Finding,
    ItemScore,
    Judgement,
    Measure,
    Measures,
    Recording,
    Role,
    Score,
    SectionScore,
    StageTime,
    TopicHit,
    Turn,
    Utterance,
    Word,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
PUNCTUATION = "，。？！、；：…"
Line = tuple[Role, float, float, str]

APPOINTMENT: tuple[Line, ...] = (
    ("agent", 0.5, 6.9, "您好，市第一人民医院，工号零二三为您服务，请问有什么可以帮您？"),
    ("patient", 7.4, 11.7, "你好，我想挂一个心内科的号，明天上午还有吗？"),
    ("agent", 12.3, 14.4, "请稍等，我帮您查一下。"),
    ("agent", 23.9, 29.9, "明天上午王主任的专家号还有两个，普通号也有，您要哪一种？"),
    ("patient", 30.5, 33.9, "专家号吧。报销比例是多少，你知道吗？"),
    ("agent", 34.2, 36.8, "这个我不知道，规定就这样。"),
    ("patient", 37.3, 39.1, "那好吧，先帮我挂上。"),
    ("agent", 39.5, 45.9, "好的，已经帮您挂好了，请带好身份证和医保卡，祝您早日康复，再见。"),
    ("patient", 46.3, 47.2, "谢谢，再见。"),
)


def count_characters(text: str) -> int:
    """Characters of `text` without punctuation and space, enough for the builders' own figures."""
    return sum(1 for c in text if c not in PUNCTUATION and not c.isspace())


def make_measures(**values: float | str | None) -> Measures:
    """Measures by name; a string is the reason why the measure has no value.

    make_measures(snr_db=21.5, overlap_s="mono_overlap")
    """
    return Measures(
        tuple(
            Measure(name, None, value) if isinstance(value, str) else Measure(name, value)
            for name, value in values.items()
        )
    )


def make_words(text: str, start_s: float, end_s: float, probability: float = 0.92) -> tuple[Word, ...]:
    """One word per character, spread evenly; punctuation sticks to the character before it."""
    groups: list[str] = []
    for character in text:
        if groups and (character in PUNCTUATION or character.isspace()):
            groups[-1] += character
        else:
            groups.append(character)
    step = (end_s - start_s) / len(groups) if groups else 0.0
    return tuple(
        Word(group, round(start_s + i * step, 3), round(start_s + (i + 1) * step, 3), probability)
        for i, group in enumerate(groups)
    )


def make_utterance(
    index: int = 0,
    role: Role = "agent",
    start_s: float = 0.5,
    end_s: float = 3.5,
    text: str = "您好，请问有什么可以帮您？",
    **overrides: Any,
) -> Utterance:
    """One utterance with words and measures that follow from its text and length."""
    characters, length = count_characters(text), end_s - start_s
    voiced = round(length * 0.9, 3)
    level = -26.0 if role == "agent" else -24.0
    values: dict[str, Any] = {
        "index": index,
        "role": role,
        "speaker": {"agent": "S1", "patient": "S2", "unknown": "S0"}[role],
        "start_s": start_s,
        "end_s": end_s,
        "text": text,
        "raw_text": text,
        "words": make_words(text, start_s, end_s),
        "confidence": 0.92 if text else None,
        "channel": None,
        "measures": make_measures(
            active_level_dbfs=level,
            estimated_spl_db=level + 91.0,
            loudness_jump_db=0.4,
            clipping_ratio=0.0,
            characters_count=float(characters),
            voiced_s=voiced,
            speech_rate_cpm=round(characters / voiced * 60, 1) if characters >= 10 else "too_few_characters",
            gross_rate_cpm=round(characters / length * 60, 1) if characters >= 10 else "too_few_characters",
            pitch_median_hz=215.0 if role == "agent" else 130.0,
            pitch_range_semitones=7.5,
            reply_latency_s=0.4 if index else "no_speech",
        ),
    }
    return Utterance(**{**values, **overrides})


def make_utterances(lines: Sequence[Line] = APPOINTMENT, **overrides: Any) -> tuple[Utterance, ...]:
    """Utterances from (role, start_s, end_s, text) lines."""
    return tuple(make_utterance(i, *line, **overrides) for i, line in enumerate(lines))


def make_turns(utterances: Iterable[Utterance]) -> tuple[Turn, ...]:
    return tuple(Turn(u.speaker, u.start_s, u.end_s, u.channel) for u in utterances)


def make_metadata(**overrides: Any) -> CallMetadata:
    values: dict[str, Any] = {
        "agent_id": "8023",
        "agent_name": "李静",
        "team": "一组",
        "queue": "预约挂号",
        "direction": "inbound",
        "started_at": datetime(2025, 11, 20, 9, 31, 5, tzinfo=SHANGHAI),
        "caller_hash": "b3a1f0c2d4e59687",
        "line": "trunk-1",
        "topic": None,
        "agent_channel": None,
    }
    return CallMetadata(**{**values, **overrides})


def make_recording(call_id: str = "8023_appointment", **overrides: Any) -> Recording:
    values: dict[str, Any] = {
        "call_id": call_id,
        "path": f"/recordings/{call_id}.wav",
        "sha256": _sha256(call_id.encode()).hexdigest(),
        "size_bytes": 672_044,
        "metadata": make_metadata(),
    }
    return Recording(**{**values, **overrides})


def make_audio_facts(**overrides: Any) -> AudioFacts:
    values: dict[str, Any] = {
        "codec": "pcm_alaw",
        "container": "wav",
        "sample_rate_hz": 8000,
        "channels": 1,
        "layout": "mono",
        "declared_s": 48.2,
        "decoded_s": 48.2,
    }
    return AudioFacts(**{**values, **overrides})


def make_engine(**overrides: Any) -> EngineInfo:
    values: dict[str, Any] = {
        "fingerprint": "f1a2b3c4d5e6",
        "callqa_version": "0.1.0",
        "models": (("whisper", "packaged-base"), ("segmentation", "segmentation-3.0"), ("embedding", "campplus")),
        "versions": (("faster-whisper", "1.2.1"), ("pyannote.audio", "4.0.7")),
        "options": (("beam_size", "5"),),
        "stage_times": (
            StageTime("decode", 0.1),
            StageTime("diarize", 1.2),
            StageTime("transcribe", 4.6),
            StageTime("measure", 0.5),
        ),
    }
    return EngineInfo(**{**values, **overrides})


def make_envelope(duration_s: float = 48.2, channels: int = 1, hop_s: float = 0.05) -> Envelope:
    """A saw-tooth that fills the length, different in each channel."""
    count = round(duration_s / hop_s)
    return Envelope(hop_s, tuple(tuple((i * 7 + c * 50) % 256 for i in range(count)) for c in range(channels)))


def make_call_measures(**overrides: float | str | None) -> Measures:
    """Measures of the default call; name one to change it, a string is a reason."""
    values: dict[str, float | str | None] = {
        "agent_active_level_dbfs": -26.0,
        "patient_active_level_dbfs": -24.0,
        "agent_estimated_spl_db": 65.0,
        "patient_estimated_spl_db": 67.0,
        "agent_speech_rate_cpm": 246.0,
        "patient_speech_rate_cpm": 228.0,
        "agent_gross_rate_cpm": 221.0,
        "patient_gross_rate_cpm": 205.0,
        "agent_talk_ratio": 0.69,
        "patient_talk_ratio": 0.31,
        "agent_talk_s": 23.4,
        "patient_talk_s": 10.4,
        "agent_pitch_median_hz": 215.0,
        "patient_pitch_median_hz": 130.0,
        "agent_pitch_range_semitones": 7.5,
        "patient_pitch_range_semitones": 6.1,
        "agent_loudness_jumps_count": 0.0,
        "patient_loudness_jumps_count": 0.0,
        "agent_characters_count": 80.0,
        "patient_characters_count": 48.0,
        "snr_db": 24.5,
        "clipping_ratio": 0.0,
        "silence_total_s": 9.5,
        "silence_ratio": 0.203,
        "longest_silence_s": 9.5,
        "overlap_s": "mono_overlap",
        "overlap_ratio": "mono_overlap",
        "agent_interruptions_count": "mono_overlap",
        "patient_interruptions_count": "mono_overlap",
        "agent_reply_latency_median_s": 0.4,
        "agent_reply_latency_max_s": 0.6,
    }
    return make_measures(**{**values, **overrides})


def make_facts(call_id: str = "8023_appointment", lines: Sequence[Line] = APPOINTMENT, **overrides: Any) -> CallFacts:
    """Facts of one call. Overrides are fields of CallFacts; `metadata=` reaches into the recording."""
    metadata = overrides.pop("metadata", make_metadata())
    utterances = overrides.pop("utterances", make_utterances(lines))
    length_s = max((u.end_s for u in utterances), default=41.0) + 1.0
    values: dict[str, Any] = {
        "recording": make_recording(call_id, metadata=metadata),
        "audio": make_audio_facts(declared_s=length_s, decoded_s=length_s),
        "turns": make_turns(utterances),
        "utterances": utterances,
        "events": (Event("silence", 14.4, 23.9, "agent", 3, 9.5),) if lines is APPOINTMENT else (),
        "measures": make_call_measures(),
        "role_confidence": 0.95,
        "envelope": make_envelope(length_s),
        "engine": make_engine(),
        "analyzed_at": datetime(2025, 11, 21, 2, 10, 0, tzinfo=UTC),
    }
    return CallFacts(**{**values, **overrides})


def make_finding(**overrides: Any) -> Finding:
    """The agent's 不知道 of the default call."""
    values: dict[str, Any] = {
        "rule_id": "forbidden-dont-know",
        "family": "forbidden_phrase",
        "severity": "major",
        "status": "violated",
        "utterance_index": 5,
        "start_s": 34.9,
        "end_s": 35.6,
        "evidence": "这个我不知道，规定就这样。",
        "confidence": 0.88,
        "role": "agent",
        "matched_text": "不知道",
    }
    return Finding(**{**values, **overrides})


def make_findings() -> tuple[Finding, ...]:
    """One finding of each kind: a phrase, a satisfied must-say, an excused silence and a measure."""
    return (
        make_finding(
            rule_id="greeting-opening",
            family="greeting",
            severity="minor",
            status="satisfied",
            utterance_index=0,
            start_s=0.5,
            end_s=1.0,
            evidence=APPOINTMENT[0][3],
            matched_text="您好",
            confidence=0.9,
        ),
        make_finding(
            rule_id="silence-long",
            family="silence",
            severity="minor",
            status="remedied",
            utterance_index=3,
            start_s=14.4,
            end_s=23.9,
            evidence="静默 9.5 秒，限值 8 秒",
            matched_text=None,
            value=9.5,
            limit=8.0,
            unit="s",
            note="announced: 请稍等",
        ),
        make_finding(),
    )


def make_score(total: float | None = 90.0, findings: Sequence[Finding] | None = None, **overrides: Any) -> Score:
    """A card of two sections; violated findings of the default call cost ten points."""
    hits = make_findings() if findings is None else findings
    violated = tuple(Deduction(f.key, 10.0) for f in hits if f.status == "violated")
    lost = 10.0 if violated else 0.0
    values: dict[str, Any] = {
        "scorecard_id": "standard",
        "scorecard_version": "1",
        "total": total,
        "fatal": False,
        "passed": None if total is None else total >= 80,
        "sections": (
            SectionScore("courtesy", "服务礼仪", "Courtesy", 60.0, 60.0 - lost),
            SectionScore("speech", "语音规范", "Speech", 40.0, 40.0),
        ),
        "items": (
            ItemScore(
                "forbidden_phrase",
                "courtesy",
                "服务忌语",
                "Forbidden phrases",
                60.0,
                60.0 - lost,
                "deducted" if violated else "ok",
                violated,
            ),
            ItemScore("loudness", "speech", "音量", "Loudness", 20.0, 20.0, "ok"),
            ItemScore("interruption", "speech", "抢话", "Interruptions", 20.0, None, "not_applicable"),
        ),
    }
    return Score(**{**values, **overrides})


def make_judgement(call_id: str = "8023_appointment", **overrides: Any) -> Judgement:
    """A judgement of the default call. `total=` sets the score's total."""
    total = overrides.pop("total", 90.0)
    findings = tuple(overrides.pop("findings", make_findings()))
    values: dict[str, Any] = {
        "call_id": call_id,
        "rulebook_version": "r-5d41402a",
        "findings": findings,
        "score": make_score(total, findings),
        "judged_at": datetime(2025, 11, 21, 2, 10, 1, tzinfo=UTC),
        "topics": (TopicHit("预约挂号", 0.9, ("挂一个心内科的号",)), TopicHit("费用与报销", 0.6, ("报销比例",))),
    }
    return Judgement(**{**values, **overrides})


def make_report(call_id: str = "8023_appointment", **overrides: Any) -> CallReport:
    """A whole report. Overrides go to make_facts, but findings, total, topics and score go to make_judgement."""
    judged = {
        k: overrides.pop(k)
        for k in ("findings", "total", "topics", "score", "rulebook_version", "judged_at")
        if k in overrides
    }
    return CallReport(make_facts(call_id, **overrides), make_judgement(call_id, **judged))


def make_reports(
    count: int = 12, first_day: datetime = datetime(2025, 11, 1, 9, 0, tzinfo=SHANGHAI)
) -> tuple[CallReport, ...]:
    """`count` varied calls over several days, agents, teams, topics, scores and layouts, always the same ones."""
    agents = (
        ("8023", "李静", "一组"),
        ("8031", "王强", "一组"),
        ("8040", "陈晓芳", "二组"),
        ("8052", "欧阳娜娜", "二组"),
    )
    topics = ("预约挂号", "费用与报销", "检查与报告", "用药咨询", "投诉", "就诊引导")
    reports = []
    for i in range(count):
        agent_id, name, team = agents[i % len(agents)]
        started = first_day + timedelta(days=i // 3, minutes=17 * i)
        total = None if i % 11 == 10 else float(100 - (i * 13) % 55)
        hits = make_findings() if i % 3 else make_findings()[:2]
        reports.append(
            make_report(
                f"{agent_id}_{started:%Y%m%d%H%M%S}",
                metadata=make_metadata(agent_id=agent_id, agent_name=name, team=team, started_at=started),
                findings=hits,
                total=total,
                topics=(TopicHit(topics[i % len(topics)], 0.9, ("证据",)),),
                role_confidence=0.55 if i % 7 == 6 else 0.95,
            )
        )
    return tuple(reports)
