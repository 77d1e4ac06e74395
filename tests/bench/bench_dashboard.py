"""How fast the dashboard answers over a year of calls: 1 000 000 calls, 30 M utterances by default.

    python -m tests.bench.bench_dashboard [--calls N] [--home FOLDER] [--seconds 60]

Makes the store (see year_store; --home: one that is there, or is to be kept), serves it in a process of its own with
sign-in, and visits it over the web socket as a browser does (see visitor): every page in fresh tabs, what people do on
a page, searches over a month and over everything, then ten reviewers at once who list, search, open calls and decide
on findings, at two paces (see crowd). Seconds are from the request to the last message of the answer, without the
browser's drawing; beside them the server's processor seconds and the seconds spent in SQL. The first visit of a page in
a server's life is told apart; it comes when the server says that it is warm. Writes tests/bench/RESULTS_DASHBOARD.md
unless --no-page.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import duckdb
import psutil
from ruamel.yaml import YAML

from dashboards.auth import COOKIE
from pipeline.store.snapshot import current_snapshot
from pipeline.store.users import open_users
from tests.bench import dashboard_page, year_store
from tests.bench.crowd import HARD, RARE, READING, Sample, together
from tests.bench.dashboard_server import WARM
from tests.bench.visitor import PageError, Visitor

REVIEWERS = 10
REPEATS = 5
ROOT = Path(__file__).parents[2]
PAGES = ("overview", "agents", "calls", "call", "queue", "calibration", "training", "appeals", "rules", "runs", "users")


@dataclass
class Timing:
    """What one thing took, several times. limit_s: what it may take. cpu_s, sql_s: of the server, each time.

    kib: what the last answer came to.
    """

    name: str
    limit_s: float | None
    first_s: float | None = None
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    sql_s: list[float] = field(default_factory=list)
    kib: float = 0.0

    @property
    def median_s(self) -> float:
        return median(self.wall_s)

    @property
    def worst_s(self) -> float:
        return max(self.wall_s)

    @property
    def kept(self) -> bool:
        return self.limit_s is None or self.median_s <= self.limit_s


class Server:
    """The dashboard in a process of its own, with what its statements took.

    warm_s: how long after the first page could be asked for it had made ready what the first visitor would wait for.
    """

    def __init__(self, home: Path, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "tests.bench.dashboard_server", str(home), str(port), str(log)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http"), "the dashboard did not start"
        before_s = time.monotonic()
        assert self.process.stdout.readline().strip() == WARM
        self.warm_s = time.monotonic() - before_s
        self.log = log
        self._seen = psutil.Process(self.process.pid)

    def cpu_s(self) -> float:
        spent = self._seen.cpu_times()
        return spent.user + spent.system

    def rss_mib(self) -> float:
        return self._seen.memory_info().rss / 2**20

    def sql_s(self, since: float) -> float:
        lines = (json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines())
        return sum(line["seconds"] for line in lines if line["at"] >= since)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@contextmanager
def served(home: Path) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(home, Path(folder) / "sql.jsonl")
        try:
            yield server
        finally:
            server.stop()


def people(home: Path) -> tuple[str, ...]:
    """Cookies of an administrator and of ten reviewers; sign-in is switched on."""
    with (home / "callqa.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"auth": {"mode": "local"}}, file)
    names = ("boss", *(f"reviewer{n}" for n in range(REVIEWERS)))
    with open_users(home) as users:
        there = {user.name for user in users.users()}
        for name in names:
            if name not in there:
                users.add(name, name, "admin" if name == "boss" else "reviewer", by="bench", password="bench-bench-1")
        return tuple(f"{COOKIE}={users.start_session(name, 7200)}" for name in names)


def sample(home: Path) -> Sample:
    path = current_snapshot(home)
    assert path is not None
    with duckdb.connect(str(path), read_only=True) as connection:
        calls = connection.execute(
            "select call_id from calls where violated > 0 order by hash(call_id) limit 400"
        ).fetchall()
        total, last = connection.execute("select count(*), max(day) from call_facts").fetchone() or (0, "")
        (spoken,) = connection.execute("select count(*) from utterances").fetchone() or (0,)
    return Sample(tuple(c for (c,) in calls), (f"{last[:8]}01", last), total, spoken, path.stat().st_size / 1e9)


Answer = tuple[float, int]  # seconds, bytes


async def timed(server: Server, name: str, limit_s: float | None, act: Callable[[int], Awaitable[Answer]]) -> Timing:
    """act(n) does it for the n-th time; n = 0 is the first in the server's life."""
    found = Timing(name, limit_s)
    for number in range(REPEATS + 1):
        cpu_s, began = server.cpu_s(), time.time()
        wall_s, received = await act(number)
        await asyncio.sleep(0.05)
        if number == 0:
            found.first_s = wall_s
            continue
        found.kib = received / 1024
        found.wall_s.append(wall_s)
        found.cpu_s.append(server.cpu_s() - cpu_s)
        found.sql_s.append(server.sql_s(began))
    return found


