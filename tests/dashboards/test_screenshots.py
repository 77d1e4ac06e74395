"""A picture of every page of the menu, wide and narrow, as an administrator sees it; each fits its width.

The pictures lie in tests/dashboards/screenshots, to be looked at. A page that is new in dashboards/app.py is taken by
itself. While a page is drawn, every request of the browser is watched: none may leave this machine.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.conftest import SCREENSHOTS, running_dashboard
from tests.dashboards.walk import MenuPage, menu, open_page, people, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MAX_HEIGHT = 4000


@pytest.fixture(scope="module")
def guarded(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_dashboard(people(store, tmp_path_factory.mktemp("people"))) as address:
        yield address


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("where", menu(), ids=lambda page: page.name)
def test_every_page_fits_its_width_and_asks_nobody_else(chromium, guarded: str, where: MenuPage, width: int) -> None:
    size = {"width": width, "height": 900 if width > 600 else 844}
    context = chromium.new_context(viewport=size, locale="zh-CN", base_url=guarded)
    sign_in(context, "admin")
    page = context.new_page()
    outside: list[str] = []
    allowed = (guarded, guarded.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(allowed) else outside.append(request.url))
    open_page(page, where, "admin")
    page.wait_for_timeout(500)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(size["height"], height), MAX_HEIGHT)})
    page.wait_for_timeout(400)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{where.name}_{width}.png")
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    broken = page.locator("[data-testid=stException]").count()
    context.close()
    assert wide <= width, f"{where.name} is {wide} px wide on a screen of {width} px"
    assert outside == [], f"{where.name}: requests left this machine"
    assert broken == 0
