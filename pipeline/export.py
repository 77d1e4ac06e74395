"""A report as files that other programs read: JSON, SRT, WebVTT, RTTM and Praat TextGrid."""

import html
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.model import CallReport, Finding, Measures, Role, Score, Utterance

ROLE_NAMES: dict[Role, str] = {"agent": "坐席", "patient": "患者", "unknown": "未知"}
NAME_CHARACTERS = 120


def report_to_dict(report: CallReport) -> dict[str, Any]:
    """The JSON contract. duration_s: declared length, else the decoded one; every measure with its unit suffix.

    dropped: hits that the audio or the words around them refuted, with the reason as note; they count nowhere.
    """
    facts, judgement = report.facts, report.judgement
    audio = facts.audio
    return {
        "call_id": facts.recording.call_id,
        "duration_s": audio.decoded_s if audio.declared_s is None else audio.declared_s,
        "decoded_s": audio.decoded_s,
        "channels": audio.channels,
        "layout": audio.layout,
        "damaged": audio.damaged,
        "warnings": list(audio.warnings),
        "role_confidence": facts.role_confidence,
        "utterances": [_utterance(u) for u in facts.utterances],
        "events": [
            {
                "kind": e.kind,
                "role": e.role,
                "start_s": e.start_s,
                "end_s": e.end_s,
                "utterance_index": e.utterance_index,
                "value": e.value,
            }
            for e in facts.events
        ],
        "measures": _measures(facts.measures),
        "findings": [_finding(f) for f in judgement.findings if f.status != "dropped"],
        "dropped": [_finding(f) for f in judgement.findings if f.status == "dropped"],
        "topics": [
            {"topic": t.topic, "confidence": t.confidence, "evidence": list(t.evidence)} for t in judgement.topics
        ],
        "score": _score(judgement.score),
        "rulebook_version": judgement.rulebook_version,
        "engine": _engine(report),
    }


