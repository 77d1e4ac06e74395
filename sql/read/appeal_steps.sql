-- purpose: the steps of one call, or of all, oldest first (store: reviews)
-- parameters: $call_id (null: all calls)
-- columns: those of appeal_steps
select
    call_id,
    number,
    step,
    who,
    reason,
    finding_keys,
    review_version,
    created_at
from appeal_steps
where $call_id is null or call_id = $call_id
order by step_id
