"""What became of a call: saved forms, verdicts and corrections, newest first; nothing is ever overwritten."""

import streamlit as st

from dashboards.components.call_actions import withdraw
from dashboards.components.call_head import points
from dashboards.components.call_list import local_time
from dashboards.components.opened import Opened
from dashboards.context import Context
from dashboards.plain import clock, escaped, plain
from pipeline.store.corrections import Correction, holding
from pipeline.store.reviews import Review, Verdict


def history(context: Context, opened: Opened) -> None:
    t, decisions = context.t, opened.decisions
    if not (decisions.forms or opened.history or decisions.verdict_history or opened.extras.notes):
        st.info(t("history.none"), icon=":material/history:")
        return
    names = {i["item_id"]: t.pick(i["name_zh"], i["name_en"]) for i in opened.view.items.iter_rows(named=True)}
    for review in reversed(decisions.forms):
        _version(context, review, names)
    if opened.history:
        st.subheader(t("history.corrections"), anchor=False)
        held = {c.number for c in holding(opened.history)}
        for correction in reversed(opened.history):
            _correction(context, opened, correction, holds=correction.number in held)
    if decisions.verdict_history:
        st.subheader(t("history.verdicts"), anchor=False)
        families = {f["finding_key"]: f["family"] for f in opened.view.findings.iter_rows(named=True)}
        for verdict in reversed(decisions.verdict_history):
            st.text(_verdict(context, verdict, families.get(verdict.finding_key)))
    if opened.extras.notes:
        st.subheader(t("history.notes"), anchor=False)
        for note in reversed(opened.extras.notes):
            gone = f"（{t('history.withdrawn')}）" if note.withdrawn else ""
            when = local_time(context.local(note.created_at))
            st.text(f"{clock(note.at_s)} {plain(note.who, 40)} · {when}{gone}\n{note.text}")


def _verdict(context: Context, verdict: Verdict, family: str | None) -> str:
    t = context.t
    what = t.code("family", family) if family else plain(verdict.finding_key, 60)
    when = local_time(context.local(verdict.created_at))
    return f"{what}：{t.code('verdict', verdict.verdict)} · {plain(verdict.reviewer, 40)} · {when}"


def _correction(context: Context, opened: Opened, correction: Correction, *, holds: bool) -> None:
    t, change = context.t, correction.change
    when = local_time(context.local(correction.created_at))
    with st.container(border=True, gap="small", key=f"correction-{correction.number}"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{t('correction.' + change.kind)}** · {correction.number}", width="content")
            st.caption(f"{escaped(correction.who, 40)} · {when}", width="content")
        if change.kind == "text":
            st.text(f"{plain(change.heard, 300)} → {plain(change.text, 300)}")
        elif change.kind == "role":
            st.text(f"{plain(change.heard, 300)} → {t.code('role', change.role)}")
        elif change.kind == "withdraw":
            st.text(t("correction.withdraws", number=change.withdraws))
        if holds and context.user.may("review"):
            st.button(
                t("correction.take_back"),
                key=f"take-back-{correction.number}",
                type="tertiary",
                icon=":material/undo:",
                on_click=withdraw,
                args=(context, opened, correction.number),
            )


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
