"""The router: menu, language, reviewer, and the edge at which a page's failure becomes a message."""

from collections.abc import Callable
from functools import partial

import streamlit as st
import structlog

from dashboards.app_pages import call, calls, overview, runs
from dashboards.components.assets import asset
from dashboards.components.chrome import empty_store, header
from dashboards.context import Context, current_settings, make_context
from dashboards.i18n import translator
from pipeline.errors import CallQaError

PAGES: tuple[tuple[str, str, Callable[[Context], None]], ...] = (
    ("overview", ":material/monitoring:", overview.render),
    ("calls", ":material/call:", calls.render),
    ("call", ":material/graphic_eq:", call.render),
    ("runs", ":material/inventory_2:", runs.render),
)


def at_the_edge(render: Callable[[Context], None], context: Context) -> None:
    """Show a page, or what went wrong with it: a failure is never an empty page."""
    try:
        if context.data.published():
            render(context)
        else:
            empty_store(context)
    except CallQaError as error:
        st.error(context.t("page.failed"), icon=":material/error:")
        st.text(str(error))
    except Exception:  # noqa: BLE001  one of the three edges: logged whole, shown as a failure
        structlog.get_logger().exception("page failed", page=render.__module__)
        st.error(context.t("page.broken"), icon=":material/error:")


def main() -> None:
    settings = current_settings()
    st.set_page_config(page_title="CallQA", page_icon=asset("icon.svg"), layout="wide")
    language, reviewer, top = header(settings.dashboard.language)
    context = make_context(settings, language, reviewer, top)
    t = translator(language)
    pages = {
        name: st.Page(
            partial(at_the_edge, render, context),
            title=t(f"menu.{name}"),
            icon=icon,
            url_path=name,
            default=name == "overview",
            visibility="hidden" if name == "call" else "visible",
        )
        for name, icon, render in PAGES
    }
    st.session_state["pages"] = pages
    chosen = st.navigation(list(pages.values()), position="top")
    asked = st.query_params.get("call")
    if asked and chosen is pages["overview"]:
        st.switch_page(pages["call"], query_params={"call": asked})
    chosen.run()


main()
