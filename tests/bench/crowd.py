"""Ten reviewers at once, each in a tab of their own: list, search, open a call, decide on a finding, the next call.

Two paces. HARD: a call's four requests one right after the other, 0.5 to 2 s between calls; nobody who listens works
so, it is there to see what the server can bear. READING: 3 to 10 s before every request, a call every half minute or
so, 120 an hour; somebody who hears three-minute calls to their end does not come to twenty.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Protocol

from tests.bench.visitor import Visitor

RARE = ("三百二十块", "王先生您好", "投诉就投诉", "不归我管", "胸口疼", "改约到下周")
MEMORY_LOOKS = 12


@dataclass(frozen=True)
class Pace:
    """pause_s: the shortest and the longest pause; before every request, or after a call's four only."""

    name: str
    pause_s: tuple[float, float]
    before_every_request: bool


HARD = Pace("four requests in a row, 0.5 to 2 s between calls", (0.5, 2.0), before_every_request=False)
READING = Pace("3 to 10 s before every request", (3.0, 10.0), before_every_request=True)


@dataclass(frozen=True)
class Sample:
    """What is asked for: some calls with findings, the last month; and how much there is."""

    calls: tuple[str, ...]
    month: tuple[str, str]
    total: int
    utterances: int
    gigabytes: float


class Watched(Protocol):
    """A server whose use of processor and memory can be read."""

    address: str

    def cpu_s(self) -> float: ...

    def rss_mib(self) -> float: ...


@dataclass
class Crowd:
    """What they waited. waits_s: of every request. rss_mib: the server's memory, in equal steps of time."""

    pace: Pace
    waits_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    decisions: int = 0
    rss_mib: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0

    @property
    def p95_s(self) -> float:
        return quantiles(self.waits_s, n=20)[-1]


async def together(server: Watched, cookies: Sequence[str], asked: Sample, pace: Pace, seconds: float) -> Crowd:
    """Let them work for so long."""
    found = Crowd(pace)
    ends_s = time.monotonic() + seconds
    cpu_s, began_s = server.cpu_s(), time.monotonic()

    async def watch() -> None:
        while time.monotonic() < ends_s:
            found.rss_mib.append(server.rss_mib())
            await asyncio.sleep(max(1.0, seconds / MEMORY_LOOKS))

    work = (_reviewer(found, Visitor(server.address, c), asked, n, ends_s) for n, c in enumerate(cookies))
    done = await asyncio.gather(watch(), *work, return_exceptions=True)
    found.errors = [f"{type(e).__name__}: {e}" for e in done if isinstance(e, BaseException)]
    found.rss_mib.append(server.rss_mib())
    found.cpu_s, found.wall_s = server.cpu_s() - cpu_s, time.monotonic() - began_s
    return found


async def _reviewer(found: Crowd, visitor: Visitor, asked: Sample, number: int, ends_s: float) -> None:
    draw = random.Random(number)
    month = f"day={asked.month[0]}&day={asked.month[1]}"

    async def pause(*, due: bool) -> None:
        if due:
            await visitor.stay(draw.uniform(*found.pace.pause_s))

    async with visitor:
        while time.monotonic() < ends_s:
            call_id = asked.calls[draw.randrange(len(asked.calls))]
            for address in ("/calls", f"/calls?{month}&q={draw.choice(RARE)}", f"/call?call={call_id}"):
                await pause(due=found.pace.before_every_request)
                found.waits_s.append(await visitor.open(address))
            await pause(due=found.pace.before_every_request)
            if visitor.has("确认"):
                found.waits_s.append(await visitor.press("确认"))
                found.decisions += 1
            await pause(due=not found.pace.before_every_request)
