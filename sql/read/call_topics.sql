-- purpose: what one call is about, most certain first
-- parameters: $call_id; $day (judged_day of call)
-- columns: topic, confidence (0..1), evidence

select
    topic,
    confidence,
    evidence
from topics
where
    day = $day
    and call_id = $call_id
order by
    confidence desc,
    topic;
