-- purpose: a version of somebody's form of a call in a calibration round (store: reviews)
-- parameters: $round_id, $call_id, $reviewer, $version, $comment, $total, $fatal (0 or 1), $scorecard_id,
--   $scorecard_version, $created_at (UTC)
insert into calibration_forms
    (round_id, call_id, reviewer, version, comment, total, fatal, scorecard_id, scorecard_version, created_at)
values
    ($round_id, $call_id, $reviewer, $version, $comment, $total, $fatal, $scorecard_id, $scorecard_version, $created_at)
