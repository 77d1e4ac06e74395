"""Examples of a rule: how they are written, and the small call that is made of each.

    examples:
      hit:
        - 这个我不知道。                                  # one line of the rule's own role
        - [患者：我想退号, 坐席：不归我管]                # a dialogue
        - {lines: [{agent: 请讲, cut_in_s: 0.8}], measures: {agent_speech_rate_cpm: 320}}
        - [坐席：喂, {silence_s: 12}, 坐席：好了]
      miss: [...]        # nothing violated, nothing to review
      remedied: [...]
      review: [...]
      satisfied: [...]   # of a duty (must_say) that was done

A mapping line names its role (agent, patient, unknown) and may add duration_s, cut_in_s, at_s, measures. Speech takes
0.25 s a character with 0.3 s between lines, unless a line says otherwise. `hit` means the rule's own status.

A mapping example may say what is known of the call; an example has no topic that it does not name:

        - {lines: [患者：我要投诉, 坐席：随便], topics: [投诉], metadata: {queue: 挂号, hour: 9, weekday: mon}}

metadata: agent_id, team, queue, line, direction, hour (0..24), weekday (mon..sun), previous_calls, duration_s.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import get_args

from pipeline.config.yaml_source import Entry, Node, did_you_mean
from pipeline.errors import RuleError
from pipeline.model import (
    AudioFacts,
    CallFacts,
    CallMetadata,
    Direction,
    EngineInfo,
    Envelope,
    Event,
    FindingStatus,
    Measure,
    Measures,
    Recording,
    Role,
    TopicHit,
    Turn,
    Utterance,
    Word,
)
from pipeline.rules.rulebook import Example, Line
from pipeline.rules.spoken import CallView
from pipeline.rules.vocabulary import CALL_MEASURES, METADATA_KEYS, UTTERANCE_MEASURES, WEEKDAYS
from pipeline.text import is_content

_EXPECTED: tuple[tuple[str, FindingStatus | None], ...] = (
    ("hit", "violated"),
    ("miss", None),
    ("remedied", "remedied"),
    ("review", "review"),
    ("satisfied", "satisfied"),
)
STATUSES = tuple(key for key, _ in _EXPECTED)
SPEAKERS: dict[str, Role] = {"坐席": "agent", "患者": "patient", "未知": "unknown"}
_ROLE_KEYS: tuple[Role, ...] = ("agent", "patient", "unknown")
LINE_KEYS = (*_ROLE_KEYS, "duration_s", "cut_in_s", "at_s", "measures", "silence_s")
EXAMPLE_KEYS = ("lines", "measures", "metadata", "topics")
EXAMPLE_METADATA_KEYS = (*METADATA_KEYS[:5], "hour", "weekday", "previous_calls", "duration_s")
_SECONDS_PER_CHARACTER = 0.25
_GAP_S = 0.3


def read_examples(rule: Node, role: Role | None, hit: FindingStatus = "violated") -> tuple[Example, ...]:
    """Read a rule's `examples`. hit: the status that its hits have. Raises RuleError without a `hit` and a `miss`."""
    if "examples" not in rule:
        raise rule.error("'examples' is missing: give at least one hit and one miss")
    node = rule.node("examples")
    node.allow([key for key, _ in _EXPECTED])
    for key in ("hit", "miss"):
        if key not in node:
            raise rule.error(f"examples: {key!r} is missing: give at least one", "examples")
    return tuple(
        _example(entry, hit if key == "hit" else status, role)
        for key, status in _EXPECTED
        for entry in node.entries(key)
    )


def _example(entry: Entry, expect: FindingStatus | None, role: Role | None) -> Example:
    value = entry.value
    if isinstance(value, str):
        return Example(expect, (Line(role or "agent", value),), Measures(), entry.place)
    if isinstance(value, tuple):
        return Example(expect, tuple(map(_line, value)), Measures(), entry.place)
    if isinstance(value, Node):
        value.allow(EXAMPLE_KEYS)
        known = value.node("metadata") if "metadata" in value else None
        return Example(
            expect=expect,
            lines=tuple(map(_line, value.entries("lines"))),
            measures=_measures(value, CALL_MEASURES),
            place=entry.place,
            metadata=_metadata(known) if known is not None else CallMetadata(),
            topics=value.texts("topics"),
            duration_s=known.optional_number("duration_s", low=0.1, high=360_000) if known is not None else None,
        )
    raise RuleError(
        f"{entry.place}: {value!r} is no example; write a sentence, a list of lines or lines: and measures:"
    )


