"""The score form: every item with the automatic points, changed only with a reason; the total follows at once.

What is typed is kept on the server as it goes (dashboards/drafts.py), so that it is there again after a reload, on
another machine, or after signing in anew. What is saved is what the fields say at that moment, scored then: a key that
saves may come before the page has been drawn with what was typed last.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboards.components.call_head import points
from dashboards.components.opened import drawn
from dashboards.components.saving import save, told
from dashboards.components.scorecard import not_applicable
from dashboards.context import Context
from dashboards.data import CallView, Decisions
from dashboards.drafts import Drafts
from dashboards.plain import escaped
from dashboards.rescoring import reviewed_score
from pipeline.errors import ConfigError
from pipeline.model import ItemScore, Score
from pipeline.scoring import Override
from pipeline.store.drafts import MAX_COMMENT_CHARACTERS, MAX_REASON_CHARACTERS, Draft, DraftItem
from pipeline.store.reviews import ReviewForm, ReviewItem


@st.fragment
def review_form(context: Context, view: CallView) -> None:
    """Show the form with the user's draft in it."""
    t = context.t
    if _saved_key(view) in st.session_state:
        _done_with(view, st.session_state.pop(_saved_key(view)))
        st.rerun(scope="app")
    if view.items.is_empty():
        st.info(t("form.none"), icon=":material/help:")
        return
    told()
    decisions = context.data.decisions(view.call_id)
    draft = _draft(context, view, decisions)
    try:
        automatic = reviewed_score(context.settings, view, decisions)
    except ConfigError as error:
        st.warning(t("form.other_card"), icon=":material/warning:")
        st.text(str(error))
        return
    with st.container(key="review-form"):
        _stale(context, view, decisions, draft)
        totals = st.container(horizontal=True, key="form-totals")
        names = {s.section_id: t.pick(s.name_zh, s.name_en) for s in automatic.sections}
        for section_id, name in names.items():
            with st.container(border=True, gap="small"):
                st.markdown(f"**{escaped(name)}**")
                for item in automatic.items:
                    if item.section_id == section_id:
                        _item(context, view, item, draft)
        score = _score(context, view, decisions, draft)
        with totals:
            st.metric(t("form.total"), points(score.total, t), width="content")
            st.metric(t("form.automatic"), points(view.head["score_total"], t), width="content")
            if score.fatal:
                st.badge(t("calls.red_line"), color="red", icon=":material/gpp_bad:")
        _ending(context, view, draft, automatic)


def _stale(context: Context, view: CallView, decisions: Decisions, draft: Draft) -> None:
    """Somebody saved a form since this draft was begun: it is told, and nothing that was typed is lost."""
    t, last = context.t, decisions.latest_form
    version = last.version if last else None
    if draft.based_on == version or last is None:
        return
    st.warning(
        t("form.stale", who=escaped(last.form.reviewer, 40), version=last.version), icon=":material/edit_notifications:"
    )
    st.button(
        t("form.go_on"),
        on_click=lambda: _keep(context, view, replace(draft, based_on=version)),
        icon=":material/merge:",
        key="form-go-on",
    )


def _score(context: Context, view: CallView, decisions: Decisions, draft: Draft) -> Score:
    overrides = [Override(change.item_id, change.points) for change in draft.items]
    return reviewed_score(context.settings, view, decisions, overrides)


