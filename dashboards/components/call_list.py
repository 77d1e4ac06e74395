"""The call list: one link a call, the words that were searched for in their sentence."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import polars as pl
import streamlit as st

from dashboards.call_search import CallFilter, Sought, sought
from dashboards.components.assets import asset
from dashboards.components.mounting import in_order, script
from dashboards.context import Context
from dashboards.plain import clock, plain

CONTEXT_CHARACTERS = 40  # shown before found words
SHOWN_CHARACTERS = 120


CALLS = st.components.v2.component(
    "callqa_calls", html=asset("calls.html"), css=asset("calls.css"), js=script("calls.js")
)


def call_list(
    context: Context, calls: pl.DataFrame, words: dict[str, list[dict[str, Any]]], chosen: CallFilter
) -> dict[str, Any] | None:
    """Show one page of calls. words: utterances with what was searched for, by call id (dashboards.call_search).

    Returns {"id", "at_s"} of the call, and of the moment in it, that was clicked, else None.
    """
    t = context.t
    texts = {
        "headings": [t(f"calls.column_{name}") for name in ("score", "agent", "topic", "length", "findings")],
        "unscored": t("calls.unscored"),
        "points": t("unit.points"),
    }
    wanted = sought(chosen)
    rows = [call_row(context, row, words.get(row["call_id"], []), wanted) for row in calls.iter_rows(named=True)]
    data = in_order("call-list", {"rows": rows, "texts": texts, "dark": context.dark})
    shown = CALLS(key="call-list", data=data, on_opened_change=lambda: None)
    opened: dict[str, Any] | None = shown.opened
    return opened


def call_row(context: Context, row: dict[str, Any], words: list[dict[str, Any]], wanted: Sought) -> dict[str, Any]:
    """What the component shows of one call."""
    t = context.t
    score = row["score_total"]
    who = plain(f"{row['agent_name'] or ''} {row['agent_id'] or ''}", 60) or t("calls.no_agent")
    more = row["hits_found"] - len(words)
    return {
        "id": row["call_id"],
        "href": f"call?call={quote(row['call_id'], safe='')}",
        "score": None if score is None else f"{score:.0f}",
        "tone": "none" if score is None else "bad" if row["fatal"] else "good" if row["passed"] else "warn",
        "state": _state(context, row),
        "bad": bool(row["fatal"] or row["damaged"]),
        "who": who,
        "when": local_time(row["started_at"]) or t("calls.no_date"),
        "what": plain(row["topic"], 40) or t("calls.no_topic"),
        "where": " · ".join(plain(x, 30) for x in (row["team"], row["queue"]) if x) or plain(row["file_name"], 60),
        "long": clock(row["duration_s"]),
        "tags": [t.code("family", family) for family in row["families"][:6]],
        "review": t("calls.review", count=row["review"]) if row["review"] else None,
        "clean": None if row["families"] or row["held"] else t("calls.clean"),
        "hits": [found_words(context, hit, wanted) for hit in words],
        "more": t("calls.more_hits", count=more) if words and more > 0 else None,
    }


def _state(context: Context, row: dict[str, Any]) -> str | None:
    t = context.t
    if row["held"]:
        return t("calls.held")
    if row["fatal"]:
        return t("calls.red_line")
    if row["damaged"]:
        return t("calls.damaged")
    return t("calls.reviewed") if row["reviewed"] else None


def found_words(context: Context, hit: dict[str, Any], wanted: Sought) -> dict[str, Any]:
    """One utterance with the words that were searched for, cut around the first of them; parts: [text, kind].

    kind: "said" for the words themselves, "sounds" for what sounds the same, "" around them.
    """
    text = hit["text"]
    spans = list(wanted.spans(text))
    begin = max(0, spans[0][0] - CONTEXT_CHARACTERS) if spans else 0
    end = min(len(text), begin + SHOWN_CHARACTERS)
    parts: list[list[str]] = [["…", ""]] if begin else []
    done = begin
    for start, stop, by_sound in spans:
        if stop > end:
            break
        parts += [[text[done:start], ""], [text[start:stop], "sounds" if by_sound else "said"]]
        done = stop
    parts.append([text[done:end] + ("…" if end < len(text) else ""), ""])
    label = f"{clock(hit['start_s'])} {context.t.code('role', hit['role'])}"
    return {"at_s": hit["start_s"], "label": label, "parts": [part for part in parts if part[0]]}


def local_time(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else ""
