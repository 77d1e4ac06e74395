-- purpose: a calibration round is over (store: reviews)
-- parameters: $round_id, $who, $note, $created_at (UTC)
insert into calibration_closings (round_id, who, note, created_at)
values ($round_id, $who, $note, $created_at)
