"""规则: the rulebook to read, a bench to try it on, drafts, and what reviewers say of each rule."""

import streamlit as st

from dashboards.components.rule_address import kept
from dashboards.components.rule_draft import rule_draft
from dashboards.components.rule_figures import verdict_table, version_list
from dashboards.components.rule_list import rule_list
from dashboards.components.rule_trial import rule_trial
from dashboards.context import Context
from dashboards.rule_cards import active_judge, cards


def render(context: Context) -> None:
    t = context.t
    context.top.title(t("menu.rules"), anchor=False)
    judge = active_judge(context.settings)
    shown = cards(judge, t)
    st.caption(t("rules.about", count=len(shown), version=judge.version))
    sections = ["read", "try", *(["draft"] if context.user.may("assign") else []), "verdicts", "versions"]
    chosen = st.segmented_control(
        t("rules.sections"),
        sections,
        format_func=lambda name: t(f"rules.section.{name}"),
        label_visibility="collapsed",
        required=True,
        **kept("view", sections, default="read"),
    )
    if chosen == "try":
        rule_trial(context, judge, shown)
    elif chosen == "draft":
        rule_draft(context)
    elif chosen == "verdicts":
        verdict_table(context, shown)
    elif chosen == "versions":
        version_list(context, judge.version)
    else:
        rule_list(context, shown)
