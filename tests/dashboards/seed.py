"""A published store of varied calls for the dashboard's tests, made through the real writers, with sound to play.

python -m tests.dashboards.seed HOME     then     CALLQA_HOME=HOME callqa dashboard
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import soundfile as sf

from pipeline.model import CallReport, Envelope, Event, TopicHit
from pipeline.scoring import load_scorecard, score
from pipeline.store import artefact
from pipeline.store.snapshot import FileState, publish
from tests.builders import (
    APPOINTMENT,
    SHANGHAI,
    Line,
    make_audio_facts,
    make_call_measures,
    make_finding,
    make_measures,
    make_metadata,
    make_recording,
    make_report,
    make_reports,
    make_turns,
    make_utterance,
    make_utterances,
)

RATE_HZ = 8000
APPOINTMENT_CALL = "8023_挂号_20251120"
COMPLAINT_CALL = "8031_投诉_20251119"
HOSTILE_CALL = "8040_hostile"
UNKNOWN_CALL = "undated_unknown_roles"
LONG_CALL = "8052_long"
GONE_CALL = "8031_recording_gone"
HOSTILE_TEXT = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> ![图](http://203.0.113.9/x.png) '
    '[点我](javascript:window.hacked=1) :red[红] $x^2$ `code` =HYPERLINK("http://203.0.113.9") \u202e反向\u202c **粗**'
)
HOSTILE_NAME = "<b>王</b>![x](http://203.0.113.9/n.png)\u202e强"
COMPLAINT: tuple[Line, ...] = (
    ("agent", 0.4, 3.2, "您好，市第一人民医院，请问有什么可以帮您？"),
    ("patient", 3.6, 9.8, "我要投诉，上周做的检查报告到现在都没有出来，打了三次电话都没人管。"),
    ("agent", 8.9, 12.4, "这个不归我管，你打检验科的电话。"),
    ("patient", 12.9, 17.0, "我打了，他们让我打你们这里，你们到底谁管？"),
    ("agent", 29.8, 33.1, "你急什么，慢慢等就是了，我也没办法。"),
    ("patient", 33.6, 37.5, "你这是什么态度？我要找你们领导。"),
    ("agent", 38.0, 43.2, "对不起，我理解您的心情，我现在就帮您联系检验科，一个小时内给您回电。"),
    ("patient", 43.6, 45.2, "好吧，谢谢。"),
)


def seed(home: Path) -> Path:
    """Write about forty calls with their artefacts and publish them. Returns the folder of the recordings."""
    recordings = home / "recordings"
    recordings.mkdir(parents=True, exist_ok=True)
    reports = [appointment(recordings), complaint(recordings), hostile(recordings), unknown_roles(recordings)]
    reports += [long_call(recordings), *make_reports(36)]
    reports.append(make_report(GONE_CALL, metadata=make_metadata(agent_id="8031", agent_name="王强"), total=71.0))
    for report in reports:
        artefact.write_report(home, report)
    publish(home, list(file_states(reports)))
    return recordings


def appointment(folder: Path) -> CallReport:
    """The builders' default call: mono FLAC, one 不知道 of the agent."""
    path = folder / f"{APPOINTMENT_CALL}.flac"
    write_speech(path, APPOINTMENT, 42.0)
    started = datetime(2025, 11, 20, 9, 31, 5, tzinfo=SHANGHAI)
    return _with_file(
        make_report(APPOINTMENT_CALL, metadata=make_metadata(started_at=started), topics=_topic("预约挂号")), path
    )


