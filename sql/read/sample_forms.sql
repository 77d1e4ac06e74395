-- purpose: the form that holds of each reviewed call of a plan's draws (store: reviews)
-- parameters: $plan_id; $first_day, $last_day (of the draws that lie within; local days, null: open)
-- columns: draw_id, stratum, call_id, total (0..100, null: nothing applicable), fatal (0 or 1), passed (0, 1 or null)
select
    t.draw_id,
    t.stratum,
    t.call_id,
    r.total,
    r.fatal,
    r.passed
from task_states as t
inner join reviews as r
    on r.call_id = t.call_id
    and r.version = (select max(l.version) from reviews as l where l.call_id = t.call_id)
where
    t.plan_id = $plan_id
    and t.step = 'complete'
    and ($first_day is null or t.first_day >= $first_day)
    and ($last_day is null or t.last_day <= $last_day)
order by
    t.draw_id,
    t.number
