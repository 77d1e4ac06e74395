"""Sampling plans: what each asks for, how far its work is; preview and draw; new and changed plans."""

from datetime import date

import streamlit as st

from dashboards.components.plan_form import plan_form
from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.plain import escaped, plain
from dashboards.queue import Queue
from pipeline.draws import Preview, new_seed, today
from pipeline.errors import CallQaError
from pipeline.sampling import last_complete_period, period_of
from pipeline.store.plans import Days, StoredDraw, StoredPlan
from pipeline.store.tasks import Progress


def plan_panel(context: Context, queue: Queue) -> None:
    t = context.t
    plans = sorted(queue.plans(), key=lambda stored: (not stored.active, stored.plan_id))
    assigns = context.user.may("assign")
    if not plans:
        st.info(t("plan.none"), icon=":material/event_repeat:")
    progress = queue.progress()
    for stored in plans:
        mine = [row for row in progress if row.plan_id == stored.plan_id]
        _plan(context, queue, stored, mine, assigns=assigns)
    if assigns:
        with st.expander(t("plan.new"), icon=":material/add:", expanded=not plans):
            plan_form(context, queue, None)


def _plan(context: Context, queue: Queue, stored: StoredPlan, progress: list[Progress], *, assigns: bool) -> None:
    t, plan = context.t, stored.plan
    with st.container(border=True, gap="small", key=f"plan-{stored.plan_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(plan.name, 60)}**", width="content")
            st.badge(t(f"plan_kind.{plan.kind}"), color="blue" if plan.kind == "random" else "orange")
            if not stored.active:
                st.badge(t("plan.inactive"), color="gray")
        st.caption(escaped(described(context, stored), 300))
        _progress(context, progress)
        draws = queue.draws(stored.plan_id)
        if draws:
            st.caption(escaped(_last_draw(context, draws[0], len(draws)), 200))
        if not assigns:
            return
        drawing, changing = st.columns(2)
        with drawing.expander(t("plan.draw"), icon=":material/casino:"):
            _draw(context, queue, stored)
        with changing.expander(t("plan.change"), icon=":material/edit:"):
            plan_form(context, queue, stored)
            _hand_over(context, queue, stored, progress)


def described(context: Context, stored: StoredPlan) -> str:
    """A plan in one sentence."""
    t, plan = context.t, stored.plan
    parts = [t(f"plan_every.{plan.every}")]
    if plan.kind == "random":
        amount = t("plan.calls", count=plan.calls) if plan.calls else t("plan.percent", percent=f"{plan.percent:g}")
        parts += [t(f"plan_unit.{plan.unit}", amount=amount)]
        parts += [t(f"plan_stratify.{plan.stratify}")] if plan.stratify != "none" else []
    else:
        parts += ["、".join(t(f"plan_trigger.{trigger}") for trigger in plan.triggers)]
        parts += [t("plan.at_most", count=plan.calls)] if plan.calls else []
    parts += ["、".join(plain(name, 20) for name in (*plan.teams, *plan.topics))]
    parts += [t("plan.longer", seconds=f"{plan.min_duration_s:g}")] if plan.min_duration_s else []
    parts += [t(f"plan_assignment.{plan.assignment}"), t("plan.due", days=plan.due_days)]
    return " · ".join(part for part in parts if part)


def _progress(context: Context, progress: list[Progress]) -> None:
    t = context.t
    total = sum(row.tasks for row in progress)
    if not total:
        return
    closed = sum(row.done + row.skipped for row in progress)
    late = sum(row.overdue for row in progress)
    st.progress(closed / total, t("plan.progress", done=closed, total=total, late=late))
    rows = [
        {
            t("plan.reviewer"): plain(row.reviewer, 40) or t("plan.pool"),
            t("plan.column_done"): row.done,
            t("plan.column_open"): row.tasks - row.done - row.skipped,
            t("plan.column_overdue"): row.overdue,
            t("plan.column_skipped"): row.skipped,
        }
        for row in progress
    ]
    with st.expander(t("plan.by_reviewer")):
        st.dataframe(rows, hide_index=True)


def _last_draw(context: Context, draw: StoredDraw, count: int) -> str:
    days = _days(context, (draw.first_day, draw.last_day))
    return context.t(
        "plan.last_draw", days=days, drawn=draw.drawn, calls=draw.calls, seed=draw.seed, who=draw.who, count=count
    )


