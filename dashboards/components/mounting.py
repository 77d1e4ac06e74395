"""What the browser is told beside a component's data, so that it never ends up with older data than it was sent."""

import json
import time
from hashlib import blake2b
from typing import Any

import streamlit as st

from dashboards.components.assets import asset

_GIVEN = "given_to_components"


def script(*parts: str) -> str:
    """The script of a component: files of dashboards/components/assets as one module, with `outdated` of newest.js."""
    return "\n".join(map(asset, ("newest.js", *parts)))


def in_order(key: str, data: dict[str, Any]) -> dict[str, Any]:
    """`data` of the component `key` with its `order`: a number that is greater whenever the data is another.

    Numbers are milliseconds of the clock, so that a page that outlives its session still goes forward.
    """
    given: dict[str, tuple[bytes, int]] = st.session_state.setdefault(_GIVEN, {})
    digest = blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=16).digest()
    last, at = given.get(key, (b"", 0))
    if digest != last:
        at = max(at + 1, time.time_ns() // 1_000_000)
        given[key] = (digest, at)
    return {**data, "order": {"of": key, "at": at}}
