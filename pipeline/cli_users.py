"""Commands on the people who may sign in to the dashboard: callqa user …"""

import getpass
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pipeline.cli_shared import console, settings_of
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.store.users import UserRole

user = typer.Typer(
    help="People who may sign in to the dashboard (auth.mode: local, proxy or oidc).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Name to sign in with: letters, digits, . _ @ + -")]
Role = Annotated[str, typer.Option(help="reviewer, supervisor, agent or admin.")]
AgentId = Annotated[str | None, typer.Option("--agent-id", help="Of an agent: whose calls they see.")]
PASSWORD = "CALLQA_PASSWORD"  # noqa: S105 - the name of a variable, no secret


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(user, name="user")


@user.command()
def add(
    context: typer.Context,
    name: Name,
    role: Role = "reviewer",
    display_name: Annotated[str, typer.Option("--display-name", help="As others read it; else the name.")] = "",
    agent_id: AgentId = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="Signs in at the proxy only.")] = False,
) -> None:
    """Add a user. The password is asked for (twice), or taken from CALLQA_PASSWORD; never from the command line."""
    from pipeline.store.users import open_users  # noqa: PLC0415 - argon2 takes a moment

    settings = settings_of(context)
    password = "" if no_password else _password(name)
    with open_users(settings.home) as users:
        added = users.add(name, display_name, _role(role), by=_by(), agent_id=agent_id, password=password)
    console().print(f"{added.name}: {added.role}", markup=False)
    if settings.auth.mode == "none":
        console().print("auth.mode is none: set auth.mode to local in callqa.yaml before anybody can sign in")


@user.command("list")
def list_(context: typer.Context) -> None:
    """Everybody, with role and state."""
    from pipeline.store.users import open_users  # noqa: PLC0415

    with open_users(settings_of(context).home) as users:
        everybody = users.users()
    table = Table("name", "display name", "role", "agent id", "signs in", box=None, pad_edge=False)
    for one in everybody:
        state = "no (disabled)" if one.disabled else "with password" if one.has_password else "at the proxy"
        table.add_row(one.name, one.display_name, one.role, one.agent_id or "", state)
    console().print(table if everybody else "no users yet: callqa user add NAME --role admin")


@user.command()
def role(context: typer.Context, name: Name, role: Annotated[str, typer.Argument()], agent_id: AgentId = None) -> None:
    """Give a user another role; it counts at once."""
    from pipeline.store.users import open_users  # noqa: PLC0415

    with open_users(settings_of(context).home) as users:
        changed = users.set_role(name, _role(role), by=_by(), agent_id=agent_id)
    console().print(f"{changed.name}: {changed.role}", markup=False)


@user.command()
def password(context: typer.Context, name: Name) -> None:
    """Set a new password and end the user's sessions."""
    from pipeline.store.users import open_users  # noqa: PLC0415

    with open_users(settings_of(context).home) as users:
        users.user(name)
        users.set_password(name, _password(name), by=_by())
    console().print(f"{name}: new password; open sessions have ended", markup=False)


@user.command()
def disable(context: typer.Context, name: Name) -> None:
    """Let a user in no more and end their sessions. What they decided stays under their name."""
    _set_disabled(context, name, disabled=True)


@user.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let a disabled user in again."""
    _set_disabled(context, name, disabled=False)


def _set_disabled(context: typer.Context, name: str, *, disabled: bool) -> None:
    from pipeline.store.users import open_users  # noqa: PLC0415

    with open_users(settings_of(context).home) as users:
        users.set_disabled(name, disabled=disabled, by=_by())
    console().print(f"{name}: {'disabled' if disabled else 'enabled'}", markup=False)


def _role(role: str) -> "UserRole":
    from pipeline.store.users import USER_ROLES  # noqa: PLC0415

    chosen = next((known for known in USER_ROLES if known == role), None)
    if chosen is None:
        raise ConfigError(f"role {role!r} is not known; it is one of {', '.join(USER_ROLES)}")
    return chosen


def _password(name: str) -> str:
    given = os.environ.get(PASSWORD)
    if given:
        return given
    if not sys.stdin.isatty():
        raise ConfigError(f"no password for {name}: run this in a terminal, or set {PASSWORD}")
    first = getpass.getpass(f"Password for {name}: ")
    if first != getpass.getpass("Once more: "):
        raise ConfigError("the two passwords differ; nothing was changed")
    return first


def _by() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return f"callqa user ({getpass.getuser()})"
    except (OSError, KeyError):
        return "callqa user"
