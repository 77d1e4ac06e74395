-- purpose: every verdict on the findings of one call, oldest first (store: reviews)
-- parameters: $call_id
-- columns: call_id, finding_key, version, verdict (confirm, reject, withdraw), comment, reviewer, created_at (UTC)
select
    call_id,
    finding_key,
    version,
    verdict,
    comment,
    reviewer,
    created_at
from verdicts
where call_id = $call_id
order by verdict_id
