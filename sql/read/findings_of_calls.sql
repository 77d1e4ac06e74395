-- purpose: what the rules found in some calls and what a reviewer can confirm or reject
-- parameters: $call_ids (list)
-- columns: call_id, finding_key, family, status (violated or review)
select
    call_id,
    finding_key,
    family,
    status
from findings
where
    list_contains($call_ids, call_id)
    and status in ('violated', 'review')
order by
    call_id,
    finding_index
