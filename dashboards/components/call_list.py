"""The call list: one link a call, the words that were searched for in their sentence."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import polars as pl
import streamlit as st

from dashboards.components.assets import asset
from dashboards.context import Context
from dashboards.plain import clock, plain

CONTEXT_CHARACTERS = 40  # shown on each side of found words


CALLS = st.components.v2.component(
    "callqa_calls", html=asset("calls.html"), css=asset("calls.css"), js=asset("calls.js")
)


def call_list(context: Context, calls: pl.DataFrame, searched: str | None) -> dict[str, Any] | None:
    """Show one page of calls. Returns {"id", "at_s"} of the call that was clicked, else None."""
    t = context.t
    texts = {
        "headings": [t(f"calls.column_{name}") for name in ("score", "agent", "topic", "length", "findings")],
        "unscored": t("calls.unscored"),
        "points": t("unit.points"),
    }
    rows = [call_row(context, row, searched) for row in calls.iter_rows(named=True)]
    shown = CALLS(
        key="call-list", data={"rows": rows, "texts": texts, "dark": context.dark}, on_opened_change=lambda: None
    )
    opened: dict[str, Any] | None = shown.opened
    return opened


def call_row(context: Context, row: dict[str, Any], searched: str | None) -> dict[str, Any]:
    """What the component shows of one call."""
    t = context.t
    score = row["score_total"]
    who = plain(f"{row['agent_name'] or ''} {row['agent_id'] or ''}", 60) or t("calls.no_agent")
    return {
        "id": row["call_id"],
        "href": f"call?call={quote(row['call_id'], safe='')}",
        "score": None if score is None else f"{score:.0f}",
        "tone": "none" if score is None else "bad" if row["fatal"] else "good" if row["passed"] else "warn",
        "state": t("calls.red_line") if row["fatal"] else t("calls.damaged") if row["damaged"] else None,
        "who": who,
        "when": local_time(row["started_at"]) or t("calls.no_date"),
        "what": plain(row["topic"], 40) or t("calls.no_topic"),
        "where": " · ".join(plain(x, 30) for x in (row["team"], row["queue"]) if x) or plain(row["file_name"], 60),
        "long": clock(row["duration_s"]),
        "tags": [t.code("family", family) for family in row["families"][:6]],
        "review": t("calls.review", count=row["review"]) if row["review"] else None,
        "clean": None if row["families"] else t("calls.clean"),
        "hit": found_words(context, row, searched),
    }


def found_words(context: Context, row: dict[str, Any], searched: str | None) -> dict[str, Any] | None:
    """The first utterance with the searched words, cut around them; None when the match is elsewhere."""
    text, wanted = row["hit_text"], (searched or "").strip()
    at = text.lower().find(wanted.lower()) if text and wanted else -1
    if at < 0:
        return None
    before, after = text[:at], text[at + len(wanted) :]
    return {
        "at_s": row["hit_start_s"],
        "label": f"{clock(row['hit_start_s'])} {context.t.code('role', row['hit_role'])}",
        "before": ("…" if len(before) > CONTEXT_CHARACTERS else "") + before[-CONTEXT_CHARACTERS:],
        "found": text[at : at + len(wanted)],
        "after": after[:CONTEXT_CHARACTERS] + ("…" if len(after) > CONTEXT_CHARACTERS else ""),
    }


def local_time(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else ""
