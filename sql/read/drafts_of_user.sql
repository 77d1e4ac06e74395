-- purpose: the calls of which somebody has a draft, newest first (store: reviews)
-- parameters: $who
-- columns: call_id, saved_at (UTC)
select
    call_id,
    saved_at
from drafts
where who = $who
order by saved_at desc
