"""One agent: figures beside the team's, trend, findings, distributions, best and worst calls."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from dashboards.agent_figures import AgentRow, Direction, FamilyRate, Profile
from dashboards.components import trend_charts
from dashboards.components.call_list import local_time
from dashboards.components.chrome import go
from dashboards.components.drawing import draw
from dashboards.components.figures import number, overview_figures, percent
from dashboards.components.overview_sections import REACH, bin_ends, over_time, scores
from dashboards.components.table import Cell, Column, Row, bar_of, table
from dashboards.context import Context
from dashboards.plain import clock

# column, name of its text and address parameter, width of a bin, where the last begins, digits
DISTRIBUTIONS: tuple[tuple[str, str, float, float, int], ...] = (
    ("agent_speech_rate_cpm", "cpm", 20.0, 400.0, 0),
    ("agent_estimated_spl_db", "spl", 2.0, 90.0, 0),
    ("silence_ratio", "silence", 0.05, 0.95, 2),
    ("agent_interruptions_count", "interruptions", 1.0, 10.0, 0),
)
REACHES = {**REACH, "silence": (0.0, 0.5), "interruptions": (0.0, 5.0)}


def profile_figures(context: Context, profile: Profile, head: AgentRow) -> None:
    """The agent's figures, and those of the team in a line below for those who may see them."""
    t = context.t
    before = profile.trends.before()
    overview_figures(context, profile.trends.figures(), before.figures() if before else None, key="agent-figures")
    team = profile.team_figures(head.team)
    if team is not None:
        st.caption(
            t(
                "agents.team_line",
                calls=f"{team.calls:,}",
                score=number(team.score.value if team.score else None, 1, t("unit.points")),
                pass_rate=percent(team.pass_rate),
                rate=number(team.rate_cpm, 0, t("unit.cpm")),
                spl=number(team.spl_db, 0, "dB"),
            )
        )


def profile_charts(context: Context, profile: Profile, head: AgentRow) -> None:
    over_time(context, profile.trends)
    left, right = st.columns(2, gap="medium")
    with left:
        _families(context, profile, profile.families(head.team))
    with right:
        scores(context, profile.trends)
    _distributions(context, profile)
    left, right = st.columns(2, gap="medium")
    with left:
        _calls(context, profile, "worst")
    with right:
        _calls(context, profile, "best")


def _families(context: Context, profile: Profile, families: Sequence[FamilyRate]) -> None:
    t = context.t
    with st.container(border=True):
        st.subheader(t("agents.families"), anchor=False)
        if not families:
            st.success(t("overview.no_findings"), icon=":material/check_circle:")
            return
        compared = any(f.team is not None for f in families)
        st.caption(t("agents.families_note" if compared else "agents.families_own"))
        most = max([f.share.high or f.share.value for f in families] + [f.team or 0.0 for f in families])
        names = ("chart.family", "agents.family_share", "agents.family_team")[: 3 if compared else 2]
        columns = [Column(t(name), number=name == "agents.family_share") for name in names]
        rows = [_family_row(context, profile, f, most or 1.0, len(columns)) for f in families]
        chosen = table(context, "agent-families", t("agents.families"), columns, rows)
        if chosen is not None:
            go("calls", **profile.scope.address(family=chosen, status="violated"))


def _family_row(context: Context, profile: Profile, rate: FamilyRate, most: float, columns: int) -> Row:
    t = context.t
    cells = (
        Cell(t.code("family", rate.family), t("overview.of_calls", count=rate.calls)),
        Cell(percent(rate.share), bar=bar_of(rate.share, 0.0, most, rate.team)),
        Cell("—" if rate.team is None else f"{100 * rate.team:.1f} %", _against(context, rate), _tone(rate)),
    )
    href = "calls?" + urlencode(profile.scope.address(family=rate.family, status="violated"), doseq=True)
    return Row(cells[:columns], rate.family, href)


def _against(context: Context, rate: FamilyRate) -> str:
    return context.t({"bad": "agents.more", "good": "agents.fewer", "": "agents.alike"}[_tone(rate)])


def _tone(rate: FamilyRate) -> str:
    if rate.change is None or not rate.change.certain:
        return ""
    return "bad" if rate.change.value > 0 else "good"


def _distributions(context: Context, profile: Profile) -> None:
    t = context.t
    bands = {
        "cpm": context.settings.dashboard.rate_band_cpm,
        "spl": context.settings.dashboard.loudness_band_db,
    }
    with st.container(border=True):
        st.subheader(t("agents.distributions"), anchor=False)
        for pair in (DISTRIBUTIONS[:2], DISTRIBUTIONS[2:]):
            for place, (figure, code, width, most, digits) in zip(st.columns(2, gap="medium"), pair, strict=True):
                counts = profile.trends.bins(figure, width, most)
                title = t(f"chart.{code}")
                if counts.is_empty():
                    place.caption(title)
                    place.info(t("agents.not_measured"), icon=":material/mic_off:")
                    continue
                made_of = (trend_charts.bins, counts, title, t, REACHES[code], bands.get(code), digits)
                shown = draw(place, f"agent-bins-{code}", *made_of, picks=code in bands)
                for mark in shown.selection.get("picked", []) if code in bands else ():
                    go("calls", **profile.scope.address(**{code: bin_ends(code, mark)}))


def _calls(context: Context, profile: Profile, direction: Direction) -> None:
    t = context.t
    found = profile.calls(direction)
    with st.container(border=True):
        st.subheader(t(f"agents.{direction}"), anchor=False)
        if found.is_empty():
            st.caption(t("agents.no_scored"))
            return
        rows = [
            Row(
                (
                    Cell(local_time(row["started_at"]) or t("calls.no_date"), row["topic"] or t("calls.no_topic")),
                    Cell(
                        f"{row['score_total']:.1f}",
                        t("agents.reviewed") if row["reviewed"] else "",
                        "bad" if row["fatal"] else "",
                    ),
                    Cell(str(row["violated"])),
                    Cell(clock(row["duration_s"])),
                ),
                row["call_id"],
                "call?" + urlencode({"call": row["call_id"]}),
            )
            for row in found.iter_rows(named=True)
        ]
        columns = [
            Column(t("agents.when")),
            Column(t("agents.points"), number=True),
            Column(t("agents.violations"), number=True),
            Column(t("agents.length"), number=True),
        ]
        chosen = table(context, f"agent-{direction}", t(f"agents.{direction}"), columns, rows)
        if chosen is not None:
            go("call", call=chosen)
