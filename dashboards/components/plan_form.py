"""The form of a sampling plan, new or changed; what is not right is told before anything is kept."""

from typing import Any

import streamlit as st

from dashboards.components.saving import save
from dashboards.context import Context
from dashboards.plain import plain
from dashboards.queue import Queue
from pipeline.errors import ConfigError
from pipeline.sampling import ASSIGNMENTS, EVERY, KINDS, MAX_CALLS, STRATIFIERS, TRIGGERS, UNITS, Plan
from pipeline.store.plans import StoredPlan

AMOUNTS = ("calls", "percent")


@st.fragment
def plan_form(context: Context, queue: Queue, stored: StoredPlan | None) -> None:
    """Every field of a plan. Values begin with the stored plan's, or the settings' for a new one."""
    t = context.t
    made = st.session_state.get("plans-made", 0)  # another empty form after each new plan
    key = f"plan-form-{stored.plan_id}" if stored else f"plan-form-new{made or ''}"
    begin = stored.plan if stored else _blank(context)
    values: dict[str, Any] = {"name": st.text_input(t("plan.name"), begin.name, max_chars=60, key=f"{key}-name")}
    first, second = st.columns(2)
    values["kind"] = _choice(context, first, key, "kind", KINDS, begin.kind)
    values["every"] = _choice(context, second, key, "every", EVERY, begin.every)
    values |= (_random if values["kind"] == "random" else _targeted)(context, key, begin)
    values |= _limits(context, queue, key, begin)
    values |= _work(context, queue, key, begin)
    plan = Plan(**values)
    try:
        plan.check()
        problem = None
    except ConfigError as error:
        problem = str(error)
    if problem and values["name"].strip():
        st.warning(t("plan.not_right"), icon=":material/edit_note:")
        st.text(problem)
    with st.container(horizontal=True):
        label = t("plan.save")
        # saved here and not in a callback: a callback would have the fields as they were at the run before
        if st.button(label, type="primary", key=f"{key}-save", disabled=problem is not None, icon=":material/save:"):
            _save(context, queue, plan, stored, active=stored.active if stored else True)
        if stored and st.button(t("plan.stop" if stored.active else "plan.resume"), key=f"{key}-stop"):
            _save(context, queue, stored.plan, stored, active=not stored.active)


def _blank(context: Context) -> Plan:
    review = context.settings.review
    return Plan(
        name="",
        kind="random",
        every="day",
        calls=review.sample_calls,
        percent=None,
        unit="agent",
        stratify="none",
        triggers=("red_line",),
        teams=(),
        topics=(),
        min_duration_s=10.0,
        assignment="even",
        due_days=review.sample_due_days,
    )


def _choice(context: Context, place: Any, key: str, name: str, offered: tuple[Any, ...], chosen: Any) -> Any:
    return place.selectbox(
        context.t(f"plan.{name}"),
        offered,
        offered.index(chosen),
        format_func=lambda code: context.t(f"plan_{name}.{code}"),
        key=f"{key}-{name}",
        help=context.t(f"plan.{name}_help"),
    )


def _random(context: Context, key: str, begin: Plan) -> dict[str, Any]:
    t = context.t
    first, second, third, fourth = st.columns(4)
    unit = first.selectbox(
        t("plan.unit"), UNITS, UNITS.index(begin.unit), format_func=lambda u: t(f"plan_of.{u}"), key=f"{key}-unit"
    )
    kind = second.selectbox(
        t("plan.amount_in"),
        AMOUNTS,
        int(begin.percent is not None),
        format_func=lambda a: t(f"plan_amount.{a}"),
        key=f"{key}-amount-in",
    )
    if kind == "calls":
        calls = third.number_input(t("plan.amount"), 1, MAX_CALLS, begin.calls or 2, key=f"{key}-calls")
        amount: dict[str, Any] = {"calls": int(calls), "percent": None}
    else:
        share = third.number_input(
            t("plan.amount"), 0.1, 100.0, begin.percent or 5.0, 0.5, format="%.1f", key=f"{key}-percent"
        )
        amount = {"calls": None, "percent": float(share)}
    stratify = _choice(context, fourth, key, "stratify", STRATIFIERS, begin.stratify)
    return {**amount, "unit": unit, "stratify": stratify, "triggers": ()}


def _targeted(context: Context, key: str, begin: Plan) -> dict[str, Any]:
    t = context.t
    triggers = st.multiselect(
        t("plan.triggers"),
        TRIGGERS,
        begin.triggers,
        format_func=lambda code: t(f"plan_trigger.{code}"),
        key=f"{key}-triggers",
        placeholder=t("plan.triggers_hint"),
        help=t("plan.triggers_help"),
    )
    most = begin.calls if begin.kind == "targeted" else None
    limit = st.number_input(t("plan.most"), 0, MAX_CALLS, most or 0, key=f"{key}-most", help=t("plan.most_help"))
    return {
        "calls": int(limit) or None,
        "percent": None,
        "unit": "centre",
        "stratify": "none",
        "triggers": tuple(triggers),
    }


def _limits(context: Context, queue: Queue, key: str, begin: Plan) -> dict[str, Any]:
    t, options = context.t, queue.options()
    chosen: dict[str, Any] = {}
    first, second, third = st.columns(3)
    for place, name, kept in ((first, "teams", begin.teams), (second, "topics", begin.topics)):
        offered = list(dict.fromkeys([*options.get(name, []), *kept]))
        picked = place.multiselect(
            t(f"plan.{name}"),
            offered,
            list(kept),
            format_func=lambda value: plain(value, 40),
            key=f"{key}-{name}",
            placeholder=t("filter.any"),
        )
        chosen[name] = tuple(picked)
    shortest = third.number_input(
        t("plan.min_duration"), 0.0, 3600.0, float(begin.min_duration_s), 5.0, format="%.0f", key=f"{key}-min"
    )
    return {**chosen, "min_duration_s": float(shortest)}


def _work(context: Context, queue: Queue, key: str, begin: Plan) -> dict[str, Any]:
    t = context.t
    first, second = st.columns(2)
    assignment = _choice(context, first, key, "assignment", ASSIGNMENTS, begin.assignment)
    days = second.number_input(t("plan.due_days"), 1, 365, begin.due_days, key=f"{key}-due")
    weights: dict[str, float] = {}
    if assignment == "weighted":
        people = queue.reviewers()
        if not people:
            st.caption(t("plan.no_reviewers"))
        for place, user in zip(_columns(len(people)), people, strict=True):
            weights[user.name] = float(
                place.number_input(
                    plain(user.display_name, 30),
                    0.0,
                    100.0,
                    float(begin.weights.get(user.name, 1.0)),
                    0.5,
                    key=f"{key}-weight-{user.name}",
                    help=t("plan.weight_help"),
                )
            )
    return {"assignment": assignment, "due_days": int(days), "weights": weights}


def _columns(count: int) -> list[Any]:
    """As many places as wanted, four in a row."""
    return [place for start in range(0, count, 4) for place in st.columns(4)[: min(4, count - start)]]


def _save(context: Context, queue: Queue, plan: Plan, stored: StoredPlan | None, *, active: bool) -> None:
    plan_id = stored.plan_id if stored else None
    done = save(context, lambda: queue.save_plan(plan, plan_id, active=active), context.t("plan.saved"))
    if done and stored is None:
        st.session_state["plans-made"] = st.session_state.get("plans-made", 0) + 1
    st.rerun(scope="app")
