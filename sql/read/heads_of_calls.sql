-- purpose: who and when of some calls, without a result
-- parameters: $call_ids (list), $zone time zone name
-- columns: call_id, agent_id, agent_name, topic, started_at (local), duration_s
select
    call_id,
    agent_id,
    agent_name,
    topic,
    timezone($zone, started_at) as started_at,
    decoded_s as duration_s
from calls
where list_contains($call_ids, call_id)
order by call_id
