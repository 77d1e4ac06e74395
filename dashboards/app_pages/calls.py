"""通话: every call, filtered and searched; a click opens it."""

import streamlit as st

from dashboards.call_search import CallFilter, Calls, Cursor
from dashboards.components.call_filters import call_filter, drawn
from dashboards.components.call_list import call_list
from dashboards.components.chrome import go
from dashboards.components.opened import leave
from dashboards.components.saving import told
from dashboards.components.view_menu import view_menu
from dashboards.context import Context

PAGE_ROWS = 20


def render(context: Context) -> None:
    t, found = context.t, Calls(context.data, context.reviewer)
    leave()
    for left_over in ("call", "t"):  # of a call that was open before
        st.query_params.pop(left_over, None)
    context.top.title(t("menu.calls"), anchor=False)
    told()
    chosen, query = call_filter(context, found.options())
    view_menu(context, query)
    pages = _pages(chosen)
    with st.spinner(t("calls.loading"), show_time=False):
        calls = found.page(chosen, pages[-1], PAGE_ROWS)
        words = found.found_words(chosen, calls)
    if calls.is_empty():
        st.info(t("calls.none"), icon=":material/search_off:")
        drawn()
        return
    total, first = calls["total"][0], (len(pages) - 1) * PAGE_ROWS + 1
    st.caption(t("calls.found", count=f"{total:,}", first=first, last=first + calls.height - 1))
    opened = call_list(context, calls, words, chosen)
    if opened:
        at = {"t": f"{opened['at_s']:.1f}"} if opened["at_s"] is not None else {}
        go("call", call=opened["id"], **at)
    last = calls.row(-1, named=True)
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button(
            t("calls.previous"), disabled=len(pages) == 1, on_click=_back, args=(pages,), icon=":material/chevron_left:"
        )
        behind = Cursor(last["sort_value"], last["call_id"])
        st.button(
            t("calls.next"),
            disabled=first + calls.height > total,
            on_click=pages.append,
            args=(behind,),
            icon=":material/chevron_right:",
            icon_position="right",
        )
    drawn()


def _pages(chosen: CallFilter) -> list[Cursor | None]:
    """The rows behind which each page up to this one starts; a changed filter begins at the first page."""
    if st.session_state.get("paged_filter") != chosen:
        st.session_state["paged_filter"] = chosen
        st.session_state["page_starts"] = [None]
    starts: list[Cursor | None] = st.session_state["page_starts"]
    return starts


def _back(pages: list[Cursor | None]) -> None:
    pages.pop()
