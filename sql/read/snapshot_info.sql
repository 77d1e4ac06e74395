-- purpose: which snapshot this is
-- parameters: $zone time zone name
-- columns: snapshot_id, published_at (local), callqa_version, rulebook_version, calls

select
    snapshot_id,
    timezone($zone, published_at) as published_at,
    callqa_version,
    rulebook_version,
    calls
from snapshot_info
order by snapshot_id desc
limit 1;
