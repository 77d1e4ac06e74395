"""A store of as many synthetic calls as one likes, for measuring what only shows with many: thirty utterances a call.

Sentences come from the dialogues of audio_samples/ and tests/bench/dialogues. A thousand calls are put together from
them with words, times, measures, turns and events; each stored call is one of these with numbers, names and days of
its own in its words, another caller, agent and time, so that hardly two calls are alike.
"""

import json
import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path

import pyarrow as pa
from ruamel.yaml import YAML

from pipeline.model import CallFacts, Event, Recording, Role
from pipeline.sounds import encode
from pipeline.store import artefact, days
from pipeline.store.amend import replaced
from pipeline.store.columns import to_table
from pipeline.store.files import CALL_ID, GROUP_CALLS, artefacts_folder, facts_schema, write_groups
from pipeline.store.rows import column_at
from tests.builders import SHANGHAI, make_call_measures, make_facts, make_metadata, make_recording, make_utterance

UTTERANCES = 30
POOL_CALLS = 1_000
SWAPS = 100  # ways in which numbers, names and places of a sentence are changed
CALLS_A_DAY = 3_400
CALLERS = 40_000
FIRST_DAY = datetime(2026, 8, 1, 8, 0, tzinfo=SHANGHAI)
SLOTS = ("一二三四五六七八九", "王李张刘陈杨赵周吴郑", "东西南北")  # a character is changed for one beside it
WORD = re.compile(r".[，。？！、；：…]*", re.DOTALL)
Turns = list[tuple[Role, str]]


def fill(home: Path, calls: int, seed: int = 0) -> None:
    """Make a store of so many calls in files of many, CALLS_A_DAY a day, without judgements."""
    pool = artefact.facts_table(list(_pool(random.Random(seed))))
    swaps = [_swaps(random.Random(number)) for number in range(SWAPS)]
    for day, first in enumerate(range(0, calls, CALLS_A_DAY)):
        count = min(CALLS_A_DAY, calls - first)
        started = FIRST_DAY + timedelta(days=day)
        path = artefacts_folder(home) / started.date().isoformat() / days.DAY_FACTS
        path.parent.mkdir(parents=True)
        draw = random.Random(seed + first + 1)
        groups = (
            _group(pool, started, first + start, min(GROUP_CALLS, count - start), draw, swaps)
            for start in range(0, count, GROUP_CALLS)
        )
        write_groups(groups, path, facts_schema())


def dialogues() -> tuple[Turns, ...]:
    """The turns of every dialogue that lies in the repository, by role."""
    root = Path(__file__).parents[2]
    reader = YAML(typ="safe")
    found: list[Turns] = []
    for path in sorted((root / "audio_samples").glob("*.truth.json")):
        found.append([(t["role"], t["text"]) for t in json.loads(path.read_text(encoding="utf-8"))["turns"]])
    for path in sorted((root / "tests/bench/dialogues").glob("*.yaml")):
        turns = reader.load(path.read_text(encoding="utf-8"))["turns"]
        found.append([(role, t[role]) for t in turns for role in ("agent", "patient") if role in t])
    return tuple(turns for turns in found if len(turns) >= 8)


def _pool(draw: random.Random) -> Iterator[CallFacts]:
    sources = dialogues()
    for number in range(POOL_CALLS):
        frame, middle = draw.choice(sources), list[tuple[Role, str]]()
        while len(middle) < UTTERANCES - 8:
            source = draw.choice(sources)
            start = draw.randrange(2, len(source) - 4)
            middle += source[start : start + 4]
        yield _call(f"pool-{number}", frame[:4] + middle[: UTTERANCES - 8] + frame[-4:], draw)


def _call(call_id: str, turns: Turns, draw: random.Random) -> CallFacts:
    at_s, utterances = 1.0, []
    for index, (role, text) in enumerate(turns):
        length_s = len(text) / draw.uniform(3.2, 5.2)
        utterances.append(make_utterance(index, role, at_s, at_s + length_s, text, sounds=encode(text)))
        at_s += length_s + draw.uniform(0.1, 1.2)
    silence = Event("silence", at_s / 2, at_s / 2 + 9.0, "agent", UTTERANCES // 2, 9.0)
    measures = make_call_measures(spl_offset_db="uncalibrated_line")
    return make_facts(call_id, utterances=tuple(utterances), events=(silence,), measures=measures)


def _group(
    pool: pa.Table, day: datetime, first: int, count: int, draw: random.Random, swaps: list[dict[int, str]]
) -> pa.Table:
    """Calls from the pool, each with its own words and its own recording."""
    rows = pool.take(pa.array(draw.choices(range(pool.num_rows), k=count)))
    texts = column_at(rows, ("utterances", "text")).to_pylist()
    sounds = column_at(rows, ("utterances", "sounds")).to_pylist()
    for i, text in enumerate(texts):
        said = text.translate(draw.choice(swaps))
        if said != text:
            texts[i], sounds[i] = said, _encoded(said)
    words = list(chain.from_iterable(map(WORD.findall, texts)))
    for path, values in (
        (("utterances", "text"), texts),
        (("utterances", "raw_text"), texts),
        (("utterances", "sounds"), sounds),
        (("utterances", "words", "text"), words),
    ):
        rows = replaced(rows, path, lambda _, new=values: pa.array(new, pa.string()))
    recordings = [_recording(day, first + i, draw) for i in range(count)]
    struct = to_table(Recording, recordings).to_struct_array().combine_chunks()
    rows = rows.set_column(0, CALL_ID, pa.array([r.call_id for r in recordings], pa.string()))
    return rows.set_column(1, rows.schema.field(1), struct.cast(rows.schema.field(1).type))


@lru_cache(maxsize=200_000)  # to make sounds takes longer than all the rest
def _encoded(text: str) -> str:
    return encode(text)


def _swaps(draw: random.Random) -> dict[int, str]:
    return {ord(old): new for group in SLOTS for old, new in zip(group, draw.sample(group, len(group)), strict=True)}


def _recording(day: datetime, number: int, draw: random.Random) -> Recording:
    agent = draw.randrange(60)
    metadata = make_metadata(
        agent_id=f"8{agent:03d}",
        agent_name=f"坐席{agent}",
        team=f"{agent % 5}组",
        started_at=day + timedelta(seconds=draw.randrange(36_000)),
        caller_hash=f"{draw.randrange(CALLERS):032x}",
    )
    return make_recording(f"8{agent:03d}_预约挂号_{number:07d}", metadata=metadata)