def to_json(report: CallReport) -> str:
    return json.dumps(report_to_dict(report), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_srt(report: CallReport) -> str:
    """SubRip: one cue an utterance, the role before the text."""
    cues = (
        f"{number}\n{_clock(u.start_s, ',')} --> {_clock(u.end_s, ',')}\n{ROLE_NAMES[u.role]}：{_one_line(u.text)}\n"
        for number, u in enumerate(_spoken(report), start=1)
    )
    return "\n".join(cues)


def to_vtt(report: CallReport) -> str:
    """WebVTT: one cue an utterance, the role as voice."""
    cues = (
        f"{_clock(u.start_s, '.')} --> {_clock(u.end_s, '.')}\n"
        f"<v {ROLE_NAMES[u.role]}>{html.escape(_one_line(u.text), quote=False)}</v>\n"
        for u in _spoken(report)
    )
    return "\n".join(("WEBVTT\n", *cues))


def to_rttm(report: CallReport) -> str:
    """RTTM: one SPEAKER line a turn; the file is named by the call id without spaces."""
    name = _token(report.facts.recording.call_id)
    return "".join(
        f"SPEAKER {name} {1 if t.channel is None else t.channel + 1} {t.start_s:.3f} {t.duration_s:.3f} "
        f"<NA> <NA> {_token(t.speaker)} <NA> <NA>\n"
        for t in report.facts.turns
    )


def to_textgrid(report: CallReport) -> str:
    """Praat TextGrid, long form: an interval tier for every speaker, named by role; pauses are empty intervals."""
    said = _spoken(report)
    end_s = max((report.facts.audio.decoded_s, *(u.end_s for u in said)))
    speakers = list(dict.fromkeys((u.role, u.speaker) for u in said))
    tiers = [
        _tier(
            number,
            _tier_name(role, speaker, speakers),
            [u for u in said if (u.role, u.speaker) == (role, speaker)],
            end_s,
        )
        for number, (role, speaker) in enumerate(speakers, start=1)
    ]
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = {end_s:.3f}\n'
    if not tiers:
        return f"{head}tiers? <absent>\n"
    return f"{head}tiers? <exists>\nsize = {len(tiers)}\nitem []:\n" + "".join(tiers)


WRITERS: dict[str, tuple[str, Callable[[CallReport], str]]] = {
    "json": (".json", to_json),
    "srt": (".srt", to_srt),
    "vtt": (".vtt", to_vtt),
    "rttm": (".rttm", to_rttm),
    "textgrid": (".TextGrid", to_textgrid),
}


def check_format(format_: str) -> None:
    """Raise ConfigError for a format that cannot be written, naming those that can."""
    if format_ not in WRITERS:
        raise ConfigError(f"format {format_!r} is not known; choose one of {', '.join(WRITERS)}")


def write_report_file(report: CallReport, folder: Path, format_: str) -> Path:
    """Write `report` as NAME.SUFFIX into `folder` and return the file. NAME is the recording's name without suffix.

    An older result is replaced. Raises ConfigError for an unknown format, a folder that cannot be written, or a JSON
    file of that name that is no result of ours (metadata beside the recording, say).
    """
    check_format(format_)
    suffix, write = WRITERS[format_]
    path = folder / f"{Path(report.facts.recording.path).stem[:NAME_CHARACTERS]}{suffix}"
    if suffix == ".json" and path.exists() and '"utterances"' not in path.read_text(encoding="utf-8", errors="replace"):
        raise ConfigError(f"{path} is there and is no result of callqa; name another folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(write(report), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; name another folder with --out") from error
    return path


def _utterance(u: Utterance) -> dict[str, Any]:
    return {
        "index": u.index,
        "role": u.role,
        "speaker": u.speaker,
        "start_s": u.start_s,
        "end_s": u.end_s,
        "text": u.text,
        "confidence": u.confidence,
        "measures": _measures(u.measures),
    }


def _measures(measures: Measures) -> dict[str, Any]:
    values: dict[str, Any] = {m.name: m.value for m in measures.items}
    values["unmeasurable"] = {m.name: m.reason or "not_measured" for m in measures.items if m.value is None}
    return values


def _finding(f: Finding) -> dict[str, Any]:
    return {
        "rule_id": f.rule_id,
        "family": f.family,
        "severity": f.severity,
        "status": f.status,
        "utterance_index": f.utterance_index,
        "start_s": f.start_s,
        "end_s": f.end_s,
        "evidence": f.evidence,
        "confidence": f.confidence,
        "role": f.role,
        "matched_text": f.matched_text,
        "value": f.value,
        "limit": f.limit,
        "unit": f.unit,
        "note": f.note,
        "key": f.key,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "total": score.total,
        "fatal": score.fatal,
        "passed": score.passed,
        "scorecard": {"id": score.scorecard_id, "version": score.scorecard_version},
        "sections": {
            s.section_id: {
                "name_zh": s.name_zh,
                "name_en": s.name_en,
                "points": s.points,
                "points_max": s.points_max,
            }
            for s in score.sections
        },
        "items": [
            {
                "item_id": i.item_id,
                "section_id": i.section_id,
                "status": i.status,
                "points": i.points,
                "points_max": i.points_max,
                "deductions": [{"finding_key": d.finding_key, "points": d.points} for d in i.deductions],
            }
            for i in score.items
        ],
    }


def _engine(report: CallReport) -> dict[str, Any]:
    engine, length_s = report.facts.engine, report.facts.audio.decoded_s
    stages = {t.stage: t.seconds for t in engine.stage_times}
    rtf = {name: seconds / length_s for name, seconds in stages.items()} if length_s else {}
    return {
        "callqa_version": engine.callqa_version,
        "fingerprint": engine.fingerprint,
        "models": dict(engine.models),
        "versions": dict(engine.versions),
        "options": dict(engine.options),
        "stages_s": stages,
        "stages_rtf": rtf,
        "rtf": sum(rtf.values()) if rtf else None,
    }


def _spoken(report: CallReport) -> list[Utterance]:
    return sorted((u for u in report.facts.utterances if u.text.strip()), key=lambda u: (u.start_s, u.end_s))


def _clock(seconds: float, separator: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, ms = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}{separator}{ms % 1000:03d}"


def _token(text: str) -> str:
    return re.sub(r"\s+", "_", text) or "_"


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("-->", "→").strip()


def _tier_name(role: Role, speaker: str, speakers: Iterable[tuple[Role, str]]) -> str:
    alone = sum(1 for r, _ in speakers if r == role) == 1
    return role if alone else f"{role} {speaker}"


def _tier(number: int, name: str, said: list[Utterance], end_s: float) -> str:
    intervals: list[tuple[float, float, str]] = []
    at_s = 0.0
    for u in said:
        start_s = max(u.start_s, at_s)  # intervals of a tier must not overlap
        if u.end_s <= start_s:
            continue
        if start_s > at_s:
            intervals.append((at_s, start_s, ""))
        intervals.append((start_s, u.end_s, _one_line(u.text)))
        at_s = u.end_s
    if at_s < end_s or not intervals:
        intervals.append((at_s, end_s, ""))
    quoted = name.replace('"', '""')
    head = (
        f'    item [{number}]:\n        class = "IntervalTier"\n        name = "{quoted}"\n'
        f"        xmin = 0\n        xmax = {end_s:.3f}\n        intervals: size = {len(intervals)}\n"
    )
    body = (
        f"        intervals [{i}]:\n            xmin = {start:.3f}\n            xmax = {end:.3f}\n"
        f'            text = "{text.replace(chr(34), chr(34) * 2)}"\n'
        for i, (start, end, text) in enumerate(intervals, start=1)
    )
    return head + "".join(body)
