-- purpose: corrections of one call or of all, oldest first (store: reviews)
-- parameters: $call_id (null: all calls)
-- columns: those of fact_corrections
select
    call_id,
    number,
    kind,
    utterance_index,
    heard,
    text,
    role,
    withdraws,
    who,
    created_at
from fact_corrections
where $call_id is null or call_id = $call_id
order by correction_id
