"""A seeded store, the dashboard served in a process of its own, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config.settings import Settings, load_settings
from tests.dashboards.seed import seed

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"),
]
SCREENSHOTS = Path(__file__).parent / "screenshots"


def settings_for(home: Path, **dashboard: object) -> Settings:
    settings = load_settings(home)
    return settings.model_copy(update={"dashboard": settings.dashboard.model_copy(update=dashboard)})


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded data folder that no test writes to."""
    home = tmp_path_factory.mktemp("store")
    seed(home)
    return home


@pytest.fixture
def home(store: Path, tmp_path: Path) -> Path:
    """A copy of the seeded snapshot to write reviews into; the recordings stay where they are."""
    shutil.copytree(store / "snapshots", tmp_path / "snapshots")
    return tmp_path


@pytest.fixture(scope="session")
def served_home(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """The data folder of the served dashboard: a copy of the seeded snapshot."""
    home = tmp_path_factory.mktemp("served")
    shutil.copytree(store / "snapshots", home / "snapshots")
    return home


@pytest.fixture(scope="session")
def served(served_home: Path) -> Iterator[str]:
    """The address of a dashboard over `served_home`."""
    with running_dashboard(served_home) as address:
        yield address


class running_dashboard:  # noqa: N801 - reads as a verb: `with running_dashboard(home) as address`
    """Serves `home` in a process of its own while the block runs."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __enter__(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, "CALLQA_HOME": str(self.home)}
        command = [sys.executable, "-m", "tests.dashboards.serve", str(self.home), str(port)]
        self.process = subprocess.Popen(
            command, cwd=Path(__file__).parents[2], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        assert line.startswith("http://127.0.0.1:"), f"the dashboard did not start: {line!r}"
        return line

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium under Playwright; skipped without it, failing where everything is required."""
    if not CHROMIUM.exists():
        if os.environ.get("CALLQA_REQUIRE_ALL") == "1":
            pytest.fail(f"{CHROMIUM} is missing and CALLQA_REQUIRE_ALL=1; install the Debian package chromium")
        pytest.skip(f"{CHROMIUM} is missing; install the Debian package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, served: str):
    """A page of 1280 × 900; a request that leaves loopback, or an error of a script, fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", base_url=served)
    page = context.new_page()
    outside: list[str] = []
    broken: list[str] = []
    allowed = (served, served.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(allowed) else outside.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    context.close()
    assert outside == [], "requests left this machine"
    assert broken == [], "a script of the page failed"
