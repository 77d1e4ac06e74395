"""Player, waveform and transcript of one call, in one component; data reach it as JSON and are shown as text.

What a person does in it with keys or mouse comes back by name: `verdict`, `note`, `unnote`, `bookmark`, `correct`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboards.components.assets import asset
from dashboards.components.mounting import in_order, script
from dashboards.context import Context
from dashboards.data import CallView, Decisions
from dashboards.plain import clock, plain
from pipeline.model import BY_A_PERSON
from pipeline.store.notes import Note
from pipeline.store.playlists import Playlist

Told = Callable[[str, dict[str, Any]], None]
UNSURE_BELOW = 0.6  # mean word probability under which an utterance is marked as uncertain
VERDICT_CLASS = {"confirm": "confirmed", "reject": "rejected"}
TEXTS = (
    *("play", "pause", "play_title", "speed", "follow", "next_finding", "next_finding_title", "previous_title"),
    *("next_title", "keys", "silence", "overlap", "interruption", "waveform", "no_speech", "silence_line"),
    *("play_from", "unsure", "no_audio", "loop_title", "help_title", "key_title", "close", "save", "cancel"),
    *("confirm", "reject", "confirmed", "rejected", "note", "note_label", "unnote", "bookmark", "playlist"),
    *("new_playlist", "playlist_title", "from_s", "to_s", "kind", "good", "bad", "moment_note", "correct"),
    *("correct_words", "correct_role"),
)
# What the overview of keys lists: keys as they are pressed, and the text that explains them.
KEYS = (
    *(("Space", "play"), ("← →", "seek"), ("J K", "step"), ("N P", "finding"), ("Y X", "judge"), ("L", "loop")),
    *(("[ ]", "speed"), ("M", "note"), ("B", "bookmark"), ("E", "correct"), ("1 2 3 4 5", "panels")),
    *(("Esc", "escape"), ("Alt S", "save"), ("?", "help")),
)
TRIGGERS = ("verdict", "note", "unnote", "bookmark", "correct")
PARTS = ("player.js", "player_view.js", "player_review.js", "player_draw.js")

PLAYER = st.components.v2.component(
    "callqa_player", html=asset("player.html"), css=asset("player.css"), js=script(*PARTS)
)


@dataclass(frozen=True, slots=True)
class Extras:
    """What people added to a call: notes, oldest first; and the playlists that a moment of it may go to."""

    notes: tuple[Note, ...] = ()
    playlists: tuple[Playlist, ...] = ()


def seek(call_id: str, at_s: float, *, play: bool = True) -> None:
    """Ask the player of this call to go to a second with the next drawing of the page."""
    before = st.session_state.get("seek", {}).get("nonce", 0)
    st.session_state["seek"] = {"call_id": call_id, "at_s": at_s, "nonce": before + 1, "play": play}


def player(context: Context, view: CallView, decisions: Decisions, extras: Extras, told: Told) -> None:
    """Show the player; a pending `seek` for this call is carried out. told: called with what a person did in it."""
    wanted = st.session_state.get("seek")
    asked = wanted if wanted and wanted["call_id"] == view.call_id else None
    data = {**payload(context, view, decisions, extras), "seek": asked}
    callbacks: dict[str, Any] = {f"on_{name}_change": partial(_tell, told, name) for name in TRIGGERS}
    PLAYER(key="player", data=in_order("player", data), **callbacks)


def _tell(told: Told, name: str) -> None:
    given = st.session_state["player"].get(name)
    if given is not None:
        told(name, given)


def payload(context: Context, view: CallView, decisions: Decisions, extras: Extras) -> dict[str, Any]:
    """What the component draws. Seconds from the start of the recording; peaks 0..255."""
    user = context.user
    return {
        "call_id": view.call_id,
        "audio_url": context.audio_url(view.head["sha256"]),
        "duration_s": view.head["decoded_s"],
        "lanes": lanes(view),
        "utterances": [
            {
                "index": u["utterance_index"],
                "role": u["role"],
                "start_s": u["start_s"],
                "end_s": u["end_s"],
                "text": u["text"],
                "unsure": u["confidence"] is not None and u["confidence"] < UNSURE_BELOW,
                "mended": mended(context, u["corrections"]),
            }
            for u in view.utterances.iter_rows(named=True)
        ],
        "events": view.events.select("kind", "role", "utterance_index", "start_s", "end_s").to_dicts(),
        "findings": [finding_data(context, f, decisions) for f in view.findings.iter_rows(named=True)],
        "notes": [
            {"number": n.number, "at_s": n.at_s, "text": n.text, "who": plain(n.who, 40), "mine": n.who == user.name}
            for n in extras.notes
            if not n.withdrawn
        ],
        "playlists": [{"id": p.playlist_id, "title": plain(p.title, 60)} for p in extras.playlists],
        "can": {"review": user.may("review"), "train": user.may("train")},
        "texts": _texts(context),
        "dark": context.dark,
    }


def _texts(context: Context) -> dict[str, Any]:
    t = context.t
    return {
        **{name: t(f"player.{name}") for name in TEXTS},
        **{role: t.code("role", role) for role in ("agent", "patient", "unknown")},
        "key_list": [[keys, t(f"key.{name}")] for keys, name in KEYS],
    }


def mended(context: Context, corrections: list[dict[str, Any]] | None) -> str | None:
    """What was recognised before the spelling was mended, or a person put it right; None where nothing was."""
    if not corrections:
        return None
    pairs = "，".join(f"{c['original'] or '∅'} → {c['corrected'] or '∅'}" for c in corrections)
    by_hand = any(c["reason"] == BY_A_PERSON for c in corrections)
    return context.t("player.corrected" if by_hand else "player.mended", pairs=plain(pairs, 200))


def finding_data(context: Context, finding: dict[str, Any], decisions: Decisions) -> dict[str, Any]:
    """One finding for pins and chips, its names in the reader's language."""
    t = context.t
    verdict = decisions.verdicts.get(finding["finding_key"])
    label = f"{t.code('family', finding['family'])} · {t.code('status', finding['status'])}"
    if verdict:
        label += f" · {t.code('verdict', verdict.verdict)}"
    return {
        "key": finding["finding_key"],
        "label": label,
        "title": f"{clock(finding['start_s'])} {label} {plain(finding['evidence'], 80)}",
        "severity": finding["severity"],
        "status": finding["status"],
        "verdict": VERDICT_CLASS.get(verdict.verdict) if verdict else None,
        "start_s": finding["start_s"],
        "end_s": finding["end_s"],
        "evidence": plain(finding["evidence"], 300),
        "utterance_index": finding["utterance_index"],
        "matched_text": finding["matched_text"] if finding["value"] is None else None,  # a measure is no phrase
    }


def lanes(view: CallView) -> list[dict[str, Any]]:
    """One lane a channel. On stereo a lane has the role that speaks in it; on mono it is coloured by who speaks."""
    roles: dict[int, str] = {}
    if view.head["layout"] == "stereo":
        spoken = view.utterances.filter(pl.col("channel").is_not_null()).group_by("channel").agg(pl.col("role").mode())
        roles = {row[0]: row[1][0] for row in spoken.iter_rows()}
    return [
        {"role": roles.get(row["channel"]), "step_s": row["step_s"], "peaks": row["peaks"]}
        for row in view.waveform.iter_rows(named=True)
    ]
