"""What a closed round says: agreement per item, each reviewer beside the expert, everybody's totals."""

from typing import Any

import streamlit as st

from dashboards.calibrations import Calibrations, Results
from dashboards.components.calibration_rounds import closed_line
from dashboards.context import Context
from dashboards.plain import plain
from pipeline.agreement import FAIR_ALPHA, GOOD_ALPHA, AgainstExpert, ItemAgreement
from pipeline.store.calibration import Round


def calibration_results(context: Context, calibrations: Calibrations, round_: Round) -> None:
    t = context.t
    st.caption(closed_line(context, round_))
    if round_.note:
        st.text(round_.note)
    results = calibrations.results(round_)
    names = _names(context, calibrations, round_)
    with st.container(horizontal=True, key="calibration-figures"):
        st.metric(
            t("calibration.total_alpha"), _alpha(results.total_alpha), help=t("calibration.alpha_help"), width=230
        )
    st.subheader(t("calibration.by_item"), anchor=False)
    items = sorted(results.items, key=lambda item: (item.alpha is None, item.alpha or 0.0, item.same or 0.0))
    _table([_item(context, item, names) for item in items], context)
    if results.people:
        st.subheader(t("calibration.by_person"), anchor=False)
        _table([_person(context, person) for person in results.people], context)
        st.caption(t("calibration.bias_help"))
    st.subheader(t("calibration.totals"), anchor=False)
    _table(_totals(context, round_, results), context)


def _names(context: Context, calibrations: Calibrations, round_: Round) -> dict[str, str]:
    """Items by id in the reader's language, from the first call of the round that is still published."""
    for call_id in round_.call_ids:
        view = calibrations.view(round_, call_id)
        if view is not None:
            return {r["item_id"]: context.t.pick(r["name_zh"], r["name_en"]) for r in view.items.iter_rows(named=True)}
    return {}


def _item(context: Context, item: ItemAgreement, names: dict[str, str]) -> dict[str, Any]:
    t = context.t
    return {
        t("calibration.item"): plain(names.get(item.item_id, item.item_id), 60),
        t("calibration.column_calls"): item.calls,
        t("calibration.same"): _percent(item.same),
        t("calibration.alpha"): _alpha(item.alpha),
        t("calibration.verdict"): _verdict(context, item),
    }


def _verdict(context: Context, item: ItemAgreement) -> str:
    if item.same is None:
        return context.t("calibration.too_few")
    if item.alpha is None:
        return context.t("calibration.all_same")
    level = "good" if item.alpha >= GOOD_ALPHA else "fair" if item.alpha >= FAIR_ALPHA else "poor"
    return context.t(f"calibration.{level}")


def _person(context: Context, person: AgainstExpert) -> dict[str, Any]:
    t = context.t
    return {
        t("plan.reviewer"): plain(person.reviewer, 40),
        t("calibration.column_calls"): person.calls,
        t("calibration.bias"): "—" if person.bias is None else f"{person.bias:+.1f}",
        t("calibration.distance"): "—" if person.distance is None else f"{person.distance:.1f}",
        t("calibration.same_items"): _percent(person.same),
        t("calibration.fatal_differs"): person.fatal_differs,
    }


def _totals(context: Context, round_: Round, results: Results) -> list[dict[str, Any]]:
    """One line a call, one column a person, experts marked."""
    t = context.t
    heads = {
        name: f"{plain(name, 30)}（{t('calibration_part.expert')}）" if part == "expert" else plain(name, 30)
        for name, part in round_.people.items()
    }
    return [
        {t("calibration.call"): plain(call_id, 60)}
        | {heads[name]: "—" if total is None else f"{total:g}" for name, total in row.items()}
        for call_id, row in results.totals.items()
    ]


def _table(rows: list[dict[str, Any]], context: Context) -> None:
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch")
    else:
        st.info(context.t("calibration.nothing"), icon=":material/help:")


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.0f} %"


def _alpha(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
