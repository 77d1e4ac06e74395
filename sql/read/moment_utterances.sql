-- purpose: what was said in calls that moments are taken from
-- parameters: $call_ids (list)
-- columns: call_id, role, start_s, end_s, text

select
    u.call_id,
    u.role,
    u.start_s,
    u.end_s,
    u.text
from utterances as u
inner join calls as c on c.call_id = u.call_id
where list_contains($call_ids, c.call_id)
order by
    u.call_id,
    u.utterance_index;