def _line(entry: Entry) -> Line:
    value = entry.value
    if isinstance(value, str):
        speaker, colon, text = value.replace(":", "：", 1).partition("：")
        if not colon or speaker not in SPEAKERS or not text.strip():
            raise RuleError(f"{entry.place}: line {value!r} must begin with 坐席：, 患者： or 未知：")
        return Line(SPEAKERS[speaker], text.strip())
    if not isinstance(value, Node):
        raise RuleError(f"{entry.place}: {value!r} is no line of a dialogue")
    value.allow(LINE_KEYS)
    if "silence_s" in value:
        value.allow(("silence_s",))
        return Line("unknown", "", silence_s=value.number("silence_s", low=0.1, high=36000))
    roles = [role for role in _ROLE_KEYS if role in value]
    if len(roles) != 1:
        raise value.error("a line needs exactly one of agent:, patient:, unknown: or silence_s:")
    return Line(
        role=roles[0],
        text=value.text(roles[0]),
        duration_s=value.optional_number("duration_s", low=0.1, high=3600),
        cut_in_s=value.number("cut_in_s", low=0, high=60, default=0.0),
        measures=_measures(value, UTTERANCE_MEASURES),
        at_s=value.optional_number("at_s", low=0, high=36000),
    )


def _metadata(node: Node) -> CallMetadata:
    node.allow(EXAMPLE_METADATA_KEYS)
    direction = node.choice("direction", get_args(Direction)) if "direction" in node else None
    started_at = None
    if "hour" in node or "weekday" in node:  # the first week of 2024 began on a Monday
        hour = node.number("hour", low=0, high=23.99, default=12)
        day = WEEKDAYS.index(node.choice("weekday", WEEKDAYS, WEEKDAYS[0]))
        started_at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)
    previous = node.whole("previous_calls", low=0, high=1000) if "previous_calls" in node else None
    return CallMetadata(
        agent_id=node.text("agent_id") if "agent_id" in node else None,
        team=node.text("team") if "team" in node else None,
        queue=node.text("queue") if "queue" in node else None,
        line=node.text("line") if "line" in node else None,
        direction=next((d for d in get_args(Direction) if d == direction), None),
        started_at=started_at,
        previous_calls=previous,
    )


def _measures(node: Node, known: frozenset[str]) -> Measures:
    if "measures" not in node:
        return Measures()
    inner = node.node("measures")
    for name in inner.names():
        if name not in known:
            raise inner.error(f"no measure {name!r} here; {did_you_mean(name, known)}", name)
    return Measures(tuple(Measure(name, value) for name, value in inner.numbers()))


def view_of(example: Example) -> CallView:
    """The example as rules read it."""
    return CallView(facts_of(example), topics_of(example))


def topics_of(example: Example) -> tuple[TopicHit, ...]:
    """What the example says that it is about."""
    return tuple(TopicHit(topic, 1.0) for topic in example.topics)


def facts_of(example: Example) -> CallFacts:
    """The call that an example describes: sure roles, sure words, undamaged mono audio, no other measures."""
    utterances = tuple(_utterances(example.lines))
    length_s = example.duration_s or max((u.end_s for u in utterances), default=0.0) + 1.0
    return CallFacts(
        recording=Recording("example", "example.wav", "0" * 64, 0, example.metadata),
        audio=AudioFacts("pcm_s16le", "wav", 8000, 2, "stereo", length_s, length_s),
        turns=tuple(Turn(u.speaker, u.start_s, u.end_s) for u in utterances),
        utterances=utterances,
        events=tuple(_events(example.lines, utterances)),
        measures=example.measures,
        role_confidence=1.0,
        envelope=Envelope(0.05, ()),
        engine=EngineInfo("example", "example", (), (), ()),
        analyzed_at=datetime(2000, 1, 1, tzinfo=UTC),
    )


def _utterances(lines: tuple[Line, ...]) -> Iterator[Utterance]:
    now_s, index = 0.0, 0
    for line in lines:
        if line.silence_s is not None:
            now_s += line.silence_s - _GAP_S
            continue
        start_s = max(0.0, now_s - _GAP_S - line.cut_in_s) if line.cut_in_s else now_s
        start_s = start_s if line.at_s is None else line.at_s
        letters = [c for c in line.text if is_content(c)]
        duration_s = len(letters) * _SECONDS_PER_CHARACTER if line.duration_s is None else line.duration_s
        step = duration_s / max(len(letters), 1)
        words = tuple(Word(c, start_s + i * step, start_s + (i + 1) * step, 1.0) for i, c in enumerate(letters))
        end_s = start_s + duration_s
        yield Utterance(
            index, line.role, line.role, start_s, end_s, line.text, line.text, words, 1.0, measures=line.measures
        )
        now_s, index = end_s + _GAP_S, index + 1


def _events(lines: tuple[Line, ...], utterances: tuple[Utterance, ...]) -> Iterator[Event]:
    """The silences and interruptions of the lines; utterances are those of the lines with words, in order."""
    index = 0
    for line in lines:
        nxt = utterances[index] if index < len(utterances) else None
        before_s = utterances[index - 1].end_s if index else 0.0
        if line.silence_s is not None:
            role: Role = nxt.role if nxt else "unknown"
            yield Event(
                "silence", before_s, before_s + line.silence_s, role, nxt.index if nxt else None, line.silence_s
            )
            continue
        if line.cut_in_s and nxt is not None:
            yield Event("interruption", nxt.start_s, before_s, line.role, nxt.index, line.cut_in_s)
        index += 1
