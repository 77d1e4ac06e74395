"""Every saved version of a call's form, newest first; nothing is ever overwritten."""

import streamlit as st

from dashboards.components.call_head import points
from dashboards.components.call_list import local_time
from dashboards.context import Context
from dashboards.data import CallView, Decisions
from dashboards.plain import escaped, plain
from pipeline.store.reviews import Review


def history(context: Context, view: CallView, decisions: Decisions) -> None:
    t = context.t
    if not decisions.forms:
        st.info(t("history.none"), icon=":material/history:")
        return
    names = {i["item_id"]: t.pick(i["name_zh"], i["name_en"]) for i in view.items.iter_rows(named=True)}
    for review in reversed(decisions.forms):
        _version(context, review, names)


def _version(context: Context, review: Review, names: dict[str, str]) -> None:
    t, form = context.t, review.form
    when = local_time(context.local(review.created_at))
    with st.container(border=True, gap="small", key=f"version-{review.version}"):
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.markdown(f"**{t('history.version', version=review.version)}**", width="content")
            st.markdown(f"**{points(form.total, t)}**", width="content")
        st.caption(f"{escaped(form.reviewer, 40)} · {when}")
        if form.comment:
            st.text(form.comment)
        for item in form.items:
            if item.overridden:
                left = t("score.not_applicable") if item.points is None else points(item.points, t)
                st.text(f"{plain(names.get(item.item_id, item.item_id), 40)}：{left}（{plain(item.reason, 200)}）")
