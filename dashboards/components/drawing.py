"""Charts as the page sends them: Altair takes 20 to 50 ms to build and check one, so the same one is made once.

    shown = draw(st, "score-chart", score_histogram, scores, t)
    for mark in shown.selection.get("picked", []): …

What a chart is made of is what it is kept by, for all users of the process: frames by their rows, texts by their
language, everything else by its value.
"""

import json
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from io import BytesIO
from typing import Any

import altair as alt
import polars as pl

from dashboards.i18n import Translator
from dashboards.kept import Kept

KEPT_DRAWINGS = 256  # some ten kilobytes each
_ROWS_ASIDE = "callqa_rows_aside"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A Vega-Lite specification as JSON, and the rows that it names: Arrow streams by name."""

    spec: str
    rows: tuple[tuple[str, bytes], ...]


def draw(place: Any, key: str, build: Callable[..., Any], *args: Any, picks: bool = True, **named: Any) -> Any:
    """Show the Altair chart that `build(*args, **named)` makes. picks: marks can be chosen; returns which are."""
    drawing = drawing_of(build, *args, **named)
    return show(place, key, drawing, picks=picks)


def show(place: Any, key: str, drawing: Drawing, *, picks: bool = True) -> Any:
    """Show what was drawn before."""
    spec = {**json.loads(drawing.spec), "datasets": dict(drawing.rows)}
    return place.vega_lite_chart(None, spec, key=key, on_select="rerun" if picks else "ignore")


def drawing_of(build: Callable[..., Any], *args: Any, **named: Any) -> Drawing:
    """The drawing of `build(*args, **named)`, made anew only where it was not made of the same before."""
    key = (
        build.__module__,
        build.__qualname__,
        *map(_key, args),
        *((name, _key(named[name])) for name in sorted(named)),
    )
    found = _kept().get(key)
    if found is None:
        found = _made(build(*args, **named))
        _kept().put(key, found)
    return found


def rows_of(frame: pl.DataFrame) -> tuple[str, bytes]:
    """The rows of a frame as the browser takes them, named by what they are: other rows are another name."""
    stream = _stream(frame)
    return blake2b(stream, digest_size=16).hexdigest(), stream


def _made(chart: Any) -> Drawing:
    rows: dict[str, bytes] = {}

    def aside(data: Any, **_: Any) -> dict[str, str]:
        name, stream = rows_of(data)
        rows[name] = stream
        return {"name": name}

    with _one_at_a_time():  # where Altair puts rows is set for all threads
        alt.data_transformers.register(_ROWS_ASIDE, aside)
        with alt.data_transformers.enable(_ROWS_ASIDE), alt.theme.enable("none"):  # Streamlit brings its own theme
            spec = chart.to_dict()
    return Drawing(json.dumps(spec), tuple(rows.items()))


def _key(value: Any) -> Hashable:
    if isinstance(value, pl.DataFrame):
        return rows_of(value)[0]
    if isinstance(value, Translator):
        return value.language
    return tuple(map(_key, value)) if isinstance(value, list | tuple) else value  # type: ignore[no-any-return]


def _stream(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    return out.getvalue()


@cache
def _kept() -> Kept[Drawing]:
    return Kept(KEPT_DRAWINGS)


@cache
def _one_at_a_time() -> threading.Lock:
    return threading.Lock()
