-- purpose: a draw from a plan (store: reviews)
-- parameters: $plan_id, $plan_version, $kind, $first_day, $last_day, $seed, $snapshot_id, $who, $created_at (UTC)
insert into draws (plan_id, plan_version, kind, first_day, last_day, seed, snapshot_id, who, created_at)
values ($plan_id, $plan_version, $kind, $first_day, $last_day, $seed, $snapshot_id, $who, $created_at)
