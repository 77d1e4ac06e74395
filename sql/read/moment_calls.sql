-- purpose: the recordings of calls that moments are taken from
-- parameters: $call_ids (list)
-- columns: call_id, sha256, agent_id, agent_name

select
    call_id,
    sha256,
    agent_id,
    agent_name
from calls
where list_contains($call_ids, call_id)
order by call_id;
