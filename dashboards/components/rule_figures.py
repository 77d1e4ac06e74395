"""What reviewers say of each rule, and which versions of the rulebook there are."""

import polars as pl
import streamlit as st

from dashboards.context import Context
from dashboards.plain import plain
from dashboards.rule_cards import RuleCard
from dashboards.rule_verdicts import rule_verdicts
from pipeline.rulebooks import versions


def verdict_table(context: Context, cards: tuple[RuleCard, ...]) -> None:
    """Rules by how often reviewers find them wrong."""
    t = context.t
    names = {card.rule_id: card.name for card in cards}
    found = rule_verdicts(context.data)
    st.caption(t("rules.verdicts_help"))
    if not found:
        st.info(t("rules.no_verdicts"), icon=":material/how_to_reg:")
        return
    table = pl.DataFrame(
        {
            t("rules.rule"): [plain(names.get(r.rule_id, r.rule_id), 60) for r in found],
            t("rules.decided"): [r.confirmed + r.rejected for r in found],
            t("rules.confirmed"): [r.confirmed for r in found],
            t("rules.rejected"): [r.rejected for r in found],
            t("rules.precision"): [100 * r.precision.value for r in found],
            t("rules.interval"): [
                f"{100 * (r.precision.low or 0):.0f}–{100 * (r.precision.high or 0):.0f} %" for r in found
            ],
            "ID": [r.rule_id for r in found],
        }
    )
    bar = st.column_config.ProgressColumn(t("rules.precision"), min_value=0, max_value=100, format="%.0f %%")
    st.dataframe(table, hide_index=True, column_config={t("rules.precision"): bar}, width="stretch")


def version_list(context: Context, active: str) -> None:
    """The version in force and those kept, the latest first."""
    t = context.t
    st.text(t("rules.active_is", version=active))
    kept = versions(context.settings.home)
    if kept:
        table = pl.DataFrame(
            {
                t("rules.version"): [one.version for one in kept],
                t("rules.kept_at"): [context.local(one.kept_at).strftime("%Y-%m-%d %H:%M") for one in kept],
                t("rules.by_callqa"): [one.callqa_version for one in kept],
                t("rules.files"): [one.rule_files for one in kept],
                t("rules.state"): [t("rules.active") if one.version == active else "" for one in kept],
            }
        )
        st.dataframe(table, hide_index=True, width="stretch")
    else:
        st.info(t("rules.no_versions"), icon=":material/history:")
    st.caption(t("rules.how_to_activate"))
    st.code("callqa rules activate FOLDER|VERSION|shipped\ncallqa recheck", language=None)
