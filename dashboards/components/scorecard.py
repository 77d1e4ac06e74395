"""The automatic scorecard: each section, each item, and the finding behind every deduction."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.components.call_head import points
from dashboards.components.findings_panel import evidence, listen_button
from dashboards.context import Context
from dashboards.data import CallView
from dashboards.plain import escaped


def scorecard(context: Context, view: CallView) -> None:
    t = context.t
    if view.items.is_empty():
        st.info(t("score.none"), icon=":material/help:")
        return
    findings = {f["finding_key"]: f for f in view.findings.iter_rows(named=True)}
    for (_, zh, en), items in view.items.group_by(["section_id", "section_zh", "section_en"], maintain_order=True):
        _section(context, view, t.pick(str(zh), str(en)), items, findings)
    st.caption(t("score.made_with", card=view.head["scorecard_id"], version=view.head["scorecard_version"]))


def _section(
    context: Context, view: CallView, name: str, items: pl.DataFrame, findings: dict[str, dict[str, Any]]
) -> None:
    t = context.t
    head = items.row(0, named=True)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{escaped(name)}**", width="content")
            st.markdown(f"**{_of(head['section_points'], head['section_points_max'], t)}**", width="content")
        for item in items.iter_rows(named=True):
            _item(context, view, item, findings)


def _item(context: Context, view: CallView, item: dict[str, Any], findings: dict[str, dict[str, Any]]) -> None:
    t = context.t
    name = escaped(t.pick(item["name_zh"], item["name_en"]))
    if item["fatal"]:
        name += f" :red-badge[{t('score.fatal')}]"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(name, width="content")
        shown = not_applicable(context, item["reason"])
        if item["points"] is not None:
            shown = _of(item["points"], item["points_max"], t)
        st.markdown(f":gray[{shown}]" if item["points"] is None else shown, width="content")
    if item["status"] == "review":
        st.caption(t("score.waits"))
    for number, deduction in enumerate(item["deductions"] or []):
        finding = findings.get(deduction["finding_key"])
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
            st.badge(f"−{deduction['points']:g} {t('unit.points')}", color="red")
            if finding is None:
                st.caption(t("score.evidence_gone"))
                continue
            listen_button(context, view.call_id, finding, place=f"{item['item_id']}-{number}")
            st.text(evidence(context, finding), width="stretch")


def not_applicable(context: Context, reason: str | None) -> str:
    """不适用, with why."""
    t = context.t
    return escaped(f"{t('score.not_applicable')} · {t.code('reason', reason)}" if reason else t("score.not_applicable"))


def _of(points_left: float | None, points_max: float, t: Any) -> str:
    return t("score.not_applicable") if points_left is None else f"{points_left:g} / {points(points_max, t)}"
