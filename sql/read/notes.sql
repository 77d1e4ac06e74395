-- purpose: the notes of one call, oldest first (store: reviews)
-- parameters: $call_id
-- columns: call_id, number, at_s, text, withdraws, who, created_at (UTC)
select
    call_id,
    number,
    at_s,
    text,
    withdraws,
    who,
    created_at
from notes
where call_id = $call_id
order by note_id
