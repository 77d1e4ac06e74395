"""The router: menu, language, reviewer, and the edge at which a page's failure becomes a message."""

from collections.abc import Callable
from functools import partial

import streamlit as st
import structlog

from dashboards.app_pages import (
    agents,
    appeals,
    calibration,
    call,
    calls,
    overview,
    queue,
    rules,
    runs,
    training,
    users,
)
from dashboards.auth import user_of
from dashboards.components.assets import asset
from dashboards.components.chrome import empty_store, header, signed_out
from dashboards.context import Context, current_settings, make_context
from dashboards.gone_widgets import forget_gone_widgets
from dashboards.i18n import translator
from pipeline.errors import CallQaError
from pipeline.store.users import Ability, PermissionDeniedError

# In the order of the menu; the first one that a user may open is where they land.
PAGES: tuple[tuple[str, str, Callable[[Context], None], Ability | None], ...] = (
    ("overview", ":material/monitoring:", overview.render, "see_all"),
    ("agents", ":material/groups:", agents.render, None),
    ("calls", ":material/call:", calls.render, None),
    ("call", ":material/graphic_eq:", call.render, None),
    ("queue", ":material/assignment:", queue.render, "review"),
    ("calibration", ":material/balance:", calibration.render, "calibrate"),
    ("appeals", ":material/gavel:", appeals.render, None),
    ("training", ":material/school:", training.render, None),
    ("rules", ":material/rule:", rules.render, "see_all"),
    ("runs", ":material/inventory_2:", runs.render, "see_runs"),
    ("users", ":material/group:", users.render, "manage"),
)


def at_the_edge(render: Callable[[Context], None], context: Context) -> None:
    """Show a page, or what went wrong with it: a failure is never an empty page."""
    try:
        if context.data.published():
            render(context)
        else:
            empty_store(context)
    except PermissionDeniedError:
        st.error(context.t("denied.call"), icon=":material/lock:")
    except CallQaError as error:
        st.error(context.t("page.failed"), icon=":material/error:")
        st.text(str(error))
    except Exception:  # noqa: BLE001  one of the three edges: logged whole, shown as a failure
        structlog.get_logger().exception("page failed", page=render.__module__)
        st.error(context.t("page.broken"), icon=":material/error:")


def _enter(first: str) -> None:
    """From the bare address to the first page of the menu, or to the call that it names."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    st.switch_page(st.session_state["pages"]["call" if "call" in query else first], query_params=query)


def main() -> None:
    settings = current_settings()
    st.set_page_config(page_title="CallQA", page_icon=asset("icon.svg"), layout="wide")
    forget_gone_widgets()
    user = user_of(settings, st.context.headers, st.context.ip_address)
    if user is None:
        signed_out(settings)
        return
    language, reviewer, top = header(settings.dashboard.language, user)
    context = make_context(settings, language, user, reviewer, top)
    t = translator(language)
    open_to = [page for page in PAGES if page[3] is None or user.may(page[3])]
    pages = {
        name: st.Page(
            partial(at_the_edge, render, context),
            title=t(f"menu.{name}"),
            icon=icon,
            url_path=name,
            visibility="hidden" if name == "call" else "visible",
        )
        for name, icon, render, _ in open_to
    }
    st.session_state["pages"] = pages
    # The default page has no address of its own: it only sends on, so that every page of the menu has one.
    door = st.Page(partial(_enter, open_to[0][0]), title="CallQA", default=True, visibility="hidden")
    chosen = st.navigation([door, *pages.values()], position="top")
    chosen.run()


main()