async def one_by_one(server: Server, cookie: str, asked: Sample) -> list[Timing]:
    """Pages in fresh tabs, and what is done on them."""
    found: list[Timing] = []

    async def fresh(address: str) -> Answer:
        async with Visitor(server.address, cookie) as visitor:
            return await visitor.open(address), visitor.received_bytes

    for page in PAGES:
        address = "/" + page

        async def visit(number: int, page: str = page, address: str = address) -> Answer:
            return await fresh(f"/call?call={asked.calls[number]}" if page == "call" else address)

        try:
            found.append(await timed(server, f"page {page}", 2.0, visit))
        except PageError as error:
            print(f"page {page}: {error}", flush=True)
    month = f"day={asked.month[0]}&day={asked.month[1]}"
    searches = (
        ("search a month, frequent word", f"{month}&q=", 1.0, ("医保", "挂号", "报告", "电话", "预约", "检查")),
        ("search a month, rare words", f"{month}&q=", 1.0, RARE),
        (
            "search a month, typed pinyin",
            f"{month}&q=",
            1.0,
            ("yi bao", "gua hao", "bao gao", "dian hua", "yu yue", "jian cha"),
        ),
        ("search everything, frequent word", "q=", 5.0, ("医保", "挂号", "报告", "电话", "预约", "检查")),
        ("search everything, rare words", "q=", 5.0, RARE),
        (
            "search everything, typed pinyin",
            "q=",
            5.0,
            ("yi bao", "gua hao", "bao gao", "dian hua", "yu yue", "jian cha"),
        ),
        ("search everything, nothing found", "q=", 5.0, tuple(f"没有人说过这句{n}" for n in "甲乙丙丁戊己")),
    )
    for name, query, limit_s, words in searches:

        async def search(number: int, query: str = query, words: tuple[str, ...] = words) -> Answer:
            return await fresh(f"/calls?{query}{words[number]}")

        found.append(await timed(server, name, limit_s, search))
    async with Visitor(server.address, cookie) as visitor:
        await visitor.open("/calls")

        async def turn(_: int) -> Answer:
            before = visitor.received_bytes
            return await visitor.press("下一页"), visitor.received_bytes - before

        found.append(await timed(server, "list: next page", 0.5, turn))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument(
        "--home", type=Path, help="a store made by year_store; made there, and kept, when it is missing"
    )
    options.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        help="how long the ten are at work; three times as long where they read",
    )
    options.add_argument("--no-page", action="store_true")
    chosen = options.parse_args()
    home = chosen.home or Path(tempfile.mkdtemp(prefix="callqa-bench-dashboard-"))
    try:
        if current_snapshot(home) is None:
            year_store.make(home, chosen.calls)
        asked, cookies = sample(home), people(home)
        with served(home) as server:
            before_mib = server.rss_mib()
            timings = asyncio.run(one_by_one(server, cookies[0], asked))
            crowds = [
                asyncio.run(together(server, cookies[1:], asked, pace, seconds))
                for pace, seconds in ((HARD, chosen.seconds), (READING, 3 * chosen.seconds))
            ]
            warm_s = server.warm_s
    finally:
        if chosen.home is None:
            shutil.rmtree(home)
    busy = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    text = dashboard_page.page(asked, timings, crowds, before_mib, warm_s, cores=cores, load=busy)
    print(text)
    if not chosen.no_page:
        (Path(__file__).parent / "RESULTS_DASHBOARD.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
