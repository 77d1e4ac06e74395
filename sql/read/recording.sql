-- purpose: where the recording with this content lies
-- parameters: $sha256
-- columns: call_id, agent_id, sha256, path, codec, intact (decoded whole and without a warning)

select
    call_id,
    agent_id,
    sha256,
    path,
    codec,
    not damaged and len(warnings) = 0 as intact
from calls
where sha256 = $sha256
order by call_id
limit 1;
