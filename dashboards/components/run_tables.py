"""Tables of the runs page: last nights, files that gave no call, and how the stores are."""

import streamlit as st

from dashboards.components.call_list import local_time
from dashboards.components.table import Cell, Column, Row, table
from dashboards.context import Context
from dashboards.plain import plain
from dashboards.run_history import ShownRun, integrity, last_runs, store_health, waiting_files

STATES = ("failed", "quarantined", "duplicate")
TONES = {"complete": "good", "stopped": "warn", "aborted": "bad"}
MIB = 2**20


def runs_table(context: Context) -> None:
    """The last runs of the batch."""
    t = context.t
    runs = last_runs(context.data)
    if not runs:
        st.info(t("runs.none_yet"), icon=":material/bedtime:")
        return
    names = ("started", "outcome", "found", "done", "failed", "audio", "took", "speed", "version")
    columns = [Column(t(f"runs.{name}"), number=name in names[2:8]) for name in names]
    waiting = waiting_files(context.data)
    told = t("runs.waiting", waiting=waiting.get("pending", 0), working=waiting.get("leased", 0))
    st.caption(f"{t('runs.speed_help')} {told}")
    table(context, "runs-table", t("runs.nights"), columns, [_run(context, shown) for shown in runs])


def _run(context: Context, shown: ShownRun) -> Row:
    t, run = context.t, shown.run
    outcome = run.outcome or "running"
    fast = "—" if shown.audio_hours_per_hour is None else f"{shown.audio_hours_per_hour:.1f}"
    return Row(
        (
            Cell(context.local(run.started_at).strftime("%Y-%m-%d %H:%M"), t("runs.number", number=run.run_id)),
            Cell(t.code("outcome", outcome), tone=TONES.get(outcome, "")),
            Cell(f"{run.counts.found:,}"),
            Cell(f"{run.counts.done:,}"),
            Cell(f"{run.counts.failed:,}", tone="bad" if run.counts.failed else ""),
            Cell(f"{shown.audio_hours:.1f} {t('unit.hours')}"),
            Cell(f"{run.counts.wall_s / 60:.1f} {t('unit.minutes')}"),
            Cell(fast),
            Cell(run.rulebook_version or "—", t("runs.models", fingerprint=run.fingerprint[:12])),
        )
    )


def problem_files(context: Context) -> None:
    """Files that gave no call, with the reason of each; by state and by name."""
    t = context.t
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state = st.selectbox(
            t("runs.state"),
            STATES,
            index=None,
            placeholder=t("runs.all_states"),
            format_func=lambda code: t.code("state", code),
            width=200,
        )
        words = st.text_input(t("runs.search"), max_chars=100)
    files = context.data.problem_files()
    found = [
        row
        for row in files.iter_rows(named=True)
        if state in (None, row["state"]) and words.casefold() in f"{row['file_name']} {row['reason']}".casefold()
    ]
    if not found:
        st.success(t("runs.no_problems"), icon=":material/check_circle:")
        return
    columns = [Column(t("runs.file")), Column(t("runs.state")), Column(t("runs.reason")), Column(t("runs.last_try"))]
    rows = [
        Row(
            (
                Cell(plain(row["file_name"], 100), plain(row["path"], 110)),
                Cell(t.code("state", row["state"]), tone="" if row["state"] == "duplicate" else "bad"),
                Cell(plain(row["reason"], 110) or t("common.none")),
                Cell(local_time(row["updated_at"]), t("runs.attempts", count=row["attempts"])),
            )
        )
        for row in found
    ]
    table(context, "problem-files", t("runs.problems"), columns, rows)


def health_panel(context: Context) -> None:
    """Sizes, snapshots, free disk; the check of the decisions by a button, because it reads all of them."""
    t, found = context.t, store_health(context.data)
    if found.disk_is_low:
        st.error(t("runs.low_disk", free=_size(found.free_bytes)), icon=":material/hard_drive:")
    with st.container(horizontal=True):
        st.metric(
            t("runs.free"),
            _size(found.free_bytes),
            help=t("runs.of_disk", all=_size(found.disk_bytes)),
            border=True,
            width=150,
        )
        for name, size in found.sizes:
            st.metric(t.code("part", name.replace(".", "_")), _size(size), border=True, width=150)
    columns = [Column(t("runs.snapshot")), Column(t("runs.written")), Column(t("runs.size"), number=True)]
    rows = [
        Row(
            (
                Cell(kept.name, t("runs.in_use") if kept.current else ""),
                Cell(context.local(kept.written_at).strftime("%Y-%m-%d %H:%M")),
                Cell(_size(kept.size_bytes)),
            )
        )
        for kept in found.snapshots
    ]
    table(context, "snapshots", t("runs.snapshots"), columns, rows)
    if st.button(t("runs.check"), icon=":material/health_and_safety:"):
        wrong = integrity(context.data)
        if wrong:
            st.error(t("runs.unsound"), icon=":material/error:")
            st.text("\n".join(wrong))
        else:
            st.success(t("runs.sound"), icon=":material/check_circle:")


def _size(size_bytes: int) -> str:
    if size_bytes < MIB:
        return f"{size_bytes / 1024:,.0f} KiB"
    return f"{size_bytes / MIB:,.1f} MiB" if size_bytes < 1024 * MIB else f"{size_bytes / MIB / 1024:,.1f} GiB"
