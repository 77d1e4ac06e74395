-- purpose: what somebody has not handed in yet for one call (store: reviews)
-- parameters: $call_id, $who
-- columns: body (JSON), saved_at (UTC)
select
    body,
    saved_at
from drafts
where call_id = $call_id and who = $who
order by call_id
