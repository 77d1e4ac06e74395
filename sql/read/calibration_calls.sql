-- purpose: the calls of calibration rounds (store: reviews)
-- parameters: $round_id (null: of all rounds), $open (1: of open rounds only, null: any)
-- columns: round_id, call_id
select
    c.round_id,
    c.call_id
from calibration_calls as c
where
    ($round_id is null or c.round_id = $round_id)
    and ($open is null or c.round_id not in (select d.round_id from calibration_closings as d))
order by
    c.round_id,
    c.number
