-- purpose: measures of one call
-- parameters: $call_id; $day (facts_day of call)
-- columns: name (unit is the suffix), value (null: not measurable), reason

select
    name,
    value,
    reason
from call_measures
where
    day = $day
    and call_id = $call_id
order by name;
