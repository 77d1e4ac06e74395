-- purpose: the calls of calibration rounds (store: reviews)
-- parameters: $round_id (null: of all rounds)
-- columns: round_id, call_id
select
    c.round_id,
    c.call_id
from calibration_calls as c
where $round_id is null or c.round_id = $round_id
order by
    c.round_id,
    c.number
