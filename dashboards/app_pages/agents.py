"""坐席: everybody side by side, one agent's profile, the daily and the weekly sheet; an agent sees their own."""

import streamlit as st

from dashboards.agent_figures import Agents
from dashboards.coaching import Coaching
from dashboards.components.agent_profile import profile_charts, profile_figures
from dashboards.components.agent_sheets import daily_sheet, weekly_sheet
from dashboards.components.agent_table import ranking_table
from dashboards.components.chrome import go
from dashboards.components.coaching_panel import coaching_panel
from dashboards.components.filters import whole_days
from dashboards.components.scope_filter import scope_filter
from dashboards.context import Context
from dashboards.plain import escaped

VIEWS = ("ranking", "daily", "weekly")


def render(context: Context) -> None:
    agents = Agents(context.data)
    agent_id = st.query_params.get("agent") if context.user.may("see_all") else context.user.agent_id
    if agent_id is None:
        _everybody(context, agents)
    else:
        _profile(context, agents, agent_id)


def _everybody(context: Context, agents: Agents) -> None:
    t, options = context.t, context.data.filter_options()
    context.user.require("see_all")
    context.top.title(t("menu.agents"), anchor=False)
    view = st.segmented_control(
        t("agents.view"),
        VIEWS,
        default=VIEWS[0],
        required=True,
        format_func=lambda code: t(f"agents.view_{code}"),
        key="agents-view",
        label_visibility="collapsed",
    )
    scope = scope_filter(context, options, days=view == "ranking")
    whole = whole_days(options)
    if view == "ranking":
        ranking = agents.ranking(scope)
        if not ranking.rows:
            st.info(t("agents.none"), icon=":material/group_off:")
            return
        chosen = ranking_table(context, ranking, scope)
        if chosen is not None:
            go("agents", **scope.address(agent=chosen))
    elif whole is None:
        st.info(t("overview.undated"), icon=":material/event_busy:")
    else:
        (daily_sheet if view == "daily" else weekly_sheet)(context, agents, scope, whole)


def _profile(context: Context, agents: Agents, agent_id: str) -> None:
    t, options = context.t, context.data.filter_options()
    named = {a["agent_id"]: a["agent_name"] for a in options["agents"]}
    context.top.title(escaped(f"{named.get(agent_id, '')} {agent_id}", 60), anchor=False)
    if context.user.may("see_all") and st.button(t("agents.back"), icon=":material/arrow_back:", type="tertiary"):
        go("agents")
    scope = scope_filter(context, options, parts=())
    profile = agents.profile(agent_id, scope)
    head = profile.head()
    if head is None:
        st.info(t("agents.no_calls"), icon=":material/filter_alt_off:")
    else:
        profile_figures(context, profile, head)
    coaching_panel(context, Coaching(context.data, agent_id), tuple(options["families"]))
    if head is not None:
        profile_charts(context, profile, head)
