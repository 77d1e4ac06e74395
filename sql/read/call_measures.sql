-- purpose: measures of one call
-- parameters: $call_id
-- columns: name (unit is the suffix), value (null: not measurable), reason

select
    name,
    value,
    reason
from call_measures
where
    day = (select max(d.day) from call_facts as d where d.call_id = $call_id)
    and call_id = $call_id
order by name;
