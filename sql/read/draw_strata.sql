-- purpose: the strata of a plan's draws (store: reviews)
-- parameters: $plan_id, $first_day, $last_day (of the draws that lie within; local days, null: open)
-- columns: draw_id, stratum, calls (N), drawn (n)
select
    s.draw_id,
    s.stratum,
    s.calls,
    s.drawn
from draw_strata as s
inner join draws as d on d.draw_id = s.draw_id
where
    d.plan_id = $plan_id
    and ($first_day is null or d.first_day >= $first_day)
    and ($last_day is null or d.last_day <= $last_day)
order by
    s.draw_id,
    s.stratum
