"""批次: last nights, files that gave no call with the reason of each, what is published, and how the stores are."""

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.components.run_tables import health_panel, problem_files, runs_table
from dashboards.context import Context


def render(context: Context) -> None:
    t, data = context.t, context.data
    context.top.title(t("menu.runs"), anchor=False)
    info = data.info()
    st.caption(
        t(
            "runs.published",
            when=local_time(info["published_at"]),
            number=info["snapshot_id"],
            version=info["callqa_version"],
            rulebook=info["rulebook_version"] or "—",
        )
    )
    with st.container(horizontal=True):
        for state, count in data.file_states().items():
            st.metric(t.code("state", state), f"{count:,} {t('unit.files')}", border=True, width=147)
    st.subheader(t("runs.nights"), anchor=False)
    runs_table(context)
    st.subheader(t("runs.problems"), anchor=False)
    problem_files(context)
    st.subheader(t("runs.health"), anchor=False)
    health_panel(context)
