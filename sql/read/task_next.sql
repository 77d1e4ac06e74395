-- purpose: the task that a reviewer should work on next: what they hold, then their own, then anybody's (store: reviews)
-- parameters: $reviewer, $now (UTC)
-- columns: task_id
select task_id
from task_states
where
    open
    and (
        (step = 'claim' and who = $reviewer)
        or (coalesce(assignee, $reviewer) = $reviewer and (coalesce(step, '') <> 'claim' or locked_until <= $now))
    )
order by
    coalesce(step = 'claim' and who = $reviewer and locked_until > $now, 0) desc,
    coalesce(assignee = $reviewer, 0) desc,
    due_at,
    draw_id,
    number
limit 1
