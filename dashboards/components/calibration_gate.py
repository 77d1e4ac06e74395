"""Keeps who scores a call blind from the page that shows what others made of it."""

import streamlit as st

from dashboards.calibrations import Calibrations
from dashboards.components.chrome import go
from dashboards.context import Context


def held_for_calibration(context: Context, call_id: str) -> bool:
    """Whether this call is in an open round of this user; then the way to its blind form is shown in its place."""
    if not context.user.may("calibrate"):
        return False
    round_id = Calibrations(context.data, context.reviewer).round_that_holds(call_id)
    if round_id is None:
        return False
    st.info(context.t("calibration.held"), icon=":material/visibility_off:")
    if st.button(context.t("calibration.go"), type="primary", key="to-calibration"):
        go("calibration", round=str(round_id), scored=call_id)
    return True