def complaint(folder: Path) -> CallReport:
    """A stereo A-law WAV, which no browser plays as it is: interruption, long silence, red line."""
    path = folder / f"{COMPLAINT_CALL}.wav"
    write_speech(path, COMPLAINT, 46.0, channels=2, subtype="ALAW")
    utterances = tuple(
        make_utterance(i, *line, channel=0 if line[0] == "agent" else 1) for i, line in enumerate(COMPLAINT)
    )
    findings = (
        make_finding(
            rule_id="brush-off",
            utterance_index=2,
            start_s=9.2,
            end_s=10.6,
            evidence=COMPLAINT[2][3],
            matched_text="不归我管",
        ),
        make_finding(
            rule_id="forbidden-hurry",
            severity="red_line",
            utterance_index=4,
            start_s=29.9,
            end_s=30.9,
            evidence=COMPLAINT[4][3],
            matched_text="你急什么",
        ),
        make_finding(
            rule_id="silence-long",
            family="silence",
            severity="minor",
            utterance_index=4,
            start_s=17.0,
            end_s=29.8,
            evidence="静默 12.8 秒，没有事先说明",
            matched_text=None,
            value=12.8,
            limit=8.0,
            unit="s",
        ),
        make_finding(
            rule_id="interruption",
            family="interruption",
            severity="major",
            utterance_index=2,
            start_s=8.9,
            end_s=9.8,
            evidence="患者话未说完，坐席抢话 0.9 秒",
            matched_text=None,
            value=0.9,
            limit=0.5,
            unit="s",
            confidence=0.8,
        ),
        make_finding(
            rule_id="closing",
            family="closing",
            severity="minor",
            utterance_index=None,
            start_s=None,
            end_s=None,
            evidence="最后两轮没有结束语",
            matched_text=None,
        ),
        make_finding(
            rule_id="rate-fast",
            family="speech_rate_fast",
            severity="minor",
            status="review",
            utterance_index=6,
            start_s=38.0,
            end_s=43.2,
            evidence="语速 318 字/分",
            matched_text=None,
            value=318.0,
            limit=300.0,
            unit="cpm",
        ),
        make_finding(
            rule_id="greeting-opening",
            family="greeting",
            severity="minor",
            status="satisfied",
            utterance_index=0,
            start_s=0.4,
            end_s=1.0,
            evidence=COMPLAINT[0][3],
            matched_text="您好",
        ),
    )
    return _with_file(
        make_report(
            COMPLAINT_CALL,
            metadata=make_metadata(
                agent_id="8031",
                agent_name="王强",
                queue="投诉处理",
                started_at=datetime(2025, 11, 19, 15, 2, tzinfo=SHANGHAI),
            ),
            utterances=utterances,
            turns=make_turns(utterances),
            audio=make_audio_facts(channels=2, layout="stereo", declared_s=46.0, decoded_s=46.0),
            events=(
                Event("silence", 17.0, 29.8, "agent", 4, 12.8),
                Event("overlap", 8.9, 9.8, "agent", 2, 0.9),
                Event("interruption", 8.9, 9.8, "agent", 2, 0.9),
            ),
            measures=make_call_measures(overlap_s=0.9, overlap_ratio=0.02, agent_interruptions_count=1.0),
            findings=findings,
            topics=_topic("投诉"),
        ),
        path,
    )


def hostile(folder: Path) -> CallReport:
    """Text and names that try to be markup, and an utterance of ten thousand characters."""
    lines: tuple[Line, ...] = (
        ("agent", 0.5, 4.0, HOSTILE_TEXT),
        ("patient", 4.5, 9.0, "长" * 10_000),
        ("agent", 9.5, 12.0, "再见。"),
    )
    path = folder / f"{HOSTILE_CALL}.wav"
    write_speech(path, lines, 13.0)
    finding = make_finding(utterance_index=0, start_s=0.5, end_s=1.0, evidence=HOSTILE_TEXT, matched_text="<script>")
    return _with_file(
        make_report(
            HOSTILE_CALL,
            utterances=make_utterances(lines),
            metadata=make_metadata(
                agent_id="8040", agent_name=HOSTILE_NAME, team="<i>组</i>", queue="[x](http://203.0.113.9)"
            ),
            findings=(finding,),
            topics=_topic("<script>alert(1)</script>"),
            audio=make_audio_facts(declared_s=20.0, decoded_s=13.0, damaged=True),
        ),
        path,
    )


def unknown_roles(folder: Path) -> CallReport:
    """Nobody said when it was or who spoke; the levels could not be measured; no score."""
    lines = tuple(("unknown", start, end, text) for _, start, end, text in APPOINTMENT)
    utterances = make_utterances(
        lines, measures=make_measures(estimated_spl_db="low_snr", speech_rate_cpm="unknown_role"), confidence=0.41
    )
    path = folder / f"{UNKNOWN_CALL}.wav"
    write_speech(path, lines, 42.0)
    return _with_file(
        make_report(
            UNKNOWN_CALL,
            metadata=make_metadata(
                started_at=None, agent_id=None, agent_name=None, team=None, queue=None, direction=None
            ),
            utterances=utterances,
            role_confidence=0.41,
            findings=(make_finding(status="review", role="unknown", confidence=0.3),),
            measures=make_call_measures(agent_estimated_spl_db="unknown_role", agent_speech_rate_cpm="unknown_role"),
            total=None,
            topics=(),
        ),
        path,
    )


