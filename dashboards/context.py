"""What every page is given: settings, data, texts, and who is at work."""

import time
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from dashboards.auth import user_of
from dashboards.cases import Cases
from dashboards.data import Data, data_of
from dashboards.i18n import Language, Translator, translator
from dashboards.links import audio_token, signing_key
from dashboards.safe_settings import with_safe_changes
from dashboards.server import SETTINGS_SECRET
from pipeline.config.settings import Settings, load_settings
from pipeline.store.users import PermissionDeniedError, User


@dataclass(frozen=True, slots=True)
class Context:
    """One run of one page. top: where the page writes its title, beside the language switch."""

    settings: Settings
    data: Data
    t: Translator
    user: User
    reviewer: str
    dark: bool
    top: Any

    def local(self, at: datetime) -> datetime:
        """An instant in the settings' zone."""
        return at.astimezone(ZoneInfo(self.settings.metadata.timezone))

    def require_same_user(self) -> None:
        """Raises PermissionDeniedError when whoever is asking now is not this page's user with this page's role."""
        now = user_of(self.settings, st.context.headers, st.context.ip_address)
        if now is None or (now.name, now.role, now.agent_id) != (self.user.name, self.user.role, self.user.agent_id):
            raise PermissionDeniedError(f"{self.user.name} is signed in no more, or may do something else now; reload")

    @property
    def today(self) -> date:
        """The day in the settings' zone."""
        return datetime.now(ZoneInfo(self.settings.metadata.timezone)).date()

    @property
    def cases(self) -> Cases:
        return Cases(self.data)

    def audio_url(self, sha256: str) -> str:
        """A signed address of the recording with this content, the same over reruns."""
        key = signing_key(self.settings.home)
        return f"/audio/{audio_token(key, sha256, time.time(), self.settings.dashboard.audio_link_s, self.user.name)}"


def current_settings() -> Settings:
    """The settings that `serve` was given, else those of the environment (`streamlit run`, tests).

    What administrators may change on their page counts from the next run on.
    """
    try:
        given = st.secrets.get(SETTINGS_SECRET)
    except StreamlitSecretNotFoundError:
        given = None
    return with_safe_changes(_given(given)) if given else load_settings()


@lru_cache(maxsize=4)
def _given(settings_json: str) -> Settings:
    return Settings.model_validate_json(settings_json)


def make_context(settings: Settings, language: Language, user: User, reviewer: str, top: Any) -> Context:
    """user: whose rights count. reviewer: the name kept with decisions; the user's own where people sign in."""
    return Context(
        settings=settings,
        data=data_of(settings).seen_by(user),
        t=translator(language),
        user=user,
        reviewer=reviewer,
        dark=st.context.theme.type == "dark",
        top=top,
    )
