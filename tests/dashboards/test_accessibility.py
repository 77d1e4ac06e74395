"""axe-core on every page of the menu, tab by tab: wide and light, narrow and dark.

One page: pytest tests/dashboards/test_accessibility.py -k PAGE      one role: -k "PAGE and admin"

Serious and critical violations fail. What Streamlit draws by itself, and no option of it changes, is left out by
`STREAMLIT_OWNED`, each with its reason.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from pipeline.store.users import User
from tests.dashboards.conftest import running_dashboard
from tests.dashboards.walk import AGENT_ID, MenuPage, menu, open_page, people, settled, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
GRAVE = ("serious", "critical")
SEEN_BY = ("admin", "agent")  # every page and every control between them: the others see a part of an admin's
LOOKS = ((1280, "light"), (390, "dark"))

# rule -> what the markup of a node that Streamlit owns holds, and why it is left out
STREAMLIT_OWNED: dict[str, tuple[tuple[str, str], ...]] = {}


@pytest.fixture(scope="module")
def guarded(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_dashboard(people(store, tmp_path_factory.mktemp("people"))) as address:
        yield address


def visits() -> list[tuple[str, MenuPage]]:
    found = []
    for role in SEEN_BY:
        user = User(role, role, role, AGENT_ID if role == "agent" else None)
        found += [(role, page) for page in menu() if page.ability is None or user.may(page.ability)]
    return found


@pytest.mark.parametrize(("role", "where"), visits(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_page_has_no_serious_violation(chromium, guarded: str, role: str, where: MenuPage) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", base_url=guarded)
    sign_in(context, role)
    page = context.new_page()
    found: list[str] = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        open_page(page, where, role)
        tabs = page.get_by_role("tab")
        for number in range(max(1, tabs.count())):
            if number:
                tabs.nth(number).click()
                settled(page)
            found += [f"{width} px, {scheme}, tab {number + 1}: {told}" for told in violations(page)]
    context.close()
    assert not found, "\n".join([f"{where.name} as {role}:", *dict.fromkeys(found)])


def violations(page) -> list[str]:
    """Serious and critical violations of what is shown now: rule, reason and markup of each node."""
    told = []
    for violation in Axe().run(page, options=OPTIONS).response["violations"]:
        if violation["impact"] not in GRAVE:
            continue
        excused = [marker for marker, _ in STREAMLIT_OWNED.get(violation["id"], ())]
        for node in violation["nodes"]:
            if not any(marker in node["html"] for marker in excused):
                told.append(
                    f"{violation['id']}: {node['failureSummary'].splitlines()[1].strip()}  {node['html'][:260]}"
                )
    return told
