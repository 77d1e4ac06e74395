-- purpose: what is drawn on the time line of one call
-- parameters: $call_id
-- columns: kind, role, utterance_index, start_s, end_s, value (s; loudness_jump: dB)

select
    kind,
    role,
    utterance_index,
    start_s,
    end_s,
    value
from events
where
    day = (select max(d.day) from call_facts as d where d.call_id = $call_id)
    and call_id = $call_id
order by
    start_s,
    event_index;
