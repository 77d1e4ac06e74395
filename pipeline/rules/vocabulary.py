"""The names that a rulebook may use: keys, families, measures, events, units. A misspelt one is an error.

The keys stand here once; the readers allow them and the schema for editors is made from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from pipeline.model import EventKind, Role, Severity


@dataclass(frozen=True, slots=True)
class Family:
    """What kind of thing a rule is about, with its names for people."""

    family_id: str
    name_zh: str
    name_en: str


FAMILIES: tuple[Family, ...] = (
    Family("forbidden_phrase", "服务忌语", "Forbidden phrase"),
    Family("verbal_tic", "口头禅", "Verbal tic"),
    Family("medical_advice", "越权医疗建议", "Medical advice"),
    Family("impersonating_doctor", "冒充医生", "Impersonating a doctor"),
    Family("cure_promise", "承诺疗效", "Promise of a cure"),
    Family("disparagement", "贬低他人", "Disparagement"),
    Family("pressure", "施压诱导", "Pressure"),
    Family("brush_off", "推诿", "Brush-off"),
    Family("jargon", "专业术语", "Jargon"),
    Family("rude_tone", "生硬语气", "Rude tone"),
    Family("privacy_leak", "泄露隐私", "Privacy leak"),
    Family("greeting", "开头语", "Greeting"),
    Family("closing", "结束语", "Closing"),
    Family("courtesy_words", "礼貌用语", "Courtesy words"),
    Family("addressing", "称呼", "Addressing"),
    Family("verification", "身份核对", "Verification"),
    Family("restating", "复述确认", "Restating"),
    Family("alternatives", "提供替代方案", "Alternatives"),
    Family("ticket_type", "号别说明", "Ticket type"),
    Family("fee_explained", "费用说明", "Fee explained"),
    Family("report_channel", "报告获取说明", "Report channel"),
    Family("handover", "转接与回电", "Handover"),
    Family("caring_reminder", "关怀提醒", "Caring reminder"),
    Family("empathy", "共情", "Empathy"),
    Family("soothing_four_steps", "安抚四步", "Soothing in four steps"),
    Family("complaint_deadline", "投诉答复期限", "Complaint deadline"),
    Family("emergency", "急症处置", "Emergency"),
    Family("satisfaction", "满意度询问", "Satisfaction"),
    Family("repeat_explanation", "反复解释", "Repeated explanation"),
    Family("speech_rate_fast", "语速过快", "Speech too fast"),
    Family("speech_rate_slow", "语速过慢", "Speech too slow"),
    Family("loudness_low", "音量过低", "Voice too quiet"),
    Family("loudness_high", "音量过高", "Voice too loud"),
    Family("tone", "语气", "Tone"),
    Family("silence", "静默冷场", "Silence"),
    Family("interruption", "抢话打断", "Interruption"),
    Family("response_time", "应答迟缓", "Slow response"),
)
FAMILY_IDS = frozenset(family.family_id for family in FAMILIES)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)

UTTERANCE_MEASURES = frozenset(
    {
        "active_level_dbfs",
        "estimated_spl_db",
        "loudness_jump_db",
        "clipping_ratio",
        "characters_count",
        "voiced_s",
        "speech_rate_cpm",
        "gross_rate_cpm",
        "pitch_median_hz",
        "pitch_range_semitones",
        "reply_latency_s",
    }
)
_OF_A_ROLE = (
    "active_level_dbfs",
    "estimated_spl_db",
    "speech_rate_cpm",
    "gross_rate_cpm",
    "talk_ratio",
    "talk_s",
    "pitch_median_hz",
    "pitch_range_semitones",
    "loudness_jumps_count",
    "characters_count",
    "interruptions_count",
)
CALL_MEASURES = frozenset(
    {f"{role}_{name}" for role in ("agent", "patient") for name in _OF_A_ROLE}
    | {
        "snr_db",
        "spl_offset_db",
        "clipping_ratio",
        "silence_total_s",
        "silence_ratio",
        "longest_silence_s",
        "overlap_s",
        "overlap_ratio",
        "agent_reply_latency_median_s",
        "agent_reply_latency_max_s",
    }
)

# What stands wherever words are looked for (see rules.phrases).
TEXT_KEYS = (
    *("any", "all", "at_least", "none", "except", "near", "not_near"),
    *("match", "max_distance", "min_syllables", "pinyin"),
)
# What makes a hit right where a rule has `unless`.
REMEDY_KEYS = (*TEXT_KEYS, "next_turns", "within_s", "role")
SCOPE_KEYS = ("first_turns", "last_turns", "first_s", "last_s", "after", "before", "between", "occurrence")
ANCHOR_KEYS = ("within_turns", "within_s")
CONDITION_KEYS = (
    *("condition", "all", "any", "not", "at_least"),
    *("says", "measure", "event", "repeat", "topic", "metadata"),
)
METADATA_KEYS = (
    *("agent_id", "team", "queue", "line", "direction"),
    *("hour", "weekday", "repeat_caller", "duration_s"),
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROLES: Mapping[str, Role | None] = MappingProxyType({"agent": "agent", "patient": "patient", "any": None})

_UNITS = {
    "per_minute": "次/分",
    "s": "秒",
    "cpm": "字/分",
    "db": "dB",
    "dbfs": "dBFS",
    "lufs": "LUFS",
    "hz": "Hz",
    "semitones": "半音",
    "ratio": "",
    "count": "次",
}


def unit_of(measure: str) -> str:
    """The unit that a measure's name ends in: "agent_speech_rate_cpm" → "cpm"."""
    return measure.rpartition("_")[2]


def unit_zh(unit: str) -> str:
    """The unit as staff read it."""
    return _UNITS.get(unit, unit)
