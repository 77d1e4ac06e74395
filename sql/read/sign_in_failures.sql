-- purpose: failed sign-ins of a name since its last success, within a window (store: reviews)
-- parameters: $name, $since (UTC)
-- columns: failures, last_at (UTC, null without any)
select
    count(*) as failures,
    max(created_at) as last_at
from sign_ins
where
    name = $name
    and succeeded = 0
    and created_at > $since
    and sign_in_id > coalesce((select max(sign_in_id) from sign_ins where name = $name and succeeded = 1), 0)
order by failures
