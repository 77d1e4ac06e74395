"""Accounts: a list, one account with what can be done about it, and a new one."""

from typing import Any

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.people import People
from dashboards.plain import escaped, plain
from pipeline.store.accounts import Account
from pipeline.store.users import USER_ROLES, User


def account_panel(context: Context, people: People) -> None:
    t = context.t
    accounts = people.accounts()
    if context.settings.auth.mode != "local":
        st.info(t(f"users.mode_{context.settings.auth.mode}"), icon=":material/info:")
    _told_password(context)
    if accounts:
        st.dataframe([_row(context, account) for account in accounts], hide_index=True, width="stretch")
        names = {account.user.name: account for account in accounts}
        chosen = st.selectbox(
            t("users.choose"),
            list(names),
            None,
            format_func=lambda name: f"{plain(names[name].user.display_name, 30)} · {name}",
            key="chosen-user",
            placeholder=t("users.choose_hint"),
        )
        if chosen:
            _account(context, people, names[chosen])
    else:
        st.info(t("users.none"), icon=":material/group:")
    with st.expander(t("users.new"), icon=":material/person_add:", expanded=not accounts):
        _new(context, people)


def _row(context: Context, account: Account) -> dict[str, Any]:
    t, user = context.t, account.user
    last = local_time(context.local(account.last_sign_in)) if account.last_sign_in else t("users.never")
    return {
        t("sign_in.name"): plain(user.name, 64),
        t("users.display_name"): plain(user.display_name, 40),
        t("users.role"): t.code("user_role", user.role),
        t("users.agent_id"): plain(user.agent_id, 40),
        t("users.state"): _state(context, user),
        t("users.last"): last,
        t("users.sessions"): account.sessions,
    }


def _state(context: Context, user: User) -> str:
    if user.disabled:
        return context.t("users.disabled")
    return context.t("users.temporary" if user.password_temporary else "users.enabled")


def _account(context: Context, people: People, account: Account) -> None:
    t, user = context.t, account.user
    with st.container(border=True, key="account"):
        st.markdown(f"**{escaped(user.display_name, 40)}** · {escaped(user.name, 64)}")
        keys = {part: f"account-{user.name}-{part}" for part in ("display", "role", "agent")}
        first, second, third = st.columns(3)
        first.text_input(t("users.display_name"), user.display_name, key=keys["display"], max_chars=60)
        _role(context, second, keys["role"], user.role)
        third.text_input(
            t("users.agent_id"), user.agent_id or "", key=keys["agent"], max_chars=60, help=t("users.agent_help")
        )
        with st.container(horizontal=True):
            st.button(
                t("users.save"),
                type="primary",
                key="save-account",
                on_click=_change,
                args=(context, people, user, keys),
            )
            if people.with_passwords:
                st.button(t("users.new_password"), key="new-password", on_click=_password, args=(context, people, user))
            st.button(
                t("users.end_sessions"),
                key="end-sessions",
                disabled=not account.sessions,
                on_click=_end_sessions,
                args=(context, people, user),
            )
            st.button(
                t("users.enable" if user.disabled else "users.disable"),
                key="toggle-account",
                on_click=_toggle,
                args=(context, people, user),
            )


def _new(context: Context, people: People) -> None:
    t = context.t
    with st.form("new-user", border=False, clear_on_submit=False):
        first, second = st.columns(2)
        first.text_input(t("sign_in.name"), key="new-name", max_chars=64, help=t("users.name_help"))
        second.text_input(t("users.display_name"), key="new-display", max_chars=60)
        third, fourth = st.columns(2)
        _role(context, third, "new-role", "reviewer")
        fourth.text_input(t("users.agent_id"), key="new-agent", max_chars=60, help=t("users.agent_help"))
        st.form_submit_button(
            t("users.add"), type="primary", icon=":material/person_add:", on_click=_add, args=(context, people)
        )


def _role(context: Context, place: Any, key: str, role: str) -> None:
    place.selectbox(
        context.t("users.role"),
        USER_ROLES,
        list(USER_ROLES).index(role),  # type: ignore[arg-type]
        format_func=lambda code: context.t.code("user_role", code),
        key=key,
    )


def _agent_id(role: str, typed: str) -> str | None:
    return typed.strip() or None if role == "agent" else None


def _add(context: Context, people: People) -> None:
    state = st.session_state
    name, role = state["new-name"], state["new-role"]
    made: list[str] = []
    done = save(
        context,
        lambda: made.append(people.add(name, state["new-display"], role, _agent_id(role, state["new-agent"]))),
        context.t("users.saved"),
    )
    if done:
        _keep_password(name, made[0])
        for key in ("new-name", "new-display", "new-agent"):
            state[key] = ""


def _change(context: Context, people: People, user: User, keys: dict[str, str]) -> None:
    state = st.session_state
    role = state[keys["role"]]
    agent_id = _agent_id(role, state[keys["agent"]])
    save(context, lambda: people.change(user, state[keys["display"]], role, agent_id), context.t("users.saved"))


def _password(context: Context, people: People, user: User) -> None:
    made: list[str] = []
    if save(context, lambda: made.append(people.new_password(user.name)), context.t("users.saved")):
        _keep_password(user.name, made[0])


def _end_sessions(context: Context, people: People, user: User) -> None:
    save(context, lambda: people.end_sessions(user.name), context.t("users.saved"))


def _toggle(context: Context, people: People, user: User) -> None:
    save(context, lambda: people.set_disabled(user.name, disabled=not user.disabled), context.t("users.saved"))


def _keep_password(name: str, password: str) -> None:
    if password:
        st.session_state["told-password"] = (name, password)


def _told_password(context: Context) -> None:
    """A new temporary password, shown once."""
    kept = st.session_state.pop("told-password", None)
    if kept:
        with st.container(border=True, key="temporary-password"):
            st.markdown(escaped(context.t("users.temporary_for", name=kept[0]), 200))
            st.code(kept[1], language=None)
            st.caption(context.t("users.temporary_help"))
