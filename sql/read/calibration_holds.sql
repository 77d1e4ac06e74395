-- purpose: the open round in which somebody is still to be kept from others' judgement of a call (store: reviews)
-- parameters: $call_id, $name
-- columns: round_id
select c.round_id
from calibration_calls as c
inner join calibration_people as p on p.round_id = c.round_id
where
    c.call_id = $call_id
    and p.name = $name
    and c.round_id not in (select d.round_id from calibration_closings as d)
order by c.round_id
limit 1
