"""What the tests that visit every page share: the menu, somebody of each role, and a browser that is signed in."""

import ast
import shutil
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.store.users import UserRole, open_users
from tests.dashboards.seed import APPOINTMENT_CALL, COMPLAINT_CALL

PASSWORD = "a-long-enough-one"
WAIT_MS = 20_000
APP = Path(__file__).parents[2] / "dashboards/app.py"
ROLES: tuple[UserRole, ...] = ("agent", "reviewer", "supervisor", "admin")
AGENT_ID = "8023"  # whose call APPOINTMENT_CALL is


@dataclass(frozen=True, slots=True)
class MenuPage:
    """A line of `PAGES` in dashboards/app.py. ability: what a user needs to open it."""

    name: str
    ability: str | None

    def address(self, role: str) -> str:
        """Where it is; the page of one call needs a call that the role may see."""
        call = APPOINTMENT_CALL if role == "agent" else COMPLAINT_CALL
        return f"/call?call={call}" if self.name == "call" else f"/{self.name}"


def menu() -> tuple[MenuPage, ...]:
    """Every page, read from the source of the router, which cannot be imported without being run."""
    for node in ast.walk(ast.parse(APP.read_text(encoding="utf-8"))):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "PAGES":
            rows = [row.elts for row in node.value.elts]
            return tuple(MenuPage(row[0].value, row[3].value) for row in rows)
    raise AssertionError(f"{APP} holds no PAGES")


def people(store: Path, home: Path) -> Path:
    """A copy of the seeded store with sign-in and somebody of each role, named as the role."""
    shutil.copytree(store / "snapshots", home / "snapshots")
    with (home / "callqa.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"auth": {"mode": "local"}, "review": {"appeal_days": 36_500}}, file)
    with open_users(home) as users:
        for role in ROLES:
            agent_id = AGENT_ID if role == "agent" else None
            users.add(role, f"{role} 某", role, by="test", agent_id=agent_id, password=PASSWORD)
    return home


def sign_in(context, role: str) -> None:
    """Give a browser context of Playwright the session of a role's user."""
    address = context.request.get("/sign-in").url.removesuffix("/sign-in")
    values = {"name": role, "password": PASSWORD, "next": "/"}
    done = context.request.post("/sign-in", form=values, headers={"origin": address}, max_redirects=0)
    assert done.status == 303, done.text()


def settled(page) -> None:
    """Wait until the page has been drawn and the server is not at work."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)
    page.locator("[data-testid=stMain] h1, [data-testid=stMain] [data-testid=stAlert]").first.wait_for(timeout=WAIT_MS)
    page.wait_for_timeout(700)  # charts and components are drawn after the page has settled
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)


def open_page(page, where: MenuPage, role: str) -> None:
    page.goto(where.address(role))
    settled(page)
