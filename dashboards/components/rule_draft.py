"""A draft of a rule file: checked with line numbers, then tried on stored calls in a process of its own."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards.context import Context
from dashboards.plain import clock, plain
from dashboards.rule_bench import MAX_DRAFT_CHARACTERS, Backtest, Draft, check_draft
from pipeline.errors import CallQaError

SHOWN_EXAMPLES = 5
DAYS = (7, 30, 90, 0)


def rule_draft(context: Context) -> None:
    t = context.t
    st.caption(t("rules.draft_help"))
    with st.form("rule-draft", border=False):
        name = st.text_input(t("rules.draft_name"), placeholder="10_forbidden_phrase.yaml", max_chars=80)
        given = st.file_uploader(t("rules.draft_file"), type=["yaml", "yml"])
        text = st.text_area(t("rules.draft_text"), height=220, max_chars=MAX_DRAFT_CHARACTERS)
        pressed = st.form_submit_button(t("rules.check"), type="primary", icon=":material/fact_check:")
    if pressed:
        written = given.getvalue().decode("utf-8", "replace") if given else text
        _checked(context, (name or (given.name if given else "draft.yaml")).strip(), written)
    draft = st.session_state.get("rules.draft")
    if isinstance(draft, Draft):
        _report(context, draft)
        if draft.sound:
            _backtest(context, draft)


def _checked(context: Context, name: str, text: str) -> None:
    _stop()
    st.session_state.pop("rules.draft", None)
    try:
        st.session_state["rules.draft"] = check_draft(context.settings, context.user, name, text)
    except CallQaError as error:
        st.error(context.t("rules.draft_refused"), icon=":material/error:")
        st.text(str(error))


def _report(context: Context, draft: Draft) -> None:
    t = context.t
    if draft.error:
        st.error(t("rules.draft_broken"), icon=":material/error:")
        st.text(draft.error)
    elif draft.problems:
        st.error(t("rules.draft_problems", count=len(draft.problems)), icon=":material/error:")
        st.text("\n".join(draft.problems))
    else:
        st.success(t("rules.draft_sound", count=draft.rules, version=draft.version), icon=":material/check_circle:")
    if draft.advice:
        with st.expander(t("rules.advice", count=len(draft.advice))):
            st.text("\n".join(draft.advice))


def _backtest(context: Context, draft: Draft) -> None:
    t = context.t
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.selectbox(t("rules.since"), DAYS, index=1, format_func=lambda n: t(f"rules.days_{n}"), width=220)
        if st.button(t("rules.backtest"), icon=":material/compare_arrows:"):
            _stop()
            newest: date | None = context.data.filter_options().get("last_day")
            since = newest - timedelta(days=days) if days and newest else None
            st.session_state["rules.backtest"] = Backtest(context.settings, context.user, draft, since)
    if isinstance(st.session_state.get("rules.backtest"), Backtest):
        _progress(context)


@st.fragment(run_every=2)
def _progress(context: Context) -> None:
    """Looks every two seconds whether the other process is done; the rest of the page is left alone."""
    t, running = context.t, st.session_state.get("rules.backtest")
    if not isinstance(running, Backtest):
        return
    if running.running():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(t("rules.running", seconds=f"{running.seconds:.0f}"))
            if st.button(t("rules.stop"), icon=":material/stop:"):
                running.stop()
        return
    try:
        _comparison(context, running.result())
    except CallQaError as error:
        st.warning(t("rules.backtest_failed"), icon=":material/error:")
        st.text(str(error))


def _comparison(context: Context, found: dict[str, Any]) -> None:
    t, comparison = context.t, found["comparison"]
    with st.container(horizontal=True):
        for name in ("calls", "scores_changed", "now_failing", "now_passing"):
            st.metric(t(f"rules.compared.{name}"), f"{comparison[name]:,} {t('unit.calls')}", border=True, width=170)
    changed = [rule for rule in comparison["rules"] if rule["won"] or rule["lost"] or rule["changed"]]
    if not changed:
        st.info(t("rules.nothing_differs"), icon=":material/equal:")
        return
    columns = ("hits_before", "hits_after", "won", "lost", "changed")
    table = {t("rules.rule"): [plain(t.pick(r["name_zh"], r["name_en"]), 60) for r in changed]}
    st.dataframe(
        pl.DataFrame({**table, **{t(f"rules.compared.{c}"): [r[c] for r in changed] for c in columns}}),
        hide_index=True,
        width="stretch",
    )
    for rule in changed:
        with st.expander(plain(t.pick(rule["name_zh"], rule["name_en"]), 80).replace("[", "［")):
            for kind in ("won", "lost", "changed"):
                some = [e for e in rule["examples"] if e["kind"] == kind][:SHOWN_EXAMPLES]
                if some:
                    st.markdown(f"**{t(f'rules.compared.{kind}')}**")
                    st.text("\n".join(f"{e['call_id']}  {clock(e['start_s'])}  {plain(e['words'], 80)}" for e in some))


def _stop() -> None:
    running = st.session_state.pop("rules.backtest", None)
    if isinstance(running, Backtest):
        running.stop()
