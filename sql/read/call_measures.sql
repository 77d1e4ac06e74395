-- purpose: measures of one call
-- parameters: $call_id
-- columns: name (unit is the suffix), value (null: not measurable), reason

select
    name,
    value,
    reason
from call_measures
where call_id = $call_id
order by name;