@st.fragment
def _draw(context: Context, queue: Queue, stored: StoredPlan) -> None:
    """Choose a period, see what would be drawn, then draw exactly that."""
    t, plan_id = context.t, stored.plan_id
    day = st.date_input(
        t("plan.day"),
        _usual_day(context, queue, stored),
        key=f"draw-day-{plan_id}",
        format="YYYY-MM-DD",
        help=t("plan.day_help"),
    )
    if not isinstance(day, date):
        return
    days = period_of(stored.plan.every, day)
    seeds = st.session_state.setdefault("draw-seeds", {})
    seed = seeds.setdefault((plan_id, stored.version, days), new_seed())
    try:
        preview = queue.preview(stored.plan, days, seed)
    except CallQaError as error:
        st.warning(t("plan.no_preview"), icon=":material/warning:")
        st.text(str(error))
        return
    _preview(context, preview)
    if st.button(
        t("plan.draw_now", count=len(preview.drawn.picks)),
        type="primary",
        icon=":material/casino:",
        key=f"draw-{plan_id}",
        disabled=not preview.drawn.picks,
    ):
        if save(context, lambda: queue.draw(stored, days, seed), t("plan.drawn")):
            seeds.pop((plan_id, stored.version, days))
        st.rerun(scope="app")


def _usual_day(context: Context, queue: Queue, stored: StoredPlan) -> date:
    """A day of the last complete period, or the last day that has calls when that was earlier."""
    _, ended = last_complete_period(stored.plan.every, today(context.settings))
    return min(ended, queue.options().get("last_day") or ended)


def _preview(context: Context, preview: Preview) -> None:
    t, drawn = context.t, preview.drawn
    days = _days(context, preview.days)
    st.markdown(escaped(t("plan.preview", days=days, drawn=len(drawn.picks), calls=drawn.frame_calls), 200))
    if not drawn.strata:
        return
    rows = [
        {t("plan.stratum"): stratum_name(context, s.name), t("plan.n_all"): s.calls, t("plan.n_drawn"): s.drawn}
        for s in drawn.strata
    ]
    st.dataframe(rows, hide_index=True, height=min(35 * (len(rows) + 1) + 3, 250))
    given = list(preview.assigned.values())
    if given:
        shares = "、".join(f"{plain(name, 30)} {given.count(name)}" for name in sorted(set(given)))
        st.caption(escaped(t("plan.shares", shares=shares), 300))
    st.caption(t("plan.seed", seed=drawn.seed))


def stratum_name(context: Context, name: str) -> str:
    """`8023/red_line` in words."""
    t = context.t
    unit, _, inner = name.partition("/")
    parts = [t("plan.all_agents") if unit == "*" else t.code("plan_trigger", unit)]
    parts += [t.code("severity", inner)] if inner else []
    return plain(" · ".join(parts), 80)


def _hand_over(context: Context, queue: Queue, stored: StoredPlan, progress: list[Progress]) -> None:
    """Give one reviewer's open calls to another: holidays, illness."""
    t, plan_id = context.t, stored.plan_id
    owners = [row.reviewer for row in progress if row.tasks > row.done + row.skipped]
    if not owners:
        return
    names = [None, *(user.name for user in queue.reviewers())]

    def shown(name: str | None) -> str:
        return plain(name, 40) or t("plan.pool")

    with st.form(f"hand-over-{plan_id}", border=True):
        keys = (f"from-{plan_id}", f"to-{plan_id}")
        for place, label, key, offered in zip(st.columns(2), ("from", "to"), keys, (owners, names), strict=True):
            place.selectbox(t(f"plan.{label}"), offered, format_func=shown, key=key)
        st.form_submit_button(t("plan.hand_over"), on_click=_give, args=(context, queue, plan_id, keys))


def _give(context: Context, queue: Queue, plan_id: int, keys: tuple[str, str]) -> None:
    source, target = (st.session_state[key] for key in keys)
    save(context, lambda: queue.hand_over(plan_id, source, target), context.t("plan.saved"))


def _days(context: Context, days: Days) -> str:
    first, last = days
    return f"{first}" if first == last else context.t("plan.days", first=first, last=last)
