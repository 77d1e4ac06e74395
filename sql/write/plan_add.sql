-- purpose: a version of a sampling plan (store: reviews)
-- parameters: $plan_id, $version, $active (0 or 1), $definition (JSON), $who, $created_at (UTC)
insert into sampling_plans (plan_id, version, active, definition, who, created_at)
values ($plan_id, $version, $active, $definition, $who, $created_at)
