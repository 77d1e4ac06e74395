-- purpose: a call of a calibration round (store: reviews)
-- parameters: $round_id, $number, $call_id
insert into calibration_calls (round_id, number, call_id)
values ($round_id, $number, $call_id)
