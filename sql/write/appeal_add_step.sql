-- purpose: append a step (store: reviews)
-- parameters: $call_id, $number, $step, $who, $reason, $finding_keys (JSON list), $review_version, $created_at (UTC)
insert into appeal_steps (call_id, number, step, who, reason, finding_keys, review_version, created_at)
values ($call_id, $number, $step, $who, $reason, $finding_keys, $review_version, $created_at)
