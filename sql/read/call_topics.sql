-- purpose: what one call is about, most certain first
-- parameters: $call_id
-- columns: topic, confidence (0..1), evidence

select
    topic,
    confidence,
    evidence
from topics
where
    day = (select max(d.day) from call_judgements as d where d.call_id = $call_id)
    and call_id = $call_id
order by
    confidence desc,
    topic;
