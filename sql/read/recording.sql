-- purpose: where the recording with this content lies
-- parameters: $sha256
-- columns: call_id, path

select
    call_id,
    path
from calls
where sha256 = $sha256
order by call_id
limit 1;
