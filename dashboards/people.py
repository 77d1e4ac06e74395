"""用户 as pages need them: accounts, what administrators change of them, the audit log; with one user's rights."""

from pipeline.config.settings import Settings
from pipeline.store.accounts import Account, AuditFilter, AuditLine, open_accounts
from pipeline.store.passwords import temporary_password
from pipeline.store.users import User, UserRole, open_users


class People:
    """The users of a data folder. Every write asks for the right to manage in its own transaction."""

    def __init__(self, settings: Settings, user: User) -> None:
        self._settings = settings
        self._user = user

    @property
    def with_passwords(self) -> bool:
        """Whether people sign in with a password kept here."""
        return self._settings.auth.mode in ("local", "none")

    def accounts(self) -> tuple[Account, ...]:
        with open_accounts(self._settings.home) as accounts:
            return accounts.all(self._user)

    def add(self, name: str, display_name: str, role: UserRole, agent_id: str | None) -> str:
        """A new user. Returns their temporary password, empty where none is used."""
        password = temporary_password() if self.with_passwords else ""
        with open_users(self._settings.home) as users:
            users.add(
                name.strip(),
                display_name,
                role,
                by=self._user,
                agent_id=agent_id,
                password=password,
                temporary=bool(password),
            )
        return password

    def change(self, before: User, display_name: str, role: UserRole, agent_id: str | None) -> None:
        """Only what differs is written."""
        with open_users(self._settings.home) as users:
            if (role, agent_id) != (before.role, before.agent_id):
                users.set_role(before.name, role, by=self._user, agent_id=agent_id)
            if display_name.strip() and display_name.strip() != before.display_name:
                users.set_display_name(before.name, display_name, by=self._user)

    def set_disabled(self, name: str, *, disabled: bool) -> None:
        with open_users(self._settings.home) as users:
            users.set_disabled(name, disabled=disabled, by=self._user)

    def new_password(self, name: str) -> str:
        """A temporary password, to be told to the user; their sessions end."""
        password = temporary_password()
        with open_users(self._settings.home) as users:
            users.set_password(name, password, by=self._user, temporary=True)
        return password

    def end_sessions(self, name: str) -> None:
        with open_users(self._settings.home) as users:
            users.end_sessions(name, by=self._user)

    def log(self, wanted: AuditFilter, before: int | None, limit: int) -> tuple[AuditLine, ...]:
        with open_accounts(self._settings.home) as accounts:
            return accounts.log(self._user, wanted, before=before, limit=limit)
