-- purpose: verdicts given after a known one, oldest first (store: reviews)
-- parameters: $after (verdict_id; 0: all)
-- columns: verdict_id, call_id, finding_key, verdict (confirm, reject, withdraw)
select
    verdict_id,
    call_id,
    finding_key,
    verdict
from verdicts
where verdict_id > $after
order by verdict_id
