"""The findings of a call: evidence, the second to listen to, confirm or reject."""

from typing import Any

import streamlit as st

from dashboards.components.player import seek
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.data import CallView, Decisions
from dashboards.plain import clock, plain
from pipeline.store.reviews import VerdictKind

SEVERITY_COLOURS = {"red_line": "red", "major": "orange", "minor": "yellow", "info": "gray"}
VERDICTS: tuple[tuple[VerdictKind, str], ...] = (("confirm", ":material/check:"), ("reject", ":material/close:"))
STATUS_COLOURS = {"remedied": "green", "satisfied": "green", "review": "blue"}


def findings_panel(context: Context, view: CallView, decisions: Decisions) -> None:
    """Open findings first; what was done right lies folded below."""
    t = context.t
    rows = list(view.findings.iter_rows(named=True))
    to_judge = [f for f in rows if f["status"] in ("violated", "review")]
    others = [f for f in rows if f["status"] not in ("violated", "review")]
    done = sum(f["finding_key"] in decisions.verdicts for f in to_judge)
    if to_judge:
        st.caption(t("findings.progress", done=done, count=len(to_judge)))
    else:
        st.success(t("findings.none"), icon=":material/check_circle:")
    for finding in to_judge:
        _card(context, view.call_id, finding, decisions)
    if others:
        dropped = sum(f["status"] == "dropped" for f in others)
        text = "findings.others_dropped" if dropped else "findings.others"
        with st.expander(t(text, count=len(others), dropped=dropped)):
            for finding in others:
                _card(context, view.call_id, finding, decisions)


def _card(context: Context, call_id: str, finding: dict[str, Any], decisions: Decisions) -> None:
    t, key, status = context.t, finding["finding_key"], finding["status"]
    verdict = decisions.verdicts.get(key)
    with st.container(border=True, key=f"finding-{key}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t.code('family', finding['family'])}**", width="content")
            st.badge(t.code("status", status), color=STATUS_COLOURS.get(status, "orange"))  # type: ignore[arg-type]
            severity = finding["severity"]
            st.badge(t.code("severity", severity), color=SEVERITY_COLOURS[severity])  # type: ignore[arg-type]
            if finding["points_deducted"]:
                st.badge(f"−{finding['points_deducted']:g} {t('unit.points')}", color="red")
        st.text(evidence(context, finding))
        if finding["note"]:
            st.text(t("findings.note", note=plain(finding["note"], 200)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            listen_button(context, call_id, finding, place="finding")
            for kind, icon in VERDICTS if context.user.may("review") else ():
                chosen = verdict is not None and verdict.verdict == kind
                st.button(
                    t.code("verdict", kind) if chosen else t(f"findings.{kind}"),
                    key=f"{kind}-{key}",
                    type="primary" if chosen else "secondary",
                    icon=icon,
                    on_click=_decide,
                    args=(context, call_id, key, "withdraw" if chosen else kind, decisions.verdict_versions.get(key)),
                )
        if verdict:
            st.caption(t("findings.by", who=plain(verdict.reviewer, 40), version=verdict.version))


def evidence(context: Context, finding: dict[str, Any]) -> str:
    """The words; before them the measured value beside its limit, where there is a limit."""
    t = context.t
    words = plain(finding["evidence"], 300)
    if finding["value"] is None or not finding["limit_value"]:
        return words
    unit = t.code("unit", finding["unit"]) if finding["unit"] else ""
    value = f"{finding['value']:.1f} {unit}".strip()
    limit = f"{finding['limit_value']:g} {unit}".strip()
    return f"{t('findings.measured', value=value, limit=limit)}\n{words}".strip()


def listen_button(context: Context, call_id: str, finding: dict[str, Any], *, place: str) -> None:
    """Plays a finding's second; without a second there is nothing to play, and it says so."""
    start = finding["start_s"]
    if start is None:
        st.caption(context.t("findings.whole_call"))
        return
    st.button(
        clock(start),
        key=f"listen-{place}-{finding['finding_key']}",
        icon=":material/play_arrow:",
        help=context.t("findings.listen"),
        on_click=seek,
        args=(call_id, start),
    )


def _decide(context: Context, call_id: str, key: str, verdict: VerdictKind, based_on: int | None) -> None:
    save(context, lambda: context.data.add_verdict(call_id, key, verdict, context.reviewer, based_on))
