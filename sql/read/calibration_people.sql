-- purpose: who takes part in calibration rounds (store: reviews)
-- parameters: $round_id (null: in all rounds)
-- columns: round_id, name, part (reviewer or expert)
select
    round_id,
    name,
    part
from calibration_people
where $round_id is null or round_id = $round_id
order by
    round_id,
    part,
    name
