"""The score form: every item with the automatic points, changed only with a reason; the total follows at once."""

from typing import Any

import streamlit as st

from dashboards.components.call_head import points
from dashboards.components.saving import save, told
from dashboards.components.scorecard import not_applicable
from dashboards.context import Context
from dashboards.data import CallView, Decisions
from dashboards.plain import escaped
from dashboards.rescoring import reviewed_score
from pipeline.errors import ConfigError
from pipeline.model import ItemScore, Score
from pipeline.scoring import Override
from pipeline.store.reviews import ReviewForm, ReviewItem

Draft = dict[str, dict[str, Any]]  # changed items: {"points": left, None: not applicable; "reason": why}


@st.fragment
def review_form(context: Context, view: CallView, decisions: Decisions) -> None:
    """Show the form. What is typed is kept for the session, also when another page is looked at in between."""
    t = context.t
    if st.session_state.pop("review_saved", False):
        st.rerun(scope="app")
    if view.items.is_empty():
        st.info(t("form.none"), icon=":material/help:")
        return
    told()
    draft = _draft(view, decisions)
    try:
        automatic = reviewed_score(context.settings, view, decisions)
    except ConfigError as error:
        st.warning(t("form.other_card"), icon=":material/warning:")
        st.text(str(error))
        return
    totals = st.container(horizontal=True, key="form-totals")
    names = {s.section_id: t.pick(s.name_zh, s.name_en) for s in automatic.sections}
    for section_id, name in names.items():
        with st.container(border=True, gap="small"):
            st.markdown(f"**{escaped(name)}**")
            for item in automatic.items:
                if item.section_id == section_id:
                    _item(context, view.call_id, item, draft)
    overrides = [Override(item_id, change["points"]) for item_id, change in draft.items()]
    score = reviewed_score(context.settings, view, decisions, overrides)
    with totals:
        st.metric(t("form.total"), points(score.total, t), width="content")
        st.metric(t("form.automatic"), points(view.head["score_total"], t), width="content")
        if score.fatal:
            st.badge(t("calls.red_line"), color="red", icon=":material/gpp_bad:")
    _ending(context, view, decisions, draft, score)


def _ending(context: Context, view: CallView, decisions: Decisions, draft: Draft, score: Score) -> None:
    t, last = context.t, decisions.latest_form
    key = f"comment-{view.call_id}"
    if key not in st.session_state:
        st.session_state[key] = last.form.comment if last else ""
    comment = st.text_area(
        t("form.comment"), key=key, placeholder=t("form.comment_hint"), max_chars=4000, persist_state="session"
    )
    unexplained = [item_id for item_id, change in draft.items() if not change["reason"].strip()]
    if unexplained:
        st.warning(t("form.reason_missing"), icon=":material/edit_note:")
    if context.reviewer == "local":
        st.caption(t("form.no_name"))
    with st.container(horizontal=True):
        st.button(
            t("form.save"),
            type="primary",
            icon=":material/save:",
            disabled=bool(unexplained),
            on_click=_save,
            args=(context, _form(context, view, decisions, draft, score, comment)),
        )
        if draft:
            st.button(t("form.undo"), type="tertiary", icon=":material/undo:", on_click=draft.clear)


def _item(context: Context, call_id: str, item: ItemScore, draft: Draft) -> None:
    """One line: name, points, N/A; and, once changed, the reason."""
    t = context.t
    change = draft.get(item.item_id)
    left = change["points"] if change else item.points
    keys = {part: f"{part}-{call_id}-{item.item_id}" for part in ("points", "na", "reason")}
    st.session_state[keys["points"]] = float(left or 0.0)
    st.session_state[keys["na"]] = left is None
    name, field, not_applicable = st.columns([1.7, 1.5, 1], vertical_alignment="center")
    name.markdown(f"{escaped(t.pick(item.name_zh, item.name_en))}  \n:gray[{_automatic(context, item)}]")
    field.number_input(
        f"{t.pick(item.name_zh, item.name_en)} {t('form.points')}",
        0.0,
        float(item.points_max),
        step=0.5,
        format="%.1f",
        key=keys["points"],
        disabled=left is None,
        label_visibility="collapsed",
        on_change=_change,
        args=(draft, item, keys),
    )
    not_applicable.checkbox(t("form.na"), key=keys["na"], on_change=_change, args=(draft, item, keys))
    if change:
        if keys["reason"] not in st.session_state:
            st.session_state[keys["reason"]] = change["reason"]
        label = t("form.reason")
        change["reason"] = st.text_input(
            label, key=keys["reason"], max_chars=500, label_visibility="collapsed", placeholder=label
        )


def _automatic(context: Context, item: ItemScore) -> str:
    t = context.t
    if item.points is None:
        return not_applicable(context, item.reason)
    return escaped(t("form.item_automatic", points=f"{item.points:g}", points_max=f"{item.points_max:g}"))


def _change(draft: Draft, item: ItemScore, keys: dict[str, str]) -> None:
    """Keep what was changed; an item put back to its automatic points is no change."""
    left = None if st.session_state[keys["na"]] else float(st.session_state[keys["points"]])
    if left == item.points:
        draft.pop(item.item_id, None)
        return
    before = draft.get(item.item_id, {"reason": ""})
    draft[item.item_id] = {"points": left, "reason": before["reason"]}


def _draft(view: CallView, decisions: Decisions) -> Draft:
    """This session's changes; at first those of the last saved version, if it was made with the same card."""
    key = f"draft-{view.call_id}"
    if key not in st.session_state:
        last = decisions.latest_form
        same = last and last.form.scorecard_version == view.head["scorecard_version"]
        changed = [i for i in last.form.items if i.overridden] if last and same else []
        st.session_state[key] = {i.item_id: {"points": i.points, "reason": i.reason} for i in changed}
    draft: Draft = st.session_state[key]
    return draft


def _form(
    context: Context, view: CallView, decisions: Decisions, draft: Draft, score: Score, comment: str
) -> ReviewForm:
    last = decisions.latest_form
    items = tuple(
        ReviewItem(
            item.item_id,
            item.points,
            overridden=item.item_id in draft,
            reason=draft.get(item.item_id, {"reason": ""})["reason"].strip(),
        )
        for item in score.items
    )
    return ReviewForm(
        call_id=view.call_id,
        reviewer=context.reviewer,
        items=items,
        comment=comment.strip(),
        total=score.total,
        fatal=score.fatal,
        snapshot_id=view.snapshot_id,
        rulebook_version=view.head["rulebook_version"],
        scorecard_id=view.head["scorecard_id"],
        scorecard_version=view.head["scorecard_version"],
        based_on=last.version if last else None,
        passed=score.passed,
    )


def _save(context: Context, form: ReviewForm) -> None:
    done = context.t("form.saved", version=(form.based_on or 0) + 1)
    st.session_state["review_saved"] = save(context, lambda: context.data.add_review(form), done)
