"""The form of a calibration round: every item by hand, from scratch; nobody's points are shown, the card's neither."""

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboards.calibrations import NO_DECISIONS, Calibrations
from dashboards.components.call_head import points
from dashboards.components.chrome import go
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.data import CallView
from dashboards.plain import escaped, plain
from dashboards.rescoring import reviewed_score
from pipeline.scoring import Override
from pipeline.store.calibration import BlindForm, Points, Round


@st.fragment
def blind_form(context: Context, calibrations: Calibrations, round_: Round, view: CallView) -> None:
    """Show the form; it can be saved once every item has points or does not apply. Saved again, it is a new version."""
    t = context.t
    key = f"blind-{round_.round_id}-{view.call_id}"
    mine = calibrations.mine(round_.round_id)
    saved = mine.get(view.call_id)
    before = {item.item_id: item for item in saved.items} if saved else {}
    rows = list(view.items.iter_rows(named=True))
    items: list[Points] = []
    section = None
    for row in rows:
        if row["section_id"] != section:
            section = row["section_id"]
            st.markdown(f"**{escaped(t.pick(row['section_zh'], row['section_en']))}**")
        item = _item(context, key, row, before.get(row["item_id"]))
        if item:
            items.append(item)
    fatal = st.checkbox(t("calibration.fatal"), saved.fatal if saved else False, key=f"{key}-fatal")
    comment = st.text_area(
        t("calibration.comment"), saved.comment if saved else "", key=f"{key}-comment", max_chars=4000
    )
    total = _total(context, view, items) if len(items) == len(rows) else None
    left = len(rows) - len(items)
    st.metric(t("calibration.total"), points(total, t), help=t("calibration.total_help"))
    if left:
        st.caption(t("calibration.left", count=left))
        st.button(t("calibration.fill"), key=f"{key}-fill", on_click=_fill, args=(key, rows))
    form = BlindForm(
        round_id=round_.round_id,
        call_id=view.call_id,
        reviewer=calibrations.reviewer,
        items=tuple(items),
        comment=comment,
        total=total,
        fatal=fatal,
        scorecard_id=view.head["scorecard_id"],
        scorecard_version=view.head["scorecard_version"],
    )
    if st.button(  # no callback: it would have the fields as they were at the run before
        t("calibration.save_again" if saved else "calibration.save"),
        type="primary",
        icon=":material/save:",
        key=f"{key}-save",
        disabled=bool(left),
    ):
        save(context, lambda: calibrations.save(form), t("calibration.saved"))
        st.rerun(scope="app")
    waiting = next((call_id for call_id in round_.call_ids if call_id not in mine), None)
    if saved and waiting and st.button(t("calibration.next"), key=f"{key}-next", icon=":material/arrow_forward:"):
        go("calibration", round=str(round_.round_id), scored=waiting)


def _fill(key: str, rows: list[dict[str, Any]]) -> None:
    """Full marks for every item that has neither points nor a tick yet: who scores takes points away from there."""
    for row in rows:
        name = f"{key}-points-{row['item_id']}"
        if st.session_state.get(name) is None and not st.session_state.get(f"{key}-na-{row['item_id']}"):
            st.session_state[name] = float(row["points_max"])


def _item(context: Context, key: str, row: dict[str, Any], before: Points | None) -> Points | None:
    """One line: name, points (empty at first), does not apply. None until it was filled in."""
    t, highest = context.t, float(row["points_max"])
    name = t.pick(row["name_zh"], row["name_en"])
    label, field, not_applicable = st.columns([1.7, 1.5, 1], vertical_alignment="center")
    label.markdown(f"{escaped(name)}  \n:gray[{t('calibration.of', points=f'{highest:g}')}]")
    absent = not_applicable.checkbox(
        t("form.na"), bool(before and before.points is None), key=f"{key}-na-{row['item_id']}"
    )
    given = field.number_input(
        f"{plain(name, 60)} {t('form.points')}",
        0.0,
        highest,
        before.points if before else None,
        0.5,
        format="%.1f",
        key=f"{key}-points-{row['item_id']}",
        disabled=absent,
        label_visibility="collapsed",
        placeholder=t("calibration.points"),
    )
    if absent:
        return Points(row["item_id"], None, highest)
    return None if given is None else Points(row["item_id"], float(given), highest)


def _total(context: Context, view: CallView, items: list[Points]) -> float | None:
    """By the card that scored the call; a red line is told apart, it does not make the total nought here."""
    overrides = [Override(item.item_id, item.points) for item in items]
    bare = replace(view, findings=view.findings.clear())
    return reviewed_score(context.settings, bare, NO_DECISIONS, overrides).total
