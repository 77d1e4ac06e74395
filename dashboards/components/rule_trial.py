"""The test bench: a dialogue typed in, or a stored call, and which rule hits where and why."""

import streamlit as st

from dashboards.components.chrome import go
from dashboards.components.rule_list import SEVERITY_COLOURS
from dashboards.context import Context
from dashboards.plain import clock, escaped
from dashboards.rule_bench import MAX_DIALOGUE_CHARACTERS, Trial, try_call, try_dialogue
from dashboards.rule_cards import RuleCard
from pipeline.errors import CallQaError
from pipeline.judge import Judge
from pipeline.model import Finding

STATUS_COLOURS = {"violated": "red", "review": "orange", "remedied": "green", "satisfied": "green", "dropped": "gray"}


def rule_trial(context: Context, judge: Judge, cards: tuple[RuleCard, ...]) -> None:
    t = context.t
    st.caption(t("rules.trial_help"))
    call_id = st.query_params.get("try", "")
    with st.form("rule-trial", border=False):
        text = st.text_area(
            t("rules.dialogue"), placeholder=t("rules.dialogue_hint"), height=180, max_chars=MAX_DIALOGUE_CHARACTERS
        )
        asked = st.text_input(t("rules.call_id"), value=call_id, placeholder=t("rules.call_id_hint"), max_chars=200)
        pressed = st.form_submit_button(t("rules.try"), type="primary", icon=":material/play_arrow:")
    if not (pressed or call_id):
        return
    if not text.strip() and not asked.strip():
        st.info(t("rules.nothing_to_try"), icon=":material/edit_note:")
        return
    try:
        trial = try_dialogue(judge, text, t("rules.dialogue")) if text.strip() else try_call(judge, context.data, asked)
    except CallQaError as error:
        st.error(t("rules.unreadable"), icon=":material/error:")
        st.text(str(error))
        return
    if trial is None:
        st.warning(t("rules.no_such_call"), icon=":material/search_off:")
        return
    _result(context, trial, {card.rule_id: card for card in cards}, stored="" if text.strip() else asked.strip())


def _result(context: Context, trial: Trial, cards: dict[str, RuleCard], stored: str) -> None:
    t, judged = context.t, trial.judgement
    total = "—" if judged.score.total is None else f"{judged.score.total:.1f} {t('unit.points')}"
    topics = "、".join(f"{hit.topic} {100 * hit.confidence:.0f} %" for hit in judged.topics) or t("common.none")
    with st.container(horizontal=True, key="trial-figures"):
        st.metric(t("rules.trial_score"), total, border=True, width=160)
        st.metric(t("rules.trial_findings"), len(judged.findings), border=True, width=160)
    st.text(t("rules.trial_topics", topics=topics))
    if stored and st.button(t("rules.open_call"), icon=":material/graphic_eq:"):
        go("call", call=stored)
    if not judged.findings:
        st.success(t("rules.no_hit"), icon=":material/check_circle:")
    for number, finding in enumerate(judged.findings):
        _finding(context, finding, cards.get(finding.rule_id), number)
    with st.expander(t("rules.heard")):
        said = (f"{clock(u.start_s)}  {t.code('role', u.role)}：{u.text}" for u in trial.facts.utterances)
        st.text("\n".join(said))


def _finding(context: Context, finding: Finding, card: RuleCard | None, number: int) -> None:
    t = context.t
    with st.container(border=True, key=f"trial-{number}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t.code("status", finding.status), color=STATUS_COLOURS.get(finding.status, "gray"))
            st.badge(t.code("severity", finding.severity), color=SEVERITY_COLOURS.get(finding.severity, "gray"))
            st.markdown(f"**{escaped(card.name if card else finding.rule_id)}**")
            st.caption(t("rules.whole_call") if finding.start_s is None else clock(finding.start_s))
        st.text(finding.evidence)
        reasons = [t("rules.because", words=finding.matched_text)] if finding.matched_text else []
        if finding.value is not None and finding.limit is not None:
            reasons.append(
                t("rules.measured", value=f"{finding.value:g}", limit=f"{finding.limit:g}", unit=finding.unit or "")
            )
        if finding.note:
            reasons.append(finding.note)
        reasons.append(t("rules.sure", share=f"{100 * finding.confidence:.0f}"))
        st.text(" · ".join(reasons))
