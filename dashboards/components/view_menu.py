"""Saved views and exports of the call list."""

from functools import partial

import streamlit as st

from dashboards.call_search import Calls
from dashboards.components.address import filter_of
from dashboards.components.call_filters import Query, open_view
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.plain import escaped, plain
from dashboards.saved_views import SavedViews
from pipeline.store.saved_views import MAX_NAME_CHARACTERS, SavedView

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def view_menu(context: Context, query: Query) -> None:
    """Choose a saved view, save this one, or take the list away as a file."""
    t = context.t
    with st.container(horizontal=True, key="view-menu", vertical_alignment="center"):
        with st.popover(t("views.title"), icon=":material/bookmarks:"):
            for view in SavedViews(context.data).all():
                _view(context, view)
            with st.form("save-view", border=False, clear_on_submit=True):
                st.text_input(t("views.name"), key="view-name", max_chars=MAX_NAME_CHARACTERS)
                if context.user.may("see_all"):
                    st.checkbox(t("views.shared"), key="view-shared")
                st.form_submit_button(t("views.save"), icon=":material/save:", on_click=_save, args=(context, query))
        with st.popover(t("export.title"), icon=":material/download:"):
            st.caption(t("export.help"))
            for suffix, mime in ((".xlsx", XLSX), (".csv", "text/csv")):
                st.download_button(
                    suffix[1:].upper() if suffix == ".csv" else "Excel",
                    partial(Calls(context.data, context.reviewer).export, filter_of(query), suffix),
                    file_name=f"{t('export.name')}{suffix}",
                    mime=mime,
                    on_click="ignore",
                    key=f"export{suffix}",
                )


def _view(context: Context, view: SavedView) -> None:
    t, mine = context.t, view.owner == context.user.name
    key = f"{view.owner}-{view.name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = plain(view.name, MAX_NAME_CHARACTERS)
        st.button(escaped(name), key=f"view-{key}", type="tertiary", on_click=open_view, args=(view.query,))
        if view.shared:
            st.caption(t("views.by", who=escaped(view.owner, 30)), width="content")
        if mine:
            st.button(
                "",
                key=f"remove-view-{key}",
                icon=":material/delete:",
                help=t("views.remove", name=escaped(name)),
                type="tertiary",
                on_click=_remove,
                args=(context, view.name),
            )


def _save(context: Context, query: Query) -> None:
    name, shared = st.session_state["view-name"], bool(st.session_state.get("view-shared"))
    save(context, lambda: SavedViews(context.data).save(name, query, shared=shared), context.t("views.saved"))


def _remove(context: Context, name: str) -> None:
    save(context, lambda: SavedViews(context.data).remove(name), context.t("views.removed"))
