-- purpose: somebody takes part in a calibration round (store: reviews)
-- parameters: $round_id, $name, $part (reviewer or expert)
insert into calibration_people (round_id, name, part)
values ($round_id, $name, $part)
