"""校准: the same calls scored blind by several people; agreement when the round is over."""

from dataclasses import replace

import streamlit as st

from dashboards.calibrations import NO_DECISIONS, Calibrations
from dashboards.components.blind_form import blind_form
from dashboards.components.calibration_results import calibration_results
from dashboards.components.calibration_rounds import my_calls, round_list
from dashboards.components.chrome import go
from dashboards.components.player import Extras, player
from dashboards.components.saving import told
from dashboards.context import Context
from dashboards.plain import escaped
from pipeline.store.calibration import Round


def render(context: Context) -> None:
    t = context.t
    calibrations = Calibrations(context.data, context.reviewer)
    asked = st.query_params.get("round", "")
    if not asked.isdecimal():
        context.top.title(t("menu.calibration"), anchor=False)
        told()
        round_list(context, calibrations)
        return
    round_ = calibrations.round(int(asked))
    call_id = st.query_params.get("scored")
    if context.top.button(t("calibration.back"), icon=":material/arrow_back:", type="tertiary"):
        go("calibration", **({"round": asked} if call_id else {}))
    st.title(escaped(round_.title, 80), anchor=False)
    told()
    if call_id and round_.open and calibrations.reviewer in round_.people and call_id in round_.call_ids:
        _score(context, calibrations, round_, call_id)
    elif round_.open:
        my_calls(context, calibrations, round_)
    else:
        calibration_results(context, calibrations, round_)


def _score(context: Context, calibrations: Calibrations, round_: Round, call_id: str) -> None:
    view = calibrations.view(round_, call_id)
    if view is None:
        st.error(context.t("call.unknown"), icon=":material/search_off:")
        return
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        # nothing but listening: the player offers what its user may do, and here that is what an agent may
        listening = replace(context, user=replace(context.user, role="agent"))
        player(listening, view, NO_DECISIONS, Extras(), lambda *_: None)
    with right:
        blind_form(context, calibrations, round_, view)
