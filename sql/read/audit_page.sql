-- purpose: a page of the audit log, newest first (store: reviews)
-- parameters: null for any of $who, $what (beginning: `user.` finds all of them), $call_id, $from_at, $to_at (UTC, the
--   end left out), $before (audit_id; the page behind it); $limit (rows)
-- columns: audit_id, created_at (UTC), who, what, call_id, detail
select
    audit_id,
    created_at,
    who,
    what,
    call_id,
    detail
from audit_log
where
    ($who is null or who = $who)
    and ($what is null or substr(what, 1, length($what)) = $what)
    and ($call_id is null or call_id = $call_id)
    and ($from_at is null or created_at >= $from_at)
    and ($to_at is null or created_at < $to_at)
    and ($before is null or audit_id < $before)
order by audit_id desc
limit $limit