def _ending(context: Context, view: CallView, draft: Draft, automatic: Score) -> None:
    t, key = context.t, _comment_key(view)
    _give(view, key, draft.comment)
    st.text_area(
        t("form.comment"),
        key=key,
        placeholder=t("form.comment_hint"),
        max_chars=MAX_COMMENT_CHARACTERS,
        on_change=lambda: _keep(context, view, replace(_now(view, draft), comment=st.session_state[key])),
    )
    if _unexplained(draft):
        st.warning(t("form.reason_missing"), icon=":material/edit_note:")
    if context.reviewer == "local":
        st.caption(t("form.no_name"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("form.save"),
            type="primary",
            icon=":material/save:",
            shortcut="alt+s",
            on_click=_save,
            args=(context, view, automatic, draft),
        )
        if draft.items:
            st.button(
                t("form.undo"),
                type="tertiary",
                icon=":material/undo:",
                on_click=_undo,
                args=(context, view, automatic, draft),
            )
        if st.session_state.get(_kept_key(view)):
            st.caption(t("form.draft_kept"), width="content")


def _item(context: Context, view: CallView, item: ItemScore, draft: Draft) -> None:
    """One line: name, points, N/A; and, once changed, the reason."""
    t = context.t
    change = next((c for c in draft.items if c.item_id == item.item_id), None)
    left = change.points if change else item.points
    keys = _keys(view, item)
    st.session_state[keys["points"]] = float(left or 0.0)
    st.session_state[keys["na"]] = left is None
    name, field, not_applicable = st.columns([1.7, 1.5, 1], vertical_alignment="center")
    name.markdown(f"{escaped(t.pick(item.name_zh, item.name_en))}  \n:gray[{_automatic(context, item)}]")
    changed: dict[str, Any] = {"on_change": _change, "args": (context, view, item, draft)}
    field.number_input(
        f"{t.pick(item.name_zh, item.name_en)} {t('form.points')}",
        0.0,
        float(item.points_max),
        step=0.5,
        format="%.1f",
        key=keys["points"],
        disabled=left is None,
        label_visibility="collapsed",
        **changed,
    )
    not_applicable.checkbox(t("form.na"), key=keys["na"], **changed)
    if change:
        _give(view, keys["reason"], change.reason)
        label = t("form.reason")
        st.text_input(
            f"{t.pick(item.name_zh, item.name_en)} {label}",
            key=keys["reason"],
            max_chars=MAX_REASON_CHARACTERS,
            label_visibility="collapsed",
            placeholder=label,
            **changed,
        )


def _keys(view: CallView, item: ItemScore) -> dict[str, str]:
    """Other automatic points are other fields: what the browser still says of the old ones is no change."""
    named = f"{view.call_id}-{item.item_id}"
    return {"reason": f"reason-{named}", **{part: f"{part}-{named}-{item.points}" for part in ("points", "na")}}


def _give(view: CallView, key: str, text: str) -> None:
    """Fill a field with what was typed before; until a drawing of the page got through, with every drawing anew.

    What a drawing gave that was cut off may never have reached the browser, which would then answer with nothing.
    """
    if key not in st.session_state or not drawn(view.call_id):
        st.session_state[key] = st.session_state.get(key, text)


def _comment_key(view: CallView) -> str:
    return f"comment-{view.call_id}"


def _automatic(context: Context, item: ItemScore) -> str:
    t = context.t
    if item.points is None:
        return not_applicable(context, item.reason)
    return escaped(t("form.item_automatic", points=f"{item.points:g}", points_max=f"{item.points_max:g}"))


def _change(context: Context, view: CallView, item: ItemScore, draft: Draft) -> None:
    """Keep what was changed; an item put back to its automatic points is no change."""
    _keep(context, view, _typed(view, (item,), _now(view, draft)))


def _typed(view: CallView, items: Iterable[ItemScore], draft: Draft) -> Draft:
    """The draft with what the fields of these items say. items: as they were shown, with automatic points."""
    changes = {change.item_id: change for change in draft.items}
    for item in items:
        keys, before = _keys(view, item), changes.pop(item.item_id, None)
        if keys["points"] not in st.session_state:
            left = before.points if before else item.points
        else:
            left = None if st.session_state[keys["na"]] else float(st.session_state[keys["points"]])
        if left != item.points:
            reason = st.session_state.get(keys["reason"], before.reason if before else "")
            changes[item.item_id] = DraftItem(item.item_id, left, reason)
    return replace(draft, items=tuple(changes.values()))


def _undo(context: Context, view: CallView, automatic: Score, draft: Draft) -> None:
    for item in automatic.items:
        st.session_state.pop(_keys(view, item)["reason"], None)
    _keep(context, view, replace(_now(view, draft), items=()))


def _draft(context: Context, view: CallView, decisions: Decisions) -> Draft:
    """What was typed so far: of this session, else what the server kept, else the changes of the last saved form."""
    key = f"draft-{view.call_id}"
    if key not in st.session_state:
        st.session_state[key], _ = Drafts(context.data).of_call(view, decisions)
    draft: Draft = st.session_state[key]
    return draft


def _now(view: CallView, draft: Draft) -> Draft:
    """The draft with all callbacks of this run in it: two fields may have changed at once."""
    current: Draft = st.session_state.get(f"draft-{view.call_id}", draft)
    return current


def _kept_key(view: CallView) -> str:
    return f"draft-kept-{view.call_id}"


def _keep(context: Context, view: CallView, draft: Draft) -> None:
    """In the session in any case; on the server where that is possible, and told where it is not.

    Fields that were left by the key that saved report after it: what they say is in the form already.
    """
    if st.session_state.get(_saved_key(view)) == draft:
        return
    st.session_state[f"draft-{view.call_id}"] = draft
    st.session_state[_kept_key(view)] = save(context, lambda: Drafts(context.data).keep(view.call_id, draft))


def _unexplained(draft: Draft) -> bool:
    return any(not change.reason.strip() for change in draft.items)


def _form(context: Context, view: CallView, draft: Draft, score: Score) -> ReviewForm:
    reasons = {change.item_id: change.reason.strip() for change in draft.items}
    items = tuple(
        ReviewItem(item.item_id, item.points, overridden=item.item_id in reasons, reason=reasons.get(item.item_id, ""))
        for item in score.items
    )
    return ReviewForm(
        call_id=view.call_id,
        reviewer=context.reviewer,
        items=items,
        comment=draft.comment.strip(),
        total=score.total,
        fatal=score.fatal,
        passed=score.passed,
        snapshot_id=view.snapshot_id,
        rulebook_version=view.head["rulebook_version"],
        scorecard_id=view.head["scorecard_id"],
        scorecard_version=view.head["scorecard_version"],
        based_on=draft.based_on,
    )


def _save(context: Context, view: CallView, automatic: Score, shown: Draft) -> None:
    """Save what the fields say now. automatic, shown: the points and the draft of the form that they stand in."""
    draft = replace(
        _typed(view, automatic.items, _now(view, shown)),
        comment=st.session_state.get(_comment_key(view), shown.comment),
    )
    _keep(context, view, draft)
    if _unexplained(draft):
        st.toast(context.t("form.reason_missing"), icon=":material/edit_note:")
        return

    def add() -> None:
        score = _score(context, view, context.data.decisions(view.call_id), draft)
        context.data.add_review(_form(context, view, draft, score))

    if not save(context, add, context.t("form.saved", version=(draft.based_on or 0) + 1)):
        return
    save(context, lambda: Drafts(context.data).drop(view.call_id))
    st.session_state[_saved_key(view)] = draft


def _saved_key(view: CallView) -> str:
    return f"saved-{view.call_id}"


def _done_with(view: CallView, saved: Draft) -> None:
    """Forget the draft that was saved; what was typed since is a draft on top of it."""
    draft = st.session_state.pop(f"draft-{view.call_id}", saved)
    st.session_state.pop(_kept_key(view), None)
    if draft != saved:
        st.session_state[f"draft-{view.call_id}"] = replace(draft, based_on=(saved.based_on or 0) + 1)