def long_call(folder: Path) -> CallReport:
    """Ten minutes, a hundred and fifty utterances."""
    lines: tuple[Line, ...] = tuple(
        ("agent" if i % 2 == 0 else "patient", i * 4.0, i * 4.0 + 3.2, f"这是第{i}句，说的是检查报告什么时候能取。")
        for i in range(150)
    )
    path = folder / f"{LONG_CALL}.flac"
    write_speech(path, lines, 601.0)
    return _with_file(
        make_report(
            LONG_CALL,
            utterances=make_utterances(lines),
            metadata=make_metadata(
                agent_id="8052", agent_name="欧阳娜娜", started_at=datetime(2025, 11, 18, 11, 0, tzinfo=SHANGHAI)
            ),
            findings=(),
            topics=_topic("检查与报告"),
            total=100.0,
        ),
        path,
    )


def write_speech(
    path: Path, lines: tuple[Line, ...], length_s: float, channels: int = 1, subtype: str | None = None
) -> None:
    """Voice-like sound where somebody speaks: a buzz at 215 Hz (agent) or 130 Hz, in syllables; faint noise between."""
    seconds = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    signal = np.random.default_rng(7).normal(0, 0.001, (seconds.size, channels))
    for role, start_s, end_s, _ in lines:
        inside = (seconds >= start_s) & (seconds < end_s)
        pitch_hz = 215.0 if role == "agent" else 130.0
        buzz = sum(np.sin(2 * np.pi * pitch_hz * k * seconds[inside]) / k for k in range(1, 9))
        syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4.2 * seconds[inside])
        channel = 1 if channels == 2 and role == "patient" else 0
        signal[inside, channel] += 0.12 * buzz * syllables
    sf.write(path, signal.clip(-1, 1), RATE_HZ, subtype=subtype)


def file_states(reports: list[CallReport]) -> list[FileState]:
    """What the ledger says: every call done, two failures, one duplicate."""
    now = datetime(2025, 11, 21, 2, 30, tzinfo=UTC)
    done = [
        FileState(r.facts.recording.path, r.facts.recording.sha256, r.facts.recording.call_id, "done", None, 1, now)
        for r in reports
    ]
    return [
        *done,
        FileState(
            "/recordings/空文件.wav",
            None,
            None,
            "failed",
            "空文件.wav is empty (0 bytes); copy it again from the recorder",
            2,
            now,
        ),
        FileState(
            "/recordings/<b>x.mp3",
            "ab" * 32,
            None,
            "quarantined",
            "decoding ran past its time limit of 420 s twice; look at the file",
            2,
            now - timedelta(hours=1),
        ),
        FileState("/recordings/copy.wav", "cd" * 32, None, "duplicate", "same bytes as 8023.wav", 1, now),
    ]


def _topic(name: str) -> tuple[TopicHit, ...]:
    return (TopicHit(name, 0.9, ("证据",)),)


def _with_file(report: CallReport, path: Path) -> CallReport:
    """The report with its recording's true path, digest and waveform, scored by the shipped card."""
    old = report.facts.recording
    content = path.read_bytes()
    sound = np.abs(sf.read(path, always_2d=True)[0])
    hop = RATE_HZ // 20
    peaks = sound[: len(sound) // hop * hop].reshape(-1, hop, sound.shape[1]).max(axis=1) * 255
    envelope = Envelope(0.05, tuple(tuple(int(p) for p in channel) for channel in peaks.T))
    recording = make_recording(
        old.call_id, path=str(path), sha256=sha256(content).hexdigest(), size_bytes=len(content), metadata=old.metadata
    )
    codec = {"FLAC": "flac", "WAV PCM_16": "pcm_s16le", "WAV ALAW": "pcm_alaw"}
    info = sf.info(path)
    named = codec.get(info.format) or codec[f"{info.format} {info.subtype}"]
    audio = replace(report.facts.audio, codec=named)
    facts = replace(report.facts, recording=recording, envelope=envelope, audio=audio)
    judged = score(load_scorecard(), report.judgement.findings, facts)
    return CallReport(facts, replace(report.judgement, score=judged))


if __name__ == "__main__":
    print(seed(Path(sys.argv[1]).absolute()))
