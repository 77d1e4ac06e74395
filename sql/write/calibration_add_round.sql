-- purpose: a calibration round begins (store: reviews)
-- parameters: $title, $blind (0 or 1), $due_at (UTC), $who, $created_at (UTC)
insert into calibration_rounds (title, blind, due_at, who, created_at)
values ($title, $blind, $due_at, $who, $created_at)
