"""A table whose rows may lead somewhere, with intervals drawn beside numbers; texts are shown as text only."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from dashboards.components.assets import asset
from dashboards.components.mounting import in_order, script
from dashboards.context import Context
from dashboards.intervals import Estimate
from dashboards.plain import plain

CELL_CHARACTERS = 120

TABLE = st.components.v2.component(
    "callqa_table", html=asset("table.html"), css=asset("table.css"), js=script("table.js")
)


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A point and its interval as parts of the column's width, 0..1; mark: a target or a reference."""

    value: float
    low: float | None = None
    high: float | None = None
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """text and, smaller, sub below it. tone: "", good, warn or bad."""

    text: str
    sub: str = ""
    tone: str = ""
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """id: what is returned when the row is chosen. href: its address, None: it leads nowhere."""

    cells: tuple[Cell, ...]
    id: str = ""
    href: str | None = None


def table(context: Context, key: str, caption: str, columns: Sequence[Column], rows: Sequence[Row]) -> str | None:
    """Show a table. Returns the id of the row that was chosen, else None. caption: what a screen reader says of it."""
    data = {
        "caption": caption,
        "columns": [asdict(column) for column in columns],
        "rows": [
            {"id": row.id, "href": row.href, "cells": [_harmless(asdict(cell)) for cell in row.cells]} for row in rows
        ],
        "dark": context.dark,
    }
    opened = TABLE(key=key, data=in_order(key, data), on_opened_change=lambda: None).opened
    return str(opened["id"]) if opened else None


def bar_of(estimate: Estimate | None, lowest: float, highest: float, mark: float | None = None) -> Bar | None:
    """An estimate drawn between lowest and highest."""
    if estimate is None:
        return None

    def part(value: float | None) -> float | None:
        return None if value is None else (value - lowest) / (highest - lowest)

    value = part(estimate.value)
    assert value is not None
    return Bar(value, part(estimate.low), part(estimate.high), part(mark))


def _harmless(cell: dict[str, object]) -> dict[str, object]:
    return {**cell, "text": plain(str(cell["text"]), CELL_CHARACTERS), "sub": plain(str(cell["sub"]), CELL_CHARACTERS)}
