"""用户: who may sign in as what, the settings that are safe to change, and who did what."""

import streamlit as st

from dashboards.components.account_panel import account_panel
from dashboards.components.audit_log import audit_log
from dashboards.components.safe_settings_form import safe_settings_form
from dashboards.components.saving import told
from dashboards.context import Context
from dashboards.people import People


def render(context: Context) -> None:
    t = context.t
    context.top.title(t("menu.users"), anchor=False)
    context.user.require("manage")
    people = People(context.settings, context.user)
    told()
    tabs = {
        "accounts": lambda: account_panel(context, people),
        "settings": lambda: safe_settings_form(context),
        "log": lambda: audit_log(context, people),
    }
    shown = st.tabs([t(f"users.tab_{name}") for name in tabs], key="users-tabs")
    for tab, show in zip(shown, tabs.values(), strict=True):
        with tab:
            show()
