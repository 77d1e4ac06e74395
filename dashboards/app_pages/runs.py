"""批次: what is published, and the files that gave no call, with the reason of each."""

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.context import Context
from dashboards.plain import plain


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
    states = data.file_states()
    with st.container(horizontal=True):
        for state, count in states.items():
            st.metric(t.code("state", state), f"{count:,} {t('unit.files')}", border=True, width=147)
    st.subheader(t("runs.problems"), anchor=False)
    files = data.problem_files()
    if files.is_empty():
        st.success(t("runs.no_problems"), icon=":material/check_circle:")
        return
    for row in files.iter_rows(named=True):
        with st.container(border=True):
            name, state = st.container(horizontal=True, vertical_alignment="center"), row["state"]
            with name:
                st.badge(t.code("state", state), color="red" if state in ("failed", "quarantined") else "gray")
                st.text(plain(row["file_name"], 120))
            st.text(plain(row["reason"], 600) or t("common.none"))
            st.caption(t("runs.tried", count=row["attempts"], when=local_time(row["updated_at"])))
