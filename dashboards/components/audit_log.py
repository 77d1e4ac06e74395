"""Who did what: the audit log by pages, filtered by person, deed, call and day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.context import Context
from dashboards.people import People
from dashboards.plain import plain
from pipeline.store.accounts import AuditFilter, AuditLine

PAGE_LINES = 50
DEEDS = (
    *("sign_in", "user.", "settings.", "review.", "verdict.", "appeal.", "task.", "sample.", "calibration."),
    *("audio.play", "playlist.", "note.", "correction."),
)


@st.fragment
def audit_log(context: Context, people: People) -> None:
    t = context.t
    wanted = _filter(context, people)
    pages = _pages(wanted)
    lines = people.log(wanted, pages[-1], PAGE_LINES + 1)
    if not lines:
        st.info(t("log.none"), icon=":material/history:")
        return
    rows = [_row(context, line) for line in lines[:PAGE_LINES]]
    st.dataframe(rows, hide_index=True, width="stretch", height=min(35 * (len(rows) + 1) + 3, 700))
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button(t("calls.previous"), key="log-back", disabled=len(pages) == 1, on_click=pages.pop)
        more = len(lines) > PAGE_LINES
        st.button(
            t("calls.next"), key="log-on", disabled=not more, on_click=pages.append, args=(lines[len(rows) - 1].number,)
        )


def _filter(context: Context, people: People) -> AuditFilter:
    t = context.t
    names = [account.user.name for account in people.accounts()]
    first, second, third, fourth = st.columns(4)
    who = first.selectbox(
        t("log.who"), names, None, key="log-who", placeholder=t("filter.any"), accept_new_options=True
    )
    what = second.selectbox(
        t("log.what"),
        DEEDS,
        None,
        format_func=lambda code: t(f"deed.{code.rstrip('.')}"),
        key="log-what",
        placeholder=t("filter.any"),
    )
    call_id = third.text_input(t("log.call"), key="log-call", max_chars=200)
    days = fourth.date_input(t("filter.day"), (), key="log-days", format="YYYY-MM-DD")
    zone = ZoneInfo(context.settings.metadata.timezone)
    chosen = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days] if isinstance(days, tuple) else []
    return AuditFilter(
        who=(who or "").strip() or None,
        what=what,
        call_id=call_id.strip() or None,
        from_at=chosen[0] if chosen else None,
        to_at=chosen[1] + timedelta(days=1) if len(chosen) == 2 else None,
    )


def _pages(wanted: AuditFilter) -> list[int | None]:
    """The numbers behind which each page so far begins; another filter begins anew."""
    if st.session_state.get("log-filter") != wanted:
        st.session_state["log-filter"] = wanted
        st.session_state["log-pages"] = [None]
    pages: list[int | None] = st.session_state["log-pages"]
    return pages


def _row(context: Context, line: AuditLine) -> dict[str, str]:
    t, entry = context.t, line.entry
    return {
        t("log.when"): local_time(context.local(entry.created_at)),
        t("log.who"): plain(entry.who, 64),
        t("log.what"): t.code("deed", entry.what),
        t("log.call"): plain(entry.call_id, 80),
        t("log.detail"): plain(entry.detail, 200),
    }
