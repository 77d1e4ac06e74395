-- purpose: tasks with their last step, the most urgent first (store: reviews)
-- parameters: null for any of $task_id, $call_id, $plan_id, $reviewer (theirs, or held by them),
--   $open (1: open ones only), $first_day, $last_day (of the draws that lie within); $limit (rows)
-- columns: those of task_states
select
    task_id,
    draw_id,
    number,
    call_id,
    stratum,
    due_at,
    plan_id,
    kind,
    first_day,
    last_day,
    steps,
    step,
    who,
    assignee,
    locked_until,
    review_version,
    changed_at,
    open
from task_states
where
    ($task_id is null or task_id = $task_id)
    and ($call_id is null or call_id = $call_id)
    and ($plan_id is null or plan_id = $plan_id)
    and ($reviewer is null or assignee = $reviewer or (step = 'claim' and who = $reviewer))
    and ($open is null or open)
    and ($first_day is null or first_day >= $first_day)
    and ($last_day is null or last_day <= $last_day)
order by
    due_at,
    draw_id,
    number
limit $limit
