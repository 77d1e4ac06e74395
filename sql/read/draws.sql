-- purpose: what was drawn, newest first (store: reviews)
-- parameters: $plan_id (null: of all plans)
-- columns: draw_id, plan_id, plan_version, kind, first_day, last_day, seed, snapshot_id, who, created_at (UTC),
--   calls (N), drawn (n)
select
    d.draw_id,
    d.plan_id,
    d.plan_version,
    d.kind,
    d.first_day,
    d.last_day,
    d.seed,
    d.snapshot_id,
    d.who,
    d.created_at,
    (select coalesce(sum(s.calls), 0) from draw_strata as s where s.draw_id = d.draw_id) as calls,
    (select coalesce(sum(s.drawn), 0) from draw_strata as s where s.draw_id = d.draw_id) as drawn
from draws as d
where $plan_id is null or d.plan_id = $plan_id
order by d.draw_id desc
