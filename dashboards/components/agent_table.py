"""The ranking: who did how well, on how many calls, and how sure that is."""

from urllib.parse import urlencode

import streamlit as st

from dashboards.agent_figures import AgentRow, Ranking
from dashboards.components.figures import interval, number, percent, points
from dashboards.components.table import Cell, Column, Row, bar_of, table
from dashboards.context import Context
from dashboards.intervals import Estimate
from dashboards.scope import Scope

COLUMNS = ("agent", "rank", "calls", "drawn", "score", "pass_rate", "red_lines", "violating", "rate", "spl")
NUMBERS = ("rank", "calls", "score", "pass_rate", "red_lines", "violating", "rate", "spl")


def ranking_table(context: Context, ranking: Ranking, scope: Scope) -> str | None:
    """Returns the agent that was chosen, else None."""
    t = context.t
    ranked = sum(row.rank is not None for row in ranking.rows)
    st.caption(t("agents.ranking_note", least=ranking.min_calls))
    if not ranked:
        st.info(t("agents.nobody_ranked", least=ranking.min_calls), icon=":material/hourglass_empty:")
    reach = _reach(ranking)
    rows = [_row(context, row, ranking.mean, reach, scope) for row in ranking.rows]
    columns = [Column(t(f"agents.{name}"), number=name in NUMBERS) for name in COLUMNS]
    return table(context, "ranking", t("menu.agents"), columns, rows)


def _row(context: Context, row: AgentRow, mean: float | None, reach: tuple[float, float], scope: Scope) -> Row:
    t, figures = context.t, row.figures
    drawn = f"{row.drawn.value:.1f}" if row.drawn else t("agents.too_few")
    cells = (
        Cell(f"{row.agent_id} {row.name}".strip(), row.team or ""),
        Cell("—" if row.rank is None else str(row.rank)),
        Cell(f"{figures.calls:,}", t("agents.scored", count=f"{row.scores.count:,}")),
        Cell(drawn, _against(context, row.drawn, mean), _tone(row.drawn, mean), bar_of(row.drawn, *reach, mark=mean)),
        Cell(points(figures.score, t), interval(figures.score, t) or ""),
        Cell(percent(figures.pass_rate), interval(figures.pass_rate, t, 100) or ""),
        Cell(str(figures.red_lines), tone="bad" if figures.red_lines else ""),
        Cell(percent(figures.violating)),
        Cell(number(figures.rate_cpm, 0, t("unit.cpm"))),
        Cell(number(figures.spl_db, 0, "dB")),
    )
    return Row(cells, row.agent_id, "agents?" + urlencode(scope.address(agent=row.agent_id), doseq=True))


def _against(context: Context, drawn: Estimate | None, mean: float | None) -> str:
    """Whether somebody differs from the mean of all beyond chance, in words."""
    if drawn is None or mean is None or drawn.low is None or drawn.high is None:
        return ""
    where = "above" if drawn.low > mean else "below" if drawn.high < mean else "same"
    return context.t(f"agents.{where}")


def _tone(drawn: Estimate | None, mean: float | None) -> str:
    if drawn is None or mean is None or drawn.low is None or drawn.high is None:
        return ""
    return "good" if drawn.low > mean else "bad" if drawn.high < mean else ""


def _reach(ranking: Ranking) -> tuple[float, float]:
    """From where to where the bars run: all intervals with some air, within 0..100 points."""
    ends = [end for row in ranking.rows if row.drawn for end in (row.drawn.low, row.drawn.high) if end is not None]
    if not ends:
        return 0.0, 100.0
    return max(0.0, min(ends) - 2), min(100.0, max(ends) + 2)
