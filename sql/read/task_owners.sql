-- purpose: who is at work on which call (store: reviews)
-- parameters: none
-- columns: call_id, owner
select
    call_id,
    max(case when step = 'claim' then who else assignee end) as owner
from task_states
where
    open
    and (step = 'claim' or assignee is not null)
group by call_id
order by call_id
