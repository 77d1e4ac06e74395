"""Draws: who could be drawn, how many are, and that the same seed draws the same."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.sampling import (
    FrameCall,
    Pick,
    Plan,
    allot,
    assign,
    draw,
    last_complete_period,
    period_of,
    score_band,
)

PLAN = Plan("每日抽检", "random", "day", 2, None, "agent", "none", (), (), (), 0.0, "pool")
TARGETED = replace(PLAN, kind="targeted", calls=None, triggers=("red_line", "low_score"))


def call(number: int, agent: str | None = "8023", **more: object) -> FrameCall:
    usual = {"team": "一组", "topic": "挂号", "duration_s": 60.0, "score": 90.0, "passed": True}
    flags = {"fatal": False, "alert": False, "review": False, "severity": "none"}
    return FrameCall(f"c{number:03d}", agent, **{**usual, **flags, **more})  # type: ignore[arg-type]


def calls(count: int, agent: str = "8023", start: int = 0, **more: object) -> list[FrameCall]:
    return [call(start + n, agent, **more) for n in range(count)]


def test_so_many_calls_of_each_agent_all_where_there_are_fewer() -> None:
    drawn = draw(PLAN, [*calls(5, "A"), *calls(1, "B", 10), *calls(9, None, 20)], seed=1)  # type: ignore[arg-type]
    assert [(s.name, s.calls, s.drawn) for s in drawn.strata] == [("A", 5, 2), ("B", 1, 1), ("—", 9, 2)]
    assert Counter(pick.stratum for pick in drawn.picks) == {"A": 2, "B": 1, "—": 2}
    assert drawn.frame_calls == 15


def test_the_seed_decides_and_the_order_of_the_frame_does_not() -> None:
    frame = calls(40)
    assert draw(PLAN, frame, 7) == draw(PLAN, reversed(frame), 7)
    assert len({draw(PLAN, frame, seed).picks for seed in range(20)}) > 15


def test_another_agents_calls_change_nothing_for_the_first() -> None:
    alone = {p.call_id for p in draw(PLAN, calls(40, "A"), 7).picks}
    beside = {p.call_id for p in draw(PLAN, [*calls(40, "A"), *calls(9, "B", 50)], 7).picks if p.stratum == "A"}
    assert alone == beside


def test_every_call_has_the_same_chance() -> None:
    frame = calls(10)
    hits = Counter(pick.call_id for seed in range(2000) for pick in draw(PLAN, frame, seed).picks)
    # 2000 draws of 2 in 10: 400 each, standard deviation (2000 * 0.2 * 0.8)^0.5 = 17.9
    assert all(abs(hits[c.call_id] - 400) < 4 * 17.9 for c in frame)


@pytest.mark.parametrize(("size", "percent", "expected"), [(100, 5.0, {5}), (10, 5.0, {1}), (50, 5.0, {2, 3})])
def test_a_percentage_is_met_on_average_and_at_least_one_call_is_drawn(
    size: int, percent: float, expected: set[int]
) -> None:
    plan = replace(PLAN, calls=None, percent=percent)
    assert {len(draw(plan, calls(size), seed).picks) for seed in range(40)} == expected


def test_strata_within_an_agent_by_size_one_at_least() -> None:
    plan = replace(PLAN, calls=6, stratify="topic")
    frame = [*calls(20, topic="挂号"), *calls(10, topic="费用", start=20), *calls(2, topic=None, start=40)]
    drawn = draw(plan, frame, 3)
    # one each, the other three by size (19 : 9 : 1 left)
    assert {s.name: s.drawn for s in drawn.strata} == {"8023/挂号": 3, "8023/费用": 2, "8023/—": 1}


def test_one_unit_for_the_whole_centre() -> None:
    plan = replace(PLAN, unit="centre", calls=4, stratify="score")
    drawn = draw(plan, [*calls(8, "A", score=95.0), *calls(8, "B", 10, score=50.0)], 3)
    assert {s.name: (s.calls, s.drawn) for s in drawn.strata} == {"*/>=80": (8, 2), "*/<60": (8, 2)}


def test_a_targeted_draw_takes_every_call_once_by_its_first_reason() -> None:
    frame = [call(1, severity="red_line", score=40.0), call(2, score=59.9), call(3), call(4, score=None)]
    drawn = draw(TARGETED, frame, 1)
    assert sorted((p.call_id, p.stratum) for p in drawn.picks) == [("c001", "red_line"), ("c002", "low_score")]
    few = draw(replace(TARGETED, calls=3), calls(10, severity="red_line"), 1)
    assert [(s.calls, s.drawn) for s in few.strata] == [(10, 3)]


def test_what_is_not_in_the_frame() -> None:
    plan = replace(PLAN, calls=9, min_duration_s=30.0, teams=("一组",), topics=("挂号",))
    frame = [call(1), call(2, duration_s=29.0), call(3, team="二组"), call(4, topic="费用")]
    assert [p.call_id for p in draw(plan, frame, 1).picks] == ["c001"]
    assert draw(plan, [], 1).picks == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"calls": None}, "either a number"),
        ({"percent": 5.0}, "either a number"),
        ({"calls": 0}, "calls = 0; take 1 to 500"),
        ({"calls": None, "percent": 120.0}, "percent = 120"),
        ({"name": " "}, "needs a name"),
        ({"kind": "targeted"}, "needs a reason"),
        ({"assignment": "weighted", "weights": {"li": 0.0}}, "weight above 0"),
        ({"due_days": 0}, "due_days = 0"),
    ],
)
def test_a_plan_that_is_none_says_why(change: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        draw(replace(PLAN, **change), [], 1)  # type: ignore[arg-type]


def test_work_is_split_evenly_or_by_weight() -> None:
    picks = [Pick(f"c{n}", "A") for n in range(10)]
    even = Counter(assign(picks, {"li": 1.0, "wu": 1.0, "sun": 1.0}, 5).values())
    assert sorted(even.values()) == [3, 3, 4]
    assert Counter(assign(picks, {"li": 3.0, "wu": 1.0, "gone": 0.0}, 5).values()) in (
        {"li": 8, "wu": 2},
        {"li": 7, "wu": 3},
    )
    assert assign(picks, {}, 5) == {}


@given(
    total=st.integers(0, 60),
    room=st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 12), max_size=6),
    seed=st.integers(0, 9),
)
def test_what_is_split_adds_up_and_nobody_gets_more_than_their_room(
    total: int, room: dict[str, int], seed: int
) -> None:
    given_out = allot(total, room, {name: float(size) for name, size in room.items()}, seed)
    assert sum(given_out.values()) == min(total, sum(room.values()))
    assert all(0 <= given_out[name] <= room[name] for name in room)


def test_periods() -> None:
    friday = date(2026, 11, 20)
    assert period_of("day", friday) == (friday, friday)
    assert period_of("week", friday) == (date(2026, 11, 16), date(2026, 11, 22))
    assert period_of("month", date(2028, 2, 9)) == (date(2028, 2, 1), date(2028, 2, 29))
    assert last_complete_period("day", friday) == (date(2026, 11, 19), date(2026, 11, 19))
    assert last_complete_period("week", friday) == (date(2026, 11, 9), date(2026, 11, 15))
    assert last_complete_period("month", date(2026, 1, 3)) == (date(2025, 12, 1), date(2025, 12, 31))


def test_score_bands_meet_without_a_gap() -> None:
    assert [score_band(s) for s in (0.0, 59.9, 60.0, 79.9, 80.0, 100.0, None)] == [
        "<60",
        "<60",
        "60-80",
        "60-80",
        ">=80",
        ">=80",
        "none",
    ]
