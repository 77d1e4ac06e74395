"""Components in a real browser, by themselves: calls for older and newer data may reach a script in any order.

Streamlit loads a component's script for every change of its data and asks for a clean-up of those that were overtaken
meanwhile; what is shown must be the newest in any case, and stay alive.
"""

import json
from typing import Any

import pytest

from dashboards.components import mounting
from dashboards.components.assets import asset
from dashboards.components.mounting import in_order, script
from dashboards.components.player import PARTS, TEXTS

pytestmark = pytest.mark.browser

MOUNT = """async ([html, script]) => {
    const place = document.createElement("div");
    document.body.replaceChildren(place);
    window.root = place.attachShadow({ mode: "open" });
    window.root.innerHTML = html;
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    window.show = (await import(url)).default;
    window.sent = [];
    window.setTriggerValue = (name, value) => window.sent.push([name, value]);
}"""
GIVE = """([data, overtaken]) => {
    const done = window.show({ data, parentElement: window.root, setTriggerValue: window.setTriggerValue });
    if (overtaken) done?.();
    return window.root.textContent;
}"""
UTTERANCE = {"index": 0, "role": "agent", "start_s": 1.0, "end_s": 2.0, "unsure": False, "mended": None}


def calls(text: str) -> dict[str, Any]:
    hit = {"at_s": 1.0, "label": "0:01", "parts": [[text, "said"]]}
    row = {"id": "c", "href": "call?call=c", "score": "90", "tone": "good", "state": None, "bad": False, "who": "李静"}
    row |= {"when": "", "what": "", "where": "", "long": "", "tags": [], "review": None, "clean": None, "more": None}
    return {"rows": [{**row, "hits": [hit]}], "texts": {"headings": [], "unscored": "", "points": "分"}, "dark": False}


def table(text: str) -> dict[str, Any]:
    cell = {"text": text, "sub": "", "tone": "", "bar": None}
    columns = [{"label": "坐席", "number": False}]
    return {"caption": "表", "columns": columns, "rows": [{"id": "1", "href": None, "cells": [cell]}], "dark": False}


def player(text: str) -> dict[str, Any]:
    lists = dict.fromkeys(("lanes", "events", "findings", "notes", "playlists"), ())
    more = {"call_id": "c", "audio_url": "data:audio/wav,", "duration_s": 9.0, "can": {}, "seek": None, "dark": False}
    texts = {**dict.fromkeys(TEXTS, "t"), "key_list": [["J K", "t"]]}
    return {**lists, **more, "utterances": [{**UTTERANCE, "text": text}], "texts": texts}


def playlist(text: str) -> dict[str, Any]:
    moment = {"number": 1, "url": "data:audio/wav,", "seconds": 1.0, "at_s": 1.0, "good": True, "note": text}
    return {"id": 1, "moments": [{**moment, "lines": [], "title": "", "call": None}], "can_change": False, "texts": {}}


COMPONENTS = {
    "calls": (("calls.js",), calls),
    "table": (("table.js",), table),
    "player": (PARTS, player),
    "playlist": (("playlist.js",), playlist),
}


@pytest.fixture
def alone(chromium):
    """An empty page; an error of a script fails the test."""
    page = chromium.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    page.close()
    assert broken == []


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounting.st, "session_state", {})


@pytest.mark.parametrize("name", COMPONENTS)
def test_older_data_that_come_late_are_not_drawn(alone, session, name: str) -> None:
    parts, data = COMPONENTS[name]
    older, newer = in_order(name, data("旧的话")), in_order(name, data("新的话"))
    alone.evaluate(MOUNT, [asset(f"{name}.html"), script(*parts)])
    assert "新的话" in alone.evaluate(GIVE, [newer, False])
    assert "新的话" in alone.evaluate(GIVE, [older, True])
    newest = in_order(name, data("更新的话"))
    assert "更新的话" in alone.evaluate(GIVE, [newest, False])


@pytest.mark.parametrize("name", COMPONENTS)
def test_in_their_order_the_last_data_are_drawn(alone, session, name: str) -> None:
    parts, data = COMPONENTS[name]
    alone.evaluate(MOUNT, [asset(f"{name}.html"), script(*parts)])
    assert "旧的话" in alone.evaluate(GIVE, [in_order(name, data("旧的话")), True])
    shown = alone.evaluate(GIVE, [in_order(name, data("新的话")), False])
    assert "新的话" in shown
    assert "旧的话" not in shown


def test_an_overtaken_call_leaves_the_player_its_sound_and_its_keys(alone, session) -> None:
    alone.evaluate(MOUNT, [asset("player.html"), script(*PARTS)])
    older, newer = in_order("player", player("旧的话")), in_order("player", player("新的话"))
    alone.evaluate(GIVE, [newer, False])
    alone.evaluate(GIVE, [older, True])
    alone.evaluate(GIVE, [newer, True])
    assert alone.evaluate("window.root.querySelector('audio').hasAttribute('src')")
    alone.keyboard.press("?")
    assert alone.evaluate("window.root.querySelector('dialog.help').open")


def test_a_player_that_is_gone_hears_no_keys(alone, session) -> None:
    alone.evaluate(MOUNT, [asset("player.html"), script(*PARTS)])
    gone = """data => {
        const done = window.show({ data, parentElement: window.root, setTriggerValue: () => {} });
        window.root.host.remove();
        done();
        return window.root.querySelector("audio").hasAttribute("src");
    }"""
    assert alone.evaluate(gone, in_order("player", player("话"))) is False


def test_the_number_changes_with_the_data_only(session) -> None:
    first, same = in_order("a", {"x": [1]}), in_order("a", {"x": [1]})
    other, back = in_order("a", {"x": [2]}), in_order("a", {"x": [1]})
    assert first == same
    assert first["order"]["at"] < other["order"]["at"] < back["order"]["at"]
    assert in_order("b", {"x": [1]})["order"]["of"] == "b"
    assert json.loads(json.dumps(back)) == back
