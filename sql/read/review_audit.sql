-- purpose: who did what, newest first (store: reviews)
-- parameters: $call_id (null: all calls), $limit (rows)
-- columns: created_at (UTC), who, what, call_id, detail
select
    created_at,
    who,
    what,
    call_id,
    detail
from audit_log
where $call_id is null or call_id = $call_id
order by audit_id desc
limit $limit
