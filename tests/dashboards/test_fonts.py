"""Chinese is drawn with the bundled font, which is fetched from this server once and kept."""

from pathlib import Path

import pytest
import requests

from dashboards.fonts import FONTS_PATH, font_names
from tests.dashboards.walk import WAIT_MS, settled

FOLDER = Path(__file__).parents[2] / "dashboards/fonts"


def test_fonts_are_small_and_licensed() -> None:
    assert len(font_names()) == 2
    assert sum(path.stat().st_size for path in FOLDER.glob("*.woff2")) < 3_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.browser
def test_fonts_may_be_kept_for_a_year(served: str) -> None:
    address = served.rstrip("/") + FONTS_PATH
    answer = requests.get(address + font_names()[0], timeout=20)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "font/woff2"
    assert "immutable" in answer.headers["cache-control"]
    assert requests.get(f"{address}__init__.py", timeout=20).status_code == 404


@pytest.mark.browser
def test_chinese_is_drawn_with_the_bundled_font(page) -> None:
    page.goto("/")
    page.get_by_role("heading", name="总览").wait_for(timeout=WAIT_MS)
    settled(page)
    page.evaluate("document.fonts.ready.then(() => true)")
    browser = page.context.new_cdp_session(page)
    browser.send("DOM.enable")
    browser.send("CSS.enable")
    root = browser.send("DOM.getDocument")["root"]["nodeId"]
    heading = browser.send("DOM.querySelector", {"nodeId": root, "selector": "h1"})["nodeId"]
    fonts = browser.send("CSS.getPlatformFontsForNode", {"nodeId": heading})["fonts"]
    assert [(font["familyName"], font["isCustomFont"]) for font in fonts] == [("Noto Sans CJK SC", True)]
