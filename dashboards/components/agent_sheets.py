"""The daily sheet that is published and the weekly summary: on the page, on paper (A4), as a spreadsheet."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards.agent_figures import AgentRow, Agents, WeeklyChange, monday_of
from dashboards.components.assets import asset
from dashboards.components.figures import interval, number, percent, points
from dashboards.components.mounting import in_order, script
from dashboards.components.table import Cell, Column, Row, table
from dashboards.context import Context
from dashboards.intervals import Estimate
from dashboards.plain import escaped, plain
from dashboards.scope import Scope
from dashboards.trends import Figures, Trends
from pipeline.tables import Sheet, sheet_bytes

PRINT = st.components.v2.component(
    "callqa_print", html=asset("print.html"), css=asset("print.css"), js=script("print.js")
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DAILY = ("agent", "team", "calls", "score", "pass_rate", "red_lines", "violating", "families", "rate", "spl")
WEEKLY = ("agent", "team", "calls", "score", "change", "pass_rate", "red_lines", "violating", "families")


def daily_sheet(context: Context, agents: Agents, scope: Scope, whole: tuple[date, date]) -> None:
    """One day, agent by agent."""
    t = context.t
    with st.container(key="sheet-tools", horizontal=True, vertical_alignment="bottom"):
        day = _day(context, "day", whole)
        tools = st.container(horizontal=True, width="content", vertical_alignment="bottom")
    rows = agents.daily(day, scope)
    days = Scope(day, day, scope.team, scope.queue)
    title = t("sheet.daily_title", day=f"{day}", weekday=t(f"weekday.{day.isoweekday()}"))
    body = [(row, None) for row in rows]
    _sheet(context, tools, title, f"daily-{day}", days, DAILY, body)


def weekly_sheet(context: Context, agents: Agents, scope: Scope, whole: tuple[date, date]) -> None:
    """One week, Monday to Sunday, agent by agent, beside the week before."""
    t = context.t
    with st.container(key="sheet-tools", horizontal=True, vertical_alignment="bottom"):
        day = _day(context, "week", whole)
        tools = st.container(horizontal=True, width="content", vertical_alignment="bottom")
    monday = monday_of(day)
    sunday = monday + timedelta(days=6)
    found: Sequence[WeeklyChange] = agents.weekly(monday, scope)
    title = t("sheet.weekly_title", first=f"{monday}", last=f"{sunday}")
    body = [(week.row, week.change) for week in found]
    _sheet(context, tools, title, f"weekly-{monday}", Scope(monday, sunday, scope.team, scope.queue), WEEKLY, body)


def _day(context: Context, what: str, whole: tuple[date, date]) -> date:
    chosen: date = st.date_input(
        context.t(f"sheet.{what}"),
        whole[1],
        min_value=whole[0],
        max_value=whole[1],
        format="YYYY-MM-DD",
        key=f"sheet-{what}",
        width=200,
    )
    return chosen


def _sheet(
    context: Context,
    tools: Any,
    title: str,
    name: str,
    days: Scope,
    columns: tuple[str, ...],
    body: Sequence[tuple[AgentRow, Estimate | None]],
) -> None:
    t = context.t
    st.html(f"<style>{asset('sheet_print.css')}</style>")
    st.subheader(escaped(title), anchor=False)
    if not body:
        st.info(t("sheet.none"), icon=":material/event_busy:")
        return
    total = Trends(context.data, days).figures()
    where = [plain(part, 60) for part in (days.team, days.queue) if part]
    summary = " · ".join([*where, _summary(context, total)])
    st.text(summary)
    shown = [Column(t(f"sheet.{column}"), number=column not in ("agent", "team", "families")) for column in columns]
    rows = [Row(tuple(_cell(context, column, row, change) for column in columns)) for row, change in body]
    table(context, f"sheet-{name}", title, shown, rows)
    st.caption(t("sheet.note"))
    sheet = Sheet(
        name,
        (title, summary, t("sheet.note")),
        tuple(t(f"sheet.{column}") + _unit(context, column) for column in columns),
        tuple(tuple(_value(context, column, row, change) for column in columns) for row, change in body),
    )
    with tools:
        st.download_button(
            t("sheet.xlsx"), sheet_bytes(sheet), f"{name}.xlsx", XLSX, icon=":material/download:", key=f"xlsx-{name}"
        )
        PRINT(key="print", data=in_order("print", {"label": t("sheet.print"), "dark": context.dark}))


def _summary(context: Context, total: Figures) -> str:
    t = context.t
    return t(
        "sheet.summary",
        calls=f"{total.calls:,}",
        score=points(total.score, t),
        pass_rate=percent(total.pass_rate),
        red_lines=total.red_lines,
    )


def _cell(context: Context, column: str, row: AgentRow, change: Estimate | None) -> Cell:
    t, figures = context.t, row.figures
    cells = {
        "agent": Cell(f"{row.agent_id} {row.name}".strip()),
        "team": Cell(row.team or "—"),
        "calls": Cell(f"{figures.calls:,}"),
        "score": Cell(points(figures.score, t), interval(figures.score, t) or ""),
        "change": Cell(_change(context, change), _change_note(context, change), _change_tone(change)),
        "pass_rate": Cell(percent(figures.pass_rate)),
        "red_lines": Cell(str(figures.red_lines), tone="bad" if figures.red_lines else ""),
        "violating": Cell(percent(figures.violating)),
        "families": Cell(_families(context, row)),
        "rate": Cell(number(figures.rate_cpm, 0, t("unit.cpm"))),
        "spl": Cell(number(figures.spl_db, 0, "dB")),
    }
    return cells[column]


def _value(context: Context, column: str, row: AgentRow, change: Estimate | None) -> str | float | None:
    """The same as `_cell` for a spreadsheet: numbers as numbers, shares in percent."""
    figures = row.figures
    numbers: dict[str, float | None] = {
        "calls": figures.calls,
        "score": figures.score and round(figures.score.value, 1),
        "change": change and round(change.value, 1),
        "pass_rate": figures.pass_rate and round(100 * figures.pass_rate.value, 1),
        "red_lines": figures.red_lines,
        "violating": figures.violating and round(100 * figures.violating.value, 1),
        "rate": figures.rate_cpm and round(figures.rate_cpm),
        "spl": figures.spl_db and round(figures.spl_db, 1),
    }
    if column in numbers:
        return numbers[column]
    texts = {"agent": f"{row.agent_id} {row.name}".strip(), "team": row.team or "", "families": _families(context, row)}
    return plain(texts[column])


def _families(context: Context, row: AgentRow) -> str:
    named = (f"{context.t.code('family', family)} {calls}" for family, calls in row.families)
    return context.t("sheet.family_gap").join(named) or "—"


def _change(context: Context, change: Estimate | None) -> str:
    return "—" if change is None else f"{change.value:+.1f} {context.t('unit.points')}"


def _change_note(context: Context, change: Estimate | None) -> str:
    if change is None or change.low is None or change.high is None:
        return ""
    return context.t("interval.signed", low=f"{change.low:+.1f}", high=f"{change.high:+.1f}")


def _change_tone(change: Estimate | None) -> str:
    if change is None or not change.certain:
        return ""
    return "good" if change.value > 0 else "bad"


def _unit(context: Context, column: str) -> str:
    t = context.t
    units = {"rate": t("unit.cpm"), "spl": "dB", "pass_rate": "%", "violating": "%", "score": t("unit.points")}
    return f" ({units[column]})" if column in units else ""
