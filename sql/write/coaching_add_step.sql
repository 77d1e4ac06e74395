-- purpose: append what became of a goal (store: reviews)
-- parameters: $goal_id, $number (from 1 within the goal), $step (agree, reach, miss, withdraw), $who, $reason, $created_at (UTC)
insert into goal_steps (
    goal_id,
    number,
    step,
    who,
    reason,
    created_at
)
values (
    $goal_id,
    $number,
    $step,
    $who,
    $reason,
    $created_at
)
