-- purpose: who else has looked at a call since (store: reviews)
-- parameters: $call_id, $who (left out), $since (UTC)
-- columns: who, seen_at (UTC)
select
    who,
    seen_at
from presence
where call_id = $call_id and who <> $who and seen_at >= $since
order by who
