-- purpose: what is drawn on the time line of one call
-- parameters: $call_id; $day (facts_day of call)
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
    day = $day
    and call_id = $call_id
order by
    start_s,
    event_index;
